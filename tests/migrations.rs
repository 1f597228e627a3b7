//! The schema goes up and down on both databases.

use mailroom::db::migrate;

use crate::harness::database::{Fresh, on_both};

on_both!(the_schema_goes_up_down_and_up_again);

async fn the_schema_goes_up_down_and_up_again(fresh: Fresh) {
    let known = migrate::status(&fresh.database).await.unwrap().applied.len();
    assert!(known > 0);
    migrate::down(&fresh.database, u32::try_from(known).unwrap()).await.unwrap();
    let down = migrate::status(&fresh.database).await.unwrap();
    assert_eq!((down.applied.len(), down.pending.len()), (0, known));
    migrate::up(&fresh.database).await.unwrap();
    assert!(migrate::status(&fresh.database).await.unwrap().is_current());
}

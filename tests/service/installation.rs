//! What an installation has once.

use mailroom::db;
use mailroom::secret::KeyRing;
use mailroom::service::installation::open;

use super::Office;
use crate::harness::database::{Fresh, on_both};

on_both!(
    an_installation_is_made_once_whoever_starts_first,
    it_is_sealed_anew_under_a_new_first_key,
    without_the_key_that_sealed_it_it_is_not_opened_and_not_made_anew,
);

async fn an_installation_is_made_once_whoever_starts_first(fresh: Fresh) {
    let office = Office::open(fresh);
    let cx = &office.cx;
    let start = || open(&cx.db, &cx.keys, cx.clock.as_ref());
    let (one, other, third) = tokio::join!(start(), start(), start());
    let [one, other, third] = [one, other, third].map(Result::unwrap);
    let again = start().await.unwrap();
    let token = one.reply_key.token("incident", "INC-000001");
    for replica in [other, third, again] {
        assert_eq!(replica.id, one.id);
        assert!(replica.reply_key.verify("incident", "INC-000001", &token));
    }
}

async fn it_is_sealed_anew_under_a_new_first_key(fresh: Fresh) {
    use secrecy::{ExposeSecret as _, SecretString};
    let office = Office::open(fresh);
    let cx = &office.cx;
    let [old, new] = ["old", "new"].map(|name| KeyRing::generate(name).unwrap());
    let ring = |text: String| KeyRing::parse(&SecretString::from(text)).unwrap();
    let made = open(&cx.db, &ring(old.expose_secret().to_owned()), cx.clock.as_ref()).await.unwrap();
    let both = ring(format!("{},{}", new.expose_secret(), old.expose_secret()));
    open(&cx.db, &both, cx.clock.as_ref()).await.unwrap();
    let alone = open(&cx.db, &ring(new.expose_secret().to_owned()), cx.clock.as_ref()).await.unwrap();
    let token = made.reply_key.token("incident", "INC-000001");
    assert!(alone.id == made.id && alone.reply_key.verify("incident", "INC-000001", &token));
}

async fn without_the_key_that_sealed_it_it_is_not_opened_and_not_made_anew(fresh: Fresh) {
    let office = Office::open(fresh);
    let cx = &office.cx;
    let made = open(&cx.db, &cx.keys, cx.clock.as_ref()).await.unwrap();
    let foreign = KeyRing::parse(&KeyRing::generate("other").unwrap()).unwrap();
    let refused = open(&cx.db, &foreign, cx.clock.as_ref()).await.err().unwrap();
    let said = format!(
        "{refused} {}",
        std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default()
    );
    assert!(
        said.contains(&format!("installation:{}", made.id)),
        "it says which secret can't be opened: {said}"
    );
    let (id, _) = db::installation::get(cx.db.read()).await.unwrap().unwrap();
    assert_eq!(id, made.id);
}

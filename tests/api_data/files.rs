//! Raw messages and attachments by signed links.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use mailroom::blob::BlobKey;
use mailroom::db::store::RawPlace;
use serde_json::json;
use tower::ServiceExt as _;

use super::fields::with_raw;
use super::house::{House, global, minutes, raw, text};
use super::seed;
use crate::harness::database::{Fresh, on_both};

on_both!(
    a_link_gives_the_bytes_and_no_browser_runs_them,
    an_altered_link_is_refused_and_an_old_one_has_lapsed,
    a_big_message_comes_from_the_blob_store,
    the_page_to_try_queries_in_can_be_turned_off,
);

const LINKS: &str = "query($id: ID!) { message(id: $id) { rawUrl attachments { url } } }";

async fn a_link_gives_the_bytes_and_no_browser_runs_them(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let id = global(with_raw(&house, &desk.mailbox).await);
    let message = house.data(LINKS, json!({ "id": id })).await["message"].clone();
    let (status, headers, bytes) = house.get(&text(&message["attachments"][0]["url"])).await;
    assert_eq!((status, bytes), (StatusCode::OK, b"\x89PNG\r\n\x1a\n".to_vec()));
    assert_eq!(headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(
        headers[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"fire.png\"")
    );
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox"));
    let (status, headers, bytes) = house.get(&text(&message["rawUrl"])).await;
    assert_eq!(
        (status, &headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &"message/rfc822".parse().unwrap())
    );
    assert!(bytes.starts_with(b"From: Ada"));
}

async fn an_altered_link_is_refused_and_an_old_one_has_lapsed(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let message = with_raw(&house, &desk.mailbox).await;
    let other = seed::store(&house.services.db, vec![seed::message(raw(&desk.mailbox), 9)]).await.remove(0);
    let link = text(&house.data(LINKS, json!({ "id": global(message) })).await["message"]["rawUrl"]);
    for altered in [
        link.replace(&message.to_string(), &other.to_string()),
        link.replace("/raw/", "/attachment/"),
        link.replace("expires=1", "expires=2"),
        link.replace("signature=", "signature=A"),
    ] {
        assert_ne!(altered, link);
        assert_eq!(house.get(&altered).await.0, StatusCode::FORBIDDEN, "{altered}");
    }
    house.clock.advance(minutes(9));
    assert_eq!(house.get(&link).await.0, StatusCode::OK);
    house.clock.advance(minutes(7));
    assert_eq!(house.get(&link).await.0, StatusCode::GONE);
}

async fn a_big_message_comes_from_the_blob_store(fresh: Fresh) {
    let house = House::open(fresh);
    let desk = house.desk("help").await;
    let mut new = seed::message(raw(&desk.mailbox), 1);
    let key = BlobKey::of(new.message.mailbox_id, new.message.id);
    let packed = zstd::encode_all(&b"Subject: big\r\n\r\nbig"[..], 3).unwrap();
    house.services.blobs.put(&key, Bytes::from(packed)).await.unwrap();
    new.raw = RawPlace::Blob(key.as_str().to_owned());
    let id = seed::store(&house.services.db, vec![new]).await.remove(0);
    let link = text(&house.data(LINKS, json!({ "id": global(id) })).await["message"]["rawUrl"]);
    assert_eq!(house.get(&link).await.2, b"Subject: big\r\n\r\nbig");
    house.services.blobs.delete(&key).await.unwrap();
    assert_eq!(house.get(&link).await.0, StatusCode::NOT_FOUND);
}

async fn the_page_to_try_queries_in_can_be_turned_off(fresh: Fresh) {
    let house = House::open(fresh);
    for (graphiql, status) in [(true, StatusCode::OK), (false, StatusCode::NOT_FOUND)] {
        let request = Request::get("/graphiql").body(Body::empty()).unwrap();
        assert_eq!(house.router_with(graphiql).oneshot(request).await.unwrap().status(), status);
    }
}

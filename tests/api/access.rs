//! Nothing is told to a request without a good token.

use chrono::TimeDelta;
use mailroom::domain::access::Scope;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use futures::{SinkExt as _, StreamExt as _};

use super::served::{Served, client, serve, serve_within};
use mailroom::api::graphql::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_good_token_is_told_how_to_send_one() {
    let served = serve().await;
    let expired = served.token_for(&[Scope::Admin], TimeDelta::hours(-1));
    let bearer = format!("Bearer {expired}");
    for authorization in [None, Some("Bearer nonsense"), Some("Basic YWRhOmFkYQ=="), Some(bearer.as_str())] {
        for path in ["/graphql", "/schema.graphql"] {
            let mut request = client().get(served.url(path));
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path} {authorization:?}");
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
            let answer: Value = response.json().await.unwrap();
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
            assert!(answer.get("data").is_none());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_the_graphiql_page_need_no_token_and_tell_nothing() {
    let served = serve().await;
    for (path, says) in [("/livez", "ok\n"), ("/readyz", "ok\n"), ("/graphiql", "GraphiQL")] {
        let response = client().get(served.url(path)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert!(response.text().await.unwrap().contains(says), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_from_signing_in_with_a_state_that_is_not_ours_is_told_so_and_nothing_is_repeated() {
    let served = serve().await;
    for query in ["", "?state=%3Cscript%3Ex&code=%3Cscript%3Ey", "?state=AAAA&error=%3Cscript%3Ez"] {
        let response = client().get(served.url("/oauth/callback") + query).send().await.unwrap();
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        assert!(response.headers()["content-security-policy"].to_str().unwrap().contains("'none'"));
        let page = response.text().await.unwrap();
        assert!(page.contains("not valid any more") && !page.contains("<script>"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_viewer_is_who_the_token_says() {
    let served = serve().await;
    let token = served.token_for(&[Scope::MailRead, Scope::JobsRun], TimeDelta::hours(1));
    let answer = served.ask_as(&token, "{ viewer { subject name scopes isAdmin } }", json!({})).await;
    let viewer =
        json!({ "subject": "ada", "name": "Ada", "scopes": ["MAIL_READ", "JOBS_RUN"], "isAdmin": false });
    assert_eq!(answer, json!({ "data": { "viewer": viewer } }));
}

/// Opens a WebSocket, says the lines, and tells the code that the server closed with.
async fn closed_with(served: &Served, protocol: Option<&str>, lines: &[Value]) -> u16 {
    let mut request = served.url("/graphql").replace("http:", "ws:").into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    let tcp = tokio::net::TcpStream::connect(served.address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, tcp).await.unwrap();
    for line in lines {
        socket.send(Message::text(line.to_string())).await.unwrap();
    }
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return CloseCode::into(frame.code),
            Some(Ok(_)) => {}
            other => panic!("the connection ended without a reason: {other:?}"),
        }
    }
}

const PROTOCOL: Option<&str> = Some("graphql-transport-ws");

fn init(token: &str) -> Value {
    json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {token}") } })
}

fn subscribe(id: &str) -> Value {
    json!({ "id": id, "type": "subscribe", "payload": { "query": "{ viewer { subject } }" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_closed_with_the_protocols_own_code() {
    let served = serve().await;
    let good = init(&served.token());
    assert_eq!(closed_with(&served, None, &[]).await, 4406, "another protocol");
    assert_eq!(closed_with(&served, PROTOCOL, &[subscribe("1")]).await, 4401, "subscribed before init");
    assert_eq!(closed_with(&served, PROTOCOL, &[init("nonsense")]).await, 4403, "a bad token");
    assert_eq!(closed_with(&served, PROTOCOL, &[good.clone(), good.clone()]).await, 4429, "init twice");
    assert_eq!(
        closed_with(&served, PROTOCOL, &[json!({ "type": "unheard_of" })]).await,
        4400,
        "no such type"
    );
    assert_eq!(closed_with(&served, PROTOCOL, &[json!([1, 2])]).await, 4400, "not a message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_that_does_not_say_who_it_is_is_closed() {
    let limits = Limits { init_timeout: std::time::Duration::from_millis(50), ..Limits::default() };
    let served = serve_within(limits).await;
    assert_eq!(closed_with(&served, PROTOCOL, &[]).await, 4408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_ends_with_its_token() {
    let served = serve().await;
    let soon = served.token_for(&[Scope::Admin], TimeDelta::seconds(1));
    assert_eq!(closed_with(&served, PROTOCOL, &[init(&soon)]).await, 4401);
}

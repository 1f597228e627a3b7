//! Where Microsoft Graph calls us: the handshake is echoed as plain text, what proves nothing changes nothing.

use reqwest::{Client, StatusCode};

use super::served::serve;

#[tokio::test]
async fn the_token_of_the_handshake_is_echoed_as_plain_text_whatever_it_holds() {
    let served = serve().await;
    for path in ["/hooks/graph", "/hooks/graph/lifecycle"] {
        let token = "Validation: <script>alert(1)</script> & \u{fc} +%";
        let request = Client::new().post(served.url(path)).query(&[("validationToken", token)]);
        let response = request.header("content-type", "text/plain; charset=utf-8").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.text().await.unwrap(), token);
    }
    let long = "x".repeat(5_000);
    let request = Client::new().post(served.url("/hooks/graph")).query(&[("validationToken", long)]);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_notification_of_an_unknown_subscription_is_taken_and_dropped() {
    let served = serve().await;
    let send = async |body: &str| {
        let request = Client::new().post(served.url("/hooks/graph")).body(body.to_owned());
        request.header("content-type", "application/json").send().await.unwrap().status()
    };
    let forged = r#"{"value":[{"subscriptionId":"x","clientState":"y","changeType":"created","resource":"z"},
        {"subscriptionId":"x","lifecycleEvent":"invented"}]}"#;
    assert_eq!(send(forged).await, StatusCode::ACCEPTED);
    assert_eq!(send(r#"{"value":[]}"#).await, StatusCode::ACCEPTED);
    for wrong in ["", "null", "[]", "{\"value\":[{}]}", "\u{0}"] {
        assert_eq!(send(wrong).await, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let get = Client::new().get(served.url("/hooks/graph")).send().await.unwrap();
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
}

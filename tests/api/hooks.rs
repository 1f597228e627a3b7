//! Where Microsoft Graph calls us: the handshake is echoed as plain text, what proves nothing changes nothing.

use reqwest::{Client, Method, StatusCode};

use super::served::serve;

#[tokio::test]
async fn the_token_of_the_handshake_is_echoed_as_plain_text_whatever_it_holds() {
    let served = serve().await;
    for path in ["/hooks/graph", "/hooks/graph/lifecycle"] {
        for token in [
            "Validation: <script>alert(1)</script> & \u{fc} +%",
            "x\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\n\r\n<svg onload=alert(1)>",
            "\u{0}\u{1}\u{1b}[31m\u{7f}\u{202e}",
            "",
        ] {
            let request = Client::new().post(served.url(path)).query(&[("validationToken", token)]);
            let response = request.header("content-type", "text/plain; charset=utf-8").send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let headers = response.headers().clone();
            assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
            assert!(headers.get("set-cookie").is_none());
            assert_eq!(response.text().await.unwrap(), token);
        }
    }
}

#[tokio::test]
async fn a_token_that_is_none_is_not_echoed() {
    let served = serve().await;
    let address = served.url("/hooks/graph");
    let long = "x".repeat(5_000);
    let markup = "<script>alert(1)</script>";
    for query in [
        vec![("validationToken", long.as_str())],
        vec![("validationToken", markup), ("validationToken", "x")],
    ] {
        let response = Client::new().post(&address).query(&query).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.text().await.unwrap(), "");
    }
    // What a browser can be made to send by a link.
    for method in [Method::GET, Method::HEAD] {
        let request = Client::new().request(method, &address).query(&[("validationToken", markup)]);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.text().await.unwrap(), "");
    }
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
    assert_eq!(send(r#"{"value":[{}]}"#).await, StatusCode::ACCEPTED);
    for wrong in ["", "null", "[]", "{\"value\":{}}", "\u{0}"] {
        assert_eq!(send(wrong).await, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let get = Client::new().get(served.url("/hooks/graph")).send().await.unwrap();
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
}

//! What a watcher of the log sees of what goes over the wire.

use std::sync::{Arc, Mutex};

use reqwest::Client;
use sandbox::faults::Rule;
use sandbox::log::Seen;
use sandbox::sample;
use sandbox::server::{Options, Sandbox};

#[tokio::test]
async fn a_watcher_sees_each_whole_exchange_and_none_that_broke_off() {
    let state = sample::state();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    assert!(state.log.watch(move |what| {
        if let Seen::Answer(exchange) = what {
            let length = exchange.body.len();
            kept.lock().unwrap().push((exchange.path.clone(), exchange.request.to_vec(), length));
        }
    }));
    assert!(!state.log.watch(|_| {}), "a second one is not taken");
    let fault = |path: &str| Rule { path: Some(path.to_owned()), ..Rule::default() };
    let path = |name: &str| format!("/{}/{name}", sample::DOMAIN);
    let openid = path("v2.0/.well-known/openid-configuration");
    state.faults.add(Rule { bytes_per_second: Some(100_000), ..fault("**/keys") }).unwrap();
    state.faults.add(Rule { truncate: Some(5), ..fault("**/openid-configuration") }).unwrap();
    state.faults.add(Rule { cut: true, ..fault("**/instance") }).unwrap();
    let sandbox = Sandbox::start(Options { https: None, ..Options::default() }, state).await.unwrap();
    let client = Client::new();
    let url = |path: &str| format!("{}{path}", sandbox.http_url);
    let slow = client.get(url(&path("discovery/keys"))).send().await.unwrap().bytes().await.unwrap();
    let refused = client.post(url("/v1.0/$batch?a=b")).body("hello").send().await.unwrap();
    let refused = refused.bytes().await.unwrap();
    assert!(client.get(url(&openid)).send().await.unwrap().bytes().await.is_err());
    assert!(client.get(url(&path("discovery/instance"))).send().await.is_err());
    let expected = [
        (path("discovery/keys"), Vec::new(), slow.len()),
        ("/v1.0/$batch?a=b".to_owned(), b"hello".to_vec(), refused.len()),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

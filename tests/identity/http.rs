//! HTTP within the network policy: each failure named by its step.

use mailroom::config::Config;
use mailroom::net::{CertificateFault, Error, Net};

use super::House;

async fn get(net: &Net, url: &str) -> Result<u16, Error> {
    let request = net.http().request(reqwest::Method::GET, url.parse().unwrap()).build().unwrap();
    Ok(net.http().execute(request).await?.status().as_u16())
}

fn plain() -> Net {
    Net::new(&Config::defaults().unwrap().net).unwrap()
}

#[tokio::test]
async fn a_metadata_address_is_refused_as_an_address_and_as_a_name() {
    let net = plain();
    for url in ["http://169.254.169.254/", "http://[::ffff:169.254.169.254]/", "http://0xa9fea9fe/"] {
        let error = get(&net, url).await.err().unwrap();
        assert!(matches!(error, Error::Refused { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn each_step_that_fails_is_named() {
    let net = plain();
    let error = get(&net, "http://no-such-host.invalid/").await.err().unwrap();
    assert!(matches!(error, Error::Resolve { .. } | Error::ResolveTimeout { .. }), "{error:?}");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = get(&net, &format!("http://127.0.0.1:{port}/")).await.err().unwrap();
    assert!(error.to_string().ends_with("connection refused"), "{error:?}");
    let house = House::open().await;
    let url = house.tenant.https_url.clone().unwrap();
    let error = get(&net, &url).await.err().unwrap();
    let unknown = CertificateFault::UnknownAuthority;
    assert!(matches!(&error, Error::Certificate { fault, .. } if *fault == unknown), "{error:?}");
    let error = get(&house.net, &house.tenant.http_url.replace("http:", "https:")).await.err().unwrap();
    assert!(matches!(error, Error::NotTls { .. }), "{error:?}");
    get(&house.net, &url).await.unwrap();
}

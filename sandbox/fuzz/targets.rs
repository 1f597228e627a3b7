//! What is fuzzed: each takes any bytes, and neither panics nor hangs. The fuzz targets and the tests share this.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use bytes::Bytes;
use sandbox::faults::{Scenario, pattern};
use sandbox::graph::odata::{ATTACHMENT, Expand, FOLDER, Filter, MESSAGE, Order, Search, Select};
use sandbox::input::{mbox as mboxes, smtp as smtps};
use sandbox::mime::{self as mimes, PartKind};
use sandbox::sample::{self, ADELE};
use sandbox::state::State;
use sandbox::{entra, path, server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Mail of several kinds, for filters to look at.
const MAILS: [&str; 3] = [
    "From: Joe <joe@example.org>\r\nTo: adele@contoso.example\r\nSubject: Offer\r\nImportance: high\r\n\r\nHello\r\n",
    "Subject: =?utf-8?q?=C3=9Cber?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
     Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\nfile\r\n--b--\r\n",
    "\r\n\r\n",
];

/// A tenant with a little mail, the same for all targets that don't change it.
fn state() -> &'static State {
    static STATE: OnceLock<State> = OnceLock::new();
    STATE.get_or_init(fresh)
}

fn fresh() -> State {
    let state = sample::state();
    state.switch(|switches| switches.throttle = false);
    for mail in MAILS {
        sample::deliver(&state, ADELE, mail.as_bytes().to_vec(), state.clock.now());
    }
    state
}

/// In lines: `$filter`, `$orderby`, `$select`, `$expand`, `$search`, each read and then asked of messages.
pub fn odata(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let [filter, orderby, select, expand, search] = std::array::from_fn(|_| lines.next());
    let world = state().world();
    let Some(mailbox) = world.tenant(sample::DOMAIN).and_then(|tenant| tenant.mailbox(ADELE)) else { return };
    let mut messages: Vec<_> = mailbox.messages().collect();
    let filter = filter.and_then(|text| Filter::of(text).ok());
    if let Some(filter) = &filter {
        let (from, to) = filter.received();
        for message in messages.iter().filter(|message| filter.takes(mailbox, message)) {
            let within =
                from.is_none_or(|from| message.received >= from) && to.is_none_or(|to| message.received < to);
            assert!(within, "a message is taken that lies outside of the filter's own bounds");
        }
    }
    if let Ok(Some(order)) = Order::of(orderby, filter.as_ref()) {
        order.sort(mailbox, &mut messages);
    }
    for of in [MESSAGE, FOLDER, ATTACHMENT] {
        let _select = Select::of(select, of);
        let _expand = Expand::of(expand, of.0);
    }
    if let Some(search) = search.and_then(|text| Search::of(text).ok()) {
        messages.retain(|message| search.candidate(message).is_some_and(|it| it.is_found()));
    }
}

/// A raw message: read, and written anew with all that it holds.
pub fn mime(data: &[u8]) {
    let shown = mimes::envelope(data);
    let parts = decoded(data);
    assert!(shown.has_parts != parts.is_empty(), "the envelope and the parts disagree");
    let (_, _, _) = (mimes::headers(data), mimes::received(data), mimes::is_deeper(data, 3));
    for turn in 0..3 {
        let again = mimes::rebuild(data, turn);
        assert_eq!(mimes::body(&again), mimes::body(data), "another body after turn {turn}");
        assert_eq!(decoded(&again), parts, "other parts after turn {turn}");
    }
}

fn decoded(raw: &[u8]) -> Vec<(Option<String>, Bytes)> {
    let bytes = |kind| match kind {
        PartKind::File(bytes) | PartKind::Message(bytes) => bytes,
    };
    mimes::parts(raw).into_iter().map(|part| (part.name, bytes(part.kind))).collect()
}

/// An mbox; and pieces between NULs, written as an mbox and read back.
pub fn mbox(data: &[u8]) {
    for mail in mboxes::messages(data) {
        mimes::envelope(&mail.raw);
    }
    let pieces: Vec<&[u8]> = data.split(|byte| *byte == 0).collect();
    let mut whole = Vec::new();
    for piece in &pieces {
        whole.extend_from_slice(b"From a@x Fri Nov 20 10:00:00 2026\n");
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            if line.trim_ascii_start().starts_with(b">") || line.starts_with(b"From ") {
                whole.push(b'>');
            }
            whole.extend_from_slice(line);
        }
        whole.extend_from_slice(b"\n\n");
    }
    assert_eq!(mboxes::messages(&whole).len(), pieces.len(), "an mbox of other messages");
}

/// What a client says to the SMTP server. It is always answered, and let go.
pub fn smtp(data: &[u8]) {
    let said = data.to_vec();
    run(async move {
        let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await else { return };
        let Ok(address) = listener.local_addr() else { return };
        let served = tokio::spawn(smtps::serve(listener, fresh()));
        let Ok(mut stream) = tokio::net::TcpStream::connect(address).await else { return };
        let (mut read, mut write) = stream.split();
        let mut answers = Vec::new();
        let talk = async {
            // The server may hang up first, after too many mistakes.
            let _ = write.write_all(&said).await;
            let _ = write.shutdown().await;
        };
        let ((), _) = tokio::join!(talk, read.read_to_end(&mut answers));
        served.abort();
        assert!(answers.starts_with(b"220 "), "no greeting");
        let odd = answers
            .split(|byte| *byte == b'\n')
            .find(|line| !line.is_empty() && !line.iter().take(3).all(u8::is_ascii_digit));
        assert!(odd.is_none(), "an answer without a code");
    });
}

/// In lines: the pattern of a rule, a path; and all of it as a scenario.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (wanted, asked) = text.split_once('\n').unwrap_or((&text, ""));
    let plain = pattern::plain(asked);
    let _user = pattern::user(&plain);
    let found = pattern::matches(wanted, &plain);
    let split = |text: &str| -> Vec<String> {
        text.split('/').filter(|segment| !segment.is_empty()).map(str::to_lowercase).collect()
    };
    let (of, at) = (split(wanted), split(&plain));
    if wanted.len() + plain.len() < 60 {
        assert_eq!(found, slowly(&of, &at), "{wanted} {plain}");
    }
    for is_json in [true, false] {
        if let Ok(scenario) = Scenario::parse(&text, is_json) {
            let _applied = scenario.apply(&sample::state());
        }
    }
}

/// The same by trying everything.
fn slowly(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((wild, rest)), _) if wild == "**" => {
            slowly(rest, path) || path.split_first().is_some_and(|(_, path)| slowly(pattern, path))
        }
        (Some((wanted, rest)), Some((segment, path))) => {
            letters(wanted.as_bytes(), segment.as_bytes()) && slowly(rest, path)
        }
        _ => false,
    }
}

fn letters(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            letters(rest, text) || text.split_first().is_some_and(|(_, text)| letters(pattern, text))
        }
        (Some((wanted, rest)), Some((is, text))) => wanted == is && letters(rest, text),
        _ => false,
    }
}

/// The body of a `$batch`.
pub fn batch(data: &[u8]) {
    let (status, answer) = ask("POST", "/v1.0/$batch", data);
    assert!(status == 200 || status == 400, "{status}");
    assert_eq!(answer["responses"].is_array(), status == 200, "{answer}");
}

/// A token as a client shows it, an assertion, and a whole form for the token endpoint.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert!(entra::read_token(&text).is_err(), "a token that nobody signed");
    let letters: String =
        text.chars().filter(|letter| letter.is_ascii_graphic() && !"&%+#".contains(*letter)).collect();
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let form = format!(
        "grant_type=client_credentials&client_id={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&\
         client_assertion_type={kind}&client_assertion={letters}",
        sample::CLIENT_ID
    );
    for body in [form.as_bytes(), data] {
        let (status, answer) = ask("POST", &format!("/{}/oauth2/v2.0/token", sample::DOMAIN), body);
        assert!((400..500).contains(&status), "{status} {answer}");
        assert!(answer["error"].is_string(), "{answer}");
    }
}

/// A path with its query, asked with each method that reads.
pub fn request(data: &[u8]) {
    let text: String = String::from_utf8_lossy(data).chars().filter(char::is_ascii_graphic).collect();
    let text = text.trim_start_matches('/');
    let asked = text.split('?').next().unwrap_or_default();
    if let Some(once) = path::in_one_form(&format!("/{asked}")) {
        assert!(once.starts_with('/'), "{once}");
    }
    for below in ["", "/v1.0/users/adele@contoso.example/", "/v1.0/users/adele@contoso.example/mailFolders/"]
    {
        let path = format!("{below}{text}");
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        if path.parse::<axum::http::Uri>().is_ok() {
            let (status, answer) = ask("GET", &path, b"");
            assert!(status < 500, "{status} {path} {answer}");
        }
    }
}

/// A body for each of the calls that take one.
pub fn body(data: &[u8]) {
    for (method, below) in [
        ("POST", "messages"),
        ("POST", "mailFolders"),
        ("POST", "mailFolders/inbox/move"),
        ("POST", "sendMail"),
        ("POST", "translateExchangeIds"),
        ("PATCH", "mailFolders/inbox"),
    ] {
        let (status, answer) = ask(method, &format!("/v1.0/users/adele@contoso.example/{below}"), data);
        assert!(status < 500, "{status} {below} {answer}");
    }
    let (status, answer) = ask("POST", "/v1.0/subscriptions", data);
    assert!(status < 500, "{status} {answer}");
}

/// The status, and the answer as far as it is JSON.
fn ask(method: &str, path: &str, body: &[u8]) -> (u16, Value) {
    let state = state();
    let now = state.clock.now().timestamp();
    let claims = json!({
        "aud": "https://graph.microsoft.com", "appid": sample::CLIENT_ID, "tid": sample::TENANT,
        "roles": ["Mail.ReadWrite", "Mail.Send", "User.Read.All"], "nbf": now, "exp": now + 600,
    });
    static TOKEN: OnceLock<String> = OnceLock::new();
    let token = TOKEN.get_or_init(|| entra::sign(&claims).unwrap_or_default());
    let kind =
        if path.contains("/oauth2/") { "application/x-www-form-urlencoded" } else { "application/json" };
    let request = Request::builder().method(method).uri(path).header("content-type", kind);
    let request = request.header("authorization", format!("Bearer {token}")).body(Body::from(body.to_vec()));
    let Ok(request) = request else { return (400, Value::Null) };
    let app: Router = server::app(state);
    run(async move {
        let response = tower::ServiceExt::oneshot(app, request).await.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    })
}

fn run<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    let ended = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), what).await });
    ended.unwrap_or_else(|_| panic!("it does not end"))
}

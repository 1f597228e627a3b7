//! A service that lies, errs, or is a gateway in Graph's place: it gets no token elsewhere, nothing of it is believed that
//! does not make sense, and nobody goes round with it for ever.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::response::Response;
use futures::{StreamExt as _, stream};
use mailroom::domain::fault::{FaultCode, Verdict};
use mailroom::domain::handling::Disposition;
use mailroom::provider::{
    Access, DisposeOutcome, Error, Extent, FetchOutcome, Fetched, Order, Position, Session, Wanted,
};
use sandbox::sample;
use serde_json::{Value, json};

use super::graph::{moved, office};
use crate::harness::office::Office;

/// One request.
struct Asked {
    method: String,
    path: String,
    body: Value,
}

/// What is answered.
struct Said {
    status: u16,
    kind: &'static str,
    location: Option<String>,
    body: Vec<u8>,
    /// Announced, where that is more than comes.
    length: Option<u64>,
}

fn json(body: &Value) -> Said {
    Said {
        status: 200,
        kind: "application/json",
        location: None,
        body: body.to_string().into_bytes(),
        length: None,
    }
}

fn raw(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Said {
    Said { status, kind, location: None, body: body.into(), length: None }
}

/// Says what a test tells it to, and knows the inbox by itself.
struct Liar {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Liar {
    /// The script is given the request, how many came before it, and the liar's own address.
    async fn start(script: impl Fn(&Asked, usize, &str) -> Said + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&asked), Arc::new(script));
        let app = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let one = Asked {
                method: parts.method.to_string(),
                path: path.clone(),
                body: serde_json::from_slice(&body).unwrap_or_default(),
            };
            let said = if path.contains("/mailFolders/inbox?") {
                json(&json!({ "id": "F", "displayName": "Inbox" }))
            } else {
                let before = {
                    let mut asked: std::sync::MutexGuard<'_, Vec<String>> = log.lock().unwrap();
                    asked.push(format!("{} {path}", one.method));
                    asked.len() - 1
                };
                script(&one, before, &format!("http://127.0.0.1:{port}"))
            };
            let mut response = Response::builder().status(said.status).header(CONTENT_TYPE, said.kind);
            if let Some(location) = said.location {
                response = response.header(LOCATION, location);
            }
            let Some(length) = said.length else { return response.body(Body::from(said.body)).unwrap() };
            let begun = stream::iter([Ok::<_, std::io::Error>(said.body)]).chain(stream::pending());
            response.header(CONTENT_LENGTH, length).body(Body::from_stream(begun)).unwrap()
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { port, asked, task }
    }

    async fn session(&self, office: &Office<'_>) -> Box<dyn Session> {
        let login = office.login(sample::CLIENT_ID, sample::SECRET);
        office.connect(login, self.port, &[]).open(Access::Handle).await.unwrap()
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn item(id: &str) -> Value {
    json!({ "id": id, "receivedDateTime": "2026-01-02T03:04:05Z", "isRead": false, "isDraft": false })
}

async fn listed(liar: &Liar, name: &str) -> Result<Vec<String>, Error> {
    let office = office(name);
    let mut session = liar.session(&office).await;
    let page = session.list("INBOX", None).await?;
    Ok(page.listed.into_iter().map(|one| one.source_id).collect())
}

async fn fetched(liar: &Liar, name: &str, ids: &[&str]) -> Vec<Result<Fetched, Error>> {
    let office = office(name);
    let wanted: Vec<Wanted> = ids
        .iter()
        .map(|id| Wanted { source_id: (*id).to_owned(), size: 10, extent: Extent::Whole })
        .collect();
    let mut session = liar.session(&office).await;
    session.fetch("INBOX", &wanted).await.unwrap().collect().await
}

fn is_again(error: &Error) -> bool {
    matches!(error.verdict(), Verdict::Retry { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_leads_elsewhere_is_not_followed_and_its_position_is_not_kept() {
    let trap = Liar::start(|_, _, _| json(&json!({ "value": [] }))).await;
    let port = trap.port;
    for (number, link) in [
        format!("http://127.0.0.1:{port}/v1.0/users/x/messages/delta?$deltatoken=x"),
        "https://graph.microsoft.com/v1.0/x".to_owned(),
        "//127.0.0.1/v1.0/x".to_owned(),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ]
    .into_iter()
    .enumerate()
    {
        for name in ["@odata.nextLink", "@odata.deltaLink"] {
            let page = json!({ "value": [item("A")], name: link });
            let liar = Liar::start(move |_, _, _| json(&page)).await;
            let error = listed(&liar, &format!("elsewhere-{number}{}", &name[7..12])).await.unwrap_err();
            assert!(is_again(&error) && error.to_string().contains("a link"), "{link}: {error}");
        }
    }
    assert_eq!(trap.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_without_an_end_ends() {
    // Two pages that lead to each other, then pages without end that are all empty.
    let round = Liar::start(|asked, _, own| {
        let next = if asked.path.contains("=a") { "b" } else { "a" };
        json(&json!({ "value": [], "@odata.nextLink": format!("{own}/v1.0/x?$skiptoken={next}") }))
    })
    .await;
    let error = listed(&round, "round").await.unwrap_err();
    assert!(error.to_string().contains("again and again"), "{error}");
    assert!(round.count() < 30, "{}", round.count());

    let endless = Liar::start(|_, before, own| {
        json(&json!({ "value": [], "@odata.nextLink": format!("{own}/v1.0/x?$skiptoken={before}") }))
    })
    .await;
    let office = office("endless");
    let mut session = endless.session(&office).await;
    let mut position: Option<Position> = None;
    let error = loop {
        match session.list("INBOX", position.as_ref()).await {
            Ok(page) => {
                assert!(page.more && page.listed.is_empty());
                position = Some(page.position);
            }
            Err(error) => break error,
        }
    };
    assert!(is_again(&error) && error.to_string().contains("without a message"), "{error}");
    assert!(endless.count() <= 1_001 && position.is_some(), "what was gone through is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_not_taken_for_one() {
    let long: Vec<Value> = (0..6_000).map(|n| item(&n.to_string())).collect();
    for (number, (body, kind)) in [
        ("<html><body>Sign in to the network</body></html>".to_owned(), "text/html"),
        (String::new(), "application/json"),
        ("null".to_owned(), "application/json"),
        ("[]".to_owned(), "application/json"),
        (r#"{"value":null}"#.to_owned(), "application/json"),
        (r#"{"value":{}}"#.to_owned(), "application/json"),
        (r#"{"value":[]}"#.to_owned(), "application/json"),
        (r#"{"error":{"code":"x"}}"#.to_owned(), "application/json"),
        (r#"{"value":[],"@odata.deltaLink":7}"#.to_owned(), "application/json"),
        ("[".repeat(200_000), "application/json"),
        (json!({ "value": long, "@odata.deltaLink": "/v1.0/x" }).to_string(), "application/json"),
    ]
    .into_iter()
    .enumerate()
    {
        let shown: String = body.chars().take(60).collect();
        let liar = Liar::start(move |_, _, _| raw(200, kind, body.clone())).await;
        let error = listed(&liar, &format!("no-page-{number}")).await.unwrap_err();
        assert!(is_again(&error), "{shown}: {error}");
        assert_eq!(error.code(), FaultCode::Protocol, "{shown}: {error}");
        assert!(liar.count() <= 1, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_item_of_a_page_does_not_hold_up_the_others() {
    let liar = Liar::start(|asked, _, _| {
        if asked.path.contains("/delta") {
            let page = r#"{"value":[7, {}, {"id":""}, {"id":7}, {"id":"a\u0000b"}, null,
                {"id":"typed","receivedDateTime":"2026-01-02T03:04:05Z","isDraft":"no"},
                {"id":"half","receivedDateTime":"2026-01-02T03:04:05Z","isDraft":false,"internetMessageId":"<\ud800\u0000@x>"},
                {"id":"dated","receivedDateTime":"yesterday","isDraft":false},
                {"id":"twice","receivedDateTime":"2026-01-02T03:04:05Z","isDraft":false},
                {"id":"twice","receivedDateTime":"2026-01-02T03:04:05Z","isDraft":false}],
                "@odata.deltaLink":"/v1.0/x"}"#;
            return raw(200, "application/json", page);
        }
        // Whoever asks for the rest of one is told nonsense.
        raw(200, "text/html", "<html>")
    })
    .await;
    let mut ids = listed(&liar, "odd-items").await.unwrap();
    ids.sort();
    assert_eq!(ids, ["dated", "half", "twice", "typed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_mail_is_not_taken_in() {
    let liar = Liar::start(|asked, _, _| match () {
        () if asked.path.contains("/messages/page/") => {
            raw(200, "text/html; charset=utf-8", "<html>Sign in</html>")
        }
        () if asked.path.contains("/messages/json/") => raw(200, "application/json", r#"{"error":{}}"#),
        () => raw(200, "text/plain", "Subject: x\r\n\r\n"),
    })
    .await;
    for got in fetched(&liar, "no-mail", &["page", "well", "json"]).await {
        let got = got.unwrap();
        match (got.source_id.as_str(), got.outcome) {
            ("well", FetchOutcome::Raw(bytes)) => assert_eq!(bytes, "Subject: x\r\n\r\n"),
            ("page" | "json", FetchOutcome::Refused(error)) => assert!(is_again(&error), "{error}"),
            (id, outcome) => panic!("{id}: {outcome:?}"),
        }
    }
    // All of them: a gateway, and no message's fault.
    let all = fetched(&liar, "no-mail-at-all", &["page", "page", "page", "page", "page"]).await;
    assert!(all.last().unwrap().is_err() && all.len() <= 3, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_costs_no_message() {
    let trap = Liar::start(|_, _, _| raw(200, "text/plain", "Subject: trap\r\n\r\n")).await;
    let to = format!("http://127.0.0.1:{}/stolen", trap.port);
    let liar =
        Liar::start(move |_, _, _| Said { location: Some(to.clone()), ..raw(302, "text/html", "") }).await;
    let error = listed(&liar, "redirected").await.unwrap_err();
    assert!(is_again(&error), "{error}");
    let got = fetched(&liar, "redirected-mail", &["A"]).await.remove(0).unwrap();
    let FetchOutcome::Refused(error) = got.outcome else { panic!("{got:?}") };
    assert!(is_again(&error), "{error}");
    assert_eq!(trap.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_announces_more_than_we_take_is_not_read() {
    let liar = Liar::start(|asked, _, _| {
        let mebibytes = if asked.path.contains("$value") { 300 } else { 70 };
        Said { length: Some(mebibytes << 20), ..raw(200, "text/plain", "x") }
    })
    .await;
    let error = listed(&liar, "huge").await.unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error:?}");
    let got = fetched(&liar, "huge-mail", &["A"]).await.remove(0).unwrap();
    let FetchOutcome::Refused(error) = got.outcome else { panic!("it was taken") };
    assert!(matches!(*error, Error::TooLong { .. }), "{error:?}");
}

/// What became of three messages that are to be marked, where the batch is answered so.
async fn marked(
    name: &str,
    disposition: Disposition,
    answer: fn(&Asked) -> Value,
) -> (Vec<DisposeOutcome>, usize) {
    let liar = Liar::start(move |asked, _, _| match asked.method.as_str() {
        "POST" if asked.path.ends_with("/$batch") => json(&answer(asked)),
        _ => json(&json!({ "value": [{ "id": "D", "displayName": "Done" }] })),
    })
    .await;
    let office = office(name);
    let orders: Vec<Order> = ["A", "B", "C"]
        .into_iter()
        .map(|id| Order {
            generation: "immutable".to_owned(),
            source_id: id.to_owned(),
            internet_message_id: None,
            size: 10,
            disposition: disposition.clone(),
            repeated: false,
        })
        .collect();
    let disposed = liar.session(&office).await.dispose("INBOX", &orders).await.unwrap();
    (disposed.into_iter().map(|one| one.outcome).collect(), liar.count())
}

fn is_done(outcome: &DisposeOutcome) -> bool {
    matches!(outcome, DisposeOutcome::Done { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_answer_of_its_own_confirms_what_was_done_to_a_message() {
    let (outcomes, _) = marked("batch-none", Disposition::READ, |_| json!({ "responses": [] })).await;
    assert!(!outcomes.iter().any(is_done), "{outcomes:?}");
    let (outcomes, asked) = marked("batch-unknown", Disposition::READ, |_| {
        let all: Vec<Value> = (3..40).map(|n| json!({ "id": n.to_string(), "status": 200 })).collect();
        json!({ "responses": all })
    })
    .await;
    assert!(!outcomes.iter().any(is_done), "{outcomes:?}");
    assert!(asked < 20, "{asked}");
    let (outcomes, _) = marked("batch-twice", Disposition::READ, |asked| {
        let requests = asked.body["requests"].as_array().unwrap();
        let one = |id: &Value, status: Value| json!({ "id": id, "status": status, "body": { "id": "x", "parentFolderId": "F" } });
        // The first is answered twice, the others once, in other types.
        let mut all = vec![one(&json!("0"), json!(200)), one(&json!("0"), json!(404))];
        all.extend(requests.iter().skip(1).map(|each| {
            let number: u64 = each["id"].as_str().unwrap().parse().unwrap();
            one(&json!(number), json!("200"))
        }));
        json!({ "responses": all })
    })
    .await;
    assert_eq!(outcomes.iter().map(is_done).collect::<Vec<bool>>(), [false, true, true], "{outcomes:?}");
    for (number, nonsense) in [
        (|_: &Asked| json!({})) as fn(&Asked) -> Value,
        |_| json!({ "responses": null }),
        |_| json!([]),
        |_| json!({ "responses": [{ "id": "0" }, { "id": "1", "status": null }, { "id": "2", "status": 99_999 }] }),
    ]
    .into_iter()
    .enumerate()
    {
        let (outcomes, asked) = marked(&format!("batch-nonsense-{number}"), Disposition::READ, nonsense).await;
        assert!(!outcomes.iter().any(is_done), "{number}: {outcomes:?}");
        assert!(asked < 20, "{number}: {asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_not_moved_on_a_word_that_does_not_say_where_it_is() {
    let (outcomes, _) = marked("batch-nowhere", moved("Done"), |asked| {
        let requests = asked.body["requests"].as_array().unwrap();
        let is_move = |one: &Value| one["url"].as_str().unwrap().ends_with("/move");
        assert!(!requests.iter().any(is_move), "it was moved blindly");
        let answers = requests.iter().map(|one| json!({ "id": one["id"], "status": 200 }));
        json!({ "responses": answers.collect::<Vec<Value>>() })
    })
    .await;
    assert!(!outcomes.iter().any(is_done), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_hold_each_other_are_gone_through_once() {
    let liar = Liar::start(|asked, _, _| {
        if asked.path.contains("/mailFolders?") || asked.path.contains("/childFolders?") {
            let folder = |id: &str| json!({ "id": id, "displayName": id, "childFolderCount": 2 });
            return json(&json!({ "value": [folder("one"), folder("two")] }));
        }
        raw(404, "application/json", r#"{"error":{"code":"ErrorFolderNotFound\u0000"}}"#)
    })
    .await;
    let office = office("folders-in-a-ring");
    let folders = liar.session(&office).await.folders().await.unwrap();
    assert_eq!(folders.len(), 2, "{folders:?}");
    assert!(liar.count() < 20, "{}", liar.count());
}

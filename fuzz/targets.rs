//! What is fuzzed: each takes any bytes, and neither panics nor hangs. The fuzz targets and the tests share this.

use std::path::PathBuf;
use std::time::Duration;

use chrono::DateTime;
use futures::StreamExt as _;
use mailroom::api::graphql::cursor as cursors;
use mailroom::config::NetConfig;
use mailroom::domain::mailbox::{ImapSettings, ProviderSettings, Security};
use mailroom::domain::mapping::{
    AttachmentPolicy, AttributeRule, AttributeType, CompiledMapping, Correlation, CorrelationStrategy, Draft,
    ForwardingPolicy, LoopProtection, Parsed, UpdateAction, ValueSource,
};
use mailroom::domain::parsed::ParsedMessage;
use mailroom::identity::Certificate;
use mailroom::mail::{self, Limits};
use mailroom::net::Net;
use mailroom::provider::{self, Access, Extent, Login, Reach, Wanted};
use mailroom::secret::ExposeSecret as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

/// A raw message, and the parts that it says it has.
pub fn mail(data: &[u8]) {
    if let Some(message) = parse(data) {
        for attachment in &message.attachments {
            assert_eq!(
                mail::part(data, attachment.part).map(|part| part.bytes.len() as u64),
                Some(attachment.size)
            );
        }
        html(message.html.unwrap_or_default().as_bytes());
    }
}

/// A certificate with its key: PEM as it is, and PKCS#12 by its bytes. What is taken can be taken again.
pub fn certificate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let bundle = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
    for given in [text.as_ref(), &bundle] {
        if let Ok(certificate) = Certificate::read(given, Some(&"opensesame".to_owned().into())) {
            let again = Certificate::read(certificate.pem().expose_secret(), None).ok();
            assert_eq!(again.map(|again| again.thumbprint()), Some(certificate.thumbprint()));
        }
    }
}

/// HTML: what was sanitised stays as it is when it is sanitised again, but for the order of attributes, and holds
/// nothing that runs or loads.
pub fn html(data: &[u8]) {
    let safe = mail::safe_html(&String::from_utf8_lossy(data), false, &|_| None);
    let again = mail::safe_html(&safe, false, &|_| None);
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    assert!(sorted(&safe) == sorted(&again), "sanitised again it is another: {safe} is {again}");
    let lower = safe.to_ascii_lowercase();
    for code in [
        "<script", "<svg", "<math", "<style", "<iframe", "<object", "<form", "<base", "<meta", "<link",
        "<!--",
    ] {
        assert!(!lower.contains(code), "{code} is left in {safe}");
    }
}

/// Four parts, divided by lines of `---`: an expression, a template, a pattern for references, and a mail.
pub fn mapping(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(4, "\n---\n").map(str::to_owned);
    let [expression, template, pattern, raw] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    let sources = [ValueSource::Expression(expression.clone()), ValueSource::Template(template)];
    let rules = sources.into_iter().enumerate().map(|(number, source)| AttributeRule {
        attribute: format!("a{number}"),
        r#type: AttributeType::Json,
        source,
        required: false,
        max_length: None,
        on_create: true,
        on_update: UpdateAction::Keep,
    });
    let draft = Draft {
        name: "Fuzzed".to_owned(),
        process: "fuzzed".to_owned(),
        reference_prefix: "FZ".to_owned(),
        rules: rules.collect(),
        correlation: Correlation {
            strategies: vec![CorrelationStrategy::ReferenceInSubject, CorrelationStrategy::ThreadHeaders],
            reference_pattern: (!pattern.is_empty()).then_some(pattern),
            ..Correlation::default()
        },
        filters: Vec::new(),
        loop_protection: LoopProtection::default(),
        forwarding: ForwardingPolicy::default(),
        attachments: AttachmentPolicy::default(),
    };
    let Ok(compiled) = CompiledMapping::from_draft(&draft) else { return };
    if let Some(message) = parse(raw.as_bytes()) {
        let treated = compiled.treat(&Parsed { message: &message, received_at: DateTime::UNIX_EPOCH });
        assert!(treated.is_ok(), "mapping met a fault: {treated:?}");
    }
}

/// The answers of an IMAP server, divided by NUL: the n-th command gets the n-th, with `{tag}` for its tag.
pub fn imap(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = runtime {
        let answers: Vec<Vec<u8>> = data.split(|&byte| byte == 0).take(40).map(<[u8]>::to_vec).collect();
        runtime.block_on(converse(answers));
    }
}

/// A cursor as a client sends it.
pub fn cursor(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let key: Result<(String, i64), _> = cursors::decode("messages", &text);
    if let Ok(key) = key {
        let again = cursors::encode("messages", &key);
        assert!(
            again.is_ok_and(
                |again| cursors::decode::<(String, i64)>("messages", &again).is_ok_and(|k| k == key)
            )
        );
    }
}

/// Only a fault of ours makes a mail below the limit unreadable.
fn parse(raw: &[u8]) -> Option<ParsedMessage> {
    let limits = Limits::default();
    let parsed = mail::parse(raw, &limits);
    assert!(parsed.is_ok() || raw.len() > limits.max_bytes, "parsing met a fault");
    parsed.ok()
}

async fn converse(answers: Vec<Vec<u8>>) {
    let Ok(listener) = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await else { return };
    let Ok(address) = listener.local_addr() else { return };
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut stream = BufReader::new(stream);
        stream.write_all(b"* OK ready\r\n").await?;
        for answer in answers {
            let mut command = String::new();
            if stream.read_line(&mut command).await? == 0 {
                break;
            }
            let tag = command.split(' ').next().unwrap_or_default().as_bytes();
            for (number, piece) in pieces(&answer).enumerate() {
                if number > 0 {
                    stream.write_all(tag).await?;
                }
                stream.write_all(piece).await?;
            }
        }
        std::io::Result::Ok(())
    });
    // The server hangs up when it has no more to say, so this ends whatever was said.
    let ended = tokio::time::timeout(Duration::from_secs(20), client(address.port())).await;
    assert!(ended.is_ok(), "the conversation did not end");
    served.abort();
}

/// What stands between the places of the tag.
fn pieces(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(answer);
    std::iter::from_fn(move || {
        let all = rest?;
        let at = all.windows(5).position(|window| window == b"{tag}");
        let piece = at.map_or(all, |at| all.get(..at).unwrap_or_default());
        rest = at.and_then(|at| all.get(at + 5..));
        Some(piece)
    })
}

async fn client(port: u16) -> Option<()> {
    let config = NetConfig {
        ca_file: PathBuf::new(),
        connect_timeout_seconds: 3,
        read_timeout_seconds: 2,
        allow: Vec::new(),
    };
    let settings = ImapSettings { host: "127.0.0.1".to_owned(), port, security: Security::None, login: None };
    let login = Login::Password { username: "u".to_owned(), password: "p".to_owned().into() };
    let provider = provider::connect(
        &ProviderSettings::Imap(settings),
        login,
        Vec::new(),
        &Reach::new(Net::new(&config).ok()?),
    )
    .ok()?;
    let mut session = provider.open(Access::Handle).await.ok()?;
    let _folders = session.folders().await;
    let page = session.list("INBOX", None).await.ok()?;
    let wanted: Vec<Wanted> = page
        .listed
        .iter()
        .take(10)
        .map(|listed| Wanted {
            source_id: listed.source_id.clone(),
            size: listed.size,
            extent: Extent::Whole,
        })
        .collect();
    if let Ok(mut fetched) = session.fetch("INBOX", &wanted).await {
        while let Some(Ok(_)) = fetched.next().await {}
    }
    session.close().await;
    Some(())
}

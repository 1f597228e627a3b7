//! Sending: a draft, a message at once, an answer at once. All are accepted with 202 and nothing else.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::answer::Problem;
use super::answering::Way;
use super::caller::Caller;
use super::change::both;
use super::drafts::{Letter, letter};
use super::given::{self, Called};
use crate::mime;
use crate::state::State;
use crate::world::{Content, Envelope, Mailbox, Permission, Person, World};

/// Recipients that a message may have (Exchange Online's limit as it is shipped).
const RECIPIENTS: usize = 500;
/// What a message may weigh when it is sent: 35 MB.
const WEIGHT: usize = 35 * 1024 * 1024;

/// The routes of sending.
pub(super) fn routes() -> Router<State> {
    let router = Router::new().route("/users/{u}/sendMail", post(send_mail));
    let router = both(router, "/send", post(send));
    let router = both(router, "/reply", post(reply));
    let router = both(router, "/replyAll", post(reply_all));
    both(router, "/forward", post(forward))
}

/// A letter ready to go.
struct Ready {
    envelope: Envelope,
    raw: Bytes,
    recipients: Vec<String>,
}

async fn send(called: Called) -> Result<Response, Problem> {
    let Called { caller, state, at, .. } = called;
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Send, now)?;
    let message = at.message(mailbox)?;
    if !message.is_draft() {
        let message = "The message is not a draft: it was sent already, or it was received.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidRequest", message));
    }
    let key = message.key;
    let ready = ready(mailbox, message.envelope.clone(), &message.content, now)?;
    let folder = given::folder(mailbox, "sentitems")?;
    mailbox.draft_was_sent(key, ready.envelope.clone(), ready.raw.clone(), folder, now)?;
    let from = mailbox.address.clone();
    Ok(submit(&caller, &mut world, &from, &ready, now))
}

async fn send_mail(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let Called { caller, state, at, .. } = called;
    let now = state.clock.now();
    let mut world = state.world_mut();
    let mailbox = caller.reach_mut(&mut world, &at.u, Permission::Send, now)?;
    let (letter, keep) = if given::is_mime(&headers) {
        (Letter::whole(given::mime(&body)?), true)
    } else {
        let parameters = given::object(&body)?;
        let keep = match given::parameter(&parameters, "saveToSentItems") {
            None => true,
            Some(Value::Bool(keep)) => *keep,
            // As Microsoft's own examples write it.
            Some(Value::String(keep)) if keep.eq_ignore_ascii_case("false") => false,
            Some(Value::String(keep)) if keep.eq_ignore_ascii_case("true") => true,
            Some(_) => return Err(given::wrong_type("saveToSentItems", "Edm.Boolean")),
        };
        match given::parameter(&parameters, "message") {
            Some(Value::Object(message)) => (Letter::written(mailbox, message)?, keep),
            Some(_) => return Err(given::wrong_type("message", "microsoft.graph.message")),
            None => return Err(given::missing("message")),
        }
    };
    at_once(&caller, &mut world, &at.u, letter, keep, now)
}

async fn reply(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    answer(&called, Way::Reply, &headers, &body)
}

async fn reply_all(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    answer(&called, Way::ReplyAll, &headers, &body)
}

async fn forward(called: Called, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    answer(&called, Way::Forward, &headers, &body)
}

fn answer(called: &Called, way: Way, headers: &HeaderMap, body: &Bytes) -> Result<Response, Problem> {
    let now = called.state.clock.now();
    let mut world = called.state.world_mut();
    let mailbox = called.caller.reach(&world, &called.at.u, Permission::Send, now)?;
    let letter = letter(mailbox, &called.at, way, headers, body)?;
    at_once(&called.caller, &mut world, &called.at.u, letter, true, now)
}

/// Sends a letter that was never a draft.
fn at_once(
    caller: &Caller,
    world: &mut World,
    user: &str,
    letter: Letter,
    keep: bool,
    now: DateTime<Utc>,
) -> Result<Response, Problem> {
    let mailbox = caller.reach_mut(world, user, Permission::Send, now)?;
    let ready = ready(mailbox, letter.envelope, &letter.content, now)?;
    if keep {
        super::change::room(mailbox)?;
        let folder = given::folder(mailbox, "sentitems")?;
        let key = mailbox.keep_sent(folder, ready.envelope.clone(), ready.raw.clone(), now)?;
        mailbox.change(key, now, |message| letter.marks.mark(message))?;
    } else {
        mailbox.keep_nothing();
    }
    let from = mailbox.address.clone();
    Ok(submit(caller, world, &from, &ready, now))
}

fn submit(caller: &Caller, world: &mut World, from: &str, ready: &Ready, now: DateTime<Utc>) -> Response {
    let tenant = world.tenant_mut(caller.tenant);
    let outgoing = tenant.and_then(|tenant| tenant.submit(from, &ready.recipients, &ready.raw, now));
    world.outgoing.extend(outgoing);
    StatusCode::ACCEPTED.into_response()
}

/// Checks a letter, and writes it.
fn ready(
    mailbox: &Mailbox,
    mut envelope: Envelope,
    content: &Content,
    now: DateTime<Utc>,
) -> Result<Ready, Problem> {
    let me = Person { name: mailbox.name.clone(), address: mailbox.address.clone() };
    match &envelope.from {
        Some(from) if !mailbox.is_named(&from.address) => {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "ErrorSendAsDenied",
                "The user account which was used to submit this request does not have the right to send mail on \
                 behalf of the specified sending account., Cannot submit message.",
            ));
        }
        Some(_) => {}
        None => envelope.from = Some(me.clone()),
    }
    let mut missing = Vec::new();
    if let Content::Mime(raw) = content {
        let has = mime::envelope(raw);
        if has.from.is_none() {
            missing.push(("From", format!("<{}>", me.address)));
        }
        if has.sent.is_none() {
            missing.push(("Date", now.format("%a, %d %b %Y %H:%M:%S +0000").to_string()));
        }
        if has.internet_message_id.is_none() {
            missing.push(("Message-ID", mailbox.fresh_message_id()));
        }
    }
    envelope.sender = Some(me);
    envelope.internet_message_id.get_or_insert_with(|| mailbox.fresh_message_id());
    envelope.sent = Some(now);
    let recipients = recipients(&envelope)?;
    let raw = match content {
        Content::Draft(draft) => mime::compose(&envelope, draft, now),
        Content::Mime(raw) => mime::completed(raw, &missing),
    };
    if raw.len() > WEIGHT {
        let message = "The message exceeds the maximum supported size.";
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "ErrorMessageSizeExceeded", message));
    }
    Ok(Ready { envelope, raw, recipients })
}

fn recipients(envelope: &Envelope) -> Result<Vec<String>, Problem> {
    let refused =
        |message: String| Err(Problem::new(StatusCode::BAD_REQUEST, "ErrorInvalidRecipients", message));
    let all = envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc);
    let recipients: Vec<String> = all.map(|person| person.address.clone()).collect();
    if recipients.is_empty() {
        return refused(
            "At least one recipient is not valid., A message can't be sent unless it has recipients.".into(),
        );
    }
    if recipients.len() > RECIPIENTS {
        return refused(format!("A message has at most {RECIPIENTS} recipients."));
    }
    let is_address = |address: &String| {
        let parts = address.rsplit_once('@');
        parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
            && !address.chars().any(|letter| letter.is_whitespace() || letter.is_control())
    };
    if let Some(wrong) = recipients.iter().find(|address| !is_address(address)) {
        return refused(format!(
            "At least one recipient is not valid., Recipient '{wrong}' is not resolved. All recipients must be resolved before a message can be submitted."
        ));
    }
    Ok(recipients)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use crate::graph::trial::{ANNA, Answer, BEN, Trial};
    use crate::world::{Content, Envelope};

    const MAIL: &str = "From: Joe <joe@example.org>\r\nTo: anna@example.com, ben@example.com\r\nCc: c@example.org\r\n\
        Subject: Offer\r\nMessage-ID: <1@example.org>\r\nReferences: <0@example.org>\r\n\r\nHello\r\n";

    fn to(address: &str) -> Value {
        json!([{ "emailAddress": { "address": address } }])
    }

    /// Envelopes and bytes of what lies in a folder.
    fn lying(trial: &Trial, user: &str, folder: &str) -> Vec<(Envelope, String)> {
        trial.mailbox(user, |mailbox| {
            let folder = mailbox.well_known(folder).unwrap();
            let messages = folder.messages.iter().map(|(_, key)| mailbox.message(*key).unwrap());
            let shown = messages.map(|message| {
                let text = match &message.content {
                    Content::Mime(raw) => String::from_utf8_lossy(raw).into_owned(),
                    Content::Draft(draft) => draft.body.clone(),
                };
                (message.envelope.clone(), text)
            });
            shown.collect()
        })
    }

    async fn send_mail(trial: &Trial, body: Value) -> Answer {
        trial.ask("POST", &format!("/users/{ANNA}/sendMail"), body).await
    }

    #[tokio::test]
    async fn what_is_not_kept_has_a_message_id_of_its_own() {
        let trial = Trial::new();
        for subject in ["one", "two"] {
            let message = json!({ "subject": subject, "toRecipients": to(BEN) });
            send_mail(&trial, json!({ "message": message, "saveToSentItems": false })).await;
        }
        let arrived = lying(&trial, BEN, "inbox");
        assert_eq!(arrived.len(), 2);
        assert_ne!(arrived[0].0.internet_message_id, arrived[1].0.internet_message_id);
        assert!(lying(&trial, ANNA, "sentitems").is_empty());
    }

    #[tokio::test]
    async fn what_is_sent_arrives_in_the_tenant_and_leaves_it_and_is_kept() {
        let trial = Trial::new();
        let message = json!({ "subject": "Héllo", "body": { "contentType": "Text", "content": "hi" },
            "toRecipients": to(BEN), "bccRecipients": to("x@elsewhere.org"),
            "internetMessageHeaders": [{ "name": "x-case", "value": "7" }] });
        let answer = send_mail(&trial, json!({ "message": message })).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (202, &Value::Null), "{answer:?}");
        let (arrived, text) = lying(&trial, BEN, "inbox").remove(0);
        assert_eq!((arrived.subject.as_deref(), arrived.preview.as_str()), (Some("Héllo"), "hi"));
        assert!(text.contains("x-case: 7") && !text.contains("elsewhere"), "{text}");
        let (sent, _) = lying(&trial, ANNA, "sentitems").remove(0);
        assert_eq!((sent.bcc.len(), sent.internet_message_id), (1, arrived.internet_message_id));
        let world = trial.state.world();
        assert_eq!(
            (world.outgoing.len(), &world.outgoing[0].to[..]),
            (1, &["x@elsewhere.org".to_owned()][..])
        );
    }

    #[tokio::test]
    async fn no_copy_is_kept_where_none_is_wanted() {
        let trial = Trial::new();
        for keep in [json!(false), json!("false")] {
            let body = json!({ "Message": { "toRecipients": to(BEN) }, "SaveToSentItems": keep });
            assert_eq!(send_mail(&trial, body).await.status, 202);
        }
        assert_eq!(lying(&trial, ANNA, "sentitems").len(), 0);
        assert_eq!(lying(&trial, BEN, "inbox").len(), 2);
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_refused_by_its_name() {
        let trial = Trial::new();
        let header = |name: &str| json!([{ "name": name, "value": "v" }]);
        let many: Vec<Value> = (0..6).map(|n| json!({ "name": format!("x-{n}"), "value": "v" })).collect();
        let bad = [
            (json!({ "message": { "toRecipients": to(BEN), "from": to(BEN)[0] } }), "ErrorSendAsDenied"),
            (json!({ "message": { "subject": "s" } }), "ErrorInvalidRecipients"),
            (json!({ "message": { "toRecipients": to("nobody") } }), "ErrorInvalidRecipients"),
            (json!({}), "ErrorInvalidParameter"),
            (
                json!({ "message": { "internetMessageHeaders": header("References") } }),
                "InvalidInternetMessageHeader",
            ),
            (json!({ "message": { "internetMessageHeaders": [] } }), "InvalidInternetMessageHeader"),
            (json!({ "message": { "internetMessageHeaders": many } }), "InvalidInternetMessageHeader"),
        ];
        for (body, code) in bad {
            let answer = send_mail(&trial, body).await;
            assert_eq!(answer.refused().1, code);
        }
        assert_eq!(lying(&trial, ANNA, "sentitems").len() + lying(&trial, BEN, "inbox").len(), 0);
    }

    #[tokio::test]
    async fn mime_is_sent_with_its_own_message_id_and_without_its_bcc() {
        let trial = Trial::new();
        let raw = "From: anna@example.com\r\nTo: ben@example.com\r\nBcc: anna@example.com\r\nSubject: s\r\n\
            Message-ID: <own@example.com>\r\nIn-Reply-To: <1@example.org>\r\n\r\nhi\r\n";
        let mut letters = STANDARD.encode(raw);
        letters.insert_str(20, "\r\n");
        let path = format!("/users/{ANNA}/sendMail");
        let plain = [("content-type", "text/plain")];
        assert_eq!(trial.send("POST", &path, &plain, letters).await.status, 202);
        let (arrived, text) = lying(&trial, BEN, "inbox").remove(0);
        assert_eq!(arrived.internet_message_id.as_deref(), Some("<own@example.com>"));
        assert!(!text.contains("Bcc") && text.contains("Date: "), "{text}");
        assert_eq!(lying(&trial, ANNA, "inbox").len(), 1);
        let bad = trial.send("POST", &path, &plain, "not base64!").await;
        assert_eq!(bad.refused().1, "ErrorMimeContentInvalidBase64String");
    }

    #[tokio::test]
    async fn a_reply_continues_its_thread_and_quotes() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let path = format!("/users/{ANNA}/messages/{id}");
        let draft =
            trial.ask("POST", &format!("{path}/createReplyAll"), json!({ "comment": "Thanks" })).await;
        assert_eq!((draft.status.as_u16(), draft.text("subject")), (201, "RE: Offer"), "{draft:?}");
        let original = trial.ask("PATCH", &path, json!({})).await;
        assert_eq!(draft.text("conversationId"), original.text("conversationId"));
        let (envelope, body) = lying(&trial, ANNA, "drafts").remove(0);
        assert_eq!(envelope.references, ["<0@example.org>", "<1@example.org>"]);
        assert_eq!(envelope.in_reply_to.as_deref(), Some("<1@example.org>"));
        let addresses =
            |people: &[crate::world::Person]| people.iter().map(|p| p.address.clone()).collect::<Vec<_>>();
        assert_eq!(addresses(&envelope.to), ["joe@example.org", BEN]);
        assert_eq!(addresses(&envelope.cc), ["c@example.org"]);
        assert!(body.starts_with("Thanks") && body.contains("From: Joe") && body.contains("Hello"), "{body}");
        let draft = format!("/users/{ANNA}/messages/{}", draft.text("id"));
        assert_eq!(
            trial.ask("PATCH", &draft, json!({ "subject": "Re: Offer!" })).await.text("subject"),
            "Re: Offer!"
        );
        assert_eq!(trial.ask("POST", &format!("{draft}/send"), Value::Null).await.status, 202);
        let again = trial.ask("POST", &format!("{draft}/send"), Value::Null).await;
        assert_eq!(again.refused().0, 400);
        assert_eq!((lying(&trial, ANNA, "drafts").len(), lying(&trial, ANNA, "sentitems").len()), (0, 1));
        let (_, text) = lying(&trial, BEN, "inbox").remove(0);
        assert!(
            text.contains("In-Reply-To: <1@example.org>") && text.contains("Subject: Re: Offer!"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn reply_and_forward_send_at_once() {
        let trial = Trial::new();
        let id = trial.deliver(MAIL);
        let path = format!("/users/{ANNA}/messages/{id}");
        let body = json!({ "message": { "toRecipients": to(BEN) }, "comment": "See below" });
        assert_eq!(trial.ask("POST", &format!("{path}/reply"), body).await.status, 202);
        let body = json!({ "toRecipients": to(BEN), "Comment": "See below" });
        assert_eq!(trial.ask("POST", &format!("{path}/forward"), body).await.status, 202);
        let arrived: Vec<_> =
            lying(&trial, BEN, "inbox").into_iter().filter_map(|(it, _)| it.subject).collect();
        assert_eq!(arrived, ["RE: Offer", "FW: Offer"]);
        let both = json!({ "message": { "body": { "content": "x" } }, "comment": "y" });
        let refused = trial.ask("POST", &format!("{path}/reply"), both).await;
        assert_eq!(refused.refused().1, "ErrorInvalidRequest");
        let nobody = trial.ask("POST", &format!("{path}/forward"), json!({})).await;
        assert_eq!(nobody.refused().1, "ErrorInvalidRecipients");
    }
}

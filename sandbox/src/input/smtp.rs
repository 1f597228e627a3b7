//! A server that takes mail for the mailboxes (RFC 5321), on loopback and without sign-in.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Mail, Undelivered};
use crate::mime;
use crate::state::State;
use crate::world::Standing;

/// What a message may weigh: Exchange Online's default, 36 MB.
const SIZE: usize = 36 * 1024 * 1024;
/// The longest line of a command, and of a message (RFC 5321, section 4.5.3.1, with room).
const COMMAND: u64 = 2_048;
const LINE: u64 = 64 * 1024;
const RECIPIENTS: usize = 500;
const MISTAKES: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(300);

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, state: State) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let state = state.clone();
                    sessions.spawn(async move {
                        let (read, write) = stream.into_split();
                        // A client that goes away is no matter of ours.
                        let _ = converse(BufReader::new(read), write, &state).await;
                    });
                }
                // Such as too many open files: it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = sessions.join_next() => {}
        }
    }
}

#[derive(Default)]
struct Transaction {
    from: Option<String>,
    to: Vec<String>,
}

enum Answer {
    Say(&'static str),
    Data,
    Quit,
}

async fn converse(
    mut read: impl AsyncBufRead + Unpin,
    mut write: impl AsyncWrite + Unpin,
    state: &State,
) -> io::Result<()> {
    say(&mut write, "220 sandbox ESMTP").await?;
    let (mut transaction, mut greeted, mut mistakes) = (Transaction::default(), false, 0);
    loop {
        let answer = match tokio::time::timeout(PATIENCE, line(&mut read, COMMAND)).await {
            Err(_) => return say(&mut write, "421 4.4.2 You said nothing for five minutes").await,
            Ok(None) => return Ok(()),
            Ok(Some(Err(TooLong))) => Answer::Say("500 5.5.2 That line is too long"),
            Ok(Some(Ok(command))) => command_of(&command, &mut transaction, &mut greeted, state),
        };
        match answer {
            Answer::Say(text) => {
                mistakes += u32::from(text.starts_with('5'));
                if mistakes > MISTAKES {
                    return say(&mut write, "421 4.7.0 Too many mistakes").await;
                }
                say(&mut write, text).await?;
            }
            Answer::Quit => return say(&mut write, "221 2.0.0 Bye").await,
            Answer::Data => {
                say(&mut write, "354 End with a line that has only a dot").await?;
                let data = match tokio::time::timeout(PATIENCE, data(&mut read)).await {
                    Err(_) => {
                        return say(&mut write, "421 4.4.2 The message did not end in five minutes").await;
                    }
                    Ok(None) => return Ok(()),
                    Ok(Some(data)) => data,
                };
                let done = std::mem::take(&mut transaction);
                let answer = match data {
                    Ok(raw) => accepted(state, &done, raw),
                    Err(TooLong) => "552 5.3.4 The message is larger than 36 MB, or has a line over 64 KB",
                };
                say(&mut write, answer).await?;
            }
        }
    }
}

async fn say(write: &mut (impl AsyncWrite + Unpin), text: &str) -> io::Result<()> {
    write.write_all(format!("{text}\r\n").as_bytes()).await?;
    write.flush().await
}

struct TooLong;

/// A line without its end; None where the client went away. One that is too long is read to its end all the same.
async fn line(read: &mut (impl AsyncBufRead + Unpin), most: u64) -> Option<Result<Vec<u8>, TooLong>> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let count = (&mut *read).take(most).read_until(b'\n', &mut line).await.ok()?;
        if count == 0 {
            return None;
        }
        if line.ends_with(b"\n") {
            break;
        }
        if line.len() as u64 >= most {
            too_long = true;
            line.clear();
        }
    }
    if too_long {
        return Some(Err(TooLong));
    }
    line.pop();
    if line.ends_with(b"\r") {
        line.pop();
    }
    Some(Ok(line))
}

/// The message, its dots taken off (RFC 5321, section 4.5.2). One that is too big is read to its end all the same.
async fn data(read: &mut (impl AsyncBufRead + Unpin)) -> Option<Result<Vec<u8>, TooLong>> {
    let (mut raw, mut too_big) = (Vec::new(), false);
    loop {
        match line(read, LINE).await? {
            Err(TooLong) => too_big = true,
            Ok(line) if line == b"." => break,
            Ok(line) => {
                let text = line.strip_prefix(b".").unwrap_or(&line);
                too_big |= raw.len() + text.len() > SIZE;
                if !too_big {
                    raw.extend_from_slice(text);
                    raw.extend_from_slice(b"\r\n");
                }
            }
        }
    }
    Some(if too_big { Err(TooLong) } else { Ok(raw) })
}

fn command_of(line: &[u8], transaction: &mut Transaction, greeted: &mut bool, state: &State) -> Answer {
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    Answer::Say(match verb.to_ascii_uppercase().as_str() {
        "HELO" | "EHLO" if rest.trim().is_empty() => "501 5.5.4 Say who you are: EHLO your.name",
        "HELO" => {
            (*greeted, *transaction) = (true, Transaction::default());
            "250 sandbox"
        }
        "EHLO" => {
            (*greeted, *transaction) = (true, Transaction::default());
            "250-sandbox\r\n250-SIZE 37748736\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 PIPELINING"
        }
        "MAIL" if !*greeted => "503 5.5.1 Say EHLO first",
        "MAIL" if transaction.from.is_some() => "503 5.5.1 There is a sender already; RSET begins anew",
        "MAIL" => match path(rest, "FROM:") {
            Some((_, parameters)) if too_big(parameters) => "552 5.3.4 The message is larger than 36 MB",
            Some((from, _)) => {
                transaction.from = Some(from.to_owned());
                "250 2.1.0 OK"
            }
            None => "501 5.5.4 Say MAIL FROM:<address>",
        },
        "RCPT" if transaction.from.is_none() => "503 5.5.1 Say MAIL FROM first",
        "RCPT" if transaction.to.len() >= RECIPIENTS => "452 4.5.3 Too many recipients",
        "RCPT" => match path(rest, "TO:") {
            Some((to, _)) => recipient(to, transaction, state),
            None => "501 5.5.4 Say RCPT TO:<address>",
        },
        "DATA" if transaction.to.is_empty() => "503 5.5.1 Say RCPT TO first",
        "DATA" => return Answer::Data,
        "RSET" => {
            *transaction = Transaction::default();
            "250 2.0.0 OK"
        }
        "NOOP" => "250 2.0.0 OK",
        "QUIT" => return Answer::Quit,
        "VRFY" => "252 2.5.0 Try to send",
        "STARTTLS" | "AUTH" => "502 5.5.1 The sandbox takes mail without that",
        _ => "500 5.5.2 The sandbox knows EHLO HELO MAIL RCPT DATA RSET NOOP QUIT",
    })
}

/// What is between `<` and `>`, and what comes after.
fn path<'l>(rest: &'l str, word: &str) -> Option<(&'l str, &'l str)> {
    let rest = rest.trim_start();
    let (named, rest) = rest.split_at_checked(word.len())?;
    let rest = rest.trim_start().strip_prefix('<')?;
    rest.split_once('>').filter(|_| named.eq_ignore_ascii_case(word))
}

fn too_big(parameters: &str) -> bool {
    let sizes = parameters.split_whitespace().filter_map(|parameter| {
        parameter
            .split_once('=')
            .filter(|(name, _)| name.eq_ignore_ascii_case("SIZE"))?
            .1
            .parse::<usize>()
            .ok()
    });
    sizes.max().is_some_and(|size| size > SIZE)
}

fn recipient(to: &str, transaction: &mut Transaction, state: &State) -> &'static str {
    let world = state.world();
    let mailbox = world.tenants.iter().find_map(|tenant| tenant.mailbox(to));
    match mailbox.map(|mailbox| (mailbox.standing, mailbox.address.clone())) {
        None => "550 5.1.1 Nobody has that address here",
        Some((Standing::Full, _)) => "452 4.2.2 The mailbox is full",
        Some((_, address)) => {
            if !transaction.to.contains(&address) {
                transaction.to.push(address);
            }
            "250 2.1.5 OK"
        }
    }
}

fn accepted(state: &State, transaction: &Transaction, raw: Vec<u8>) -> &'static str {
    let trace = format!(
        "Received: from smtp (127.0.0.1) by sandbox with ESMTP;\r\n\t{}\r\nReturn-Path: <{}>\r\n",
        state.clock.now().to_rfc2822(),
        transaction.from.as_deref().unwrap_or_default(),
    );
    if !super::files::has_fields(&raw) {
        return "554 5.6.0 That is no message: it has no fields";
    }
    if mime::is_deeper(&raw, mime::DEEPEST) {
        return "554 5.6.0 Messages are nested too deep in that one";
    }
    let raw = bytes::Bytes::from([trace.into_bytes(), raw].concat());
    let deliver =
        |to: &String| super::deliver(state, to, "inbox", Mail { raw: raw.clone(), ..Mail::default() });
    match transaction.to.iter().map(deliver).find_map(Result::err) {
        None => "250 2.0.0 Delivered",
        Some(Undelivered::Full) => "452 4.2.2 A mailbox is full",
        Some(_) => "550 5.1.1 A mailbox was taken away",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    async fn talk(state: &State, said: &str) -> String {
        let mut answers = Vec::new();
        converse(said.as_bytes(), &mut answers, state).await.unwrap();
        String::from_utf8(answers).unwrap()
    }

    fn inbox(state: &State, address: &str) -> Vec<String> {
        let world = state.world();
        let messages = world.tenants[0].mailbox(address).unwrap().messages();
        messages
            .map(|message| match &message.content {
                crate::world::Content::Mime(raw) => String::from_utf8_lossy(raw).into_owned(),
                crate::world::Content::Draft(_) => "draft".to_owned(),
            })
            .collect()
    }

    #[tokio::test]
    async fn mail_arrives_in_each_mailbox_with_its_dots_taken_off() {
        let state = sample::state();
        let said = "EHLO me\r\nMAIL FROM:<x@y.example> SIZE=100\r\nRCPT TO:<ADELE@contoso.example>\r\n\
            RCPT TO:<ben@contoso.example>\r\nRCPT TO:<nobody@contoso.example>\r\nDATA\r\nSubject: s\r\n\r\n..dot\r\n.\r\nQUIT\r\n";
        let answers = talk(&state, said).await;
        let codes: Vec<&str> =
            answers.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
        assert_eq!(codes, ["220", "250", "250", "250", "250", "550", "354", "250", "221"]);
        for address in [sample::ADELE, sample::BEN] {
            let mails = inbox(&state, address);
            assert_eq!(mails.len(), 1);
            assert!(
                mails[0].ends_with("Return-Path: <x@y.example>\r\nSubject: s\r\n\r\n.dot\r\n"),
                "{}",
                mails[0]
            );
        }
    }

    #[tokio::test]
    async fn what_comes_out_of_order_or_is_too_big_is_refused() {
        let state = sample::state();
        let long = "x".repeat(5_000);
        for (said, expected) in [
            ("MAIL FROM:<a@b>\r\n", "503 5.5.1 Say EHLO first"),
            ("EHLO\r\n", "501 5.5.4 Say who you are: EHLO your.name"),
            ("EHLO me\r\nMAIL FROM:a@b\r\n", "501 5.5.4 Say MAIL FROM:<address>"),
            ("EHLO me\r\nMAIL FROM:<a@b> SIZE=99999999\r\n", "552 5.3.4 The message is larger than 36 MB"),
            ("EHLO me\r\nMAIL FROM:<>\r\nDATA\r\n", "503 5.5.1 Say RCPT TO first"),
            ("HELO me\r\nRCPT TO:<a@b>\r\n", "503 5.5.1 Say MAIL FROM first"),
            ("HACK\r\n", "500 5.5.2 The sandbox knows EHLO HELO MAIL RCPT DATA RSET NOOP QUIT"),
            (long.as_str(), "220 sandbox ESMTP"),
            (&format!("{long}\r\n"), "500 5.5.2 That line is too long"),
            (&"?\r\n".repeat(30), "421 4.7.0 Too many mistakes"),
        ] {
            let answers = talk(&state, said).await;
            assert_eq!(answers.trim_end().lines().last(), Some(expected), "{said}");
        }
    }

    #[tokio::test]
    async fn messages_within_messages_without_an_end_are_refused() {
        let state = sample::state();
        let nested = |times| "Content-Type: message/rfc822\r\n\r\n".repeat(times);
        for (times, expected) in [
            (mime::DEEPEST, "250 2.0.0 Delivered"),
            (50_000, "554 5.6.0 Messages are nested too deep in that one"),
        ] {
            let said = format!("EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<{}>\r\nDATA\r\n", sample::ADELE);
            let answers = talk(&state, &format!("{said}{}Subject: x\r\n\r\n.\r\n", nested(times))).await;
            assert_eq!(answers.trim_end().lines().last(), Some(expected), "{times}");
        }
    }

    #[tokio::test]
    async fn a_client_that_goes_away_in_the_middle_leaves_nothing() {
        let state = sample::state();
        talk(&state, "EHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<adele@contoso.example>\r\nDATA\r\nSubject: s\r\n")
            .await;
        assert_eq!(inbox(&state, sample::ADELE), [""; 0]);
    }
}

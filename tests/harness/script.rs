//! An IMAP server that says what a test tells it to: for servers that can't be had, and for those that err.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// At the end of an answer: the connection is closed after it.
pub const CLOSE: &str = "<close>";

/// A running server; it ends when this is dropped.
pub struct Script {
    /// Where to connect to.
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

type Answers = Vec<(String, String)>;

impl Script {
    /// Greets, and answers each command by the first entry left whose beginning matches; the last match stays.
    /// Lines of an answer end in `\n`, `{tag}` is the command's tag; what matches nothing is BAD.
    pub async fn start(greeting: &str, answers: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let greeting = greeting.to_owned();
        let answers: Answers =
            answers.iter().map(|&(command, text)| (command.to_owned(), text.to_owned())).collect();
        let log = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, greeting.clone(), answers.clone(), log.clone()));
            }
        });
        Self { port, heard, task }
    }

    /// The commands so far, without tags; literals stand in their place.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// How many commands began so.
    pub fn count(&self, beginning: &str) -> usize {
        self.heard().iter().filter(|command| command.starts_with(beginning)).count()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, greeting: String, mut answers: Answers, heard: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    if !say(&mut stream, &greeting).await {
        return;
    }
    let mut last = "*".to_owned();
    while let Some(line) = command(&mut stream).await {
        // DONE has no tag: it ends the command before it (RFC 2177).
        let (tag, command) = line.split_once(' ').unwrap_or((&last, &line));
        heard.lock().unwrap().push(command.to_owned());
        let matches = |(beginning, _): &(String, String)| command.starts_with(beginning.as_str());
        let mut text = "{tag} BAD unknown command\n".to_owned();
        if let Some(at) = answers.iter().position(matches) {
            let is_last = answers.iter().filter(|answer| matches(answer)).count() == 1;
            text = if is_last { answers[at].1.clone() } else { answers.remove(at).1 };
        }
        if !say(&mut stream, &text.replace("{tag}", tag)).await {
            return;
        }
        last = tag.to_owned();
    }
}

/// A whole command, with its literals; None when the client has gone.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut whole = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let literal = line.strip_suffix('}').and_then(|rest| rest.rsplit_once('{'));
        let Some((before, length)) = literal.and_then(|(before, n)| Some((before, n.parse::<usize>().ok()?)))
        else {
            whole.push_str(line);
            return Some(whole);
        };
        whole.push_str(before);
        let _ = say(stream, "+ go on\n").await;
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await.ok()?;
        whole.push_str(&String::from_utf8(bytes).unwrap());
    }
}

/// False when the connection is to be closed. `<xfc>` writes the byte 0xFC.
async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> bool {
    let (text, goes_on) = text.strip_suffix(CLOSE).map_or((text, true), |text| (text, false));
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<x") {
        let (hex, after) = after.split_once('>').unwrap();
        bytes.extend_from_slice(before.replace('\n', "\r\n").as_bytes());
        bytes.push(u8::from_str_radix(hex, 16).unwrap());
        rest = after;
    }
    bytes.extend_from_slice(rest.replace('\n', "\r\n").as_bytes());
    stream.get_mut().write_all(&bytes).await.is_ok() && goes_on
}

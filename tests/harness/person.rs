//! Someone else who works in a mailbox: a bare IMAP connection, blocking, that says what it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A logged-in connection.
pub struct Person {
    stream: BufReader<TcpStream>,
    tag: u32,
}

impl Person {
    /// Logs in over the plain port.
    pub fn log_in(port: u16, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut me = Self { stream: BufReader::new(stream), tag: 0 };
        let mut greeting = String::new();
        me.stream.read_line(&mut greeting).unwrap();
        let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        me.run(&format!("LOGIN {} {}", quote(user), quote(password)));
        me
    }

    /// Sends one command and returns all that came before its OK; panics on NO and BAD.
    pub fn run(&mut self, command: &str) -> String {
        let (answer, last) = self.ask(command);
        assert!(last.starts_with("OK"), "{command} was answered {last}");
        answer
    }

    /// Sends one command and returns all that came before the tagged line, and that line without its tag.
    pub fn ask(&mut self, command: &str) -> (String, String) {
        self.tag += 1;
        let tag = format!("p{} ", self.tag);
        write!(self.stream.get_mut(), "{tag}{command}\r\n").unwrap();
        let mut answer = Vec::new();
        loop {
            let mut line = Vec::new();
            assert!(self.stream.read_until(b'\n', &mut line).unwrap() > 0, "the connection was closed");
            if let Some(last) = line.strip_prefix(tag.as_bytes()) {
                let last = String::from_utf8_lossy(last).trim_end().to_owned();
                return (String::from_utf8_lossy(&answer).into_owned(), last);
            }
            let literal = line
                .strip_suffix(b"}\r\n")
                .and_then(|rest| rest.rsplit(|&b| b == b'{').next())
                .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
            answer.extend_from_slice(&line);
            if let Some(length) = literal {
                let mut bytes = vec![0; length];
                self.stream.read_exact(&mut bytes).unwrap();
                answer.extend_from_slice(&bytes);
            }
        }
    }

    /// Opens a folder, given by its name on the wire.
    pub fn open(&mut self, folder: &str) -> &mut Self {
        self.run(&format!("SELECT \"{folder}\""));
        self
    }

    /// UIDs and flags of a folder's messages, in order.
    pub fn flags(&mut self, folder: &str) -> Vec<(u32, Vec<String>)> {
        self.open(folder);
        let answer = self.run("UID FETCH 1:* (FLAGS)");
        let mut found: Vec<(u32, Vec<String>)> = answer
            .lines()
            .filter_map(|line| {
                let uid = line.split("UID ").nth(1)?.split([' ', ')']).next()?.parse().ok()?;
                let flags = line.split("FLAGS (").nth(1)?.split(')').next()?;
                Some((uid, flags.split_whitespace().map(str::to_owned).collect()))
            })
            .collect();
        found.sort();
        found
    }

    /// How many messages a folder holds.
    pub fn count(&mut self, folder: &str) -> usize {
        self.flags(folder).len()
    }

    /// Message-IDs (with brackets) of a folder's messages, in order of UID.
    pub fn message_ids(&mut self, folder: &str) -> Vec<String> {
        self.open(folder);
        let answer = self.run("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])");
        let ids = answer.lines().filter_map(|line| line.split_once(':'));
        ids.filter(|(name, _)| name.eq_ignore_ascii_case("message-id"))
            .map(|(_, id)| id.trim().to_owned())
            .collect()
    }
}

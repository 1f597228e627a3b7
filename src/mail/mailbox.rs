//! One mailbox of an address list while it is read: words, a comment, an address in angle brackets.

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    /// Words outside of brackets and comments.
    words: Vec<String>,
    /// The next character begins a word.
    is_between: bool,
    angle: Option<String>,
    comment: Option<String>,
}

impl Mailbox {
    /// A character of a word.
    pub(super) fn push(&mut self, c: char) {
        self.word().push(c);
    }

    /// Text that goes on the word that stands before it.
    pub(super) fn glue(&mut self, text: &str) {
        self.word().push_str(text);
    }

    /// A quoted text: a word of its own.
    pub(super) fn phrase(&mut self, text: &str) {
        self.blank();
        self.words.push(text.to_owned());
        self.blank();
    }

    /// Blanks.
    pub(super) fn blank(&mut self) {
        self.is_between = true;
    }

    /// A comment; the first one that says something may be the name.
    pub(super) fn comment(&mut self, text: &str) {
        self.comment.get_or_insert_with(|| text.to_owned());
    }

    /// An address that stood in brackets.
    pub(super) fn angle(&mut self, address: String) {
        self.angle = Some(address);
    }

    /// Whether an address in brackets was read.
    pub(super) fn has_angle(&self) -> bool {
        self.angle.is_some()
    }

    /// Whether a colon ends the name of a group here.
    pub(super) fn is_group_name(&self) -> bool {
        self.angle.is_none() && !self.words.iter().any(|word| word.contains('@'))
    }

    /// Whether an address literal may follow.
    pub(super) fn expects_literal(&self) -> bool {
        self.angle.is_none() && self.words.last().is_some_and(|word| word.ends_with('@'))
    }

    /// Names and addresses: one as a rule, several where commas were forgotten.
    pub(super) fn addresses(self) -> Vec<(String, String)> {
        let name = |words: &[String]| match words.is_empty() {
            true => self.comment.clone().unwrap_or_default(),
            false => words.join(" "),
        };
        if let Some(address) = self.angle.clone().filter(|address| !address.is_empty()) {
            return vec![(name(&self.words), address)];
        }
        let words = joined_at_signs(&self.words);
        let is_address = |word: &&String| word.contains('@');
        match words.iter().filter(is_address).count() {
            // No address at all: what stands there is kept as one.
            0 if words.is_empty() => Vec::new(),
            0 => vec![(self.comment.clone().unwrap_or_default(), words.join(" "))],
            1 => {
                let (address, others): (Vec<String>, Vec<String>) =
                    words.into_iter().partition(|word| word.contains('@'));
                vec![(name(&others), address.concat())]
            }
            _ => words.iter().filter(is_address).map(|word| (String::new(), word.clone())).collect(),
        }
    }

    fn word(&mut self) -> &mut String {
        if self.words.is_empty() || self.is_between {
            self.words.push(String::new());
            self.is_between = false;
        }
        let last = self.words.len() - 1;
        &mut self.words[last]
    }
}

/// `ann @ sender . example` is one word.
fn joined_at_signs(words: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut at_sign = false;
    for word in words {
        match joined.last_mut() {
            Some(last)
                if last.ends_with('@')
                    || word.starts_with('@')
                    || at_sign && (last.ends_with('.') || word.starts_with('.')) =>
            {
                last.push_str(word);
                at_sign |= word.contains('@');
            }
            _ => {
                joined.push(word.clone());
                at_sign = word.contains('@');
            }
        }
    }
    joined
}

//! .eml files, mbox and Maildir.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Mail, mbox, with_crlf};
use crate::mime;

/// A file that holds no mail, and why.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It can't be read.
    #[error("{}: can't be read", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is no message.
    #[error("{}: is no mail; it should begin with fields such as 'From: someone@example.com'", .0.display())]
    NoMail(PathBuf),
    /// Exchange takes no more.
    #[error("{}: has {} bytes; Exchange Online takes 150 MB at most", .0.display(), .1)]
    TooBig(PathBuf, u64),
}

const LIMIT: u64 = 150 * 1024 * 1024;

/// Reads a file or a folder, each mail or each bad file in turn: an mbox, a message, a Maildir (it has `cur` and `new`),
/// or a folder with any of them below it. A bad one ends nothing.
pub fn read(path: &Path, take: &mut impl FnMut(Result<Mail, Unusable>)) {
    match fs::metadata(path) {
        Err(error) => take(Err(Unusable::Read(path.to_owned(), error))),
        Ok(about) if about.is_dir() => read_folder(path, take),
        Ok(about) if about.len() > LIMIT && !begins_as_mbox(path) => {
            take(Err(Unusable::TooBig(path.to_owned(), about.len())));
        }
        Ok(_) => read_file(path, None, take),
    }
}

fn begins_as_mbox(path: &Path) -> bool {
    use io::Read as _;
    let mut start = [0; 256];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or_default();
    mbox::is_one(start.get(..read).unwrap_or_default())
}

fn read_folder(path: &Path, take: &mut impl FnMut(Result<Mail, Unusable>)) {
    let is_maildir = path.join("cur").is_dir() && path.join("new").is_dir();
    if is_maildir {
        for part in ["cur", "new"] {
            for file in listed(&path.join(part), take).into_iter().filter(|file| file.is_file()) {
                let seen = part == "cur" && is_seen(&file);
                read_file(&file, Some(seen), take);
            }
        }
        return;
    }
    for entry in listed(path, take) {
        let is_mail = entry.is_dir()
            || entry.extension().is_some_and(|extension| {
                ["eml", "mbox", "mbx"].iter().any(|known| extension.eq_ignore_ascii_case(known))
            });
        if is_mail {
            read(&entry, take);
        }
    }
}

fn listed(path: &Path, take: &mut impl FnMut(Result<Mail, Unusable>)) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            paths
        }
        Err(error) => {
            take(Err(Unusable::Read(path.to_owned(), error)));
            Vec::new()
        }
    }
}

/// The flags after `:2,` have an S.
fn is_seen(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('S'))
}

fn read_file(path: &Path, seen: Option<bool>, take: &mut impl FnMut(Result<Mail, Unusable>)) {
    let raw = match fs::read(path) {
        Ok(raw) => raw,
        Err(error) => return take(Err(Unusable::Read(path.to_owned(), error))),
    };
    let mails = if seen.is_none() && mbox::is_one(&raw) {
        mbox::messages(&raw)
    } else {
        vec![Mail { raw: with_crlf(&raw), received: None, is_read: seen.unwrap_or_default() }]
    };
    for mail in mails {
        if has_fields(&mail.raw) {
            let received = mime::received(&mail.raw).or_else(|| mime::envelope(&mail.raw).sent);
            take(Ok(Mail { received, ..mail }));
        } else {
            take(Err(Unusable::NoMail(path.to_owned())));
        }
    }
}

/// Whether it begins with a field (RFC 5322, section 2.2).
pub fn has_fields(raw: &[u8]) -> bool {
    let first = raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let name: Vec<u8> = first.iter().copied().take_while(|byte| *byte != b':').collect();
    !name.is_empty() && name.len() < first.len() && name.trim_ascii_end().iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is gone with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("sandbox-{name}-{}", crate::random::uuid()));
            fs::create_dir_all(&path).unwrap();
            for (file, text) in files {
                let file = path.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn all(path: &Path) -> Vec<Result<Mail, String>> {
        let mut found = Vec::new();
        read(path, &mut |mail| found.push(mail.map_err(|error| error.to_string())));
        found
    }

    #[test]
    fn flags_of_a_maildir_say_what_was_read() {
        let mail = "Subject: x\n\nx\n";
        let folder = Folder::new("maildir", &[("cur/1:2,RS", mail), ("cur/2:2,", mail), ("new/3", mail)]);
        let read: Vec<bool> = all(&folder.0).into_iter().map(|mail| mail.unwrap().is_read).collect();
        assert_eq!(read, [true, false, false]);
    }

    #[test]
    fn a_bad_file_is_named_and_the_others_come() {
        let files = [
            ("a.eml", "Date: Fri, 20 Nov 2026 10:00:00 +0000\nSubject: a\n\nx"),
            ("b.eml", "\u{0}\u{1} no mail"),
            ("c/d.mbox", "From x Fri Nov 20 10:00:00 2026\nSubject: c\n\nx\n"),
            ("e.txt", "not asked for"),
        ];
        let folder = Folder::new("files", &files);
        let found = all(&folder.0);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].as_ref().unwrap().received.unwrap().timestamp(), 1_795_168_800);
        assert!(found[1].as_ref().unwrap_err().contains("b.eml: is no mail; it should begin with"));
        assert!(found[2].is_ok());
        assert!(all(&folder.0.join("none"))[0].as_ref().unwrap_err().ends_with("none: can't be read"));
    }
}

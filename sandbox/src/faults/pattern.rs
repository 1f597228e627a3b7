//! Paths, and what rules say of them.

/// A path without its version, with its escapes resolved: `/v1.0/users/u%40x` is `/users/u@x`.
pub fn plain(path: &str) -> String {
    let path = ["/v1.0", "/beta"]
        .into_iter()
        .filter_map(|version| path.strip_prefix(version))
        .find(|rest| rest.is_empty() || rest.starts_with('/'))
        .unwrap_or(path);
    decoded(path)
}

/// The mailbox that a path names: what comes after `/users/`.
pub fn user(plain: &str) -> Option<&str> {
    let mut segments = plain.split('/').filter(|segment| !segment.is_empty());
    let first = segments.next()?;
    if let Some(keyed) = first.strip_prefix("users('") {
        return keyed.strip_suffix("')");
    }
    segments.next().filter(|_| first.eq_ignore_ascii_case("users"))
}

/// Whether a path is one of a pattern's: `*` is any part of one segment, `**` any number of segments; case is equal.
pub fn matches(pattern: &str, plain: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split('/').filter(|segment| !segment.is_empty()).map(str::to_lowercase).collect()
    };
    segments_match(&split(pattern), &split(plain))
}

fn segments_match(pattern: &[String], path: &[String]) -> bool {
    // As in globbing: the last `**` takes one segment more whenever what follows it fails. Never exponential.
    let (mut at, mut of, mut back) = (0, 0, None);
    while let Some(segment) = path.get(of) {
        match pattern.get(at) {
            Some(wild) if wild == "**" => {
                at += 1;
                back = Some((at, of));
            }
            Some(wanted) if within(wanted.as_bytes(), segment.as_bytes()) => {
                at += 1;
                of += 1;
            }
            _ => match back {
                Some((then, from)) => {
                    (at, of) = (then, from + 1);
                    back = Some((then, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| rest == "**")
}

fn within(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut of, mut back) = (0, 0, None);
    while let Some(byte) = text.get(of) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                back = Some((at, of));
            }
            Some(wanted) if wanted == byte => {
                at += 1;
                of += 1;
            }
            _ => match back {
                Some((then, from)) => {
                    (at, of) = (then, from + 1);
                    back = Some((then, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|rest| *rest == b'*')
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.first_chunk::<2>().filter(|_| *first == b'%');
        match escaped.and_then(|digits| Some((hex(digits[0])? << 4) | hex(digits[1])?)) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_parts_and_for_segments() {
        for (pattern, path, expected) in [
            ("/users/*/messages", "/users/a@x/messages", true),
            ("/users/*/messages", "/users/a@x/messages/1", false),
            ("/users/*/messages/**", "/users/a@x/messages", true),
            ("**/$value", "/users/a@x/messages/1/$value", true),
            ("**/messages/**/$value", "/users/a/messages/1/messages/2/$value", true),
            ("/users/*@x/**", "/users/a@x/mailFolders", true),
            ("/users/*@x/**", "/users/a@y/mailFolders", false),
            ("/users/a/mailfolders", "/users/a/mailFolders", true),
            ("**", "/", true),
            ("", "/users", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_path_is_compared_without_version_and_escapes() {
        assert_eq!(plain("/v1.0/users/a%40x/%24value"), "/users/a@x/$value");
        assert_eq!(plain("/v1.05/users/%zz%4"), "/v1.05/users/%zz%4");
        assert_eq!(user("/users/a@x/messages"), Some("a@x"));
        assert_eq!(user("/users('a@x')/messages"), Some("a@x"));
        assert_eq!(user("/subscriptions/users"), None);
    }
}

//! The format of a sealed secret, versioned and self-describing.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | format: 1 |
//! | 1 | length of the key's name, n |
//! | n | the key's name |
//! | 12 | nonce |
//! | rest | AES-256-GCM ciphertext, tag last |

/// The format written.
pub(super) const FORMAT: u8 = 1;
/// Bytes of an AES-GCM nonce.
pub(super) const NONCE: usize = 12;

/// A sealed secret, taken apart.
pub(super) struct Parts<'a> {
    pub name: &'a str,
    pub nonce: &'a [u8],
    pub ciphertext: &'a [u8],
}

/// What could not be taken apart.
pub(super) enum Unreadable {
    Format(u8),
    Truncated,
}

pub(super) fn join(name: &str, nonce: &[u8; NONCE], ciphertext: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + name.len() + NONCE + ciphertext.len());
    out.push(FORMAT);
    // Names are checked to be 64 bytes at most when the ring is made.
    out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(nonce);
    out.extend_from_slice(ciphertext);
    out
}

pub(super) fn split(sealed: &[u8]) -> Result<Parts<'_>, Unreadable> {
    let (&format, rest) = sealed.split_first().ok_or(Unreadable::Truncated)?;
    if format != FORMAT {
        return Err(Unreadable::Format(format));
    }
    let (&length, rest) = rest.split_first().ok_or(Unreadable::Truncated)?;
    let (name, rest) = rest.split_at_checked(usize::from(length)).ok_or(Unreadable::Truncated)?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE).ok_or(Unreadable::Truncated)?;
    let name = std::str::from_utf8(name).map_err(|_| Unreadable::Truncated)?;
    Ok(Parts { name, nonce, ciphertext })
}

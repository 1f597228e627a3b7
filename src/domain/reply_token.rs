//! Signed reply tokens: what mailroom sends carries one, so that the answer proves which instance it belongs to.
//!
//! A token is HMAC-SHA256 over the process and the reference, under a key of this installation, cut to 80 bits and
//! written in base32 (RFC 4648 section 6, any case). It stands beside its reference in three places:
//!
//! | place | form |
//! |---|---|
//! | the address written to | `local+INC-000042.TOKEN@domain` |
//! | a Message-ID that mailroom gave | `<INC-000042.TOKEN.random@mailroom…>` |
//! | the subject or the text | `[INC-000042:TOKEN]` |

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::keyed_hash::{KEY, Key};
use super::tombstone::TombstoneKey;

/// Bytes of a token before it is written: 80 bits can't be guessed by mail.
const BYTES: usize = 10;
/// Characters of a token.
pub const LENGTH: usize = 16;
/// What is signed begins with this, so that no other use of the key gives a token.
const LABEL: &[u8] = b"mailroom reply token 1";
/// RFC 4648 section 6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The key of an installation. Neither `Debug` nor `Serialize`, so that it can't reach a log.
pub struct ReplyKey(Key);

impl ReplyKey {
    /// Of 32 random bytes.
    pub fn new(bytes: [u8; KEY]) -> Self {
        Self(Key::new(bytes))
    }

    /// The bytes, to be sealed.
    pub fn expose(&self) -> &[u8; KEY] {
        self.0.expose()
    }

    /// The key under which deleted messages are recognised, derived from this one.
    pub fn tombstones(&self) -> TombstoneKey {
        TombstoneKey::of(&self.0)
    }

    /// The token of an instance.
    pub fn token(&self, process: &str, reference: &str) -> String {
        let signed = self.mac(process, reference).finalize().into_bytes();
        encode(signed.iter().take(BYTES).copied())
    }

    /// Whether the token is the one of the instance; takes as long whichever character is wrong.
    pub fn verify(&self, process: &str, reference: &str, token: &str) -> bool {
        decode(token).is_some_and(|bytes| self.mac(process, reference).verify_truncated_left(&bytes).is_ok())
    }

    fn mac(&self, process: &str, reference: &str) -> Hmac<Sha256> {
        self.0.mac(&[LABEL, process.as_bytes(), reference.as_bytes()])
    }
}

/// Whether a text has the form of a token.
pub fn is_token(text: &str) -> bool {
    decode(text).is_some()
}

fn encode(bytes: impl Iterator<Item = u8>) -> String {
    let (mut text, mut bits, mut held) = (String::with_capacity(LENGTH), 0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let at = usize::try_from((held >> bits) & 31).unwrap_or(0);
            text.extend(ALPHABET.get(at).map(|letter| char::from(*letter)));
        }
    }
    text
}

fn decode(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != LENGTH {
        return None;
    }
    let mut bytes = [0; BYTES];
    let (mut places, mut bits, mut held) = (bytes.iter_mut(), 0_u32, 0_u32);
    for letter in text.bytes() {
        let at = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        held = ((held << 5) | u32::try_from(at).ok()?) & 0xFFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *places.next()? = u8::try_from((held >> bits) & 0xFF).ok()?;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> ReplyKey {
        ReplyKey::new([byte; KEY])
    }

    #[test]
    fn a_token_is_that_of_its_instance_its_process_and_its_installation_alone() {
        let token = key(1).token("incident", "INC-000042");
        assert_eq!(token.len(), LENGTH);
        assert!(key(1).verify("incident", "INC-000042", &token));
        assert!(
            key(1).verify("incident", "INC-000042", &token.to_lowercase()),
            "addresses are lower-cased on the way"
        );
        assert!(!key(1).verify("incident", "INC-000043", &token));
        assert!(!key(1).verify("order", "INC-000042", &token));
        assert!(!key(2).verify("incident", "INC-000042", &token));
        assert!(!key(1).verify("incidentI", "NC-000042", &token), "the parts are told apart");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let token = key(1).token("incident", "INC-000042");
        for text in
            ["", "A", &token[1..], &format!("{token}A"), "AAAAAAAAAAAAAAAA", "éééééééé", "0000000000000000"]
        {
            assert!(!key(1).verify("incident", "INC-000042", text), "{text:?}");
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        // Its test vectors, of the length that divides evenly: "fooba" is MZXW6YTB.
        assert_eq!(encode(b"fooba".iter().copied()).bytes().collect::<Vec<_>>(), b"MZXW6YTB");
        assert_eq!(decode("MZXW6YTBMZXW6YTB").as_ref(), Some(b"foobafooba"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(bytes: [u8; BYTES]) {
            prop_assert_eq!(decode(&encode(bytes.into_iter())), Some(bytes));
        }

        #[test]
        fn any_text_is_read_without_a_fault(text in ".{0,20}") {
            let _ = decode(&text);
        }

        #[test]
        fn a_changed_token_is_refused(at in 0..LENGTH, letter in 0_usize..32) {
            let token = key(1).token("incident", "INC-000042");
            let mut changed = token.clone().into_bytes();
            changed[at] = ALPHABET[letter];
            let changed = String::from_utf8(changed).unwrap_or_default();
            prop_assert_eq!(key(1).verify("incident", "INC-000042", &changed), changed == token);
        }
    }
}

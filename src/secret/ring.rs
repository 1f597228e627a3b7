//! The key ring: the first key encrypts, all decrypt, and sub-keys for other purposes derive from it.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;
use uuid::Uuid;

use super::error::Error;
use super::sealed::{self, Unreadable};

/// Bytes of a key: AES-256.
const KEY: usize = 32;
/// The longest name of a key.
const MAX_NAME: usize = 64;

/// A key of the ring. Neither `Debug` nor `Serialize`, so that it can't reach a log.
struct NamedKey {
    name: String,
    bytes: SecretBox<[u8; KEY]>,
}

/// The keys that secrets are sealed under. To rotate, put a new key first and keep the old ones after it until
/// everything is sealed anew.
pub struct KeyRing {
    first: NamedKey,
    others: Vec<NamedKey>,
}

/// A sub-key for one purpose, for HMAC-SHA256.
pub struct Derived(SecretBox<[u8; KEY]>);

impl Derived {
    /// HMAC-SHA256 of `data` (RFC 2104).
    pub fn sign(&self, data: &[u8]) -> [u8; KEY] {
        hmac(self.0.expose_secret(), data).finalize().into_bytes().into()
    }

    /// Whether `tag` is the HMAC-SHA256 of `data`, in constant time.
    pub fn verify(&self, data: &[u8], tag: &[u8]) -> bool {
        hmac(self.0.expose_secret(), data).verify_slice(tag).is_ok()
    }

    /// The bytes, for a library that signs by itself.
    pub fn expose(&self) -> &[u8; KEY] {
        self.0.expose_secret()
    }
}

impl KeyRing {
    /// Reads `name:base64,name2:base64`; blanks around entries are passed over.
    pub fn parse(configured: &SecretString) -> Result<Self, Error> {
        let mut keys = Vec::<NamedKey>::new();
        let entries = configured.expose_secret().split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (index, entry) in entries.enumerate() {
            let key = NamedKey::parse(entry, index + 1)?;
            if keys.iter().any(|known| known.name == key.name) {
                return Err(Error::Twice { name: key.name });
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(Error::NoKey)?;
        Ok(Self { first, others: keys.collect() })
    }

    /// A configuration string with one new random key of that name.
    pub fn generate(name: &str) -> Result<SecretString, Error> {
        let mut bytes = Zeroizing::new([0; KEY]);
        getrandom::fill(bytes.as_mut()).map_err(|_| Error::NoRandom)?;
        Ok(SecretString::from(format!("{name}:{}", STANDARD.encode(bytes.as_ref()))))
    }

    /// Encrypts a secret of the row `id` of `table`; it opens there and nowhere else.
    pub fn seal(&self, table: &str, id: Uuid, secret: &SecretString) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; sealed::NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::NoRandom)?;
        let row = row(table, id);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: row.as_bytes() };
        let ciphertext = self
            .first
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Error::Broken { row: row.clone() })?;
        Ok(sealed::join(&self.first.name, &nonce, &ciphertext))
    }

    /// Decrypts a secret of the row `id` of `table`.
    pub fn open(&self, table: &str, id: Uuid, sealed: &[u8]) -> Result<SecretString, Error> {
        let row = row(table, id);
        let parts = sealed::split(sealed).map_err(|why| match why {
            Unreadable::Format(version) => Error::UnknownFormat { row: row.clone(), version },
            Unreadable::Truncated => Error::Broken { row: row.clone() },
        })?;
        let key = self
            .keys()
            .find(|key| key.name == parts.name)
            .ok_or_else(|| Error::UnknownKey { row: row.clone(), name: parts.name.to_owned() })?;
        let broken = || Error::Broken { row: row.clone() };
        let nonce = Nonce::try_from(parts.nonce).map_err(|_| broken())?;
        let payload = Payload { msg: parts.ciphertext, aad: row.as_bytes() };
        let plain = Zeroizing::new(key.cipher().decrypt(&nonce, payload).map_err(|_| broken())?);
        let text = std::str::from_utf8(&plain).map_err(|_| broken())?;
        Ok(SecretString::from(text))
    }

    /// Whether the secret is sealed under the ring's first key, so that rotation may pass over it.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed::split(sealed).is_ok_and(|parts| parts.name == self.first.name)
    }

    /// The sub-key for a purpose: HMAC-SHA256(first key, `mailroom/` + label). One purpose, one label; it changes
    /// when the first key does.
    pub fn derive(&self, label: &str) -> Derived {
        self.first.derive(label)
    }

    /// The sub-keys for a purpose, of every key in the ring: what the first one signed is still known after a
    /// rotation.
    pub fn derive_all(&self, label: &str) -> Vec<Derived> {
        self.keys().map(|key| key.derive(label)).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &NamedKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl NamedKey {
    fn parse(entry: &str, position: usize) -> Result<Self, Error> {
        let (name, encoded) = entry.split_once(':').ok_or(Error::Shape { position })?;
        let (name, encoded) = (name.trim(), encoded.trim());
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
            return Err(Error::Name { position });
        }
        let length = || Error::Length { name: name.to_owned() };
        let decoded = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| length())?);
        let bytes = <[u8; KEY]>::try_from(decoded.as_slice()).map_err(|_| length())?;
        Ok(Self { name: name.to_owned(), bytes: SecretBox::new(Box::new(bytes)) })
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.bytes.expose_secret()))
    }

    fn derive(&self, label: &str) -> Derived {
        let bytes = hmac(self.bytes.expose_secret(), format!("mailroom/{label}").as_bytes());
        Derived(SecretBox::new(Box::new(bytes.finalize().into_bytes().into())))
    }
}

fn hmac(key: &[u8; KEY], data: &[u8]) -> Hmac<Sha256> {
    // A key shorter than the hash's block is padded with zeroes (RFC 2104 section 2).
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    <Hmac<Sha256> as KeyInit>::new(&block).chain_update(data)
}

/// The associated data of a secret: it can't be moved to another row.
fn row(table: &str, id: Uuid) -> String {
    format!("{table}:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(7);

    fn entry(name: &str, byte: u8) -> String {
        format!("{name}:{}", STANDARD.encode([byte; KEY]))
    }

    fn ring(configured: &str) -> KeyRing {
        KeyRing::parse(&SecretString::from(configured)).ok().unwrap()
    }

    fn refusal(configured: &str) -> Error {
        KeyRing::parse(&SecretString::from(configured)).err().unwrap()
    }

    fn sealed(ring: &KeyRing) -> Vec<u8> {
        ring.seal("credential", ROW, &SecretString::from("pa\u{df}wort")).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again() {
        let ring = ring(&entry("a", 1));
        let opened = ring.open("credential", ROW, &sealed(&ring)).unwrap();
        assert_eq!(opened.expose_secret(), "pa\u{df}wort");
    }

    #[test]
    fn the_same_secret_is_never_sealed_to_the_same_bytes() {
        let ring = ring(&entry("a", 1));
        assert_ne!(sealed(&ring), sealed(&ring));
    }

    #[test]
    fn the_sealed_bytes_name_format_and_key_and_hide_the_secret() {
        let bytes = sealed(&ring(&entry("key-1", 1)));
        assert!(bytes.starts_with(b"\x01\x05key-1"));
        assert!(!bytes.windows(4).any(|window| window == b"wort"));
    }

    #[test]
    fn a_secret_moved_to_another_row_or_table_does_not_open() {
        let ring = ring(&entry("a", 1));
        let bytes = sealed(&ring);
        let elsewhere = ring.open("credential", Uuid::from_u128(8), &bytes).err().unwrap();
        assert_eq!(elsewhere, Error::Broken { row: format!("credential:{}", Uuid::from_u128(8)) });
        assert!(ring.open("webhook_endpoint", ROW, &bytes).is_err());
    }

    #[test]
    fn a_secret_cut_short_or_changed_anywhere_does_not_open() {
        let ring = ring(&entry("a", 1));
        let bytes = sealed(&ring);
        for length in 0..bytes.len() {
            assert!(ring.open("credential", ROW, &bytes[..length]).is_err(), "cut to {length}");
        }
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            assert!(ring.open("credential", ROW, &changed).is_err(), "changed at {index}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        let bytes = sealed(&ring(&entry("old", 1)));
        let error = ring(&entry("new", 2)).open("credential", ROW, &bytes).err().unwrap();
        assert_eq!(error, Error::UnknownKey { row: format!("credential:{ROW}"), name: "old".to_owned() });
        assert!(error.to_string().contains("`old`"));
    }

    #[test]
    fn a_key_of_the_same_name_with_other_bytes_opens_nothing() {
        let bytes = sealed(&ring(&entry("a", 1)));
        assert!(matches!(ring(&entry("a", 2)).open("credential", ROW, &bytes), Err(Error::Broken { .. })));
    }

    #[test]
    fn after_a_rotation_the_first_key_seals_and_the_old_one_still_opens() {
        let before = ring(&entry("old", 1));
        let bytes = sealed(&before);
        let after = ring(&format!(" {} , {} ", entry("new", 2), entry("old", 1)));
        assert!(after.open("credential", ROW, &bytes).is_ok());
        assert!(before.is_current(&bytes) && !after.is_current(&bytes));
        assert!(after.is_current(&sealed(&after)));
        let signed = before.derive("files").sign(b"path");
        assert!(!after.derive("files").verify(b"path", &signed));
        assert!(after.derive_all("files").iter().any(|key| key.verify(b"path", &signed)));
    }

    #[test]
    fn a_later_format_is_told_apart_from_damage() {
        let ring = ring(&entry("a", 1));
        let mut bytes = sealed(&ring);
        bytes[0] = 9;
        let error = ring.open("credential", ROW, &bytes).err().unwrap();
        assert_eq!(error, Error::UnknownFormat { row: format!("credential:{ROW}"), version: 9 });
    }

    #[test]
    fn sub_keys_differ_by_label_and_by_key() {
        let (a, b) = (ring(&entry("a", 1)), ring(&entry("b", 2)));
        assert_ne!(a.derive("files").expose(), a.derive("hooks").expose());
        assert_ne!(a.derive("files").expose(), b.derive("files").expose());
        assert_ne!(a.derive("files").expose(), &[1; KEY]);
    }

    #[test]
    fn a_signature_is_hmac_sha256_with_the_bytes_of_the_sub_key() {
        // RFC 4231 has no 32-byte key; this is what `openssl dgst -sha256 -mac HMAC` says for 32 bytes of 0x01.
        let tag = hmac(&[1; KEY], b"mailroom").finalize().into_bytes();
        assert_eq!(hex::encode(tag), "d8bd21c445c5fc1492819e4f2583e1a6b4d99c3a6ad5b148d47c1f9ee718b9d4");
    }

    #[test]
    fn a_ring_that_was_generated_can_be_read() {
        let configured = KeyRing::generate("demo").unwrap();
        assert!(configured.expose_secret().starts_with("demo:"));
        assert!(KeyRing::parse(&configured).is_ok());
    }

    #[test]
    fn a_configuration_at_fault_is_refused_without_being_shown() {
        assert_eq!(refusal(""), Error::NoKey);
        assert_eq!(refusal(" , "), Error::NoKey);
        assert_eq!(refusal("hunter2"), Error::Shape { position: 1 });
        assert_eq!(
            refusal(&format!("{},:{}", entry("a", 1), STANDARD.encode([2; KEY]))),
            Error::Name { position: 2 }
        );
        assert_eq!(
            refusal(&format!("{},{}", entry("a", 1), entry("a", 2))),
            Error::Twice { name: "a".to_owned() }
        );
        for short in ["a:hunter2", "a:", "a:aHVudGVyMg=="] {
            let error = refusal(short);
            assert_eq!(error, Error::Length { name: "a".to_owned() });
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}

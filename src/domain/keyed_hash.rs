//! HMAC-SHA256 (RFC 2104) over parts that are told apart, under the installation's key or one derived from it.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;

/// Bytes of a key.
pub(super) const KEY: usize = 32;

/// A key. Neither `Debug` nor `Serialize`, so that it can't reach a log.
#[derive(Clone)]
pub(super) struct Key(Zeroizing<[u8; KEY]>);

impl Key {
    pub(super) fn new(bytes: [u8; KEY]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn expose(&self) -> &[u8; KEY] {
        &self.0
    }

    /// The key of another use: who has it learns nothing of this one.
    pub(super) fn derive(&self, label: &[u8]) -> Self {
        Self::new(self.mac(&[label]).finalize().into_bytes().into())
    }

    /// Over the parts, each led by its length. The first one names the use.
    pub(super) fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // A key shorter than the hash's block is padded with zeroes (RFC 2104 section 2).
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
        key.mac(parts).finalize().into_bytes().into()
    }

    #[test]
    fn it_is_that_of_its_key_and_of_its_parts_alone() {
        let key = Key::new([1; KEY]);
        let own = hash(&key, &[b"use", b"ab"]);
        assert_eq!(own, hash(&key, &[b"use", b"ab"]));
        for (what, other) in [
            ("another key", hash(&Key::new([2; KEY]), &[b"use", b"ab"])),
            ("a derived key", hash(&key.derive(b"use"), &[b"use", b"ab"])),
            ("another use", hash(&key, &[b"used", b"ab"])),
            ("other parts", hash(&key, &[b"use", b"a", b"b"])),
        ] {
            assert_ne!(own, other, "{what}");
        }
        assert_ne!(key.derive(b"one").expose(), key.derive(b"other").expose());
    }

    #[test]
    fn it_is_that_of_openssl() {
        // (printf '\0\0\0\0\0\0\0\x32'; printf '\xdd%.0s' {1..50}) |
        //     openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf 'aa%.0s' {1..20})
        let mut bytes = [0; KEY];
        bytes.iter_mut().take(20).for_each(|byte| *byte = 0xaa);
        let tag = "f8b5c1a4f08812598c0f9d839e43de8ae7b865a27c57d39856ea2c651396ff2a";
        assert_eq!(hex::encode(hash(&Key::new(bytes), &[&[0xdd; 50]])), tag);
    }
}

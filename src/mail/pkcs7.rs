//! S/MIME by its bytes: the content type at the beginning of a CMS message (RFC 5652 section 3).

use super::transfer::{self, Encoding};

/// What a CMS message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Signed-data; certificates alone are that too.
    Signed,
    /// Enveloped-data and its kin: nobody reads it without a key.
    Encrypted,
}

/// Encoded bytes that are looked at: what is asked for stands within the first 30 decoded ones.
const BEGINNING: usize = 256;

/// 1.2.840.113549.1, the arc of PKCS, as DER writes it.
const PKCS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01];

/// What the part's body is; None where its first bytes are no CMS message, or one of another kind.
pub(super) fn content(encoding: Encoding, body: &[u8]) -> Option<Content> {
    let beginning = body.get(..BEGINNING).unwrap_or(body);
    let (bytes, _) = transfer::decode_up_to(encoding, beginning, BEGINNING);
    match content_type(&bytes)?.strip_prefix(PKCS)? {
        // pkcs-7: signed, enveloped, signed and enveloped, encrypted.
        [7, 2] => Some(Content::Signed),
        [7, 3 | 4 | 6] => Some(Content::Encrypted),
        // id-ct-authEnvelopedData (RFC 5083).
        [9, 16, 1, 23] => Some(Content::Encrypted),
        _ => None,
    }
}

/// The object identifier at the beginning of a SEQUENCE of whatever length.
fn content_type(der: &[u8]) -> Option<&[u8]> {
    let (length, rest) = der.strip_prefix(&[0x30])?.split_first()?;
    // Short, long in so many bytes, or not said (0x80), as those write it that do not know it yet.
    let length_bytes = if *length < 0x80 { 0 } else { usize::from(*length & 0x7f) };
    let (length, rest) = rest.get(length_bytes..)?.strip_prefix(&[0x06])?.split_first()?;
    rest.get(..usize::from(*length))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use proptest::prelude::*;

    use super::{Content, content};
    use crate::mail::transfer::Encoding;

    const OID: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7];

    fn der(length: &[u8], kind: u8) -> Vec<u8> {
        [&[0x30], length, OID, &[kind, 0xa0, 0x80, 0, 0]].concat()
    }

    #[test]
    fn the_kind_is_told_by_the_content_type() {
        use Content::{Encrypted, Signed};
        for (kind, is) in [
            (1, None),
            (2, Some(Signed)),
            (3, Some(Encrypted)),
            (4, Some(Encrypted)),
            (5, None),
            (6, Some(Encrypted)),
        ] {
            for length in [&[0x40][..], &[0x80], &[0x81, 0xc8], &[0x82, 1, 2], &[0x84, 0, 1, 2, 3]] {
                assert_eq!(content(Encoding::Identity, &der(length, kind)), is, "{kind} {length:?}");
            }
        }
        let authenticated = [&[0x30, 0x80, 6, 11][..], super::PKCS, &[9, 16, 1, 23, 0xa0]].concat();
        assert_eq!(content(Encoding::Identity, &authenticated), Some(Encrypted));
    }

    #[test]
    fn only_the_beginning_is_decoded() {
        let whole = [der(&[0x83, 15, 0, 0], 2), vec![7; 1_000_000]].concat();
        let encoded = base64::engine::general_purpose::STANDARD.encode(&whole);
        assert_eq!(content(Encoding::Base64, encoded.as_bytes()), Some(Content::Signed));
    }

    #[test]
    fn what_is_cut_or_something_else_is_nothing() {
        let whole = der(&[0x82, 1, 2], 2);
        for length in 0..14 {
            assert_eq!(content(Encoding::Identity, &whole[..length]), None, "{length}");
        }
        for other in
            [&b"Hello"[..], b"-----BEGIN PKCS7-----", &[0x30, 0xff, 6], &[0x30, 0x82], &[0x30, 0, 6, 200, 1]]
        {
            assert_eq!(content(Encoding::Identity, other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..64), kind in 0_u8..8) {
            content(Encoding::Identity, &bytes);
            content(Encoding::Base64, &bytes);
            content(Encoding::Identity, &[&[0x30][..], &bytes, &der(&[0x80], kind)].concat());
        }
    }
}

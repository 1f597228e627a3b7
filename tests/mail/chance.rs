//! Chance that is the same each time.

/// xorshift64: fast, and quite random enough to choose where to cut.
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// The bytes, damaged in up to nine places: cut, changed, taken out, or with pieces put in that parsers look for.
    pub fn damaged(&mut self, raw: &[u8]) -> Vec<u8> {
        const PIECES: [&[u8]; 20] = [
            b"=?utf-8?B?",
            b"?=",
            b"\r\n",
            b"\n\n",
            b"\r",
            b"--",
            b"boundary=",
            b"\0",
            b"\xff",
            b"<",
            b">",
            b"\"",
            b"(",
            b"%",
            b"<!--",
            b"<svg><style>",
            b"&#",
            b"message/rfc822",
            b"base64",
            b"\x1b$B",
        ];
        let mut raw = raw.to_vec();
        for _ in 0..=self.below(8) {
            let at = self.below(raw.len());
            match self.below(5) {
                0 => raw.truncate(at.max(raw.len() / 4)),
                1 => drop(raw.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
                2 => drop(raw.drain(at..(at + self.below(40)).min(raw.len()))),
                3 => {
                    let piece: Vec<u8> = raw.iter().skip(at).take(self.below(200)).copied().collect();
                    let to = self.below(raw.len());
                    drop(raw.splice(to..to, piece));
                }
                _ => raw.iter_mut().skip(at).take(1).for_each(|byte| *byte = self.below(256) as u8),
            }
        }
        raw
    }
}

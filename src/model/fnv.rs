/// The hash FNV-1a of 64 bits \[fowler2011\]: the same in every build and on every machine, which the
/// standard library's is not.
///
/// It tells files that differ by accident apart, and not those that someone has made to collide.
///
/// # Example
/// ```
/// use ropelet::model::Fnv1a;
///
/// // The published value for "a".
/// assert_eq!(Fnv1a::of(b"a").to_string(), "af63dc4c8601ec8c");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fnv1a(u64);

impl Default for Fnv1a {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv1a {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::default();
        hash.add(bytes);
        hash
    }

    /// Goes on with more bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Goes on with a number, and so with a mark between two runs of bytes.
    pub fn add_number(&mut self, number: u64) {
        self.add(&number.to_le_bytes());
    }

    /// The hash as a number.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for Fnv1a {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

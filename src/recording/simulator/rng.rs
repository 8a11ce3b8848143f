//! Random numbers for simulations.

/// A deterministic random number generator (xorshift).
pub(in crate::recording) struct Rng(pub(super) u64);

impl Rng {
    /// Returns a number below `limit`.
    pub(in crate::recording) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    /// Returns random bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// Returns a number that is usually small and sometimes huge.
    pub(super) fn value(&mut self) -> u64 {
        match self.below(8) {
            0 => self.0,
            1 => u64::MAX,
            2 => 0,
            _ => self.below(1 << 12),
        }
    }

    /// Returns a value made from a random number, or none.
    pub(super) fn option<T>(&mut self, value: impl FnOnce(u64) -> T) -> Option<T> {
        let number = self.value();
        (self.below(2) == 0).then(|| value(number))
    }
}

//! A limit on the memory and the copies that decoding a frame may take.

use super::error::Corrupt;

/// Bytes of text that a frame may copy however short it is, for each byte of its new strings, and for each other byte:
/// each reference to a string copies the string. New strings, such as command lines, are copied once or twice; a frame
/// that repeats the names of 10 000 cgroups of 250 bytes copies 68 bytes for each of its own.
const TEXT_BASE: usize = 1 << 20;
const TEXT_OF_STRINGS: usize = 4;
const TEXT_RATIO: usize = 128;

/// Owners that a Sample may have however few sockets it has, and for each of its sockets: sockets with the same owners
/// refer to one list. A thousand processes that inherited 500 sockets are half a million owners.
const HOLDERS_BASE: usize = 512 << 10;
const HOLDERS_RATIO: usize = 16;

/// Bytes that the parts and names of a Sample's sockets may take however few sockets it has, and for each of them: they are
/// copied for every frame, although an unchanged socket takes no bytes. Paths have up to 108 bytes, `tcp_info` about 300.
const PARTS_BASE: usize = 8 << 20;
const PARTS_RATIO: usize = 1024;

/// The memory that the decoding of one frame, up to its Sample, may still allocate, and the references that it may still
/// resolve. Prevents a small file that claims to be large from exhausting memory or time.
#[derive(Debug, Clone, Copy)]
pub(super) struct AllocBudget {
    bytes: usize,
    text: usize,
    holders: usize,
    parts: usize,
    /// The error if more bytes are needed.
    exceeded: Corrupt,
}

impl AllocBudget {
    /// Creates the budget of a frame that may take `bytes` bytes; `exceeded` is the error if it needs more. The frame has
    /// `raw` decompressed bytes, of which `strings` are those of new strings, and `sockets` sockets.
    pub(super) fn new(
        bytes: usize,
        exceeded: Corrupt,
        raw: usize,
        strings: usize,
        sockets: usize,
    ) -> AllocBudget {
        let of_strings = strings.saturating_mul(TEXT_OF_STRINGS);
        let of_others = raw.saturating_sub(strings).saturating_mul(TEXT_RATIO);
        AllocBudget {
            bytes,
            text: TEXT_BASE
                .saturating_add(of_strings)
                .saturating_add(of_others),
            holders: HOLDERS_BASE.saturating_add(sockets.saturating_mul(HOLDERS_RATIO)),
            parts: PARTS_BASE.saturating_add(sockets.saturating_mul(PARTS_RATIO)),
            exceeded,
        }
    }

    /// Spends bytes before they are allocated.
    ///
    /// # Errors
    /// If fewer bytes are left.
    #[inline]
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Corrupt> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(self.exceeded)?;
        Ok(())
    }

    /// Spends the bytes of a copied string.
    ///
    /// # Errors
    /// If fewer bytes are left, or the frame has copied more than its length explains.
    #[inline]
    pub(super) fn spend_text(&mut self, bytes: usize) -> Result<(), Corrupt> {
        let left = self.text.checked_sub(bytes);
        self.text = left.ok_or(Corrupt::REPEATED_STRINGS)?;
        self.spend(bytes)
    }

    /// Spends the memory of an owner of a socket.
    ///
    /// # Errors
    /// If fewer bytes are left, or the Sample has more owners than its sockets explain.
    #[inline]
    pub(super) fn spend_holder(&mut self, bytes: usize) -> Result<(), Corrupt> {
        let left = self.holders.checked_sub(1);
        self.holders = left.ok_or(Corrupt::TOO_MANY_HOLDERS)?;
        self.spend(bytes)
    }

    /// Spends the parts and the name of a socket that is copied to the Sample.
    ///
    /// # Errors
    /// If the sockets of the Sample have more than sockets of real machines.
    #[inline]
    pub(super) fn spend_parts(&mut self, bytes: usize) -> Result<(), Corrupt> {
        let left = self.parts.checked_sub(bytes);
        self.parts = left.ok_or(Corrupt::OUT_OF_PROPORTION)?;
        self.spend(bytes)
    }

    /// Returns the bytes left.
    pub(super) fn left(&self) -> usize {
        self.bytes
    }
}

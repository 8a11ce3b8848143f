//! Pages of a socket table: some fifty consecutive rows with their variable parts. Tables of consecutive instants share
//! the pages in which only the clock has changed anything.

use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::Arc;

use super::ages::AGE_OFFSETS;
use super::kernel_bytes::{Bases, Packer};
use super::message_digest::Clocks;
use super::{Blob, Seed, Socket, Timer};

/// Maximum number of rows in a page.
pub(super) const MAX_ROWS: usize = 128;

/// One of this many sockets begins a page.
const MEAN_ROWS: u64 = 48;

/// Time after which a page is written again even if nothing but the clock changed it, ms: 24 days. Sums with the
/// remaining time of a timer stay below 2^32.
pub(super) const MAX_AGED_MS: u32 = 1 << 31;

/// Reports whether a socket begins a page. As this depends on the socket alone, a socket that opens or closes changes
/// its own page and no other.
#[inline]
pub(super) fn begins_page(cookie: u64, seed: &Seed) -> bool {
    seed.hash_one(cookie).is_multiple_of(MEAN_ROWS)
}

/// Rows and their variable parts. The values that the clock changes are those of when the page was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    pub(super) rows: Vec<Socket>,
    /// Parts of variable length; see [`Blob`](super::Blob).
    pub(super) parts: Vec<u8>,
    /// Those that parts are packed with.
    pub(super) bases: Arc<Bases>,
    /// Hash of the message that each row was decoded from; 0 if none.
    pub(super) hashes: Vec<u64>,
}

/// A page of a table.
#[derive(Debug, Clone)]
pub(super) struct PageSlot {
    pub(super) page: Arc<Page>,
    /// Time since the page was written, ms.
    pub(super) aged_ms: u32,
}

impl PageSlot {
    /// Returns the cookie of the first row.
    pub(super) fn first_cookie(&self) -> Option<u64> {
        self.page.rows.first().map(|socket| socket.cookie)
    }
}

/// Variable parts of a socket, as received.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'a> {
    /// The structure of the protocol. Kernel: `INET_DIAG_INFO`.
    pub info: &'a [u8],
    /// Memory figures. Kernel: `SK_MEMINFO_*`.
    pub memory: &'a [u8],
    /// Congestion control report. Kernel: `INET_DIAG_VEGASINFO`, `_DCTCPINFO`, `_BBRINFO`.
    pub congestion_info: &'a [u8],
    /// Name of a unix socket, of an upper-layer protocol, or addresses of SCTP.
    pub name: &'a [u8],
}

impl Page {
    /// Returns a copy with no more memory than its rows need.
    pub(super) fn compact(&self) -> Page {
        Page {
            rows: self.rows.clone(),
            parts: self.parts.clone(),
            bases: Arc::clone(&self.bases),
            hashes: self.hashes.clone(),
        }
    }

    /// Removes the rows and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.parts.clear();
        self.hashes.clear();
    }

    /// Returns how long before a message this page was written, ms, if the message has the clocks of row `at` at that time:
    /// `Some(None)` if they do not show it, `None` if they differ. `known` is the time as known from other rows.
    #[inline]
    #[expect(
        clippy::option_option,
        reason = "a row without clocks is not a different one"
    )]
    pub(super) fn aged_ms(
        &self,
        at: usize,
        clocks: &Clocks,
        known: Option<u32>,
    ) -> Option<Option<u32>> {
        let row = self.row(at, 0)?;
        let mut aged_ms = known;
        if let Some(ages) = clocks.ages {
            let (structures, ..) = row.parts();
            for (offset, age) in AGE_OFFSETS.into_iter().zip(ages) {
                let since = age.wrapping_sub(u32::from_ne_bytes(structures.get(offset)?));
                if *aged_ms.get_or_insert(since) != since {
                    return None;
                }
            }
        }
        if let Some(expires_ms) = clocks.expires_ms {
            let stored = row.socket.timer;
            match aged_ms {
                Some(aged_ms) if stored.after(aged_ms)?.expires_ms != expires_ms => return None,
                Some(_) => {}
                // An expired timer shows no time.
                None if expires_ms == 0 && stored.after(0)?.expires_ms == 0 => {}
                None if expires_ms == 0 => return None,
                None => aged_ms = Some(stored.after(0)?.expires_ms.checked_sub(expires_ms)?),
            }
        }
        aged_ms.is_none_or(|ms| ms < MAX_AGED_MS).then_some(aged_ms)
    }

    /// Appends a socket that is as given `aged_ms` ms after the page was written. The sum of that and of the remaining time
    /// of its timer must fit. Returns `None` if a part is too long.
    pub(super) fn push(
        &mut self,
        mut socket: Socket,
        parts: Parts<'_>,
        hash: u64,
        aged_ms: u32,
        packer: &mut Packer,
    ) -> Option<()> {
        let short = |part: &[u8]| u16::try_from(part.len()).ok();
        socket.blob = Blob {
            at: u32::try_from(self.parts.len()).ok()?,
            info: short(parts.info)?,
            memory: short(parts.memory)?,
            congestion_info: short(parts.congestion_info)?,
            name: short(parts.name)?,
        };
        if !parts.info.is_empty() || !parts.memory.is_empty() {
            let structures = [parts.info, parts.memory];
            let aged_ms = if socket.has_ages() { aged_ms } else { 0 };
            packer.pack(&mut self.bases, structures, aged_ms, &mut self.parts);
        }
        self.parts.extend_from_slice(parts.congestion_info);
        self.parts.extend_from_slice(parts.name);
        if let Some(timer) = socket.timer.after(0) {
            let expires_ms = timer.expires_ms.saturating_add(aged_ms);
            let timer = Timer {
                expires_ms,
                ..timer
            };
            socket.timer = Some(timer).into();
        }
        self.rows.push(socket);
        self.hashes.push(hash);
        Some(())
    }

    /// Appends rows of another page as they are stored there. Both pages must have been written at the same time.
    pub(super) fn extend_from(
        &mut self,
        other: &Page,
        rows: Range<usize>,
        packer: &mut Packer,
        scratch: &mut Vec<u8>,
    ) {
        let is_readable = self.bases.extends(&other.bases);
        for at in rows {
            let (Some(row), Some(hash)) = (other.row(at, 0), other.hashes.get(at)) else {
                return;
            };
            let mut socket = *row.socket;
            if is_readable {
                socket.blob.at = self.parts.len() as u32;
                self.parts.extend_from_slice(other.stored_parts(at));
                self.rows.push(socket);
                self.hashes.push(*hash);
            } else {
                // The parts fitted into the other page, and into 4 GiB.
                let _ = self.push(socket, row.copy_parts(scratch), *hash, 0, packer);
            }
        }
    }

    /// Returns the parts of a row as they are stored: up to those of the next row.
    fn stored_parts(&self, at: usize) -> &[u8] {
        let begin = self
            .rows
            .get(at)
            .map_or(0, |socket| socket.blob.at as usize);
        let next = self.rows.get(at + 1);
        let end = next.map_or(self.parts.len(), |socket| socket.blob.at as usize);
        self.parts.get(begin..end).unwrap_or(&[])
    }
}

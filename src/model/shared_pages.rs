//! Finds the pages of the previous table that a new one can share, message by message while the kernel is asked.
//!
//! The kernel lists its tables in a fixed order, so that the sockets of a page follow each other again. A message whose
//! [digest](MessageDigest) is that of the row decoded before needs no decoding. As long as only the clock has changed
//! anything, no row is written either: once the page is complete, the new table shares it. After the first change, the rows
//! before it are copied, and those after it as far as they are unchanged.

use std::sync::Arc;

use super::message_digest::MessageDigest;
use super::socket_page::{MAX_AGED_MS, Page, PageSlot};
use super::{SeededMap, Socket};

/// The pages of the previous table, and how far the new one has followed them.
#[derive(Debug, Clone)]
pub(super) struct SharedPages {
    slots: Vec<PageSlot>,
    /// The page that is expected next.
    next: usize,
    /// Pages by their first cookie; made when a page is not the expected one.
    index: Option<SeededMap<u64, u32>>,
    /// The page that the new table's current one follows.
    current: Option<Current>,
    /// Time between the two dumps as seen by the last row that has a clock, ms.
    elapsed_ms: u32,
}

/// A page of the previous table that the current page of the new one follows.
#[derive(Debug, Clone)]
struct Current {
    slot: usize,
    /// The next row.
    row: usize,
    /// Time since the page was written, ms; `None` if no row so far has a clock.
    aged_ms: Option<u32>,
    /// True if all rows so far are unchanged, so that none has been written yet.
    is_unchanged: bool,
}

/// Whether a message has to be decoded, or which row is the same.
#[derive(Debug)]
pub(super) enum Match {
    /// The row is that of the page, and so were all before it: nothing to write yet.
    Unchanged,
    /// The row is that of the page: copy it.
    Copy(Arc<Page>, usize),
    /// The message has to be decoded.
    No,
}

/// The rows at the begin of a page that are unchanged.
#[derive(Debug)]
pub(super) struct UnchangedRows {
    pub(super) page: Arc<Page>,
    pub(super) rows: usize,
    /// Time since the page was written, ms.
    pub(super) aged_ms: u32,
}

impl SharedPages {
    pub(super) fn new(slots: Vec<PageSlot>) -> SharedPages {
        SharedPages {
            slots,
            next: 0,
            index: None,
            current: None,
            elapsed_ms: 0,
        }
    }

    /// Returns the number of rows of the current page that are unchanged and not yet written.
    pub(super) fn unwritten_rows(&self) -> usize {
        match &self.current {
            Some(current) if current.is_unchanged => current.row,
            _ => 0,
        }
    }

    /// Ends the current page, and returns its rows that are not yet written.
    pub(super) fn end_page(&mut self) -> Option<UnchangedRows> {
        let unwritten = self.take_unwritten();
        self.current = None;
        unwritten
    }

    /// Returns the rows of the current page that are not yet written. They count as written from now on.
    pub(super) fn take_unwritten(&mut self) -> Option<UnchangedRows> {
        let elapsed_ms = self.elapsed_ms;
        let current = self
            .current
            .as_mut()
            .filter(|current| current.is_unchanged)?;
        current.is_unchanged = false;
        let slot = &self.slots[current.slot];
        let expected_ms = Some(slot.aged_ms.wrapping_add(elapsed_ms));
        let expected_ms = expected_ms.filter(|&aged_ms| aged_ms < MAX_AGED_MS);
        let aged_ms = *current.aged_ms.get_or_insert(expected_ms.unwrap_or(0));
        (current.row > 0).then(|| UnchangedRows {
            page: Arc::clone(&slot.page),
            rows: current.row,
            aged_ms,
        })
    }

    /// Begins a page with the socket of this cookie.
    pub(super) fn begin_page(&mut self, cookie: u64) {
        let begins = |slot: &PageSlot| slot.first_cookie() == Some(cookie);
        let slot = if self.slots.get(self.next).is_some_and(begins) {
            Some(self.next)
        } else {
            let slots = &self.slots;
            let index = self.index.get_or_insert_with(|| {
                let slots = (0..).zip(slots);
                let first = slots.filter_map(|(at, slot)| Some((slot.first_cookie()?, at)));
                first.collect()
            });
            index.get(&cookie).map(|&at| at as usize)
        };
        self.current = slot.map(|slot| Current {
            slot,
            row: 0,
            aged_ms: None,
            is_unchanged: true,
        });
        if let Some(slot) = slot {
            self.next = slot + 1;
        }
    }

    /// Compares a message with the next row of the page that the current one follows.
    #[inline]
    pub(super) fn compare(&mut self, message: &MessageDigest) -> Match {
        let Some(current) = &mut self.current else {
            return Match::No;
        };
        let slot = &self.slots[current.slot];
        let page = &slot.page;
        let has_cookie = |socket: &Socket| socket.cookie == message.cookie;
        if !page.rows.get(current.row).is_some_and(has_cookie) {
            if current.is_unchanged {
                return Match::No;
            }
            // Sockets before it have closed, or it is new.
            let later = page.rows.get(current.row..).unwrap_or(&[]);
            match later.iter().position(has_cookie) {
                Some(skipped) => current.row += skipped,
                None => return Match::No,
            }
        }
        let row = current.row;
        if page.hashes[row] != message.hash {
            return Match::No;
        }
        let Some(aged_ms) = page.aged_ms(row, &message.clocks, current.aged_ms) else {
            return Match::No;
        };
        if let Some(aged_ms) = aged_ms
            && current.aged_ms.is_none()
        {
            current.aged_ms = Some(aged_ms);
            self.elapsed_ms = aged_ms.wrapping_sub(slot.aged_ms);
        }
        current.row += 1;
        if current.is_unchanged {
            Match::Unchanged
        } else {
            Match::Copy(Arc::clone(page), row)
        }
    }

    /// Continues after a row that was decoded.
    pub(super) fn skip(&mut self, cookie: u64) {
        if let Some(current) = &mut self.current {
            let page = &self.slots[current.slot].page;
            let rows = page.rows.get(current.row..).unwrap_or(&[]);
            if let Some(at) = rows.iter().position(|socket| socket.cookie == cookie) {
                current.row += at + 1;
            }
        }
    }

    /// Returns the time since the page that the current one follows was written, ms: rows that are decoded are stored as they
    /// were at that time, so that the others can be copied.
    pub(super) fn aged_ms(&self) -> u32 {
        let current = self.current.as_ref();
        current.and_then(|current| current.aged_ms).unwrap_or(0)
    }
}

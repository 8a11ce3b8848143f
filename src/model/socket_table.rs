//! The sockets of one instant: rows of fixed size and their variable parts, in pages that tables of later instants share.

use std::ops::{Index, Range};
use std::sync::Arc;

use super::kernel_bytes::Packer;
use super::message_digest::MessageDigest;
use super::row::Row;
use super::shared_pages::{Match, SharedPages, UnchangedRows};
use super::socket_page::{MAX_AGED_MS, MAX_ROWS, Page, PageSlot, Parts, begins_page};
use super::{ClearForReuse, Family, Seed, Socket};

/// Rows of sockets and their variable parts, in the kernel's order. Cloning shares the rows.
#[derive(Debug, Clone)]
pub struct SocketTable {
    /// The pages that are complete.
    slots: Vec<PageSlot>,
    /// Number of the first row of each page.
    first_rows: Vec<u32>,
    /// The last rows, whose page is not complete.
    open: Page,
    /// Time since `open` was written: that of the page of which rows were copied, ms.
    open_aged_ms: u32,
    /// Number of rows in complete pages.
    complete: usize,
    packer: Packer,
    /// Chooses the sockets that begin a page, and hashes messages.
    seed: Seed,
    /// Pages that are shared if they are unchanged.
    shared: Option<Box<SharedPages>>,
    /// The message whose row is appended next.
    message: Option<MessageDigest>,
    /// Names of congestion control algorithms; the first is empty and means none.
    names: Arc<Vec<Box<str>>>,
    scratch: Vec<u8>,
}

impl Default for SocketTable {
    fn default() -> Self {
        SocketTable {
            slots: Vec::new(),
            first_rows: Vec::new(),
            open: Page::default(),
            open_aged_ms: 0,
            complete: 0,
            packer: Packer::default(),
            seed: Seed::default(),
            shared: None,
            message: None,
            names: Arc::new(vec!["".into()]),
            scratch: Vec::new(),
        }
    }
}

impl PartialEq for SocketTable {
    /// Compares the contents; where they are stored makes no difference.
    fn eq(&self, other: &Self) -> bool {
        let placeless = |row: &Row<'_>| {
            let mut socket = row.to_socket();
            socket.blob.at = 0;
            socket
        };
        let are_equal = |(own, others): (Row<'_>, Row<'_>)| {
            placeless(&own) == placeless(&others) && own.parts() == others.parts()
        };
        self.names == other.names
            && self.len() == other.len()
            && self.iter().zip(other).all(are_equal)
    }
}

impl Eq for SocketTable {}

impl SocketTable {
    /// Removes all rows and keeps the memory for lists of as many pages.
    pub fn clear(&mut self) {
        self.slots.clear_for_reuse();
        self.first_rows.clear_for_reuse();
        self.complete = 0;
        self.open.clear();
        self.open_aged_ms = 0;
        (self.shared, self.message) = (None, None);
        self.packer.renew(&mut self.open.bases);
    }

    /// Removes all rows, and shares the pages of a previous table from now on as far as [`Self::push_unchanged`] finds them
    /// unchanged. [`Self::finish`] ends it.
    pub fn begin_after(&mut self, previous: &SocketTable) {
        self.slots.clear_for_reuse();
        self.first_rows.clear_for_reuse();
        self.complete = 0;
        self.open.clear();
        self.open_aged_ms = 0;
        self.open.bases = Arc::clone(&previous.open.bases);
        self.packer = previous.packer.clone();
        self.packer.renew(&mut self.open.bases);
        self.seed = previous.seed.clone();
        self.names = Arc::clone(&previous.names);
        self.shared = Some(Box::new(SharedPages::new(previous.slots.clone())));
    }

    /// Ends the current page: rows that follow are in another one.
    pub fn end_page(&mut self) {
        let unwritten = self.shared.as_mut().and_then(|shared| shared.end_page());
        match unwritten {
            Some(rows) if rows.rows == rows.page.rows.len() && self.open.rows.is_empty() => {
                self.push_page(PageSlot {
                    page: rows.page,
                    aged_ms: rows.aged_ms,
                });
            }
            Some(rows) => self.write(&rows),
            None => {}
        }
        if !self.open.rows.is_empty() {
            let slot = PageSlot {
                page: Arc::new(self.open.compact()),
                aged_ms: self.open_aged_ms,
            };
            self.open.clear();
            self.push_page(slot);
        }
        self.open_aged_ms = 0;
    }

    fn push_page(&mut self, slot: PageSlot) {
        self.first_rows.push(self.complete as u32);
        self.complete += slot.page.rows.len();
        self.slots.push(slot);
    }

    /// Returns the number of pages so far. Rows that follow [`Self::end_page`] are in later ones.
    pub fn page_count(&self) -> usize {
        self.slots.len()
    }

    /// Reports whether a process has yet to receive data or accept connections from a socket in these pages: when it does, the
    /// queue may be all that changes. Netlink sockets do not count: the kernel's own has the request of the dump.
    pub fn has_waiting(&self, pages: Range<usize>) -> bool {
        let slots = self.slots.get(pages).unwrap_or(&[]);
        let mut rows = slots.iter().flat_map(|slot| &slot.page.rows);
        rows.any(|row| row.recv_queue > 0 && row.family != Family::Netlink)
    }

    /// Appends pages of the previous table `elapsed_ms` after it, in which the clock alone has changed anything. Every row of
    /// them must be in the network namespace `netns`. Returns false, and appends nothing, if this is not the case, or the
    /// pages are too old or not those of a [previous](Self::begin_after) table.
    pub fn push_pages(
        &mut self,
        previous: &SocketTable,
        pages: Range<usize>,
        netns: u32,
        elapsed_ms: u32,
    ) -> bool {
        self.end_page();
        let Some(slots) = previous.slots.get(pages) else {
            return false;
        };
        let aged_ms = |slot: &PageSlot| {
            let aged_ms = slot.aged_ms.checked_add(elapsed_ms)?;
            (aged_ms < MAX_AGED_MS).then_some(aged_ms)
        };
        let fits = |slot: &PageSlot| {
            slot.page.rows.iter().all(|row| row.netns == netns) && aged_ms(slot).is_some()
        };
        if self.shared.is_none() || !slots.iter().all(fits) {
            return false;
        }
        for slot in slots {
            self.push_page(PageSlot {
                page: Arc::clone(&slot.page),
                aged_ms: aged_ms(slot).unwrap_or(slot.aged_ms),
            });
        }
        true
    }

    /// Ends the last page, and forgets the previous table.
    pub fn finish(&mut self) {
        self.end_page();
        (self.shared, self.message) = (None, None);
    }

    /// Releases the memory that further rows would have used: the table stays as it is.
    pub fn shrink_to_fit(&mut self) {
        self.finish();
        self.slots.shrink_to_fit();
        self.first_rows.shrink_to_fit();
        self.open = Page {
            bases: Arc::clone(&self.open.bases),
            ..Page::default()
        };
        self.scratch = Vec::new();
        self.packer = Packer::default();
    }

    /// Writes rows that were found unchanged.
    fn write(&mut self, unchanged: &UnchangedRows) {
        self.open_aged_ms = unchanged.aged_ms;
        let rows = 0..unchanged.rows;
        let (packer, scratch) = (&mut self.packer, &mut self.scratch);
        self.open
            .extend_from(&unchanged.page, rows, packer, scratch);
    }

    /// Returns what digests of messages are hashed with, while the table follows a previous one.
    pub fn message_seed(&self) -> Option<&Seed> {
        self.shared.as_ref().map(|_| &self.seed)
    }

    /// Appends the row of a message if it is the same as in the previous table, except for what the clock has changed.
    /// Returns false otherwise: the message has to be decoded and [pushed](Self::push).
    #[inline]
    pub fn push_unchanged(&mut self, message: &MessageDigest) -> bool {
        self.message = Some(*message);
        let Some(shared) = &mut self.shared else {
            return false;
        };
        let rows = self.open.rows.len() + shared.unwritten_rows();
        if rows == 0 || rows >= MAX_ROWS || begins_page(message.cookie, &self.seed) {
            self.end_page();
            if let Some(shared) = &mut self.shared {
                shared.begin_page(message.cookie);
            }
        }
        let Some(shared) = &mut self.shared else {
            return false;
        };
        match shared.compare(message) {
            Match::Unchanged => true,
            Match::Copy(page, row) => {
                let (packer, scratch) = (&mut self.packer, &mut self.scratch);
                self.open.extend_from(&page, row..row + 1, packer, scratch);
                true
            }
            Match::No => false,
        }
    }

    /// Appends a row. Its place for variable parts is overwritten. Returns `None` if a part is too long.
    pub fn push(&mut self, socket: Socket, parts: Parts<'_>) -> Option<()> {
        let message = self.message.take();
        let message = message.filter(|message| message.cookie == socket.cookie);
        let hash = message.map_or(0, |message| message.hash);
        let unwritten = self
            .shared
            .as_mut()
            .and_then(|shared| shared.take_unwritten());
        if let Some(rows) = unwritten {
            self.write(&rows);
        }
        let expires_ms = socket.timer.after(0).map_or(0, |timer| timer.expires_ms);
        let rows = self.open.rows.len();
        if rows >= MAX_ROWS
            || (rows > 0 && begins_page(socket.cookie, &self.seed))
            || expires_ms.checked_add(self.open_aged_ms).is_none()
        {
            self.end_page();
        }
        if self.open.rows.is_empty() {
            self.open_aged_ms = self.shared.as_ref().map_or(0, |shared| shared.aged_ms());
            if expires_ms.checked_add(self.open_aged_ms).is_none() {
                self.end_page();
            }
        }
        let packer = &mut self.packer;
        self.open
            .push(socket, parts, hash, self.open_aged_ms, packer)?;
        if let Some(shared) = &mut self.shared {
            shared.skip(socket.cookie);
        }
        Some(())
    }

    /// Appends a copy of a row of another table, with its variable parts, as `socket`.
    pub fn push_copy(&mut self, socket: Socket, other: Row<'_>) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let socket = Socket {
            timer: other.timer().into(),
            ..socket
        };
        // The parts had room in the other table.
        let _ = self.push(socket, other.copy_parts(&mut scratch));
        self.scratch = scratch;
    }

    /// Returns the number of rows.
    #[inline]
    pub fn len(&self) -> usize {
        debug_assert_eq!(self.unwritten_rows(), 0, "finish() comes first");
        self.complete + self.open.rows.len()
    }

    /// Returns the number of rows so far, while rows are appended.
    pub fn len_unfinished(&self) -> usize {
        self.complete + self.open.rows.len() + self.unwritten_rows()
    }

    fn unwritten_rows(&self) -> usize {
        let shared = self.shared.as_ref();
        shared.map_or(0, |shared| shared.unwritten_rows())
    }

    /// Reports whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the index of the page with a row, if that is complete.
    #[inline]
    fn page_of(&self, row: usize) -> Option<(&PageSlot, usize)> {
        if row >= self.complete {
            return None;
        }
        let page = self
            .first_rows
            .partition_point(|&first| first as usize <= row)
            - 1;
        Some((self.slots.get(page)?, row - self.first_rows[page] as usize))
    }

    /// Returns a row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<Row<'_>> {
        match self.page_of(row) {
            Some((slot, at)) => slot.page.row(at, slot.aged_ms),
            None => self
                .open
                .row(row.checked_sub(self.complete)?, self.open_aged_ms),
        }
    }

    /// Returns a mutable reference to the fixed-size part of a row. A page that other tables share is copied. The timer is as
    /// it was when the page was written: in a table that follows another one, it has to be left as it is.
    pub fn get_mut(&mut self, row: usize) -> Option<&mut Socket> {
        if row >= self.complete {
            return self.open.rows.get_mut(row - self.complete);
        }
        let page = self
            .first_rows
            .partition_point(|&first| first as usize <= row)
            - 1;
        let at = row - self.first_rows[page] as usize;
        Arc::make_mut(&mut self.slots[page].page).rows.get_mut(at)
    }

    /// Returns the pages that are complete.
    pub(super) fn slots(&self) -> &[PageSlot] {
        &self.slots
    }

    /// Returns the number of the first row of each page that is complete.
    pub(super) fn first_rows(&self) -> &[u32] {
        &self.first_rows
    }

    /// Returns the page that is not complete.
    pub(super) fn open_page(&self) -> &Page {
        &self.open
    }

    /// Iterates over the fixed-size parts of the rows, for changes as by [`Self::get_mut`].
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Socket> {
        let pages = self
            .slots
            .iter_mut()
            .map(|slot| Arc::make_mut(&mut slot.page));
        let rows = pages.flat_map(|page| &mut page.rows);
        rows.chain(&mut self.open.rows)
    }

    /// Iterates over the rows.
    pub fn iter(&self) -> Rows<'_> {
        Rows {
            slots: self.slots.iter(),
            open: Some((&self.open, self.open_aged_ms)),
            page: None,
            at: 0,
            left: self.len(),
        }
    }

    /// Keeps only these rows, in this order, with their variable parts.
    pub fn select_rows(&mut self, rows: impl Iterator<Item = usize>) {
        let mut kept = self.without_rows();
        for row in rows.filter_map(|row| self.get(row)) {
            kept.push_copy(*row.socket, row);
        }
        *self = kept;
    }

    /// Keeps only the rows for which `keep`, given their number, returns true. Pages without other rows stay as they are.
    pub fn retain(&mut self, mut keep: impl FnMut(usize, &Socket) -> bool) {
        self.end_page();
        let mut first = 0;
        let mut kept = Vec::new();
        for slot in &mut self.slots {
            let rows = &slot.page.rows;
            kept.clear();
            kept.extend((0..rows.len()).filter(|&at| keep(first + at, &rows[at])));
            first += rows.len();
            if kept.len() < rows.len() {
                let mut page = Page {
                    bases: Arc::clone(&slot.page.bases),
                    ..Page::default()
                };
                for &at in &kept {
                    let (packer, scratch) = (&mut self.packer, &mut self.scratch);
                    page.extend_from(&slot.page, at..at + 1, packer, scratch);
                }
                slot.page = Arc::new(page.compact());
            }
        }
        let pages = std::mem::take(&mut self.slots);
        self.first_rows.clear();
        self.complete = 0;
        for slot in pages.into_iter().filter(|slot| !slot.page.rows.is_empty()) {
            self.push_page(slot);
        }
    }

    /// Keeps only the first rows.
    pub fn truncate(&mut self, rows: usize) {
        if rows < self.complete {
            self.select_rows(0..rows);
        } else if rows < self.len() {
            let open = rows - self.complete;
            if let Some(first) = self.open.rows.get(open) {
                self.open.parts.truncate(first.blob.at as usize);
            }
            self.open.rows.truncate(open);
            self.open.hashes.truncate(open);
        }
    }

    /// Replaces the names for which `other` returns one.
    pub fn replace_names(&mut self, mut other: impl FnMut(&Socket, &[u8]) -> Option<Vec<u8>>) {
        let mut renamed = self.without_rows();
        let mut scratch = Vec::new();
        for row in self.iter() {
            let mut parts = row.copy_parts(&mut scratch);
            let name = other(row.socket, parts.name).filter(|_| !parts.name.is_empty());
            let name = name.filter(|name| u16::try_from(name.len()).is_ok());
            if let Some(name) = &name {
                parts.name = name;
            }
            // The parts had room before.
            let _ = renamed.push(row.to_socket(), parts);
        }
        *self = renamed;
    }

    /// Returns a table with the same names and no rows.
    fn without_rows(&self) -> SocketTable {
        SocketTable {
            names: Arc::clone(&self.names),
            ..SocketTable::default()
        }
    }

    /// Returns the index of a congestion control name, adding it if it is new. Returns 0 (none) beyond 255 names.
    pub fn name_index(&mut self, name: &[u8]) -> u8 {
        if let Some(at) = self.names.iter().position(|known| known.as_bytes() == name) {
            return at as u8;
        }
        if self.names.len() > usize::from(u8::MAX) {
            return 0;
        }
        let names = Arc::make_mut(&mut self.names);
        names.push(String::from_utf8_lossy(name).into());
        (names.len() - 1) as u8
    }

    /// Returns the name at an index.
    pub fn name_at(&self, index: u8) -> Option<&str> {
        match index {
            0 => None,
            at => self.names.get(usize::from(at)).map(AsRef::as_ref),
        }
    }

    /// Returns the bytes of memory that the variable parts take.
    pub fn parts_len(&self) -> usize {
        let complete = self.slots.iter().map(|slot| slot.page.parts.len());
        complete.sum::<usize>() + self.open.parts.len()
    }
}

impl Index<usize> for SocketTable {
    type Output = Socket;

    #[inline]
    fn index(&self, row: usize) -> &Socket {
        match self.get(row) {
            Some(row) => row.socket,
            None => panic!("row {row} of {}", self.len()),
        }
    }
}

impl<'a> IntoIterator for &'a SocketTable {
    type Item = Row<'a>;
    type IntoIter = Rows<'a>;

    fn into_iter(self) -> Rows<'a> {
        self.iter()
    }
}

/// Iterates over the rows of a table.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    slots: std::slice::Iter<'a, PageSlot>,
    /// The page that comes after those.
    open: Option<(&'a Page, u32)>,
    /// The current page, and how old it is.
    page: Option<(&'a Page, u32)>,
    /// The next row in it.
    at: usize,
    left: usize,
}

impl<'a> Iterator for Rows<'a> {
    type Item = Row<'a>;

    #[inline]
    fn next(&mut self) -> Option<Row<'a>> {
        loop {
            if let Some((page, aged_ms)) = self.page
                && let Some(row) = page.row(self.at, aged_ms)
            {
                self.at += 1;
                self.left -= 1;
                return Some(row);
            }
            let next = self.slots.next();
            let next = next.map(|slot| (&*slot.page, slot.aged_ms));
            self.page = Some(next.or_else(|| self.open.take())?);
            self.at = 0;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Rows<'_> {}

#[cfg(test)]
mod tests;

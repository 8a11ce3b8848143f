//! Links the rows of a table to those of the same sockets in the table before it.

use std::sync::Arc;

use super::socket_page::Page;
use super::{ClearForReuse, SeededMap, Socket, SocketKey, SocketTable};

/// No row.
const NONE: u32 = u32::MAX;

/// The pages of a table, and which of them the previous table has as well.
#[derive(Debug, Default)]
pub struct PageLinks {
    pages: Vec<PageLink>,
    /// Whether each page of the previous table is shared.
    is_shared: Vec<bool>,
}

/// Links from each row of a table to the row of the same socket in the previous table. Shared pages are linked as a whole.
#[derive(Debug, Default)]
pub struct RowLinks {
    links: PageLinks,
    /// Previous rows of the rows in pages that are not shared, in their order.
    rows: Vec<u32>,
    /// Previous rows of sockets that are not in the table any more, in their order.
    vanished: Vec<u32>,
    /// Whether each row of the previous table in a page that is not shared is linked; by its number among all rows.
    is_linked: Vec<bool>,
    /// Rows of the previous table in pages that are not shared; empty until it is needed.
    index: SeededMap<SocketKey, u32>,
    is_indexed: bool,
}

/// A page of a table, and where its sockets are in the previous one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLink {
    /// The first row of the page.
    pub first: u32,
    /// Number of its rows.
    pub rows: u32,
    /// Where they come from.
    pub previous: PreviousRows,
}

/// The rows of the previous table that the rows of a page come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviousRows {
    /// The previous table has the same page: nothing has changed but the clock.
    Same {
        /// The first of its rows in the previous table.
        first: u32,
        /// Time by which the clock has advanced, ms; meaningless if no row has a clock.
        aged_ms: u32,
    },
    /// The rows of [`RowLinks::previous_of`] this number, one after the other; of no meaning among [`PageLinks`].
    Linked(u32),
}

/// A page of a table.
struct PageView<'a> {
    first: u32,
    page: &'a Page,
    aged_ms: u32,
    /// Identity of a page that other tables may share.
    shared: Option<*const Page>,
}

fn pages(table: &SocketTable) -> impl Iterator<Item = PageView<'_>> {
    let complete = table.slots().iter().zip(table.first_rows());
    let complete = complete.map(|(slot, &first)| PageView {
        first,
        page: &slot.page,
        aged_ms: slot.aged_ms,
        shared: Some(Arc::as_ptr(&slot.page)),
    });
    let open = table.open_page();
    complete.chain((!open.rows.is_empty()).then(|| PageView {
        first: (table.len() - open.rows.len()) as u32,
        page: open,
        aged_ms: 0,
        shared: None,
    }))
}

/// Iterates over the rows in pages that are not shared.
fn unshared_rows<'a>(
    table: &'a SocketTable,
    is_shared: &'a [bool],
) -> impl Iterator<Item = (u32, &'a Socket)> {
    let unshared = pages(table).zip(is_shared);
    let unshared = unshared.filter(|(_, is_shared)| !**is_shared);
    unshared.flat_map(|(view, _)| (view.first..).zip(&view.page.rows))
}

fn index_rows(table: &SocketTable, is_shared: &[bool], index: &mut SeededMap<SocketKey, u32>) {
    let rows = unshared_rows(table, is_shared);
    index.extend(rows.map(|(row, socket)| (socket.key(), row)));
}

impl PageLinks {
    /// Returns the pages of the table.
    pub fn pages(&self) -> &[PageLink] {
        &self.pages
    }

    /// Iterates over the rows of the table in their order: true for each that is in a shared page, so that nothing but the
    /// clock has changed it.
    pub fn unchanged_rows(&self) -> impl Iterator<Item = bool> {
        let pages = self.pages.iter();
        pages.flat_map(|page| {
            let is_same = matches!(page.previous, PreviousRows::Same { .. });
            std::iter::repeat_n(is_same, page.rows as usize)
        })
    }

    /// Links `next` to `previous`.
    pub fn update(&mut self, previous: &SocketTable, next: &SocketTable) {
        self.pages.clear_for_reuse();
        let before: Vec<PageView<'_>> = pages(previous).collect();
        self.is_shared.clear();
        self.is_shared.resize(before.len(), false);
        let mut index: Option<SeededMap<*const Page, usize>> = None;
        let mut expected = 0;
        for view in pages(next) {
            let same = view.shared.and_then(|page| {
                let is_same = |view: &PageView<'_>| view.shared == Some(page);
                if before.get(expected).is_some_and(is_same) {
                    return Some(expected);
                }
                let index = index.get_or_insert_with(|| {
                    let views = before.iter().enumerate();
                    views
                        .filter_map(|(at, view)| Some((view.shared?, at)))
                        .collect()
                });
                index.get(&page).copied()
            });
            // A page that is there twice is linked once.
            let same = same.filter(|&at| !std::mem::replace(&mut self.is_shared[at], true));
            let previous = match same {
                Some(at) => PreviousRows::Same {
                    first: before[at].first,
                    aged_ms: view.aged_ms.wrapping_sub(before[at].aged_ms),
                },
                None => PreviousRows::Linked(NONE),
            };
            expected = same.map_or(expected, |at| at + 1);
            self.pages.push(PageLink {
                first: view.first,
                rows: view.page.rows.len() as u32,
                previous,
            });
        }
    }
}

impl RowLinks {
    /// Links `next` to `previous`.
    pub fn update(&mut self, previous: &SocketTable, next: &SocketTable) {
        self.rows.clear_for_reuse();
        self.vanished.clear_for_reuse();
        self.index.clear_for_reuse();
        self.is_indexed = false;
        self.links.update(previous, next);
        self.link_rows(previous, next);
        self.find_vanished(previous);
    }

    fn link_rows(&mut self, previous: &SocketTable, next: &SocketTable) {
        self.is_linked.clear_for_reuse();
        self.is_linked.resize(previous.len(), false);
        let PageLinks {
            pages: links,
            is_shared,
        } = &mut self.links;
        // The rows that are not shared, in the order in which they most likely follow each other.
        let mut expected = unshared_rows(previous, is_shared).peekable();
        for (link, view) in links.iter_mut().zip(pages(next)) {
            if !matches!(link.previous, PreviousRows::Linked(_)) {
                continue;
            }
            link.previous = PreviousRows::Linked(self.rows.len() as u32);
            for socket in &view.page.rows {
                let key = socket.key();
                let row = if let Some((row, _)) = expected.next_if(|(_, row)| row.key() == key) {
                    Some(row)
                } else {
                    if !std::mem::replace(&mut self.is_indexed, true) {
                        index_rows(previous, is_shared, &mut self.index);
                    }
                    self.index.get(&key).copied()
                };
                let is_linked = &mut self.is_linked;
                let row = row.filter(|&row| !std::mem::replace(&mut is_linked[row as usize], true));
                if let Some(row) = row {
                    // The rows before it have vanished, or will be found by the index.
                    while expected.next_if(|(before, _)| *before <= row).is_some() {}
                }
                self.rows.push(row.unwrap_or(NONE));
            }
        }
    }

    fn find_vanished(&mut self, previous: &SocketTable) {
        let is_linked = &self.is_linked;
        let rows = unshared_rows(previous, &self.links.is_shared).map(|(row, _)| row);
        let vanished = rows.filter(|&row| !is_linked[row as usize]);
        self.vanished.extend(vanished);
    }

    /// Returns the row of a socket in the previous table, if that is in a page that is not shared.
    pub fn find_previous(&mut self, previous: &SocketTable, key: SocketKey) -> Option<u32> {
        if !std::mem::replace(&mut self.is_indexed, true) {
            index_rows(previous, &self.links.is_shared, &mut self.index);
        }
        self.index.get(&key).copied()
    }

    /// Returns the pages of the table, in their order.
    pub fn pages(&self) -> &[PageLink] {
        self.links.pages()
    }

    /// Returns the previous row of a row that is not in a shared page, by its number in [`PreviousRows::Linked`].
    #[inline]
    pub fn previous_of(&self, number: u32) -> Option<u32> {
        let row = self.rows.get(number as usize).copied();
        row.filter(|&row| row != NONE)
    }

    /// Returns the previous rows of the sockets that are not in the table any more, in their order.
    pub fn vanished(&self) -> &[u32] {
        &self.vanished
    }
}

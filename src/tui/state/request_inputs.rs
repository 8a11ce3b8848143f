//! What the pages and tables shown need to be looked up among all sockets.

use std::sync::Arc;

use super::State;
use crate::model::{ProcessKey, SocketKey};
use crate::tui::page::Page;

impl State {
    /// True if the screen shows what is about the peers of sockets.
    pub(super) fn needs_peers(&self) -> bool {
        match (self.page(), self.table()) {
            (Some(Page::Socket(_)), _) => true,
            (_, Some(table)) => table.shows_peers(),
            (_, None) => false,
        }
    }

    /// The process of the page shown, if its peers are not counted for the moment.
    pub(super) fn process_with_unix_peers(&self, sequence: u64) -> Option<ProcessKey> {
        let Some(Page::Process(page)) = self.page() else {
            return None;
        };
        let counted = page.unix_peers.as_ref();
        let is_counted = counted.is_some_and(|(counted, _)| *counted == sequence);
        (!is_counted).then_some(page.key)
    }

    /// The sockets of all pages, each with its row in the moment shown.
    pub(super) fn sockets_of_pages(&self) -> Vec<(SocketKey, Option<u32>)> {
        let pages = self.pages.iter().flatten();
        let sockets = pages.filter_map(|page| match page {
            Page::Socket(page) => Some((page.key, page.row_number())),
            Page::Process(_) | Page::Remote(_) | Page::Group(_) | Page::Difference(_) => None,
        });
        sockets.collect()
    }

    /// Passes the marked instant and the filter to the page that compares with it.
    pub(super) fn set_compared_instant(&mut self) {
        let (mark, filter) = (self.mark.clone(), Arc::clone(&self.filter));
        if let (Some(Page::Difference(page)), Some(mark)) = (self.page_mut(), mark) {
            page.set_instant(&mark, &filter);
        }
    }
}

//! Remembers the pages of sockets of which none may be a problem, so that they are not examined again while they are the
//! same: most sockets of a large host are idle.

use std::ops::Range;

use super::path::{Path, PortUse};
use crate::model::{ClearForReuse, LocalPorts, PageLinks, PreviousRows, SocketTable};

/// Maximum number of paths of a page that is remembered.
const MAX_PATHS: usize = 8;

/// The pages of the previous Sample, and their use of ports if nothing else is to be known of them.
#[derive(Debug, Default)]
pub(super) struct PlainPages {
    previous: SocketTable,
    /// The local ports that paths were counted by.
    ports: Option<LocalPorts>,
    links: PageLinks,
    before: Pages,
    now: Pages,
}

/// Plain pages in the order of their rows.
#[derive(Debug, Default)]
struct Pages {
    /// The first row of each, and the end of its part of `paths`.
    ends: Vec<(u32, u32)>,
    /// Paths with their use of ports.
    paths: Vec<(Path, PortUse)>,
}

impl Pages {
    fn clear(&mut self) {
        self.ends.clear_for_reuse();
        self.paths.clear_for_reuse();
    }

    /// Appends a page, and returns its paths.
    fn push(
        &mut self,
        first: u32,
        paths: impl Iterator<Item = (Path, PortUse)>,
    ) -> &[(Path, PortUse)] {
        let begin = self.paths.len();
        self.paths.extend(paths);
        self.ends.push((first, self.paths.len() as u32));
        &self.paths[begin..]
    }

    /// Returns the paths of the page with this first row; `None` if it is not plain.
    fn paths_of(&self, first: u32) -> Option<&[(Path, PortUse)]> {
        let at = self.ends.binary_search_by_key(&first, |&(first, _)| first);
        let at = at.ok()?;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        self.paths.get(begin as usize..self.ends[at].1 as usize)
    }
}

/// A page of a Sample's sockets.
#[derive(Debug)]
pub(super) struct VisitedPage<'a> {
    /// Its rows.
    pub(super) rows: Range<u32>,
    /// Its use of ports if it is plain and has not changed since the previous Sample.
    pub(super) known: Option<&'a [(Path, PortUse)]>,
}

impl PlainPages {
    /// Visits the pages of a Sample's sockets in their order. `examine` appends the use of ports of each page that is not
    /// known to an empty list, and returns true if that is all there is to know.
    pub(super) fn visit(
        &mut self,
        sockets: &SocketTable,
        ports: Option<&LocalPorts>,
        mut examine: impl FnMut(VisitedPage<'_>, &mut Vec<(Path, PortUse)>) -> bool,
    ) {
        if self.ports.as_ref() != ports {
            self.ports = ports.cloned();
            self.before.clear();
        }
        self.links.update(&self.previous, sockets);
        self.now.clear();
        let mut found = Vec::new();
        for page in self.links.pages() {
            found.clear();
            let mut known = None;
            if let PreviousRows::Same { first, .. } = page.previous
                && let Some(paths) = self.before.paths_of(first)
            {
                let moved = |(path, used): &(Path, PortUse)| (*path, used.moved(first, page.first));
                known = Some(self.now.push(page.first, paths.iter().map(moved)));
            }
            let rows = page.first..page.first + page.rows;
            let is_known = known.is_some();
            let is_plain = examine(VisitedPage { rows, known }, &mut found);
            if is_plain && !is_known && found.len() <= MAX_PATHS {
                self.now.push(page.first, found.iter().copied());
            }
        }
        std::mem::swap(&mut self.before, &mut self.now);
        self.previous.clone_from(sockets);
    }
}

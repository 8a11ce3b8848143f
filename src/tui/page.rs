//! The pages that the user opens: a process, a socket, a remote host, a group of sockets, the difference between two instants. A page keeps
//! the last known data of its subject after the subject has gone. It draws nothing.

mod difference;
mod group;
mod process;
mod remote;
mod socket;
mod socket_point;
mod unix_peers;

use super::table::TableControl;
use super::view_request::SocketRows;
use crate::aggregate::Moment;

pub use difference::DifferencePage;
pub use group::GroupPage;
pub use process::ProcessPage;
pub use remote::RemotePage;
pub use socket::{Presence, SocketPage};
pub use socket_point::SocketPoint;
pub use unix_peers::UnixPeers;

/// An open page.
#[derive(Debug)]
pub enum Page {
    /// A process.
    Process(Box<ProcessPage>),
    /// A socket.
    Socket(Box<SocketPage>),
    /// A remote host.
    Remote(Box<RemotePage>),
    /// A network namespace, unit, container or pod.
    Group(Box<GroupPage>),
    /// The difference between two instants.
    Difference(Box<DifferencePage>),
}

impl Page {
    /// Updates the data about the subject from a moment, in which `rows` has the rows of sockets.
    pub(super) fn update(&mut self, moment: &Moment, rows: &SocketRows) {
        match self {
            Page::Process(page) => page.update(moment),
            Page::Socket(page) => page.update(moment, rows),
            Page::Remote(_) | Page::Group(_) | Page::Difference(_) => {}
        }
    }

    /// Discards the history of the subject: the next moment does not continue the last one.
    pub(super) fn reset_history(&mut self) {
        if let Page::Socket(page) = self {
            page.reset_history();
        }
    }

    /// Releases what is derived again when the page is shown again.
    pub(super) fn release(&mut self) {
        match self {
            Page::Process(page) => page.sockets.release(),
            Page::Remote(page) => page.sockets.release(),
            Page::Group(page) => page.sockets.release(),
            Page::Difference(page) => page.release(),
            Page::Socket(_) => {}
        }
    }

    /// The table on it, if there is one.
    pub(super) fn table_mut(&mut self) -> Option<&mut dyn TableControl> {
        match self {
            Page::Process(page) => Some(&mut page.sockets),
            Page::Remote(page) => Some(&mut page.sockets),
            Page::Group(page) => Some(&mut page.sockets),
            Page::Difference(page) => Some(page.table_mut()),
            Page::Socket(_) => None,
        }
    }

    /// The table on it, if there is one.
    pub(super) fn table(&self) -> Option<&dyn TableControl> {
        match self {
            Page::Process(page) => Some(&page.sockets),
            Page::Remote(page) => Some(&page.sockets),
            Page::Group(page) => Some(&page.sockets),
            Page::Difference(page) => Some(page.table()),
            Page::Socket(_) => None,
        }
    }
}

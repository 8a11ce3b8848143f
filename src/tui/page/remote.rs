//! The page of a remote host, or of one of its ports.

use crate::aggregate::{Moment, RemoteTotals};
use crate::column::Service;
use crate::model::RemoteHost;
use crate::tui::lists::{DEFAULT_SORT, SocketScope, Sockets};
use crate::tui::table::Table;

/// A remote host and the sockets connected to it.
#[derive(Debug)]
pub struct RemotePage {
    /// The host.
    pub host: RemoteHost,
    /// One of its ports, or all.
    pub service: Option<Service>,
    /// The sockets connected to it.
    pub sockets: Table<Sockets>,
    /// The last known index of the host among the remote hosts.
    index: usize,
}

impl RemotePage {
    /// Opens the page of a host, or of one of its ports.
    pub(in crate::tui) fn new(host: RemoteHost, service: Option<Service>) -> RemotePage {
        let scope = SocketScope::Remote(host, service);
        RemotePage {
            host,
            service,
            sockets: Table::new(Sockets::new(scope), DEFAULT_SORT, true),
            index: 0,
        }
    }

    /// The totals of the host; `None` if no socket is connected to it.
    pub fn totals<'m>(&mut self, moment: &'m Moment) -> Option<&'m RemoteTotals> {
        let remotes = &moment.aggregate.remotes;
        let is_it = |remote: &RemoteTotals| remote.host() == self.host;
        // There may be a million, and most keep their places.
        if !remotes.get(self.index).is_some_and(is_it) {
            self.index = remotes.iter().position(is_it)?;
        }
        remotes.get(self.index)
    }
}

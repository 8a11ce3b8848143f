//! The page of a remote host, or of one of its ports.

use std::net::IpAddr;

use crate::column::Service;
use crate::tui::lists::{DEFAULT_SORT, SocketScope, Sockets};
use crate::tui::table::Table;

/// A remote host and the sockets connected to it.
#[derive(Debug)]
pub struct RemotePage {
    /// Address of the host.
    pub address: IpAddr,
    /// One of its ports, or all.
    pub service: Option<Service>,
    /// The sockets connected to it.
    pub sockets: Table<Sockets>,
}

impl RemotePage {
    /// Opens the page of a host, or of one of its ports.
    pub(in crate::tui) fn new(address: IpAddr, service: Option<Service>) -> RemotePage {
        let scope = SocketScope::Remote(address, service);
        RemotePage {
            address,
            service,
            sockets: Table::new(Sockets::new(scope), DEFAULT_SORT, true),
        }
    }
}

//! The scope of a list of sockets: all, or those of a process, a remote host or a group.

use super::processes::process_index;
use super::remote_ports::{listening_ports, service_of};
use crate::aggregate::Moment;
use crate::column::Service;
use crate::model::{ProcessKey, RemoteHost, SocketRef};
use crate::tui::group::{GroupKey, Grouping};

/// The sockets that a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketScope {
    /// All sockets.
    All,
    /// The sockets of a process.
    OwnedBy(ProcessKey),
    /// The sockets connected to a remote host, or to one of its ports.
    Remote(RemoteHost, Option<Service>),
    /// The sockets of a group.
    Group(Grouping, GroupKey),
}

/// Checks whether a socket belongs to a scope.
pub(super) type ScopeCheck = Box<dyn Fn(SocketRef<'_>) -> bool>;

/// Returns the check whether a socket belongs to a scope of a moment; `None` if none does.
pub(super) fn scope_check(scope: SocketScope, moment: &Moment) -> Option<ScopeCheck> {
    match scope {
        SocketScope::All => Some(Box::new(|_| true)),
        SocketScope::Group(by, key) => {
            Some(Box::new(move |socket| GroupKey::of(by, socket) == key))
        }
        SocketScope::OwnedBy(key) => {
            let process = process_index(moment, key)?;
            Some(Box::new(move |socket| {
                let mut holders = socket.holders().iter();
                holders.any(|holder| holder.process == process)
            }))
        }
        SocketScope::Remote(host, service) => {
            let listening = service.map(|_| listening_ports(moment));
            Some(Box::new(move |socket| {
                let socket = socket.socket;
                RemoteHost::of(socket) == Some(host)
                    && (listening.as_ref())
                        .is_none_or(|listening| service_of(socket, listening) == service)
            }))
        }
    }
}

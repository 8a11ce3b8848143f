//! Selects the findings that concern a process, a socket or a remote host.

use std::net::IpAddr;
use std::sync::Arc;

use super::finding::Finding;
use super::subject::Subject;
use super::watch::Findings;
use crate::model::{Endpoint, ProcessKey, RemoteHost, SocketKey};

/// A process, socket or remote host that findings may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// A process, with its sockets.
    Process(ProcessKey),
    /// A socket.
    Socket(SocketConcern),
    /// A remote host.
    Remote(RemoteConcern),
}

/// A remote host, or one of its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteConcern {
    /// The host.
    pub host: RemoteHost,
    /// Its network namespace if its address is local to one, and that is another one than that of the source.
    pub other_netns: Option<u32>,
    /// The port; `None` for all.
    pub port: Option<u16>,
}

/// A socket with its listeners, owners and ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SocketConcern {
    /// The socket, and the listeners that accepted it.
    pub sockets: Vec<SocketKey>,
    /// Owners of the socket.
    pub processes: Vec<ProcessKey>,
    /// User of the socket, if its process cannot be read.
    pub hidden_user: Option<u32>,
    /// Network namespace of the socket, if it is another one than that of the source.
    pub other_netns: Option<u32>,
    /// Local and remote end, if the socket is connected.
    pub ends: Option<(Endpoint, Endpoint)>,
}

impl Concern {
    /// Reports whether a finding concerns it.
    pub fn has(&self, finding: &Finding) -> bool {
        match self {
            Concern::Process(key) => finding.subject.processes().any(|p| p.key == *key),
            Concern::Socket(socket) => socket.has(finding),
            Concern::Remote(remote) => remote.has(finding),
        }
    }
}

/// Returns the network namespace of a finding, if it is another one than that of the source.
fn netns_of(finding: &Finding) -> Option<u32> {
    finding.namespace.as_ref().map(|namespace| namespace.inode)
}

impl RemoteConcern {
    fn has(&self, finding: &Finding) -> bool {
        // Any other address is one host, whatever namespace connects to it.
        if self.host.is_local() && self.other_netns != netns_of(finding) {
            return false;
        }
        let is_it = |at: IpAddr, of: Option<u16>| {
            at.to_canonical() == self.host.address
                && (self.port.is_none() || of.is_none() || self.port == of)
        };
        match &finding.subject {
            Subject::Remote { address, port, .. } => is_it(*address, *port),
            Subject::Path { destination, .. } => is_it(destination.address, Some(destination.port)),
            _ => false,
        }
    }
}

impl SocketConcern {
    fn has(&self, finding: &Finding) -> bool {
        let is_in_namespace = || self.other_netns == netns_of(finding);
        match &finding.subject {
            Subject::Process(named) => self.processes.contains(&named.key),
            Subject::User { uid, .. } => self.hidden_user == Some(*uid),
            Subject::Socket { key, .. } => self.sockets.contains(key),
            Subject::Remote { address, port, .. } => self.ends.is_some_and(|(_, remote)| {
                let host = RemoteHost::seen_from(0, *address);
                remote.canonical().address == host.address
                    && (!host.is_local() || is_in_namespace())
                    && port.is_none_or(|port| port == remote.port)
            }),
            Subject::Path {
                source,
                destination,
                ..
            } => self.ends.is_some_and(|(local, remote)| {
                is_in_namespace()
                    && local.canonical().address == source.to_canonical()
                    && remote.canonical() == destination.canonical()
            }),
            Subject::LocalPorts {
                address, process, ..
            } => {
                let is_owner = process
                    .as_ref()
                    .is_some_and(|process| self.processes.contains(&process.key));
                let is_local = |own: &IpAddr| {
                    self.ends
                        .is_some_and(|(local, _)| local.canonical().address == *own)
                };
                is_owner && address.as_ref().is_none_or(is_local)
            }
            Subject::Host => false,
        }
    }
}

/// Returns the findings about any of the concerns, the active ones first.
pub fn findings_about(findings: &Findings, concerns: &[Concern]) -> Vec<Arc<Finding>> {
    let all = findings.active.iter().chain(&findings.ended);
    let concerned = all.filter(|finding| concerns.iter().any(|concern| concern.has(finding)));
    concerned.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{FINDINGS, FindingNamespace, Severity};

    fn finding(subject: Subject, netns: Option<u32>) -> Finding {
        Finding {
            namespace: netns.map(|inode| FindingNamespace {
                inode,
                name: "blue".into(),
            }),
            ..Finding::about(&FINDINGS[0], Severity::Warning, subject)
        }
    }

    fn at(address: &str) -> Endpoint {
        Endpoint {
            address: address.parse().expect("an address"),
            port: 80,
        }
    }

    #[test]
    fn a_local_address_is_another_host_in_each_namespace() {
        for (address, is_one_host) in [("127.0.0.1", false), ("fe80::1", false), ("10.0.0.9", true)]
        {
            for of_path in [false, true] {
                let subject = || {
                    if of_path {
                        Subject::Path {
                            source: at(address).address,
                            destination: at(address),
                            process: None,
                        }
                    } else {
                        Subject::Remote {
                            address: at(address).address,
                            port: None,
                            process: None,
                        }
                    }
                };
                for (own, other) in [(None, Some(2)), (Some(2), None), (Some(2), Some(3))] {
                    let concern = Concern::Remote(RemoteConcern {
                        host: RemoteHost::seen_from(own.unwrap_or(1), at(address).address),
                        other_netns: own.filter(|_| !is_one_host),
                        port: None,
                    });
                    assert!(concern.has(&finding(subject(), own)), "{address}");
                    let of_other = concern.has(&finding(subject(), other));
                    assert_eq!(of_other, is_one_host, "{address} {own:?} {other:?}");
                    let socket = Concern::Socket(SocketConcern {
                        other_netns: own,
                        ends: Some((at(address), at(address))),
                        ..SocketConcern::default()
                    });
                    assert!(socket.has(&finding(subject(), own)), "{address}");
                    // The ports of a path are those of its namespace.
                    let of_other = socket.has(&finding(subject(), other));
                    assert_eq!(of_other, is_one_host && !of_path, "{address}");
                }
            }
        }
    }
}

//! Selects the findings that concern a process, a socket or a remote host.

use std::net::IpAddr;
use std::sync::Arc;

use super::finding::Finding;
use super::subject::Subject;
use super::watch::Findings;
use crate::model::{Endpoint, ProcessKey, SocketKey};

/// A process, socket or remote host that findings may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// A process, with its sockets.
    Process(ProcessKey),
    /// A socket.
    Socket(SocketConcern),
    /// A remote host, or one of its ports.
    Remote(IpAddr, Option<u16>),
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
    /// Local and remote end, if the socket is connected.
    pub ends: Option<(Endpoint, Endpoint)>,
}

impl Concern {
    /// Reports whether a finding concerns it.
    pub fn has(&self, finding: &Finding) -> bool {
        match self {
            Concern::Process(key) => finding.subject.processes().any(|p| p.key == *key),
            Concern::Socket(socket) => socket.has(&finding.subject),
            Concern::Remote(address, port) => {
                let is_it = |at: IpAddr, of: Option<u16>| {
                    at.to_canonical() == address.to_canonical()
                        && (port.is_none() || of.is_none() || *port == of)
                };
                match &finding.subject {
                    Subject::Remote { address, port, .. } => is_it(*address, *port),
                    Subject::Path { destination, .. } => {
                        is_it(destination.address, Some(destination.port))
                    }
                    _ => false,
                }
            }
        }
    }
}

impl SocketConcern {
    fn has(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Process(named) => self.processes.contains(&named.key),
            Subject::User { uid, .. } => self.hidden_user == Some(*uid),
            Subject::Socket { key, .. } => self.sockets.contains(key),
            Subject::Remote { address, port, .. } => self.ends.is_some_and(|(_, remote)| {
                remote.canonical().address == address.to_canonical()
                    && port.is_none_or(|port| port == remote.port)
            }),
            Subject::Path {
                source,
                destination,
                ..
            } => self.ends.is_some_and(|(local, remote)| {
                local.canonical().address == source.to_canonical()
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

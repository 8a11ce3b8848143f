//! Decides which observations another finding explains, by the rules of the registry.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::kind::FindingKind;
use super::observation::Observation;
use super::subject::{Subject, SubjectKey};
use crate::model::SeededSet;
use crate::model::{Endpoint, ProcessKey};

/// Required relation between the subjects of a cause and of its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The effect is about the same subject.
    SameSubject,
    /// The effect is about connections on this machine to the listener of the cause.
    ToItsListener,
    /// The effect is about the same remote address, at any port.
    SameAddress,
    /// The effect is about the destination of the path of the cause.
    ToItsDestination,
    /// The cause explains the effect anywhere in its network namespace.
    Anywhere,
}

/// An observation that may be the effect of a cause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect<'a> {
    pub(super) kind: &'static FindingKind,
    /// Another network namespace than that of the source.
    pub(super) netns: Option<u32>,
    pub(super) subject: &'a Subject,
    /// The remote end, if it is on this machine.
    pub(super) own_end: Option<Endpoint>,
}

impl<'a> Effect<'a> {
    pub(super) fn of(observation: &'a Observation) -> Effect<'a> {
        Effect {
            kind: observation.kind,
            netns: observation.key().1,
            subject: &observation.subject,
            own_end: observation.own_end,
        }
    }
}

/// An observation that may suppress others.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) kind: &'static FindingKind,
    /// Another network namespace than that of the source.
    pub(super) netns: Option<u32>,
    pub(super) subject: Subject,
}

impl Cause {
    pub(super) fn of(observation: &Observation) -> Cause {
        Cause {
            kind: observation.kind,
            netns: observation.key().1,
            subject: observation.subject.clone(),
        }
    }
}

/// One rule: each cause suppresses each effect with the required relation. Kinds are places in the registry.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) causes: &'static [usize],
    pub(super) effects: &'static [usize],
    pub(super) relation: Relation,
}

/// The rules by cause and effect.
#[derive(Debug)]
pub(super) struct Rules<const KINDS: usize>([[Option<Relation>; KINDS]; KINDS]);

impl<const KINDS: usize> Rules<KINDS> {
    /// Arranges rules by cause and effect.
    ///
    /// # Panics
    /// At compile time, if two rules have the same cause and effect.
    pub(super) const fn new(rules: &[Rule]) -> Self {
        let mut out = [[None; KINDS]; KINDS];
        let mut at = 0;
        while at < rules.len() {
            let rule = &rules[at];
            let mut cause = 0;
            while cause < rule.causes.len() {
                let mut effect = 0;
                while effect < rule.effects.len() {
                    let place = &mut out[rule.causes[cause]][rule.effects[effect]];
                    assert!(place.is_none(), "two rules for one cause and effect");
                    *place = Some(rule.relation);
                    effect += 1;
                }
                cause += 1;
            }
            at += 1;
        }
        Rules(out)
    }

    /// Reports whether findings of a kind can suppress others.
    pub(super) fn has_effects(&self, cause: &FindingKind) -> bool {
        self.0[cause.index()].iter().any(Option::is_some)
    }

    /// Reports whether one of the causes explains `effect`.
    pub(super) fn suppresses(&self, causes: &Causes, effect: Effect<'_>) -> bool {
        let mut kinds = causes.0.iter();
        kinds.any(|((cause, netns), subjects)| {
            let relation = self.0[*cause][effect.kind.index()];
            *netns == effect.netns
                && relation.is_some_and(|relation| relation.matches(subjects, effect))
        })
    }
}

/// Causes by their kind and network namespace, and by what an effect has in common with them, so that an effect costs the same however many
/// causes there are.
#[derive(Debug, Default)]
pub(super) struct Causes(BTreeMap<(usize, Option<u32>), CauseSubjects>);

impl Causes {
    pub(super) fn add(&mut self, cause: &Cause) {
        self.0
            .entry((cause.kind.index(), cause.netns))
            .or_default()
            .add(&cause.subject);
    }
}

/// The subjects of the causes of one kind.
#[derive(Debug, Default)]
struct CauseSubjects {
    keys: SeededSet<SubjectKey>,
    /// Addresses of remote hosts; `None` if a subject is none.
    remotes: SeededSet<Option<IpAddr>>,
    /// Local ends of listeners.
    listeners: SeededSet<Endpoint>,
    /// Destinations of paths.
    destinations: SeededSet<Endpoint>,
    /// Ports of these destinations.
    destination_ports: SeededSet<u16>,
    /// Processes that use up local ports.
    processes: SeededSet<ProcessKey>,
}

impl CauseSubjects {
    fn add(&mut self, subject: &Subject) {
        let key = subject.key();
        self.keys.insert(key);
        self.remotes.insert(remote_address(&key));
        match subject {
            Subject::Socket {
                local: Some(local), ..
            } => {
                self.listeners.insert(local.canonical());
            }
            Subject::Path { destination, .. } => {
                self.destinations.insert(destination.canonical());
                self.destination_ports.insert(destination.port);
            }
            Subject::LocalPorts {
                process: Some(process),
                ..
            } => {
                self.processes.insert(process.key);
            }
            _ => {}
        }
    }

    /// Reports whether a listener of the causes accepts connections to `end`.
    fn listens_at(&self, end: Endpoint) -> bool {
        let any = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let addresses = [end.canonical().address].into_iter().chain(any);
        let port = end.port;
        addresses
            .map(|address| Endpoint { address, port })
            .any(|bound| self.listeners.contains(&bound))
    }
}

impl Relation {
    /// Reports whether one of the subjects of the causes has the relation to an effect.
    fn matches(self, causes: &CauseSubjects, effect: Effect<'_>) -> bool {
        match self {
            Relation::SameSubject => causes.keys.contains(&effect.subject.key()),
            Relation::ToItsListener => effect.own_end.is_some_and(|end| causes.listens_at(end)),
            Relation::SameAddress => {
                let address = remote_address(&effect.subject.key());
                causes.remotes.contains(&address)
            }
            Relation::ToItsDestination => match effect.subject {
                Subject::Remote { address, port, .. } => {
                    let end = port.map(|port| Endpoint {
                        address: *address,
                        port,
                    });
                    let process = effect.subject.process();
                    end.is_some_and(|end| causes.destinations.contains(&end.canonical()))
                        // All destinations of the process.
                        || process.is_some_and(|named| causes.processes.contains(&named.key))
                }
                Subject::Socket {
                    local: Some(local), ..
                } => {
                    let local = local.canonical();
                    causes.destinations.contains(&local)
                        || local.address.is_unspecified()
                            && causes.destination_ports.contains(&local.port)
                }
                _ => false,
            },
            Relation::Anywhere => true,
        }
    }
}

fn remote_address(key: &SubjectKey) -> Option<IpAddr> {
    match key {
        SubjectKey::Remote(address, _) => Some(*address),
        _ => None,
    }
}

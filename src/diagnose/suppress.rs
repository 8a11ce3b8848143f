//! Decides which observations another finding explains, by the rules of the registry.

use std::net::IpAddr;

use super::kind::FindingKind;
use super::observation::Observation;
use super::subject::{Subject, SubjectKey};
use crate::model::Endpoint;

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
    /// The cause explains the effect anywhere on the host.
    Anywhere,
}

/// An observation that may be the effect of a cause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect<'a> {
    pub(super) kind: &'static FindingKind,
    pub(super) subject: &'a Subject,
    /// The remote end, if it is on this machine.
    pub(super) own_end: Option<Endpoint>,
}

impl<'a> Effect<'a> {
    pub(super) fn of(observation: &'a Observation) -> Effect<'a> {
        Effect {
            kind: observation.kind,
            subject: &observation.subject,
            own_end: observation.own_end,
        }
    }
}

/// An observation that may suppress others.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) kind: &'static FindingKind,
    pub(super) subject: Subject,
}

impl Cause {
    pub(super) fn of(observation: &Observation) -> Cause {
        Cause {
            kind: observation.kind,
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

    /// Reports whether `cause` explains `effect`.
    pub(super) fn suppresses(&self, cause: &Cause, effect: Effect<'_>) -> bool {
        let relation = self.0[cause.kind.index()][effect.kind.index()];
        relation.is_some_and(|relation| relation.matches(cause, effect))
    }
}

impl Relation {
    /// Reports whether the subjects of a cause and an effect have the relation.
    fn matches(self, cause: &Cause, effect: Effect<'_>) -> bool {
        match self {
            Relation::SameSubject => cause.subject.key() == effect.subject.key(),
            Relation::ToItsListener => matches!(
                (&cause.subject, effect.own_end),
                (Subject::Socket { local: Some(local), .. }, Some(end)) if is_bound_to(*local, end)
            ),
            Relation::SameAddress => {
                remote_address(&cause.subject.key()) == remote_address(&effect.subject.key())
            }
            Relation::ToItsDestination => match (&cause.subject, effect.subject) {
                (Subject::Path { destination, .. }, Subject::Remote { address, port, .. }) => {
                    destination.address == *address && Some(destination.port) == *port
                }
                (
                    Subject::Path { destination, .. },
                    Subject::Socket {
                        local: Some(local), ..
                    },
                ) => is_bound_to(*local, *destination),
                // All destinations of the process.
                (Subject::LocalPorts { process, .. }, effect @ Subject::Remote { .. }) => {
                    process.is_some() && process.as_ref() == effect.process()
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

/// Reports whether a listener that is bound to `local` accepts connections to `end`.
fn is_bound_to(local: Endpoint, end: Endpoint) -> bool {
    let (local, end) = (local.canonical(), end.canonical());
    local.port == end.port && (local.address == end.address || local.address.is_unspecified())
}

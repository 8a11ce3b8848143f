//! Sets of socket states, and the names of states and state groups in filters.

use crate::model::State;

/// A set of states; the bits of TCP's states are those of `idiag_states`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateSet(u32);

/// Groups of states from `man ss`: name, states, description.
pub(super) const GROUPS: [(&str, StateSet, &str); 5] = [
    ("all", StateSet::ALL, "every state"),
    (
        "connected",
        StateSet::ALL.without(StateSet::IDLE),
        "all except listening, closed and bound-inactive",
    ),
    (
        "synchronized",
        StateSet::ALL
            .without(StateSet::IDLE)
            .without(StateSet::of(State::SynSent)),
        "connected, except syn-sent",
    ),
    (
        "bucket",
        StateSet::BUCKET,
        "minisockets: time-wait and syn-recv",
    ),
    (
        "big",
        StateSet::ALL.without(StateSet::BUCKET),
        "all except bucket",
    ),
];

/// Alternative names of states: those of ss's source and of its table.
const OTHER_NAMES: [(&str, State); 10] = [
    ("close", State::Closed),
    ("unconnected", State::Closed),
    ("syn-rcv", State::SynRecv),
    ("estab", State::Established),
    ("unconn", State::Closed),
    ("listen", State::Listen),
    ("bound", State::BoundInactive),
    ("fin-wait1", State::FinWait1),
    ("fin-wait2", State::FinWait2),
    ("timewait", State::TimeWait),
];

impl StateSet {
    /// Every state.
    pub const ALL: StateSet = StateSet(Self::OF_TCP.0 | 0x3f << State::CookieWait as u32);

    /// The states that a socket of TCP or any family but SCTP may have.
    const OF_TCP: StateSet = StateSet(0x2ffe);

    /// Minisockets.
    const BUCKET: StateSet = StateSet::of(State::SynRecv).with(StateSet::of(State::TimeWait));

    /// States of sockets that are not connections.
    const IDLE: StateSet = StateSet::of(State::Closed)
        .with(StateSet::of(State::Listen))
        .with(StateSet::of(State::BoundInactive));

    /// Creates the set of one state.
    pub const fn of(state: State) -> StateSet {
        StateSet(1 << state as u32)
    }

    /// Creates the set of the states whose name in filters or in tables matches.
    pub(super) fn matching(matches: impl Fn(&str) -> bool) -> StateSet {
        State::ALL
            .into_iter()
            .filter(|state| matches(state.filter_name()) || matches(state.short_name()))
            .fold(StateSet::default(), |set, state| {
                set.with(StateSet::of(state))
            })
    }

    /// Reports whether a state is in the set.
    #[inline]
    pub const fn contains(self, state: State) -> bool {
        self.0 & (1 << state as u32) != 0
    }

    /// Returns the union.
    #[must_use]
    pub const fn with(self, other: StateSet) -> StateSet {
        StateSet(self.0 | other.0)
    }

    /// Returns the states of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: StateSet) -> StateSet {
        StateSet(self.0 & !other.0)
    }

    /// Returns the intersection.
    #[must_use]
    pub const fn common(self, other: StateSet) -> StateSet {
        StateSet(self.0 & other.0)
    }

    /// Reports whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the bit mask for the kernel: `idiag_states`.
    pub const fn bits(self) -> u32 {
        self.common(Self::OF_TCP).0
    }

    /// Finds a state or group by name, ignoring case.
    pub(super) fn by_name(name: &str) -> Option<StateSet> {
        let group = GROUPS
            .iter()
            .find(|(group, ..)| group.eq_ignore_ascii_case(name));
        let state = State::ALL
            .into_iter()
            .map(|state| (state.filter_name(), state))
            .chain(OTHER_NAMES)
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        group
            .map(|&(_, set, _)| set)
            .or_else(|| state.map(|(_, state)| StateSet::of(state)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_those_of_the_manual() {
        let set = |name: &str| StateSet::by_name(name).unwrap();
        let all = State::ALL.into_iter();
        assert!(all.clone().all(|state| set("all").contains(state)));
        let count = |name: &str| {
            all.clone()
                .filter(|&state| set(name).contains(state))
                .count()
        };
        assert_eq!(count("connected"), 15);
        assert_eq!(count("synchronized"), 14);
        assert_eq!(count("bucket"), 2);
        assert_eq!(count("big"), 16);
        assert_eq!(set("ESTABLISHED"), StateSet::of(State::Established));
        assert_eq!(StateSet::by_name("happy"), None);
        for state in State::ALL {
            assert_eq!(set(state.filter_name()), StateSet::of(state));
        }
    }
}

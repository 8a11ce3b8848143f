//! Decides for each network namespace whether its sockets are dumped for a Sample, and whether it is visited at all.
//!
//! A visit that only reads the [signs](super::signs) of change costs a tenth of a millisecond. So of many namespaces, those
//! in which nothing has changed for some time are not visited for each Sample, but in turn.

use super::known::KnownNamespace;
use crate::model::SeededSet;

/// Number of other namespaces up to which all are dumped for each Sample.
const ALWAYS_DUMPED: usize = 20;

/// Number of other namespaces up to which all are visited for each Sample, and of idle ones that are visited for each
/// Sample if there are more.
const ALWAYS_VISITED: usize = 100;

/// Longest time between two visits of an idle namespace, ns, unless Samples are further apart.
const MAX_UNVISITED_NS: u64 = 5_000_000_000;

/// Time without a change after which a namespace is idle, ns.
const IDLE_AFTER_NS: u64 = 5_000_000_000;

/// Samples within which the sockets of each namespace without a sign of change are dumped, except those of the internet
/// protocols. More if there are so many namespaces that [`DUMPED_IN_TURN`] would be exceeded.
const TURNS: u64 = 64;

/// The same for sockets of the internet protocols, which hardly change without a sign: this many times as long.
const INTERNET_TURNS: u64 = 4;

/// Number of namespaces without a sign of change that are dumped for each Sample.
const DUMPED_IN_TURN: u64 = 2;

/// Number of namespaces up to which all settings of all are read, for the first Sample. The kernel searches those of all
/// namespaces for each: at 1000 namespaces, that takes 0.3 ms.
const ALL_SETTINGS: usize = 100;

/// Number of more namespaces whose settings are read for a Sample after the first, and read again.
const SETTINGS_OF_A_SAMPLE: usize = 20;
const SETTINGS_AGAIN: usize = 1;

/// Interval for reading the settings of a namespace again, and the same if there are many.
const SETTINGS_NS: u64 = 10_000_000_000;
const MANY_SETTINGS_NS: u64 = 120_000_000_000;

/// The sockets of a namespace that are dumped for a Sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// All sockets.
    All,
    /// All sockets if there is a sign of change, else those that are not of the internet protocols.
    Others,
    /// All sockets if there is a sign of change, else none.
    IfChanged,
    /// None, and the namespace is not visited.
    Nothing,
}

/// The visits of one Sample, and what is needed to spread them evenly over Samples.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Number of the Sample.
    pub(super) round: u64,
    /// Its time, ns of the monotonic clock.
    pub(super) now_ns: u64,
    /// Time since the previous one, ns.
    interval_ns: u64,
    /// True if not all namespaces are dumped for each Sample.
    spares: bool,
    /// True if there are many namespaces.
    pub(super) has_many: bool,
    /// Samples within which each idle namespace is visited.
    idle_turns: u64,
    /// Samples within which each namespace is dumped.
    dump_turns: u64,
    /// Namespaces from which an event was received since the previous Sample.
    woken: SeededSet<u32>,
    /// Namespaces whose settings may still be read for this Sample, and again.
    settings_left: usize,
    again_left: usize,
    /// True if all settings are read, rather than those that findings depend on.
    pub(super) has_all_settings: bool,
    /// Number of namespaces so far, which spreads their turns.
    phases: u64,
}

impl Schedule {
    /// Begins the visits of a Sample of `found` namespaces. `can_spare` is false if all have to be dumped.
    pub(super) fn begin(
        &mut self,
        now_ns: u64,
        found: usize,
        can_spare: bool,
        woken: SeededSet<u32>,
    ) {
        let is_first = self.round == 0;
        self.round += 1;
        self.interval_ns = now_ns.saturating_sub(self.now_ns);
        self.now_ns = now_ns;
        self.has_many = found > ALWAYS_DUMPED;
        self.spares = self.has_many && can_spare;
        let most = MAX_UNVISITED_NS / self.interval_ns.max(1);
        self.idle_turns = (found.div_ceil(ALWAYS_VISITED) as u64).min(most).max(1);
        self.dump_turns = TURNS.max(found as u64 / DUMPED_IN_TURN);
        self.woken = woken;
        (self.settings_left, self.again_left) = match found {
            few if few <= ALL_SETTINGS => (usize::MAX, usize::MAX),
            _ if is_first => (0, 0),
            _ => (SETTINGS_OF_A_SAMPLE, SETTINGS_AGAIN),
        };
        self.has_all_settings = found <= ALL_SETTINGS;
    }

    /// Returns a number for a new namespace that determines its turns.
    pub(super) fn next_phase(&mut self) -> u64 {
        self.phases = self.phases.wrapping_add(1);
        self.phases
    }

    /// Returns what is due in a namespace; `known` is `None` if it is new.
    pub(super) fn due(&self, inode: u32, known: Option<&KnownNamespace>) -> Due {
        // Without an id, another namespace may have the inode by now.
        let Some(known) = known.filter(|known| self.spares && known.id.is_some()) else {
            return Due::All;
        };
        let turn = known.phase.wrapping_add(self.round);
        // A socket that closes and another of its kind that opens may leave no other sign.
        if self.woken.contains(&inode) || turn.is_multiple_of(INTERNET_TURNS * self.dump_turns) {
            return Due::All;
        }
        if turn.is_multiple_of(self.dump_turns) {
            return Due::Others;
        }
        let since = |ns: u64| self.now_ns.saturating_sub(ns);
        let unvisited_ns = since(known.namespace.checked_ns);
        // It would be late if its turn were missed, because Samples are further apart than before.
        let is_late = unvisited_ns + self.interval_ns / 2 > MAX_UNVISITED_NS;
        let is_idle = since(known.changed_ns) >= IDLE_AFTER_NS;
        let lacks_settings = known.settings_ns.is_none() && self.settings_left > 0;
        if !is_idle || is_late || lacks_settings || turn.is_multiple_of(self.idle_turns) {
            return Due::IfChanged;
        }
        Due::Nothing
    }

    /// Reports whether settings that were read at this time are to be read now, and counts them if so; `None` if they were
    /// never read.
    pub(super) fn takes_settings(&mut self, read_ns: Option<u64>) -> bool {
        let interval_ns = if self.has_many {
            MANY_SETTINGS_NS
        } else {
            SETTINGS_NS
        };
        let left = match read_ns {
            None => &mut self.settings_left,
            Some(ns) if self.now_ns.saturating_sub(ns) >= interval_ns => &mut self.again_left,
            Some(_) => return false,
        };
        if *left == 0 {
            return false;
        }
        *left -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::NetNamespace;

    const SECOND: u64 = 1_000_000_000;

    fn known(inode: u32, phase: u64) -> KnownNamespace {
        KnownNamespace {
            signs: Vec::new(),
            pages: 0..0,
            other_pages: 0,
            has_waiting: false,
            others_wait: false,
            rows_ns: 0,
            changed_ns: 0,
            phase,
            namespace: Arc::new(NetNamespace::named(inode, "blue")),
            settings_ns: Some(0),
            devices_ns: 0,
            id: Some(inode.cast_signed()),
            number: None,
            tracking: None,
            round: 0,
        }
    }

    /// Namespaces without changes, and their schedule.
    struct Idle {
        schedule: Schedule,
        known: Vec<KnownNamespace>,
        now_ns: u64,
    }

    impl Idle {
        /// `count` namespaces that were dumped a minute ago.
        fn new(count: usize) -> Idle {
            let mut schedule = Schedule::default();
            let known = (0..count as u32).map(|inode| known(inode, schedule.next_phase()));
            Idle {
                known: known.collect(),
                schedule,
                now_ns: 60 * SECOND,
            }
        }

        /// Returns what is due for the next Sample, after this time.
        fn next(&mut self, interval_ns: u64, woken: &[u32]) -> Vec<Due> {
            self.now_ns += interval_ns;
            let (count, woken) = (self.known.len(), woken.iter().copied().collect());
            self.schedule.begin(self.now_ns, count, true, woken);
            let mut all = Vec::new();
            for known in &mut self.known {
                let due = self.schedule.due(known.namespace.inode, Some(known));
                if due != Due::Nothing {
                    Arc::make_mut(&mut known.namespace).checked_ns = self.now_ns;
                }
                all.push(due);
            }
            all
        }

        fn visited(&mut self, interval_ns: u64) -> usize {
            let all = self.next(interval_ns, &[]);
            all.iter().filter(|due| **due != Due::Nothing).count()
        }
    }

    #[test]
    fn idle_namespaces_are_visited_in_turn_and_never_late() {
        let mut idle = Idle::new(1000);
        for _ in 0..5 {
            idle.next(SECOND, &[]);
        }
        for _ in 0..600 {
            let visited = idle.visited(SECOND);
            assert!((200..=210).contains(&visited), "{visited}");
            let oldest = idle.known.iter().map(|known| known.namespace.checked_ns);
            assert!(idle.now_ns - oldest.min().expect("some") < 5 * SECOND);
        }
        // A Sample is late: all that would have been late are visited.
        let visited = idle.visited(3 * SECOND);
        assert!(visited >= 400, "{visited}");
        // At any interval.
        assert_eq!(idle.visited(6 * SECOND), 1000);
        assert_eq!(idle.visited(10 * SECOND), 1000);
        for _ in 0..20 {
            idle.next(SECOND / 10, &[]);
        }
        let visited = idle.visited(SECOND / 10);
        assert!((100..=110).contains(&visited), "{visited}");
    }

    #[test]
    fn few_namespaces_and_those_that_change_are_visited_for_each_sample() {
        assert_eq!(Idle::new(20).next(SECOND, &[]), [Due::All; 20]);
        let mut hundred = Idle::new(100);
        hundred.next(SECOND, &[]);
        assert_eq!(hundred.visited(SECOND), 100);
        let mut many = Idle::new(1000);
        for _ in 0..5 {
            many.next(SECOND, &[]);
        }
        many.known[7].changed_ns = many.now_ns;
        many.known[8].settings_ns = None;
        many.known[10].id = None;
        for _ in 0..4 {
            let due = many.next(SECOND, &[9]);
            assert_ne!(due[7], Due::Nothing, "it has just changed");
            assert_ne!(due[8], Due::Nothing, "its settings are not known");
            assert_eq!(due[9], Due::All, "the kernel reported an event");
            assert_eq!(due[10], Due::All, "it may be another one");
        }
    }

    #[test]
    fn settings_of_many_namespaces_are_spread_over_samples() {
        let mut schedule = Schedule::default();
        let mut taken = |now_s: u64, found| {
            schedule.begin(now_s * SECOND, found, true, SeededSet::default());
            (0..found).filter(|_| schedule.takes_settings(None)).count()
        };
        assert_eq!(taken(1000, 1000), 0, "the sockets come first");
        assert_eq!((taken(1001, 1000), taken(1002, 1000)), (20, 20));
        assert!(schedule.takes_settings(Some(0)), "old");
        assert!(!schedule.takes_settings(Some(0)), "one for each sample");
        let mut taken = |now_s: u64, found| {
            schedule.begin(now_s * SECOND, found, true, SeededSet::default());
            (0..found).filter(|_| schedule.takes_settings(None)).count()
        };
        assert_eq!(taken(1003, 50), 50);
        assert!(!schedule.takes_settings(Some(1002 * SECOND)), "still new");
        assert!(schedule.takes_settings(Some(0)));
    }
}

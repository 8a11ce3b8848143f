//! Decides whether the clients of half-open connections answer.

use super::sources::SourceCounts;

/// The kind of clients that leave connections of a listener half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Verdict {
    /// Many sources, none of which completes a handshake.
    NeverCompleted,
    /// Clients that do not answer, or whose answers are lost.
    NoAnswer,
    /// Clients that answer, but more at once than the backlog holds.
    Backlog,
    /// Clients that have answered and send no data yet (`TCP_DEFER_ACCEPT`).
    Deferred,
    /// Not known.
    Undecided,
}

/// Time for which nothing must have been answered, s. Clients that answer within this time are no flood.
pub(in crate::diagnose) const MIN_WATCH_S: f64 = 3.0;

/// Share of sources that may have completed a handshake in a flood: forged addresses can be those of real clients.
const MOST_COMPLETED: f64 = 0.1;

/// Minimum number of SYN cookies sent for the share of returned ones to mean anything.
const MANY_COOKIES: f64 = 10.0;

/// Counts of answers to the SYN-ACKs of one listener.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answers {
    pub(super) half_open: u32,
    /// Handshakes whose SYN-ACK was retransmitted without an answer.
    pub(super) unanswered: u32,
    /// Handshakes that the client has completed; the kernel waits for data (`TCP_DEFER_ACCEPT`).
    pub(super) deferred: u32,
    /// Unanswered ones whose client has sent its SYN again.
    pub(super) repeated: u32,
    /// Sources within the window, by whether they completed a handshake.
    pub(super) fates: SourceCounts,
    /// True if SYNs have arrived lately. Without new ones, the old ones are left over from clients that have ended.
    pub(super) are_arriving: bool,
    /// Handshakes completed within the window.
    pub(super) opened: u64,
    /// SYN cookies of all listeners within the window: sent, and come back valid.
    pub(super) cookies_sent: f64,
    pub(super) cookies_returned: f64,
    /// Time for which all of this was observed, s.
    pub(super) watched_s: f64,
}

/// Limits between the verdicts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Number of unanswered handshakes that are many among any number of others.
    pub(super) unanswered: u32,
    /// Number of sources of a flood.
    pub(super) flood_sources: u32,
    /// Time after which it is said that nothing is known, s.
    pub(super) undecided_s: f64,
}

impl Verdict {
    /// Returns the name of the cause in the evidence.
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::NeverCompleted => "never-completed",
            Verdict::NoAnswer => "no-answer",
            Verdict::Backlog => "backlog",
            Verdict::Deferred => "deferred",
            Verdict::Undecided => "undecided",
        }
    }
}

impl Answers {
    /// Decides what the half-open connections are; `None` as long as they were not observed for long enough.
    pub(super) fn verdict(&self, limits: Limits) -> Option<Verdict> {
        if self.deferred > 0 && self.deferred * 2 >= self.half_open {
            return Some(Verdict::Deferred);
        }
        let is_watched = self.watched_s >= MIN_WATCH_S;
        let are_mostly_unanswered =
            self.unanswered >= limits.unanswered || self.unanswered * 2 >= self.half_open;
        if self.none_completes() && are_mostly_unanswered {
            // A source that repeats its SYN is a real client.
            let is_forged = self.fates.unanswered >= limits.flood_sources
                && self.repeated * 4 < self.unanswered;
            let verdict = if is_forged {
                Verdict::NeverCompleted
            } else {
                Verdict::NoAnswer
            };
            return (is_watched && self.are_arriving).then_some(verdict);
        }
        if self.clients_answer() {
            return Some(Verdict::Backlog);
        }
        if !is_watched || !self.are_arriving {
            return None;
        }
        if are_mostly_unanswered {
            return Some(Verdict::NoAnswer);
        }
        (self.watched_s >= limits.undecided_s).then_some(Verdict::Undecided)
    }

    /// Reports whether of the sources that have not answered a SYN-ACK, hardly any completes another handshake.
    fn none_completes(&self) -> bool {
        let completed = f64::from(self.fates.unanswered_completed);
        self.fates.unanswered > 0 && completed <= MOST_COMPLETED * f64::from(self.fates.unanswered)
    }

    /// Reports whether handshakes are completed, or SYN cookies come back.
    fn clients_answer(&self) -> bool {
        let fates = self.fates;
        let complete = fates.completed > 0 && fates.completed * 2 >= fates.settled;
        let return_cookies =
            self.cookies_sent >= MANY_COOKIES && self.cookies_returned * 2.0 >= self.cookies_sent;
        let few_unanswered = self.unanswered * 2 < self.half_open;
        let many_opened = self.opened >= u64::from(self.unanswered);
        complete && (few_unanswered || many_opened) || return_cookies && few_unanswered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        unanswered: 16,
        flood_sources: 8,
        undecided_s: 10.0,
    };

    /// Answers to a queue of 32 requests, observed for 5 s.
    fn queue() -> Answers {
        Answers {
            half_open: 32,
            watched_s: 5.0,
            are_arriving: true,
            ..Answers::default()
        }
    }

    fn sources(settled: u32, completed: u32, unanswered: u32, of_these: u32) -> SourceCounts {
        SourceCounts {
            half_open: settled,
            settled,
            completed,
            unanswered,
            unanswered_completed: of_these,
        }
    }

    #[test]
    fn many_sources_that_never_complete_a_handshake_are_a_flood() {
        let mut flood = queue();
        (flood.unanswered, flood.fates) = (30, sources(30, 0, 30, 0));
        flood.cookies_sent = 500.0;
        assert_eq!(flood.verdict(LIMITS), Some(Verdict::NeverCompleted));
        let early = Answers {
            watched_s: 1.0,
            ..flood
        };
        assert_eq!(early.verdict(LIMITS), None, "they may still answer");
        let over = Answers {
            are_arriving: false,
            ..flood
        };
        assert_eq!(over.verdict(LIMITS), None, "clients have ended");
        let beside_clients = Answers {
            fates: sources(60, 20, 40, 1),
            opened: 900,
            cookies_returned: 400.0,
            ..flood
        };
        let verdict = beside_clients.verdict(LIMITS);
        assert_eq!(
            verdict,
            Some(Verdict::NeverCompleted),
            "others complete theirs"
        );
        let real = Answers {
            repeated: 20,
            ..flood
        };
        assert_eq!(
            real.verdict(LIMITS),
            Some(Verdict::NoAnswer),
            "SYNs are repeated"
        );
        let few = Answers {
            fates: sources(3, 0, 3, 0),
            ..flood
        };
        assert_eq!(few.verdict(LIMITS), Some(Verdict::NoAnswer));
    }

    #[test]
    fn clients_that_answer_late_need_a_larger_backlog() {
        let mut late = queue();
        late.fates = sources(12, 12, 0, 0);
        assert_eq!(late.verdict(LIMITS), Some(Verdict::Backlog));
        let mut cookies = queue();
        (cookies.cookies_sent, cookies.cookies_returned) = (300.0, 290.0);
        assert_eq!(cookies.verdict(LIMITS), Some(Verdict::Backlog));
        // They take longer than the first retransmission, and each connects only once.
        let mut very_late = queue();
        (very_late.unanswered, very_late.opened) = (24, 80);
        very_late.fates = sources(90, 66, 80, 56);
        assert_eq!(very_late.verdict(LIMITS), Some(Verdict::Backlog));
    }

    #[test]
    fn one_client_without_a_return_path_fills_the_queue_of_others() {
        let mut broken = queue();
        (broken.unanswered, broken.opened) = (30, 500);
        broken.fates = sources(50, 49, 1, 0);
        assert_eq!(broken.verdict(LIMITS), Some(Verdict::NoAnswer));
        // It has a connection from before.
        broken.fates = sources(1, 1, 1, 1);
        broken.opened = 0;
        assert_eq!(broken.verdict(LIMITS), Some(Verdict::NoAnswer));
    }

    #[test]
    fn complete_handshakes_that_wait_for_data_are_not_lost() {
        let mut deferred = queue();
        deferred.deferred = 30;
        (deferred.cookies_sent, deferred.watched_s) = (40.0, 0.0);
        assert_eq!(deferred.verdict(LIMITS), Some(Verdict::Deferred));
    }

    #[test]
    fn nothing_is_claimed_without_evidence() {
        let mut unknown = queue();
        unknown.cookies_sent = 50.0;
        assert_eq!(unknown.verdict(LIMITS), None);
        unknown.watched_s = 10.0;
        assert_eq!(unknown.verdict(LIMITS), Some(Verdict::Undecided));
    }
}

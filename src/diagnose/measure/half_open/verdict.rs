//! Decides whether the clients of half-open connections answer.

use super::{HalfOpenGroup, Thresholds};

/// What the half-open connections of a listener are.
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

    /// Decides for a group that was examined for `watched_s`; `cookies` were sent and came back valid within the window,
    /// for all listeners. `None` as long as that is too short.
    pub(super) fn of(
        group: &HalfOpenGroup,
        [sent, returned]: [f64; 2],
        watched_s: f64,
        thresholds: &Thresholds,
    ) -> Option<Verdict> {
        let HalfOpenGroup {
            half_open,
            unanswered,
            deferred,
            repeated,
            fates,
            ..
        } = *group;
        if deferred * 2 >= half_open {
            return Some(Verdict::Deferred);
        }
        let is_watched = watched_s >= MIN_WATCH_S;
        let none_completes = f64::from(fates.unanswered_completed)
            <= MOST_COMPLETED * f64::from(fates.unanswered)
            && fates.unanswered > 0;
        let are_mostly_unanswered =
            unanswered >= thresholds.half_open || unanswered * 2 >= half_open;
        if none_completes && are_mostly_unanswered {
            // A source that repeats its SYN is a real client.
            let is_forged =
                fates.unanswered >= thresholds.flood_sources && repeated * 4 < unanswered;
            let verdict = if is_forged {
                Verdict::NeverCompleted
            } else {
                Verdict::NoAnswer
            };
            return is_watched.then_some(verdict);
        }
        let handshakes_complete = fates.completed > 0 && fates.completed * 2 >= fates.settled;
        let cookies_return = sent >= MANY_COOKIES && returned * 2.0 >= sent;
        let few_unanswered = unanswered * 2 < half_open;
        if (handshakes_complete && (few_unanswered || group.opened >= u64::from(unanswered)))
            || (cookies_return && few_unanswered)
        {
            return Some(Verdict::Backlog);
        }
        if !is_watched {
            return None;
        }
        if are_mostly_unanswered {
            return Some(Verdict::NoAnswer);
        }
        (watched_s >= thresholds.window_s).then_some(Verdict::Undecided)
    }
}

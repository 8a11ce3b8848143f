//! Determines by its timer whether a half-open connection waits for an answer or for data.
//!
//! The timer of a request fires after 1 s, 2 s, 4 s, … Each time, the SYN-ACK is retransmitted and `idiag_retrans` grows. The
//! kernel retransmits nothing to a client that has answered, whose data a listener with `TCP_DEFER_ACCEPT` awaits: the timer
//! advances alone. A SYN that the client repeats is answered at once, ahead of the timer. Kernel: `syn_ack_recalc`,
//! `reqsk_timer_handler`, `tcp_check_req`.

use crate::diagnose::facts::Facts;
use crate::model::{Row, Socket, SocketKey, Timer, Tracker, Visit};

/// First timeout of a SYN-ACK, ms. Kernel: `TCP_TIMEOUT_INIT`.
const FIRST_TIMEOUT_MS: u64 = 1000;

/// Inaccuracy of timers and of Sample times, ms.
const TOLERANCE_MS: u64 = 250;

/// Longest interval of the timer, ms. Kernel: `TCP_RTO_MAX`.
const MAX_TIMEOUT_MS: u64 = 120_000;

/// Retransmissions of a SYN-ACK, if the setting is not known. Kernel: `net.ipv4.tcp_synack_retries`.
const DEFAULT_RETRIES: u64 = 5;

/// A half-open connection, by what has arrived from its client.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Request {
    /// The SYN-ACK was retransmitted without an answer.
    pub(super) is_unanswered: bool,
    /// The client has completed the handshake; the kernel waits for its data.
    pub(super) is_deferred: bool,
    /// The client has repeated its SYN, so it is a real one that the SYN-ACK does not reach.
    pub(super) is_repeated: bool,
}

/// A half-open connection as first seen.
#[derive(Debug, Default)]
struct FirstSeen {
    /// The Sample that it was first seen in, ns of the monotonic clock.
    at_ns: u64,
    /// Its timer then.
    retries: u8,
    expires_ms: u32,
    request: Request,
}

/// The half-open connections of one Sample after another.
#[derive(Debug, Default)]
pub(super) struct Requests {
    seen: Tracker<FirstSeen>,
    /// True if there may be some.
    is_used: bool,
}

impl Requests {
    /// Begins the round of a Sample.
    pub(super) fn begin(&mut self) {
        self.is_used = true;
        self.seen.begin_round(0);
    }

    /// Ends the round: forgets those that are half-open no longer.
    pub(super) fn end(&mut self) {
        self.seen.retain(|_, seen, _| seen);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        if self.is_used {
            *self = Requests::default();
        }
    }

    /// Determines what a half-open connection waits for, and whether the previous Sample did not have it.
    pub(super) fn update(&mut self, facts: &Facts<'_>, socket: Row<'_>) -> (Request, bool) {
        let now = facts.now_ns();
        let visit = self.seen.visit(socket.key());
        let is_new = matches!(visit, Visit::New(_));
        let (Visit::New(seen) | Visit::Known(seen) | Visit::Repeated(seen)) = visit;
        if let Some(timer) = socket.timer() {
            if seen.at_ns == 0 {
                seen.at_ns = now;
                (seen.retries, seen.expires_ms) = (timer.retries, timer.expires_ms);
            }
            let setting = facts.settings().number("net.ipv4.tcp_synack_retries", 0);
            let most = setting.unwrap_or(DEFAULT_RETRIES);
            let seen_ms = now.saturating_sub(seen.at_ns) / 1_000_000;
            seen.update(timer, seen_ms, most);
        }
        (seen.request, is_new)
    }

    /// Reports whether the SYN-ACK of a half-open connection of this Sample was retransmitted without an answer.
    pub(super) fn is_unanswered(&mut self, socket: &Socket) -> bool {
        let key: SocketKey = socket.key();
        let seen = self.seen.get_mut(key);
        seen.is_some_and(|seen| seen.request.is_unanswered)
    }
}

impl FirstSeen {
    /// Evaluates the timer of a request that was first seen `seen_ms` ago. The kernel retransmits its SYN-ACK at most `most`
    /// times by the timer.
    fn update(&mut self, timer: Timer, seen_ms: u64, most: u64) {
        let retries = timer.retries;
        // Without an answer, the timer has fired as often as the SYN-ACK was retransmitted, or less often if the client has
        // repeated its SYN.
        let fired_more_often = u64::from(timer.expires_ms) > interval_ms(retries) + TOLERANCE_MS
            || seen_ms > until_ms(0, retries.saturating_add(1)) + TOLERANCE_MS;
        let request = &mut self.request;
        request.is_deferred |= fired_more_often;
        request.is_unanswered = retries > 0 && !request.is_deferred;
        // By the timer alone, the first further retransmission happens when it expires.
        let is_ahead = retries > self.retries && {
            let from_ms = u64::from(self.expires_ms) + until_ms(self.retries + 1, retries);
            seen_ms + TOLERANCE_MS < from_ms
        };
        request.is_repeated |= request.is_unanswered && (is_ahead || u64::from(retries) > most);
    }
}

/// Returns the interval of the timer after `fired` times, ms.
fn interval_ms(fired: u8) -> u64 {
    (FIRST_TIMEOUT_MS << fired.min(16)).min(MAX_TIMEOUT_MS)
}

/// Returns the time from when the timer has fired `from` times until it has fired `to` times, ms.
fn until_ms(from: u8, to: u8) -> u64 {
    (from..to).map(interval_ms).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TimerKind;

    /// The request first seen with a number of retries and a time until its timer expires, and seen again some time later.
    fn request(first: (u8, u32), later_ms: u64, second: (u8, u32)) -> (bool, bool, bool) {
        let mut seen = FirstSeen {
            at_ns: 1,
            retries: first.0,
            expires_ms: first.1,
            request: Request::default(),
        };
        for (seen_ms, (retries, expires_ms)) in [(0, first), (later_ms, second)] {
            let kind = TimerKind::Retransmit;
            let timer = Timer {
                expires_ms,
                kind,
                retries,
            };
            seen.update(timer, seen_ms, DEFAULT_RETRIES);
        }
        let Request {
            is_unanswered,
            is_deferred,
            is_repeated,
        } = seen.request;
        (is_unanswered, is_deferred, is_repeated)
    }

    #[test]
    fn a_new_request_tells_nothing() {
        assert_eq!(request((0, 900), 0, (0, 900)), (false, false, false));
        assert_eq!(request((0, 990), 900, (0, 90)), (false, false, false));
    }

    #[test]
    fn a_timer_that_advances_without_retransmissions_awaits_data() {
        assert_eq!(request((0, 1900), 0, (0, 1900)), (false, true, false));
        assert_eq!(request((0, 300), 1500, (0, 800)), (false, true, false));
        // The kernel retransmits once more at the end of the time for data.
        assert_eq!(request((0, 9000), 9000, (1, 30_000)), (false, true, false));
        assert_eq!(request((1, 30_000), 0, (1, 30_000)), (false, true, false));
    }

    #[test]
    fn a_retransmitted_answer_was_not_answered() {
        assert_eq!(request((0, 500), 1500, (1, 1000)), (true, false, false));
        assert_eq!(request((2, 100), 9000, (4, 7100)), (true, false, false));
        assert_eq!(request((4, 100), 16_000, (5, 16_100)), (true, false, false));
    }

    #[test]
    fn a_timer_may_have_fired_as_often_as_can_be_counted() {
        let (is_unanswered, is_deferred, _) = request((u8::MAX, 100), 1000, (u8::MAX, 100));
        assert!(is_unanswered && !is_deferred);
        assert_eq!(
            request((u8::MAX, 0), u64::MAX / 2, (u8::MAX, 0)),
            (false, true, true)
        );
    }

    #[test]
    fn retransmissions_ahead_of_the_timer_answer_a_repeated_syn() {
        // The first one is due after 500 ms, the second one 2 s later.
        assert_eq!(request((0, 500), 1500, (2, 1000)), (true, false, true));
        assert_eq!(request((3, 800), 3000, (5, 900)), (true, false, true));
        assert_eq!(
            request((6, 900), 0, (6, 900)),
            (true, false, true),
            "more than the timer sends"
        );
    }
}

//! Tells by its timer what a half-open connection waits for.
//!
//! The timer of a request fires after 1 s, 2 s, 4 s, … Each time, the SYN-ACK is retransmitted and `idiag_retrans` grows. The
//! kernel retransmits nothing to a client that has answered, whose data a listener with `TCP_DEFER_ACCEPT` awaits: the timer
//! advances alone. A SYN that the client repeats is answered at once, ahead of the timer. Kernel: `syn_ack_recalc`,
//! `reqsk_timer_handler`, `tcp_check_req`.

use crate::diagnose::facts::Facts;
use crate::model::{Socket, SocketKey, Tracker, Visit};

/// First timeout of a SYN-ACK, ms. Kernel: `TCP_TIMEOUT_INIT`.
const FIRST_TIMEOUT_MS: u64 = 1000;

/// Inaccuracy of timers and of Sample times, ms.
const TOLERANCE_MS: u64 = 250;

/// Retransmissions from which on the timer is not evaluated: it no longer doubles. Kernel: `TCP_RTO_MAX`.
const MAX_RETRIES: u8 = 6;

/// What a half-open connection waits for.
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
    /// The Sample that it was first seen in, and the one before, ns of the monotonic clock; 0 if there was none.
    at_ns: u64,
    not_before_ns: u64,
    request: Request,
}

/// The half-open connections of one Sample after another.
#[derive(Debug, Default)]
pub(super) struct Requests {
    seen: Tracker<FirstSeen>,
    /// The previous Sample, ns of the monotonic clock; 0 if it was not examined.
    before_ns: u64,
}

impl Requests {
    /// Begins the round of a Sample.
    pub(super) fn begin(&mut self) {
        self.seen.begin_round();
    }

    /// Ends the round: forgets those that are half-open no longer.
    pub(super) fn end(&mut self, facts: &Facts<'_>) {
        self.seen.retain(|_, seen, _| seen);
        self.before_ns = facts.now_ns();
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        if self.before_ns > 0 {
            *self = Requests::default();
        }
    }

    /// Determines what a half-open connection waits for.
    pub(super) fn update(&mut self, facts: &Facts<'_>, socket: &Socket) -> Request {
        let (now, before) = (facts.now_ns(), self.before_ns);
        let (Visit::New(seen) | Visit::Known(seen) | Visit::Repeated(seen)) =
            self.seen.visit(socket.key());
        if seen.at_ns == 0 {
            (seen.at_ns, seen.not_before_ns) = (now, before);
        }
        let ms = |since_ns: u64| now.saturating_sub(since_ns) / 1_000_000;
        let oldest_ms = (seen.not_before_ns > 0).then(|| ms(seen.not_before_ns));
        seen.request.update(socket, ms(seen.at_ns), oldest_ms);
        seen.request
    }

    /// Reports whether the SYN-ACK of a half-open connection of this Sample was retransmitted without an answer.
    pub(super) fn is_unanswered(&mut self, socket: &Socket) -> bool {
        let key: SocketKey = socket.key();
        let seen = self.seen.get_mut(key);
        seen.is_some_and(|seen| seen.request.is_unanswered)
    }
}

impl Request {
    /// Evaluates the timer of a request that is at least `age_ms` old, and at most `oldest_ms` if that is known.
    fn update(&mut self, socket: &Socket, age_ms: u64, oldest_ms: Option<u64>) {
        let Some(timer) = socket.timer.filter(|timer| timer.retries < MAX_RETRIES) else {
            return;
        };
        // Without an answer, the timer has fired as often as the SYN-ACK was retransmitted: it runs for `interval`, and the
        // request is older than all intervals before it, and younger than those with it.
        let interval = FIRST_TIMEOUT_MS << timer.retries;
        let (from, until) = (interval - FIRST_TIMEOUT_MS, 2 * interval - FIRST_TIMEOUT_MS);
        let fired_more_often =
            u64::from(timer.expires_ms) > interval + TOLERANCE_MS || age_ms > until + TOLERANCE_MS;
        self.is_deferred |= fired_more_often;
        self.is_unanswered = timer.retries > 0 && !self.is_deferred;
        let is_ahead = oldest_ms.is_some_and(|oldest| oldest + TOLERANCE_MS < from);
        self.is_repeated |= is_ahead && self.is_unanswered;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Ends, Family, Protocol, State, Timer, TimerKind};

    fn request(retries: u8, expires_ms: u32, age_ms: u64, oldest_ms: Option<u64>) -> Request {
        let end = Endpoint::UNSPECIFIED;
        let ends = Ends::Inet {
            local: end,
            remote: end,
        };
        let mut socket = Socket::new(1, 2, Family::Inet, Protocol::Tcp, State::SynRecv, ends);
        let kind = TimerKind::Retransmit;
        socket.timer = Some(Timer {
            kind,
            expires_ms,
            retries,
        });
        let mut request = Request::default();
        request.update(&socket, age_ms, oldest_ms);
        request
    }

    fn is(request: Request) -> (bool, bool, bool) {
        (
            request.is_unanswered,
            request.is_deferred,
            request.is_repeated,
        )
    }

    #[test]
    fn a_new_request_tells_nothing() {
        assert_eq!(is(request(0, 800, 0, Some(900))), (false, false, false));
        assert_eq!(is(request(0, 10, 1000, Some(1900))), (false, false, false));
    }

    #[test]
    fn a_timer_that_advances_without_retransmissions_awaits_data() {
        assert_eq!(is(request(0, 1900, 0, None)), (false, true, false));
        assert_eq!(is(request(0, 300, 1500, None)), (false, true, false));
        // The kernel retransmits once more at the end of the time for data.
        assert_eq!(is(request(1, 30_000, 0, None)), (false, true, false));
    }

    #[test]
    fn a_retransmitted_answer_was_not_answered() {
        assert_eq!(is(request(1, 1900, 1000, Some(2000))), (true, false, false));
        assert_eq!(is(request(3, 200, 9000, Some(9900))), (true, false, false));
    }

    #[test]
    fn retransmissions_ahead_of_the_timer_answer_a_repeated_syn() {
        // The third one would be due after 7 s.
        assert_eq!(is(request(3, 900, 2000, Some(3000))), (true, false, true));
        assert_eq!(
            is(request(3, 900, 2000, None)),
            (true, false, false),
            "its age is not known"
        );
    }
}

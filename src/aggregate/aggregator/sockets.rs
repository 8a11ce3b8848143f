//! Adds one socket, existing or freed, to all values that the aggregator derives.

use crate::aggregate::byte_counters::ByteCounters;
use crate::aggregate::events::SocketEnd;
use crate::aggregate::group_totals::{ChangeCounts, GroupSum, IntervalSums};
use crate::aggregate::listeners::ListenerCount;
use crate::aggregate::namespace_intervals::NamespaceInterval;
use crate::aggregate::rates::{ByteSum, MIN_WINDOW_NS};
use crate::aggregate::send_limit::send_limit;
use crate::aggregate::{Aggregate, Aggregator, Change, FinalTotals, SocketRates};
use crate::model::{
    Attribution, ClosedSocket, EndingEvidence, Family, Payload, Protocol, RemoteHost, Row, Sample,
    Socket, SocketRef, State, TcpInfo, Unowned, Visit, fin_received,
};

/// Duration of TIME-WAIT, ms. Kernel: `TCP_TIMEWAIT_LEN`.
const TIME_WAIT_MS: u16 = 60_000;

/// Possible error of the begin of a TIME-WAIT that its timer yields: two ticks of a kernel with 250 Hz, and the time
/// until its destroy event was read, ns.
const TIMER_ERROR_NS: u64 = 12_000_000;

impl Aggregator {
    /// Counts one socket and derives its rates. Its counters are not read again if the row is `unchanged`: nothing but the
    /// clock has changed it since the previous Sample.
    #[inline]
    pub(super) fn add_socket(
        &mut self,
        sample: &Sample,
        row: Row<'_>,
        unchanged: bool,
        interval: &NamespaceInterval,
        out: &mut Aggregate,
        sums: &mut IntervalSums,
    ) {
        let now = sample.monotonic_ns;
        // Bytes and changes since the previous Sample, as far as they can be measured.
        let NamespaceInterval {
            since_ns: since,
            checked_ns,
            is_repeated,
            share,
            ..
        } = *interval;
        let socket = row.socket;
        out.totals.add(socket);
        let is_tcp = socket.protocol == Protocol::Tcp;
        let info = if is_tcp && socket.state != State::Listen {
            row.tcp_info()
        } else {
            None
        };
        let visit = self.sockets.visit(socket.key());
        let is_new = matches!(visit, Visit::New(_));
        let (Visit::New(last) | Visit::Known(last) | Visit::Repeated(last)) = visit;
        let mut is_opener = None;
        let known = last.counted().filter(|_| unchanged);
        let counted = known.or_else(|| {
            if socket.protocol == Protocol::Mptcp {
                return ByteCounters::from_mptcp_info(row.mptcp_info()?);
            }
            let info = info?;
            let payload = Payload::of(socket, info)?;
            is_opener = payload.is_opener;
            Some(ByteCounters::new(payload, info))
        });
        if is_new && since.is_some() {
            last.set_first_ns(now);
        }
        let mut rates = SocketRates {
            age: last
                .first_ns()
                .map(|first| (now.saturating_sub(first) as f64 / 1e9) as f32),
            ..SocketRates::default()
        };
        let mut delta = None;
        if let (Some(counted), Some(since)) = (&counted, since) {
            // New since the previous Sample: all of its bytes belong to this interval.
            let (before, window) = match last.counted() {
                // Nothing had changed at the last check.
                Some(before) if is_repeated => (before, since),
                Some(before) => (before, checked_ns.saturating_sub(last.at_ns)),
                None => (ByteCounters::default(), since),
            };
            delta = counted.delta_since(&before);
            if let (Some(delta), true) = (&delta, window >= MIN_WINDOW_NS) {
                let seconds = window as f64 / 1e9;
                let rate = |bytes: u64| Some((bytes as f64 / seconds) as f32);
                rates.received = rate(delta.received);
                rates.sent = rate(delta.acked);
                rates.wire_sent = rate(delta.bytes_sent);
                rates.retransmitted = rate(u64::from(delta.bytes_retrans));
                // No application has a connection that waits for accept().
                if let (Some(info), State::Established | State::CloseWait) = (info, socket.state)
                    && socket.attribution.unowned() != Some(Unowned::WaitingForAccept)
                {
                    rates.limit = Some(send_limit(delta, info, window / 1000));
                }
            }
        }
        if counted.is_some() && since.is_some() {
            let bytes = delta.as_ref().map_or(0, |delta: &ByteCounters| {
                delta.received.saturating_add(delta.acked)
            });
            let average = self
                .averages
                .add(&mut last.average, &self.average_clock, bytes);
            rates.average = Some(average);
        }
        // A mini-socket (TIME-WAIT, or FIN-WAIT-2 without tcp_info) is counted by its destroy event, and SYN-RECV once the
        // handshake is complete.
        let connection = is_tcp
            && !matches!(
                socket.state,
                State::Listen | State::BoundInactive | State::Closed
            );
        let established = connection && info.is_some();
        let opened = established && !last.opened && since.is_some();
        let is_held = socket.inode != 0;
        let accepted = established && is_held && !last.accepted && since.is_some();
        last.accepted |= is_held;
        let is_other = last.state != Some(socket.state);
        if since.is_some() && is_other {
            // A connection that became a mini-socket is reported by its destroy event, if the kernel sends these.
            let remains = connection && !established;
            rates.change = if opened || (is_new && !connection) {
                self.collector.opened(view(sample, row));
                Some(Change::Opened)
            } else if last.opened || !connection {
                if !(remains && sample.events_available) {
                    self.collector.changed(view(sample, row), last.state);
                }
                Some(Change::State)
            } else {
                None
            };
        }
        last.unreported_end = if connection && !established && last.opened && !last.closed {
            let is_newer = u8::from(!is_repeated);
            last.unreported_end.saturating_add(is_newer)
        } else {
            0
        };
        let is_heard = socket.has_destroy_event();
        last.has_end_event = is_heard && (established || !connection);
        if !is_heard || (self.collector.keep_all && last.has_end_event) {
            self.collector.remember(view(sample, row), since.is_none());
        }
        out.sockets.push(rates);
        last.opened |= established;
        if established || !connection {
            last.alive = Some(socket.state);
        }
        let time_wait = since.is_some()
            && is_tcp
            && socket.state == State::TimeWait
            && last.state != Some(State::TimeWait);
        if let Some(counted) = counted {
            last.count(counted, checked_ns);
        }
        last.is_opener = is_opener.or(last.is_opener);
        if socket.state == State::TimeWait {
            let left_ms = row.timer().map_or(0, |timer| timer.expires_ms);
            last.time_wait_ms = u16::try_from(left_ms).unwrap_or(u16::MAX);
        }
        last.at_ns = checked_ns;
        last.state = Some(socket.state);
        last.missed = 0;

        let (opened_share, time_wait_share) = (
            if opened { share } else { 0.0 },
            if time_wait { share } else { 0.0 },
        );
        sums.changes.opened += opened_share;
        sums.changes.time_wait += time_wait_share;
        // The bytes of an MPTCP connection are counted by its subflows.
        let delta = delta.filter(|_| is_tcp);
        if let Some(delta) = &delta {
            sums.volume.add(delta, share);
        }
        let add = |sum: &mut GroupSum| {
            sum.sockets += 1;
            match socket.protocol {
                Protocol::Tcp => sum.tcp[socket.state as usize] += 1,
                Protocol::Udp => sum.udp += 1,
                _ if socket.family == Family::Unix => sum.unix += 1,
                _ => {}
            }
            if let Some(delta) = &delta {
                sum.volume.add(delta, share);
            }
            sum.changes.opened += opened_share;
            sum.changes.time_wait += time_wait_share;
        };
        // A process has SCTP sockets, and a remote host their associations.
        let is_association = socket.is_association();
        for_each_owner(sample, socket, |process| {
            if let Some(sum) = self.processes.get_mut(process as usize)
                && !is_association
            {
                add(sum);
            }
        });
        if !socket.family.is_inet() {
            return;
        }
        let has_remote = socket.protocol != Protocol::Sctp || is_association;
        if let Some(remote) = RemoteHost::of(socket).filter(|_| has_remote) {
            let sum = self.remotes.entry(remote);
            add(sum);
            sum.namespaces.add(socket.netns);
            for_each_owner(sample, socket, |process| sum.processes.add(process));
            if socket.state == State::Established
                && let Some(rtt) = info.as_ref().and_then(TcpInfo::measured_rtt)
            {
                sum.include_rtt(rtt as u32);
            }
        }
        if connection
            && let Some(local) = socket.local()
            && self.listeners.listens_on(local.port)
        {
            add(self.ports.entry(local.port));
            let count = ListenerCount {
                is_opened: opened,
                is_accepted: accepted,
            };
            self.listeners.count(sample, socket, count);
        }
    }

    /// Reports a socket that ended while the first Sample was taken. Nothing can be measured of it.
    pub(super) fn add_closed_in_first_sample(
        &mut self,
        view: SocketRef<'_>,
        closed: &ClosedSocket,
    ) {
        let payload = self.final_payload(view, closed, None);
        let last = self.sockets.get_mut(view.socket.key());
        let reported = last.as_ref().is_some_and(|last| last.closed);
        let ending = SocketEnd {
            from: last.as_ref().and_then(|last| last.alive),
            remains: None,
            present: last.is_some(),
            opening_unreported: false,
            totals: payload
                .zip(view.tcp_info())
                .map(|(payload, info)| FinalTotals::new(payload, info)),
        };
        if let Some(last) = last {
            last.closed = true;
        }
        if !reported {
            self.collector.closed(view, closed, ending, None);
        }
    }

    /// Collects the payload sent by the connections that were freed since the previous Sample, by their ends.
    pub(super) fn collect_closed_pairs(&mut self, sample: &Sample) {
        self.closed_pairs.clear();
        for closed in &sample.closed {
            let sent = || {
                let view = sample.closed_socket(closed)?;
                let (local, remote) = (view.socket.local()?, view.socket.remote()?);
                let sent = Payload::at_end(view.tcp_info()?, false)?.sent;
                Some((
                    (view.socket.netns, local.canonical(), remote.canonical()),
                    sent,
                ))
            };
            self.closed_pairs.extend(sent());
        }
    }

    /// Returns the payload sent by the other end of a freed connection, if that was freed since the previous Sample too.
    fn sent_by_peer(&self, socket: &Socket) -> Option<u64> {
        let (local, remote) = (socket.local()?, socket.remote()?);
        let key = (socket.netns, remote.canonical(), local.canonical());
        self.closed_pairs.get(&key).copied()
    }

    /// Returns the payload of a freed connection, of which a mini-socket in the state `remains` may be left. `None` if the
    /// socket is no connection, and if the kernel cleared its counters.
    fn final_payload(
        &self,
        view: SocketRef<'_>,
        closed: &ClosedSocket,
        remains: Option<State>,
    ) -> Option<Payload> {
        let (socket, info) = (view.socket, view.tcp_info()?);
        let last = self.sockets.get(socket.key());
        let before = last.and_then(|last| last.alive).or(closed.last_state);
        let is_opener = last.and_then(|last| last.is_opener).unwrap_or_else(|| {
            let port = socket.local().map_or(0, |local| local.port);
            !self.listeners.listens_on(port)
        });
        // A connection that the process closed first is freed once its FIN is acknowledged. The peer's FIN reaches the
        // mini-socket then, and is not in these counters.
        let fin_is_later = last.is_some_and(|last| {
            let sample = view.sample;
            let waited_ms = TIME_WAIT_MS.saturating_sub(last.time_wait_ms);
            let begin_ns = sample
                .monotonic_ns
                .saturating_sub(sample.timings.dump_ns)
                .saturating_sub(u64::from(waited_ms) * 1_000_000);
            begin_ns > closed.monotonic_ns.saturating_add(TIMER_ERROR_NS)
        });
        let remains = match remains {
            Some(State::TimeWait) if fin_is_later => Some(State::FinWait2),
            remains => remains,
        };
        let evidence = EndingEvidence {
            before,
            remains,
            is_opener,
            sent_by_peer: self.sent_by_peer(socket),
        };
        let fin = fin_received(socket, info, evidence);
        Payload::at_end(info, fin)
    }

    /// Counts what a freed connection transferred since it was last seen, and returns its rates. `None` if it is not a
    /// connection, or already counted.
    pub(super) fn add_closed(
        &mut self,
        view: SocketRef<'_>,
        closed: &ClosedSocket,
        interval: &NamespaceInterval,
        all: &mut ByteSum,
        changes: &mut ChangeCounts,
    ) -> Option<SocketRates> {
        let (sample, socket) = (view.sample, view.socket);
        let last = self.sockets.get(socket.key());
        let alive = last.and_then(|last| last.alive);
        let remains = last.and_then(|last| last.state).filter(|_| {
            // It still exists as a mini-socket.
            last.is_some_and(|last| {
                last.at_ns == interval.checked_ns
                    && last.alive != last.state
                    && matches!(last.state, Some(State::TimeWait | State::FinWait2))
            })
        });
        let payload = self.final_payload(view, closed, remains);
        let last_known = || FinalTotals::last_known(last?, sample);
        if last.is_none_or(|last| !last.closed) {
            let ending = SocketEnd {
                from: alive,
                remains,
                present: remains.is_none()
                    && last.is_some_and(|last| last.at_ns == interval.checked_ns),
                opening_unreported: last.is_some_and(|last| {
                    socket.protocol == Protocol::Tcp
                        && !last.opened
                        && last.first_ns().is_some()
                        && !matches!(
                            last.state,
                            Some(State::Listen | State::BoundInactive | State::Closed)
                        )
                }),
                totals: payload
                    .zip(view.tcp_info())
                    .map(|(payload, info)| FinalTotals::new(payload, info))
                    .or_else(last_known),
            };
            self.collector
                .closed(view, closed, ending, interval.unchecked_ns);
        }
        if socket.protocol != Protocol::Tcp {
            if let Some(last) = self.sockets.get_mut(socket.key()) {
                last.closed = true;
            }
            return None;
        }
        let counted = payload
            .zip(view.tcp_info())
            .map(|(payload, info)| ByteCounters::new(payload, info));
        let last = self.sockets.get_mut(socket.key());
        let opened = last.as_ref().is_none_or(|last| !last.opened);
        let before = last
            .as_ref()
            .and_then(|last| last.counted())
            .unwrap_or_default();
        let delta = counted.and_then(|counted| counted.delta_since(&before));
        if let Some(last) = last {
            if last.closed || matches!(last.state, Some(State::Listen | State::BoundInactive)) {
                last.closed = true;
                return None;
            }
            last.closed = true;
            last.opened = true;
            if let Some(counted) = counted {
                last.count(counted, sample.monotonic_ns);
            }
        } else if socket.remote().is_none() {
            // A listener or an unconnected socket that lived between two Samples is not a connection.
            return None;
        }
        let share = interval.unchecked_share;
        if let Some(delta) = &delta {
            all.add(delta, share);
        }
        let add = |changes: &mut ChangeCounts| {
            changes.closed += 1.0;
            changes.opened += if opened { share } else { 0.0 };
        };
        add(changes);
        let into = |sum: &mut GroupSum| {
            add(&mut sum.changes);
            if let Some(delta) = &delta {
                sum.volume.add(delta, share);
            }
        };
        for_each_owner(sample, socket, |process| {
            if let Some(sum) = self.processes.get_mut(process as usize) {
                into(sum);
            }
        });
        if let Some(remote) = RemoteHost::of(socket) {
            let sum = self.remotes.entry(remote);
            into(sum);
            sum.namespaces.add(socket.netns);
            for_each_owner(sample, socket, |process| sum.processes.add(process));
        }
        if let Some(local) = socket.local()
            && self.listeners.listens_on(local.port)
        {
            into(self.ports.entry(local.port));
            if opened {
                self.listeners.count_opened(sample, socket);
            }
        }
        let rate = |bytes: fn(&ByteCounters) -> u64| {
            let since = interval.unchecked_ns.filter(|&ns| ns >= MIN_WINDOW_NS)?;
            let seconds = since as f64 / 1e9;
            Some((bytes(delta.as_ref()?) as f64 / seconds) as f32)
        };
        Some(SocketRates {
            received: rate(|delta| delta.received),
            sent: rate(|delta| delta.acked),
            wire_sent: rate(|delta| delta.bytes_sent),
            retransmitted: rate(|delta| delta.bytes_retrans.into()),
            change: opened.then_some(Change::Opened),
            ..SocketRates::default()
        })
    }
}

/// Joins a row of a Sample's sockets with the Sample.
fn view<'s>(sample: &'s Sample, row: Row<'s>) -> SocketRef<'s> {
    SocketRef::new(sample, &sample.sockets, row)
}

/// Calls `f` once for each process that owns the socket, with its index. One of several that may have owned it is not
/// known to be the owner.
#[inline]
fn for_each_owner(sample: &Sample, socket: &Socket, mut f: impl FnMut(u32)) {
    if socket.attribution == Attribution::OneOf {
        return;
    }
    let mut last = None;
    for holder in sample.holders_of(socket) {
        if last != Some(holder.process) {
            last = Some(holder.process);
            f(holder.process);
        }
    }
}

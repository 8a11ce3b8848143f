//! What one socket adds to everything that is derived: one that exists, one that was freed.

use crate::aggregate::events::Ending;
use crate::aggregate::groups::{Changes, Sum};
use crate::aggregate::limit::limit;
use crate::aggregate::rates::{Counted, MIN_WINDOW_NS, Volume};
use crate::aggregate::{Aggregate, Aggregator, Change, SocketRates};
use crate::model::{ClosedSocket, Protocol, Sample, Socket, SocketRef, State, TcpInfo, Visit};

impl Aggregator {
    /// Counts one socket and derives its rates.
    #[inline]
    pub(super) fn take(
        &mut self,
        sample: &Sample,
        socket: &Socket,
        since: Option<u64>,
        out: &mut Aggregate,
        all: &mut Volume,
        changes: &mut Changes,
    ) {
        let now = sample.monotonic_ns;
        out.totals.add(socket);
        let is_tcp = socket.protocol == Protocol::Tcp;
        let info = if is_tcp && socket.state != State::Listen {
            sample.sockets.tcp_info(socket)
        } else {
            None
        };
        let counted = match socket.protocol {
            Protocol::Mptcp => sample
                .sockets
                .mptcp_info(socket)
                .and_then(Counted::read_mptcp),
            _ => info.and_then(Counted::read),
        };

        let visit = self.sockets.visit(socket.key());
        let is_new = matches!(visit, Visit::New(_));
        let (Visit::New(last) | Visit::Known(last) | Visit::Repeated(last)) = visit;
        if is_new && since.is_some() {
            last.first_ns = Some(now);
        }
        let mut rates = SocketRates {
            age: last
                .first_ns
                .map(|first| (now.saturating_sub(first) as f64 / 1e9) as f32),
            ..SocketRates::default()
        };
        let mut delta = None;
        if let (Some(counted), Some(since)) = (&counted, since) {
            // Not seen before although it is not the first Sample: all that it counted happened since.
            let (before, window) = match last.counted {
                Some(before) => (before, now.saturating_sub(last.at_ns)),
                None => (Counted::default(), since),
            };
            delta = counted.since(&before);
            if let (Some(delta), true) = (&delta, window >= MIN_WINDOW_NS) {
                let seconds = window as f64 / 1e9;
                let rate = |bytes: u64| Some((bytes as f64 / seconds) as f32);
                rates.received = rate(delta.bytes_received);
                rates.sent = rate(delta.bytes_acked);
                rates.wire_sent = rate(delta.bytes_sent);
                rates.retransmitted = rate(u64::from(delta.bytes_retrans));
                if let (Some(info), State::Established | State::CloseWait) = (info, socket.state) {
                    rates.limit = Some(limit(delta, info, window / 1000));
                }
            }
        }
        // A mini-socket (TIME-WAIT, or FIN-WAIT-2 without tcp_info) is counted by its destroy event, and SYN-RECV once the
        // handshake is complete.
        let connection = is_tcp
            && !matches!(
                socket.state,
                State::Listen | State::BoundInactive | State::Closed
            );
        let whole = connection && info.is_some();
        let opened = whole && !last.opened && since.is_some();
        let is_other = last.state != Some(socket.state);
        if since.is_some() && is_other {
            // What remains of a connection is told by the kernel's event of its end, if these are heard.
            let remains = connection && !whole;
            rates.change = if opened || (is_new && !connection) {
                self.recorder.opened(view(sample, socket));
                Some(Change::Opened)
            } else if last.opened || !connection {
                if !(remains && sample.events_available) {
                    self.recorder.changed(view(sample, socket), last.state);
                }
                Some(Change::State)
            } else {
                None
            };
        }
        last.owed = if connection && !whole && last.opened && !last.closed {
            last.owed.saturating_add(1)
        } else {
            0
        };
        let is_heard = socket.has_destroy_event();
        last.awaits_end = is_heard && (whole || !connection);
        if !is_heard || (self.recorder.keep_all && last.awaits_end) {
            self.recorder
                .remember(view(sample, socket), since.is_none());
        }
        out.sockets.push(rates);
        last.opened |= whole;
        if whole || !connection {
            last.alive = Some(socket.state);
        }
        let time_wait = since.is_some()
            && is_tcp
            && socket.state == State::TimeWait
            && last.state != Some(State::TimeWait);
        if counted.is_some() {
            last.counted = counted;
        }
        last.at_ns = now;
        last.state = Some(socket.state);
        last.missed = 0;

        changes.opened += u32::from(opened);
        changes.time_wait += u32::from(time_wait);
        // What an MPTCP connection moves is counted by its subflows.
        let delta = delta.filter(|_| is_tcp);
        if let Some(delta) = &delta {
            all.add(delta);
        }
        let add = |sum: &mut Sum| {
            sum.sockets += 1;
            match socket.protocol {
                Protocol::Tcp => sum.tcp[socket.state as usize] += 1,
                Protocol::Udp => sum.udp += 1,
                Protocol::Stream | Protocol::Dgram | Protocol::Seqpacket => sum.unix += 1,
                _ => {}
            }
            if let Some(delta) = &delta {
                sum.volume.add(delta);
            }
            sum.changes.opened += u32::from(opened);
            sum.changes.time_wait += u32::from(time_wait);
        };
        for_each_owner(sample, socket, |process| {
            if let Some(sum) = self.processes.get_mut(process as usize) {
                add(sum);
            }
        });
        if !socket.family.is_inet() {
            return;
        }
        if let Some(remote) = socket.remote() {
            let sum = self.remotes.of(remote.canonical().address);
            add(sum);
            for_each_owner(sample, socket, |process| sum.processes.add(process));
            if socket.state == State::Established
                && let Some(rtt) = info.as_ref().and_then(TcpInfo::measured_rtt)
            {
                sum.rtt(rtt as u32);
            }
        }
        if connection
            && let Some(local) = socket.local()
            && self.listeners.listens_on(local.port)
        {
            add(self.ports.of(local.port));
            self.listeners.count(sample, socket, opened);
        }
    }

    /// Tells of a socket that ended while the first Sample was taken. Nothing can be measured by it.
    pub(super) fn take_closed_at_start(&mut self, view: SocketRef<'_>, closed: &ClosedSocket) {
        let last = self.sockets.get_mut(view.socket.key());
        let told = last.as_ref().is_some_and(|last| last.closed);
        let ending = Ending {
            from: last.as_ref().and_then(|last| last.alive),
            remains: None,
            present: last.is_some(),
            untold: false,
        };
        if let Some(last) = last {
            last.closed = true;
        }
        if !told {
            self.recorder.closed(view, closed, ending, None);
        }
    }

    /// Counts what a freed connection moved since it was last looked at; answers that, if it is one.
    pub(super) fn take_closed(
        &mut self,
        view: SocketRef<'_>,
        closed: &ClosedSocket,
        since: u64,
        all: &mut Volume,
        changes: &mut Changes,
    ) -> Option<SocketRates> {
        let (sample, socket) = (view.sample, view.socket);
        if self
            .sockets
            .get(socket.key())
            .is_none_or(|last| !last.closed)
        {
            let last = self.sockets.get(socket.key());
            let alive = last.and_then(|last| last.alive);
            let remains = last.and_then(|last| last.state).filter(|_| {
                // It is there still, as a mini-socket.
                last.is_some_and(|last| {
                    last.at_ns == sample.monotonic_ns
                        && last.alive != last.state
                        && matches!(last.state, Some(State::TimeWait | State::FinWait2))
                })
            });
            let ending = Ending {
                from: alive,
                remains,
                present: remains.is_none()
                    && last.is_some_and(|last| last.at_ns == sample.monotonic_ns),
                untold: last.is_some_and(|last| {
                    socket.protocol == Protocol::Tcp
                        && !last.opened
                        && last.first_ns.is_some()
                        && !matches!(
                            last.state,
                            Some(State::Listen | State::BoundInactive | State::Closed)
                        )
                }),
            };
            self.recorder.closed(view, closed, ending, Some(since));
        }
        if socket.protocol != Protocol::Tcp {
            if let Some(last) = self.sockets.get_mut(socket.key()) {
                last.closed = true;
            }
            return None;
        }
        let counted = sample
            .closed_sockets
            .tcp_info(socket)
            .and_then(Counted::read);
        let last = self.sockets.get_mut(socket.key());
        let opened = last.as_ref().is_none_or(|last| !last.opened);
        let before = last
            .as_ref()
            .and_then(|last| last.counted)
            .unwrap_or_default();
        let delta = counted.and_then(|counted| counted.since(&before));
        if let Some(last) = last {
            if last.closed || matches!(last.state, Some(State::Listen | State::BoundInactive)) {
                last.closed = true;
                return None;
            }
            last.closed = true;
            last.opened = true;
            last.counted = counted.or(last.counted);
        } else if socket.remote().is_none() {
            // A listener or an unconnected socket that lived between two samples is no connection.
            return None;
        }
        if let Some(delta) = &delta {
            all.add(delta);
        }
        let add = |changes: &mut Changes| {
            changes.closed += 1;
            changes.opened += u32::from(opened);
        };
        add(changes);
        let into = |sum: &mut Sum| {
            add(&mut sum.changes);
            if let Some(delta) = &delta {
                sum.volume.add(delta);
            }
        };
        for_each_owner(sample, socket, |process| {
            if let Some(sum) = self.processes.get_mut(process as usize) {
                into(sum);
            }
        });
        if let Some(remote) = socket.remote() {
            let sum = self.remotes.of(remote.canonical().address);
            into(sum);
            for_each_owner(sample, socket, |process| sum.processes.add(process));
        }
        if let Some(local) = socket.local()
            && self.listeners.listens_on(local.port)
        {
            into(self.ports.of(local.port));
            if opened {
                self.listeners.count_opened(sample, socket);
            }
        }
        let rate = |bytes: fn(&Counted) -> u64| {
            let seconds = (since >= MIN_WINDOW_NS).then_some(since as f64 / 1e9)?;
            Some((bytes(delta.as_ref()?) as f64 / seconds) as f32)
        };
        Some(SocketRates {
            received: rate(|delta| delta.bytes_received),
            sent: rate(|delta| delta.bytes_acked),
            wire_sent: rate(|delta| delta.bytes_sent),
            retransmitted: rate(|delta| delta.bytes_retrans.into()),
            change: opened.then_some(Change::Opened),
            ..SocketRates::default()
        })
    }
}

/// A row of a Sample's sockets with what belongs to it.
fn view<'s>(sample: &'s Sample, socket: &'s Socket) -> SocketRef<'s> {
    SocketRef {
        sample,
        table: &sample.sockets,
        socket,
    }
}

/// Calls `f` with the index of each process that owns the socket, once for each process.
#[inline]
fn for_each_owner(sample: &Sample, socket: &Socket, mut f: impl FnMut(u32)) {
    let from = socket.holders_at as usize;
    let holders = sample
        .holders
        .get(from..from + usize::from(socket.holders_len))
        .unwrap_or(&[]);
    let mut last = None;
    for holder in holders {
        if last != Some(holder.process) {
            last = Some(holder.process);
            f(holder.process);
        }
    }
}

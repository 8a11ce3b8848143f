//! Explains the limit of a socket's throughput and the meaning of its state, in sentences.

use crate::aggregate::SendLimit;
use crate::column::{SocketRow, format};
use crate::model::{Attribution, Ends, Protocol, Socket, State, TcpInfo, Unowned};
use crate::tui::page::{Presence, SocketPage};
use crate::tui::theme::Tone;

/// A name, a sentence, its tone.
type Sentence = (&'static str, String, Tone);

/// Multiple of its minimum from which a round-trip time is attributed to queueing.
const QUEUEING_RATIO: f64 = 3.0;

/// Minimum round-trip time that is explained, µs.
const MIN_EXPLAINED_RTT_US: f64 = 5_000.0;

/// All sentences about a socket, the most important first.
pub(super) fn sentences(row: &SocketRow<'_>, page: &SocketPage) -> Vec<Sentence> {
    let socket = row.socket.socket;
    let mut sentences = Vec::new();
    let limit = row.rates.and_then(|rates| rates.limit);
    if page.presence == Presence::Present {
        // An open connection is described by what limits it.
        if limit.is_none() || socket.state != State::Established || waits_for_accept(socket) {
            sentences.extend(state(row, socket));
        }
        sentences.extend(limit.map(limited));
    }
    if let Some(info) = row.socket.tcp_info().filter(|_| !socket.is_listener()) {
        sentences.extend(slow(info));
        sentences.extend(loss(info));
    }
    sentences
}

/// True if the connection waits for `accept()`.
fn waits_for_accept(socket: &Socket) -> bool {
    socket.attribution == Attribution::Unowned(Unowned::WaitingForAccept)
}

/// The limit of the throughput.
fn limited(limit: SendLimit) -> Sentence {
    let tone = match limit {
        SendLimit::Application => Tone::Good,
        SendLimit::ReceiverWindow | SendLimit::SendBuffer | SendLimit::CongestionWindow => {
            Tone::Notice
        }
        SendLimit::Loss => Tone::Warning,
    };
    ("limited by", limit.sentence().to_owned(), tone)
}

/// The round-trip time compared with its minimum.
fn slow(info: TcpInfo<'_>) -> Option<Sentence> {
    let rtt = info.measured_rtt()? as f64;
    let lowest = info.min_rtt().filter(|&rtt| rtt != u64::from(u32::MAX))? as f64;
    if lowest <= 0.0 || rtt < MIN_EXPLAINED_RTT_US {
        return None;
    }
    let time = |us: f64| format::format_or_missing(Some(us), format::duration_us);
    let times = rtt / lowest;
    let sentence = if times >= QUEUEING_RATIO {
        format!(
            "RTT {} is {times:.0} times its minimum {}: queueing here or on the path",
            time(rtt),
            time(lowest)
        )
    } else {
        format!(
            "RTT {}, minimum {}: mostly the latency of the path itself",
            time(rtt),
            time(lowest)
        )
    };
    Some(("path", sentence, Tone::Plain))
}

/// The share of bytes that were retransmitted.
fn loss(info: TcpInfo<'_>) -> Option<Sentence> {
    let (again, sent) = (info.bytes_retrans()? as f64, info.bytes_sent()? as f64);
    if again <= 0.0 || sent <= 0.0 {
        return None;
    }
    let share = format::format_or_missing(Some((again / sent).min(1.0)), format::share);
    let bytes = format::format_or_missing(Some(again), format::bytes);
    let sentence = format!("{share} of the bytes sent were retransmitted ({bytes})");
    Some(("loss", sentence, Tone::Warning))
}

/// The meaning of the state.
fn state(row: &SocketRow<'_>, socket: &Socket) -> Option<Sentence> {
    let expires = row.socket.timer().map(|timer| {
        let us = f64::from(timer.expires_ms) * 1000.0;
        format::format_or_missing(Some(us), format::duration_us)
    });
    let tries = row.socket.timer().map_or(0, |timer| timer.retries);
    if socket.accept_queue().is_some() {
        return Some(listening(row, socket));
    }
    if socket.protocol != Protocol::Tcp {
        let connected = match socket.ends {
            Ends::Inet { .. } => socket.remote().is_some(),
            Ends::Unix { peer_inode, .. } => peer_inode.is_some(),
            _ => return None,
        };
        let sentence = if connected {
            "connected; the kernel does not count bytes for this kind of socket"
        } else {
            "not connected; the kernel does not count bytes for this kind of socket"
        };
        return Some(("state", sentence.to_owned(), Tone::Plain));
    }
    let (sentence, tone) = match socket.state {
        State::Established if waits_for_accept(socket) => (
            "established, waiting for accept()".to_owned(),
            Tone::Warning,
        ),
        State::Established => (
            "open; its throughput limit is known from the next sample on".to_owned(),
            Tone::Plain,
        ),
        State::SynSent => (
            format!(
                "no answer yet; SYN retransmitted {tries}×: dropped on the path or by the peer"
            ),
            Tone::Warning,
        ),
        State::SynRecv => (
            format!("handshake incomplete; SYN-ACK retransmitted {tries}×"),
            Tone::Notice,
        ),
        State::FinWait1 => (
            "closed here; the peer has not acknowledged the FIN yet".to_owned(),
            Tone::Notice,
        ),
        State::FinWait2 => (
            "closed here and acknowledged; the peer has not closed its side".to_owned(),
            Tone::Notice,
        ),
        State::TimeWait => (
            format!(
                "closed here first; the address pair stays reserved for {}",
                expires.unwrap_or_else(|| "a while".to_owned())
            ),
            Tone::Plain,
        ),
        State::CloseWait => (
            "the peer has closed; the local process has not called close() yet".to_owned(),
            Tone::Warning,
        ),
        State::LastAck => (
            "closed by the peer, then here; waiting for the last acknowledgment".to_owned(),
            Tone::Notice,
        ),
        State::Closing => (
            "closed on both sides at once; waiting for the acknowledgment".to_owned(),
            Tone::Notice,
        ),
        State::BoundInactive => (
            "bound to a port, neither listening nor connected".to_owned(),
            Tone::Plain,
        ),
        // The last six are states of SCTP associations.
        State::Closed
        | State::Listen
        | State::CookieWait
        | State::CookieEchoed
        | State::ShutdownPending
        | State::ShutdownSent
        | State::ShutdownReceived
        | State::ShutdownAckSent => return None,
    };
    Some(("state", sentence, tone))
}

/// The accept queue and drops of a listener.
fn listening(row: &SocketRow<'_>, socket: &Socket) -> Sentence {
    let (queue, limit) = (socket.recv_queue, socket.send_queue);
    let drops = row
        .socket
        .memory()
        .and_then(crate::model::MemoryInfo::drops);
    let dropped = match drops {
        Some(drops) if drops > 0 => {
            let count = format::format_or_missing(Some(drops.into()), format::grouped_count);
            let noun = if drops == 1 {
                "connection"
            } else {
                "connections"
            };
            format!("; {count} {noun} dropped since it was created")
        }
        _ => String::new(),
    };
    let (sentence, tone) = if queue == 0 {
        (
            "no connection is waiting for accept()".to_owned(),
            Tone::Good,
        )
    } else if queue >= limit {
        (
            format!(
                "the accept queue is full ({queue} of {limit}): further connections are dropped"
            ),
            Tone::Critical,
        )
    } else {
        (
            match queue {
                1 => format!("1 connection is waiting for accept() (limit {limit})"),
                queue => format!("{queue} connections are waiting for accept() (limit {limit})"),
            },
            Tone::Notice,
        )
    };
    ("state", sentence + &dropped, tone)
}

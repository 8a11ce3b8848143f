//! What happened to a socket, as one JSON object a line.

use std::io::{self, Write};

use serde::Serialize;

use super::socket::JsonSocket;
use super::timestamp;
use crate::aggregate::{Event, EventKind, Lifetime};
use crate::model::{SocketRef, State, TcpInfo};

#[derive(Serialize)]
struct EventOut<'a> {
    at: String,
    event: &'static str,
    from: Option<&'static str>,
    to: Option<&'static str>,
    lifetime_ms: Option<f64>,
    lifetime_is: Option<&'static str>,
    sent_bytes: Option<u64>,
    received_bytes: Option<u64>,
    retransmitted_bytes: Option<u64>,
    socket: JsonSocket<'a>,
}

/// Payload that was sent, once each byte: neither SYN nor FIN nor what was sent again.
fn sent(info: TcpInfo<'_>) -> Option<u64> {
    let again = info.bytes_retrans().unwrap_or(0);
    Some(info.bytes_sent()?.saturating_sub(again))
}

/// Writes one event. Bytes are those of a connection's life, with its closing; `received_bytes` counts the peer's FIN as
/// the kernel does. `lifetime_is` tells whether `lifetime_ms` is exact.
///
/// # Errors
/// What the writer says.
pub fn write_event(event: &Event, socket: SocketRef<'_>, out: &mut impl Write) -> io::Result<()> {
    let closed = event.kind == EventKind::Closed;
    let info = socket.tcp_info().filter(|_| closed);
    let line = EventOut {
        at: timestamp(event.at_us),
        event: event.kind.name(),
        from: event.from.map(State::filter_name),
        to: event.to.map(State::filter_name),
        lifetime_ms: event.lifetime.map(|lifetime| lifetime.ns() as f64 / 1e6),
        lifetime_is: event.lifetime.map(|lifetime| match lifetime {
            Lifetime::Measured(_) => "measured",
            Lifetime::AtLeast(_) => "at-least",
            Lifetime::Below(_) => "at-most",
        }),
        sent_bytes: info.and_then(sent),
        received_bytes: info.and_then(TcpInfo::bytes_received),
        retransmitted_bytes: info.and_then(TcpInfo::bytes_retrans),
        socket: JsonSocket::alone(socket),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// Tells how many events are not there: those that were `lost`, or that a filter left `undecided`.
///
/// # Errors
/// What the writer says.
pub fn write_count(at_us: i64, event: &str, count: u64, out: &mut impl Write) -> io::Result<()> {
    let line = serde_json::json!({"at": timestamp(at_us), "event": event, "count": count});
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

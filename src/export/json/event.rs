//! Socket events as JSON Lines: `events --json`.

use std::io::{self, Write};

use serde::Serialize;

use super::format::write_compact;
use super::socket::SocketWriter;
use crate::aggregate::{Event, EventKind, Lifetime};
use crate::export::json_schema::{JsonSchema, Property};
use crate::export::row::Row;
use crate::export::socket_schema;
use crate::export::timestamp::timestamp;
use crate::model::{SocketRef, State};

#[derive(Serialize)]
struct JsonEvent {
    at: String,
    event: &'static str,
    from: Option<&'static str>,
    to: Option<&'static str>,
    lifetime_ms: Option<f64>,
    lifetime_is: Option<&'static str>,
    sent_bytes: Option<u64>,
    received_bytes: Option<u64>,
    retransmitted_bytes: Option<u64>,
    totals_as_of: Option<String>,
}

/// Returns the exactness of `lifetime_ms`.
fn lifetime_name(lifetime: Lifetime) -> &'static str {
    match lifetime {
        Lifetime::Measured(_) => "measured",
        Lifetime::AtLeast(_) => "at-least",
        Lifetime::Below(_) => "at-most",
    }
}

/// Writes one event. Bytes are totals of the connection, given when it closes. `lifetime_is` states whether
/// `lifetime_ms` is exact, `totals_as_of` whether the bytes are.
///
/// # Errors
/// If the writer fails.
pub fn write_event(event: &Event, socket: SocketRef<'_>, out: &mut impl Write) -> io::Result<()> {
    let line = JsonEvent {
        at: timestamp(event.at_us),
        event: event.kind.name(),
        from: event.from.map(State::filter_name),
        to: event.to.map(State::filter_name),
        lifetime_ms: event.lifetime.map(|lifetime| lifetime.ns() as f64 / 1e6),
        lifetime_is: event.lifetime.map(lifetime_name),
        sent_bytes: event.totals.map(|totals| totals.sent),
        received_bytes: event.totals.map(|totals| totals.received),
        retransmitted_bytes: event.totals.map(|totals| totals.retransmitted),
        totals_as_of: event
            .totals
            .and_then(|totals| totals.as_of_us)
            .map(timestamp),
    };
    let mut bytes = Vec::new();
    write_compact(&mut bytes, &line)?;
    // The socket is added to the object.
    bytes.pop();
    bytes.extend_from_slice(b",\"socket\":");
    SocketWriter::default().append(&Row::of_socket(socket), None, &mut bytes)?;
    bytes.extend_from_slice(b"}\n");
    out.write_all(&bytes)
}

/// Names of the lines that count missing events.
const COUNTED: [&str; 2] = ["lost", "undecided"];

/// Writes the number of missing events: those that were `lost`, or that a filter left `undecided`.
///
/// # Errors
/// If the writer fails.
pub fn write_count(at_us: i64, event: &str, count: u64, out: &mut impl Write) -> io::Result<()> {
    let line = serde_json::json!({"at": timestamp(at_us), "event": event, "count": count});
    write_compact(out, &line)?;
    out.write_all(b"\n")
}

/// Describes one line.
pub fn event_schema() -> JsonSchema {
    let kinds = [EventKind::Opened, EventKind::State, EventKind::Closed];
    let state = || JsonSchema::names(State::ALL.map(State::filter_name)).or_null();
    let bytes = |about| JsonSchema::unsigned(64).or_null().with_description(about);
    let exactness = [
        Lifetime::Measured(0),
        Lifetime::AtLeast(0),
        Lifetime::Below(0),
    ];
    let event = JsonSchema::object([
        Property::new("at", JsonSchema::time()),
        Property::new("event", JsonSchema::names(kinds.map(EventKind::name))),
        Property::new(
            "from",
            state().with_description("Previous state; null if unknown."),
        ),
        Property::new("to", state().with_description("New state; null if closed.")),
        Property::new(
            "lifetime_ms",
            JsonSchema::number()
                .or_null()
                .with_description("Lifetime of a closed socket, ms."),
        ),
        Property::new(
            "lifetime_is",
            JsonSchema::names(exactness.map(lifetime_name))
                .or_null()
                .with_description("Exactness of lifetime_ms."),
        ),
        Property::new(
            "sent_bytes",
            bytes("Payload sent by a closed connection, each byte once: without SYN, FIN and retransmissions."),
        ),
        Property::new(
            "received_bytes",
            bytes("Payload received by a closed connection, without the peer's FIN."),
        ),
        Property::new(
            "retransmitted_bytes",
            bytes("Payload retransmitted by a closed connection."),
        ),
        Property::new(
            "totals_as_of",
            JsonSchema::time().or_null().with_description(
                "Time of the sample that the bytes are from, if they are lower bounds: the kernel clears the counters of a connection that its own process aborts. Null if they are final or unknown.",
            ),
        ),
        Property::new("socket", JsonSchema::reference("socket")),
    ]);
    let missing = JsonSchema::object([
        Property::new("at", JsonSchema::time()),
        Property::new(
            "event",
            JsonSchema::names(COUNTED).with_description(
                "lost: events dropped by the kernel. undecided: events for which the filter depends on unknown values.",
            ),
        ),
        Property::new("count", JsonSchema::unsigned(64)),
    ]);
    JsonSchema::any_of([event, missing])
        .define("socket", socket_schema::without_time())
        .with_description("One line of events --json.")
}

//! Formats values in the notation that the schema declares for their field.

use std::fmt::Write;

use super::format::{self, Format};
use crate::filter::Unit;
use crate::model::Notation;

/// Returns the format of a notation.
pub(super) const fn format_of(notation: Notation) -> Format {
    match notation {
        Notation::Decimal => format::INTEGER,
        Notation::Count => format::GROUPED_COUNT,
        Notation::Bytes => format::BYTES,
        Notation::BytesPerSecond => format::RATE,
        Notation::Microseconds => format::TIME,
        Notation::Milliseconds => Format::new(milliseconds, Unit::Milliseconds),
        Notation::ExactBytes => Format::new(exact_bytes, Unit::Bytes),
        Notation::Hexadecimal => Format::new(hexadecimal, Unit::Count),
        Notation::YesNo => Format::new(yes_or_no, Unit::Count),
        Notation::Scale => Format::new(scale, Unit::Count),
        Notation::CongestionState => Format::new(congestion_state, Unit::Count),
        Notation::TcpOptions => Format::new(tcp_options, Unit::Count),
        Notation::Directions => Format::new(directions, Unit::Count),
    }
}

/// Appends a number in a notation.
pub(super) fn write(out: &mut String, notation: Notation, value: u64) {
    format_of(notation).write(out, value as f64);
}

/// Appends a time in ms.
fn milliseconds(out: &mut String, value: f64) {
    format::duration_us(out, value * 1000.0);
}

/// Appends bytes with all digits.
fn exact_bytes(out: &mut String, value: f64) {
    format::integer(out, value);
    out.push_str(" B");
}

/// Appends the state of congestion avoidance. Kernel: `enum tcp_ca_state`.
fn congestion_state(out: &mut String, value: f64) {
    let names = ["Open", "Disorder", "CWR", "Recovery", "Loss"];
    match names.get(value as usize) {
        Some(name) => out.push_str(name),
        None => format::integer(out, value),
    }
}

/// Appends the options that both ends use. Kernel: `TCPI_OPT_*`.
fn tcp_options(out: &mut String, value: f64) {
    const NAMES: [&str; 8] = [
        "timestamps",
        "sack",
        "wscale",
        "ecn",
        "ecn-seen",
        "syn-data",
        "usec-ts",
        "tfo-child",
    ];
    let bits = value as u64;
    let set = NAMES
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1);
    let names: Vec<&str> = set.map(|(_, name)| *name).collect();
    out.push_str(&if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    });
}

/// Appends a flag.
fn yes_or_no(out: &mut String, value: f64) {
    out.push_str(if value == 0.0 { "no" } else { "yes" });
}

/// Appends a factor: 2 to the power of the number.
fn scale(out: &mut String, value: f64) {
    out.push('×');
    format::integer(out, 2_f64.powf(value));
}

/// Appends a hexadecimal number with `0x`.
fn hexadecimal(out: &mut String, value: f64) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{:#x}", value as u64);
}

/// Appends the directions that are shut down: bit 0 receive, bit 1 send.
fn directions(out: &mut String, value: f64) {
    out.push_str(match value as u64 & 3 {
        0 => "none",
        1 => "receive",
        2 => "send",
        _ => "both",
    });
}

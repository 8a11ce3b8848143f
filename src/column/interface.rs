//! Columns of a network device.

use std::sync::LazyLock;

use super::format::Format;
use super::sort_key::text_key;
use super::sparkline::{MINUTE_WIDTH, minute_sparkline};
use super::{Column, Kind, SortKey, Total, format};
use crate::aggregate::{InterfaceTrend, Moment};
use crate::filter::Unit;
use crate::model::{Device, Interface};

/// Tables of network devices.
#[derive(Debug)]
pub struct Interfaces;

type InterfaceColumn = Column<Interfaces>;

impl Kind for Interfaces {
    type Row<'a> = InterfaceLine<'a>;
}

/// A network device at one moment.
#[derive(Debug, Clone, Copy)]
pub struct InterfaceLine<'a> {
    /// Counters.
    pub interface: &'a Interface,
    /// Trend of its counters.
    pub trend: &'a InterfaceTrend,
    /// Settings, if known.
    pub device: Option<&'a Device>,
}

impl<'a> InterfaceLine<'a> {
    /// Returns the device at an index of the counters.
    pub fn of(moment: &'a Moment, at: usize) -> Option<InterfaceLine<'a>> {
        let interface = moment.sample.counters.interfaces.get(at)?;
        let trend = moment.unfiltered().system.interfaces.get(at)?;
        let devices = moment.sample.devices.as_deref();
        Some(InterfaceLine {
            interface,
            trend,
            device: devices.and_then(|devices| devices.get(trend.device?)),
        })
    }
}

const COUNT: (Format, Total) = (format::GROUPED_COUNT, Total::Sum);
const BYTES: (Format, Total) = (format::BYTES, Total::Sum);
const RATE: (Format, Total) = (format::RATE, Total::Sum);
const PER_SECOND: (Format, Total) = (format::PER_SECOND, Total::Sum);
const NUMBER: (Format, Total) = (Format::new(format::integer, Unit::Count), Total::None);

/// Appends the addresses: `10.0.0.1/24 2001:db8::1/64`.
fn addresses(line: &InterfaceLine<'_>, out: &mut String) -> Option<()> {
    let addresses = line.device?.addresses.iter();
    let texts: Vec<String> = addresses.map(ToString::to_string).collect();
    out.push_str(&texts.join(" "));
    Some(())
}

fn flags(line: &InterfaceLine<'_>, out: &mut String) -> Option<()> {
    let names: Vec<&str> = line.device?.flag_names().collect();
    out.push_str(&names.join(" "));
    Some(())
}

/// Makes a column of a counter.
macro_rules! counter {
    ($id:literal, $heading:literal, $width:literal, $about:literal, $format:expr, $field:ident) => {
        InterfaceColumn::figure(($id, $heading, $width), $about, $format, |line| {
            Some(line.interface.$field as f64)
        })
    };
}

/// Makes a column of a rate.
macro_rules! rate {
    ($id:literal, $heading:literal, $width:literal, $about:literal, $format:expr, $field:ident) => {
        InterfaceColumn::figure(($id, $heading, $width), $about, $format, |line| {
            line.trend.$field
        })
    };
}

/// Every column, the most wanted first.
pub static INTERFACE_COLUMNS: LazyLock<Vec<InterfaceColumn>> = LazyLock::new(|| {
    vec![
        InterfaceColumn::text(
            ("name", "DEV", 8),
            "Name. Kernel: /proc/net/dev.",
            |line, out| {
                format::sanitize(out, line.interface.name.as_bytes());
                Some(())
            },
            |line, _| text_key(&line.interface.name),
        ),
        InterfaceColumn::text(
            ("state", "STATE", 10),
            "Link state. Sorts devices that are up first, then by index. Kernel: ifi_flags, IFLA_OPERSTATE.",
            |line, out| {
                out.push_str(line.device?.state());
                Some(())
            },
            |line, _| {
                let device = line.device?;
                let off = if device.state() == "up" { 0.0 } else { 1e10 };
                Some(SortKey::Number(off + f64::from(device.index)))
            },
        ),
        InterfaceColumn::figure(
            ("mtu", "MTU", 6),
            "Maximum packet size, bytes. Kernel: IFLA_MTU.",
            NUMBER,
            |line| line.device?.mtu.map(f64::from),
        ),
        rate!(
            "received_rate",
            "↓/s",
            9,
            "Bytes received per second.",
            RATE,
            received_bytes
        ),
        rate!(
            "sent_rate",
            "↑/s",
            9,
            "Bytes sent per second.",
            RATE,
            sent_bytes
        ),
        InterfaceColumn::figure(
            ("rate", "↓+↑/s", 9),
            "Bytes per second, both directions.",
            RATE,
            |line| Some(line.trend.received_bytes? + line.trend.sent_bytes?),
        ),
        InterfaceColumn::text(
            ("minute", "LAST 60", MINUTE_WIDTH as u16),
            "Bytes per second over the last 60 samples, scaled to the highest. Sorts by the sum.",
            |line, out| {
                minute_sparkline(out, &line.trend.recent, MINUTE_WIDTH);
                Some(())
            },
            |line, _| {
                let known = line.trend.recent.values().flatten();
                known.reduce(|a, b| a + b).map(SortKey::Number)
            },
        ),
        rate!(
            "received_packet_rate",
            "↓PKT/s",
            8,
            "Packets received per second.",
            PER_SECOND,
            received_packets
        ),
        rate!(
            "sent_packet_rate",
            "↑PKT/s",
            8,
            "Packets sent per second.",
            PER_SECOND,
            sent_packets
        ),
        InterfaceColumn::figure(
            ("errors", "ERRORS", 7),
            "Errors since it came up, both directions.",
            COUNT,
            |line| {
                Some(
                    (line
                        .interface
                        .received_errors
                        .checked_add(line.interface.sent_errors)?) as f64,
                )
            },
        ),
        InterfaceColumn::figure(
            ("dropped", "DROPS", 7),
            "Packets dropped since it came up, both directions.",
            COUNT,
            |line| {
                Some(
                    (line
                        .interface
                        .received_dropped
                        .checked_add(line.interface.sent_dropped)?) as f64,
                )
            },
        ),
        rate!(
            "error_rate",
            "ERR/s",
            7,
            "Errors per second, both directions.",
            PER_SECOND,
            errors
        ),
        rate!(
            "dropped_rate",
            "DROP/s",
            7,
            "Packets dropped per second, both directions.",
            PER_SECOND,
            dropped
        ),
        InterfaceColumn::text(
            ("addresses", "ADDRESSES", 36),
            "Addresses with prefix length. Kernel: RTM_GETADDR.",
            addresses,
            |line, _| {
                let first = line.device?.addresses.first()?;
                Some(match first.address {
                    std::net::IpAddr::V4(own) => SortKey::Address(4, u32::from(own).into(), 0),
                    std::net::IpAddr::V6(own) => SortKey::Address(6, own.into(), 0),
                })
            },
        ),
        counter!(
            "received_bytes",
            "↓ BYTES",
            8,
            "Bytes received since it came up.",
            BYTES,
            received_bytes
        ),
        counter!(
            "sent_bytes",
            "↑ BYTES",
            8,
            "Bytes sent since it came up.",
            BYTES,
            sent_bytes
        ),
        counter!(
            "received_packets",
            "↓ PKTS",
            10,
            "Packets received since it came up.",
            COUNT,
            received_packets
        ),
        counter!(
            "sent_packets",
            "↑ PKTS",
            10,
            "Packets sent since it came up.",
            COUNT,
            sent_packets
        ),
        counter!(
            "received_errors",
            "↓ ERRORS",
            8,
            "Receive errors since it came up.",
            COUNT,
            received_errors
        ),
        counter!(
            "sent_errors",
            "↑ ERRORS",
            8,
            "Transmit errors since it came up.",
            COUNT,
            sent_errors
        ),
        counter!(
            "received_dropped",
            "↓ DROPS",
            8,
            "Received packets dropped since it came up.",
            COUNT,
            received_dropped
        ),
        counter!(
            "sent_dropped",
            "↑ DROPS",
            8,
            "Packets dropped before sending since it came up.",
            COUNT,
            sent_dropped
        ),
        InterfaceColumn::text(
            ("flags", "FLAGS", 16),
            "Flags. Kernel: ifi_flags.",
            flags,
            |line, _| {
                let mut text = String::new();
                flags(line, &mut text)?;
                Some(SortKey::Text(text.into()))
            },
        ),
        InterfaceColumn::figure(
            ("index", "INDEX", 6),
            "Index. Kernel: ifi_index.",
            NUMBER,
            |line| line.device.map(|device| device.index.into()),
        ),
    ]
});

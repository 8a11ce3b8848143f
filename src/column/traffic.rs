//! Traffic columns that the tables of processes and of remote hosts share.

use super::format::{self, Format};
use crate::model::Total;

pub(super) const COUNT: (Format, Total) = (format::GROUPED_COUNT, Total::Sum);
pub(super) const RATE: (Format, Total) = (format::RATE, Total::Sum);
pub(super) const STEADY_RATE: (Format, Total) = (format::STEADY_RATE, Total::Sum);
pub(super) const STEADY_RATE_ABOUT: &str = "TCP goodput in and out together, average of the last 10 s to two digits, held until the average differs by 40 %, bytes per \
     second: rows in this order keep still.";
pub(super) const PER_SECOND: (Format, Total) = (format::PER_SECOND, Total::Sum);
pub(super) const SHARE: (Format, Total) = (format::SHARE, Total::None);

/// A column of the `totals` of a table's lines, by its id.
macro_rules! traffic_column {
    ($column:ty, established) => {
        <$column>::figure(
            ("established", "ESTAB", 6),
            "Established TCP connections.",
            $crate::column::traffic::COUNT,
            |line| Some(line.totals.tcp[$crate::model::State::Established as usize].into()),
        )
    };
    ($column:ty, received_rate) => {
        <$column>::figure(
            ("received_rate", "↓/s", 9),
            "TCP goodput in, bytes per second.",
            $crate::column::traffic::RATE,
            |line| line.totals.throughput.received,
        )
    };
    ($column:ty, sent_rate) => {
        <$column>::figure(
            ("sent_rate", "↑/s", 9),
            "TCP goodput out, bytes per second.",
            $crate::column::traffic::RATE,
            |line| line.totals.throughput.sent,
        )
    };
    ($column:ty, rate) => {
        <$column>::figure(
            ("rate", "↓+↑/s", 9),
            "TCP goodput in and out together, bytes per second.",
            $crate::column::traffic::RATE,
            |line| line.totals.throughput.total(),
        )
    };
    ($column:ty, steady_rate) => {
        <$column>::figure(
            ("steady_rate", "≈↓+↑/s", 10),
            $crate::column::traffic::STEADY_RATE_ABOUT,
            $crate::column::traffic::STEADY_RATE,
            |line| Some(line.totals.average?.steady.into()),
        )
    };
    ($column:ty, rate_10s) => {
        <$column>::figure(
            ("rate_10s", "↓+↑ 10s", 9),
            "TCP goodput in and out together, average of the last 10 s, bytes per second.",
            $crate::column::traffic::RATE,
            |line| Some(line.totals.average?.ten_seconds.into()),
        )
    };
    ($column:ty, rate_60s) => {
        <$column>::figure(
            ("rate_60s", "↓+↑ 60s", 9),
            "TCP goodput in and out together, average of the last minute, bytes per second.",
            $crate::column::traffic::RATE,
            |line| Some(line.totals.average?.minute.into()),
        )
    };
    ($column:ty, retransmitted) => {
        <$column>::figure(
            ("retransmitted", "RETR%", 7),
            "Share of the sent bytes that were retransmissions.",
            $crate::column::traffic::SHARE,
            |line| line.totals.throughput.retransmitted_share(),
        )
    };
    ($column:ty, opened) => {
        <$column>::figure(
            ("opened", "OPEN/s", 8),
            "TCP connections opened per second.",
            $crate::column::traffic::PER_SECOND,
            |line| Some(line.totals.changes?.opened),
        )
    };
    ($column:ty, closed) => {
        <$column>::figure(
            ("closed", "CLOSE/s", 8),
            "TCP connections closed per second.",
            $crate::column::traffic::PER_SECOND,
            |line| Some(line.totals.changes?.closed),
        )
    };
}

pub(super) use traffic_column;

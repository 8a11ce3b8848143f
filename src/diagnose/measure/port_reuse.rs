//! Reuse of the local ports of TIME-WAIT sockets for new connections.

use crate::diagnose::facts::{Facts, own_end};
use crate::model::Socket;

/// Availability of the port of a TIME-WAIT for a new outgoing connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum PortReuse {
    /// After a second (`net.ipv4.tcp_tw_reuse_delay`).
    Works,
    /// Reuse is off, or off for this connection: 2 means loopback only.
    Off,
    /// Reuse needs TCP timestamps, which are off.
    NoTimestamps,
}

impl PortReuse {
    /// Returns whether ports of connections like this one can be reused. Kernel: `tcp_twsk_unique`.
    pub(in crate::diagnose) fn of(facts: &Facts<'_>, socket: &Socket) -> PortReuse {
        let settings = facts.settings();
        if settings.number("net.ipv4.tcp_timestamps", 0) == Some(0) {
            return PortReuse::NoTimestamps;
        }
        let is_loopback = own_end(socket).is_some_and(|end| end.address.is_loopback());
        match settings.number("net.ipv4.tcp_tw_reuse", 0) {
            Some(1) => PortReuse::Works,
            Some(2) if is_loopback => PortReuse::Works,
            _ => PortReuse::Off,
        }
    }

    /// Returns the name of the reason in the evidence.
    pub(in crate::diagnose) fn name(self) -> &'static str {
        match self {
            PortReuse::Works => "works",
            PortReuse::Off => "off",
            PortReuse::NoTimestamps => "no-timestamps",
        }
    }
}

//! The host's protocol counters and interface counters, by name.

/// Counters of `/proc/net/{sockstat,sockstat6,snmp,snmp6,netstat}`, with the kernel's names.
///
/// A name is `GROUP.FIELD`: `Tcp.RetransSegs`, `TcpExt.ListenOverflows`, `sockstat.TCP.tw`, `Udp6.InDatagrams`.
/// Counters that the kernel does not report are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protocols {
    /// Names in the order of the files. Shared between Samples as long as the kernel reports the same names.
    pub names: std::sync::Arc<Vec<String>>,
    /// Values, one per name. Some are gauges that may be negative (`Tcp.MaxConn` is -1).
    pub values: Vec<i64>,
}

impl Protocols {
    /// Returns the value of `name`; `None` if the kernel does not report it.
    pub fn get(&self, name: &str) -> Option<i64> {
        let at = self.names.iter().position(|known| known == name)?;
        self.values.get(at).copied()
    }

    /// Returns the same, and looks at `place` first, which it sets to the place of the name.
    pub fn get_near(&self, name: &str, place: &mut usize) -> Option<i64> {
        if self.names.get(*place).is_none_or(|known| known != name) {
            *place = self.names.iter().position(|known| known == name)?;
        }
        self.values.get(*place).copied()
    }
}

/// One line of `/proc/net/dev`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    /// Device name.
    pub name: String,
    /// Bytes received since the device came up.
    pub received_bytes: u64,
    /// Packets received.
    pub received_packets: u64,
    /// Receive errors.
    pub received_errors: u64,
    /// Packets dropped on receipt.
    pub received_dropped: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Transmit errors.
    pub sent_errors: u64,
    /// Packets dropped on sending.
    pub sent_dropped: u64,
}

/// All counters of a Sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Protocol counters and socket statistics by name.
    pub protocols: Protocols,
    /// Network devices of the namespace.
    pub interfaces: Vec<Interface>,
}

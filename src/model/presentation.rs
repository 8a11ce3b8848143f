//! Presentation of fields, declared with each field: notation, group, total.
//!
//! No text is made here: `column` writes values by their notation.

/// Notation of a value on screens and in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// Decimal number: an id, a setting.
    Decimal,
    /// Number of things.
    Count,
    /// Hexadecimal number with `0x`.
    Hexadecimal,
    /// `yes` or `no`.
    YesNo,
    /// Bytes, shortened when there are many.
    Bytes,
    /// Bytes, every digit.
    ExactBytes,
    /// Bytes per second.
    BytesPerSecond,
    /// A time in µs.
    Microseconds,
    /// A time in ms.
    Milliseconds,
    /// 2 to the power of the number.
    Scale,
    /// State of congestion avoidance. Kernel: `enum tcp_ca_state`.
    CongestionState,
    /// Options that both ends use. Kernel: `TCPI_OPT_*`.
    TcpOptions,
    /// Bit 0 receive, bit 1 send: `none`, `receive`, `send` or `both`.
    Directions,
}

/// Total of a field over several sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// None that would mean anything.
    None,
    /// Sum of the values.
    Sum,
    /// The highest of them.
    Highest,
}

/// Subject of a field of `struct tcp_info`, in the order in which the subjects are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldGroup {
    /// The path to the peer: times, sizes, order.
    Path,
    /// Permission to send, and its use.
    Sending,
    /// Permission to receive, and its use.
    Receiving,
    /// Lost and retransmitted segments.
    Loss,
    /// Totals of the connection's life.
    Volume,
    /// Times since something last happened.
    Ages,
    /// Properties that both ends have agreed on, and the rest.
    Agreed,
}

impl FieldGroup {
    /// Every group, in the order in which they are shown.
    pub const ALL: [FieldGroup; 7] = [
        FieldGroup::Path,
        FieldGroup::Sending,
        FieldGroup::Receiving,
        FieldGroup::Loss,
        FieldGroup::Volume,
        FieldGroup::Ages,
        FieldGroup::Agreed,
    ];

    /// Title of its section.
    pub fn title(self) -> &'static str {
        match self {
            FieldGroup::Path => "Path",
            FieldGroup::Sending => "Sending",
            FieldGroup::Receiving => "Receiving",
            FieldGroup::Loss => "Loss",
            FieldGroup::Volume => "Volume",
            FieldGroup::Ages => "Ages",
            FieldGroup::Agreed => "Agreed",
        }
    }
}

/// Presentation of a field of a kernel structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presentation {
    /// Section that it is shown in.
    pub group: FieldGroup,
    /// Place within the section.
    pub rank: u8,
    /// Notation of its values.
    pub notation: Notation,
    /// Total of several sockets.
    pub total: Total,
}

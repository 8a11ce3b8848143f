//! Presentation of fields, declared with each field: notation, group, total.
//!
//! No text is generated here: `column` formats values by their notation.

/// Notation of a value on screens and in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// Decimal number: an id or a setting.
    Decimal,
    /// A count.
    Count,
    /// Hexadecimal number with `0x`.
    Hexadecimal,
    /// `yes` or `no`.
    YesNo,
    /// Bytes, abbreviated.
    Bytes,
    /// Bytes, all digits.
    ExactBytes,
    /// Bytes per second.
    BytesPerSecond,
    /// A time in µs.
    Microseconds,
    /// A time in ms.
    Milliseconds,
    /// A power of two: 2 to the value.
    Scale,
    /// Congestion avoidance state. Kernel: `enum tcp_ca_state`.
    CongestionState,
    /// Options that both ends negotiated. Kernel: `TCPI_OPT_*`.
    TcpOptions,
    /// Bit 0 receive, bit 1 send: `none`, `receive`, `send` or `both`.
    Directions,
}

/// How a field's values of several sockets are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Not combined: no total is meaningful.
    None,
    /// Sum of the values.
    Sum,
    /// Highest value.
    Highest,
}

/// Topic of a field of `struct tcp_info`, in display order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldGroup {
    /// The path to the peer: times, sizes, reordering.
    Path,
    /// Windows and rates for sending.
    Sending,
    /// Windows for receiving.
    Receiving,
    /// Lost and retransmitted segments.
    Loss,
    /// Totals since the connection opened.
    Volume,
    /// Times since the last activity.
    Ages,
    /// Negotiated properties, and the rest.
    Agreed,
}

impl FieldGroup {
    /// Every group, in display order.
    pub const ALL: [FieldGroup; 7] = [
        FieldGroup::Path,
        FieldGroup::Sending,
        FieldGroup::Receiving,
        FieldGroup::Loss,
        FieldGroup::Volume,
        FieldGroup::Ages,
        FieldGroup::Agreed,
    ];

    /// Returns the title of its section.
    pub fn title(self) -> &'static str {
        match self {
            FieldGroup::Path => "Path",
            FieldGroup::Sending => "Sending",
            FieldGroup::Receiving => "Receiving",
            FieldGroup::Loss => "Loss",
            FieldGroup::Volume => "Volume",
            FieldGroup::Ages => "Last activity",
            FieldGroup::Agreed => "Negotiated",
        }
    }
}

/// Presentation of a field of a kernel structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presentation {
    /// Section in which it is displayed.
    pub group: FieldGroup,
    /// Position within the section.
    pub rank: u8,
    /// Notation of its values.
    pub notation: Notation,
    /// How values of several sockets are combined.
    pub total: Total,
}

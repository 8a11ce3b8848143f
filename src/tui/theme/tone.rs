//! The meanings of pieces of text.

/// The meaning of a piece of text, which alone decides its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A value like any other.
    Plain,
    /// Of less importance: frames, reasons, missing values.
    Muted,
    /// A heading or a name.
    Strong,
    /// Healthy, such as an established connection.
    Good,
    /// Noteworthy, such as a listener or a handshake.
    Notice,
    /// A warning.
    Warning,
    /// Critical.
    Critical,
    /// A key to press.
    Key,
    /// The selected row, the current screen.
    Selected,
    /// New since the sample before.
    Fresh,
    /// Changed since the sample before.
    Changed,
    /// Received bytes.
    Received,
    /// Sent bytes.
    Sent,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Tone; 13] = [
        Tone::Plain,
        Tone::Muted,
        Tone::Strong,
        Tone::Good,
        Tone::Notice,
        Tone::Warning,
        Tone::Critical,
        Tone::Key,
        Tone::Selected,
        Tone::Fresh,
        Tone::Changed,
        Tone::Received,
        Tone::Sent,
    ];
}

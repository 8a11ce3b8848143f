//! Messages on standard error.

use std::fmt;
use std::io::{self, Write as _};

use crate::column::format;

/// Writes a message to standard error, without control characters other than line breaks. Best effort: a message that
/// cannot be written must not end the program.
pub fn write(message: fmt::Arguments<'_>) {
    let mut text = String::new();
    for line in message.to_string().split('\n') {
        format::sanitize(&mut text, line.as_bytes());
        text.push('\n');
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes a message to standard error with [`write`]; arguments as for [`format!`].
macro_rules! report {
    ($($argument:tt)*) => {
        $crate::export::message::write(format_args!($($argument)*))
    };
}

pub(crate) use report;

//! Messages on standard error.

use std::fmt;
use std::io::{self, Write as _};

use crate::printable;

/// Writes a message to standard error as one line of printable text: it may quote a name, a path or an argument. Best
/// effort: a message that cannot be written must not end the program.
pub fn write(message: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(line(message).as_bytes());
}

/// Returns a message as one line of printable text.
pub fn line(message: fmt::Arguments<'_>) -> String {
    let mut line = String::new();
    printable::sanitize(&mut line, message.to_string().as_bytes());
    line.push('\n');
    line
}

/// Writes a message to standard error with [`write`]; arguments as for [`format!`].
macro_rules! report {
    ($($argument:tt)*) => {
        $crate::export::message::write(format_args!($($argument)*))
    };
}

pub(crate) use report;

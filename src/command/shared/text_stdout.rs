//! Standard output for text that is read by people.

use std::io::{self, StdoutLock};

use crate::app::environment;
use crate::export::TextWriter;

/// Returns standard output for text, which is ASCII if the locale is not UTF-8.
pub(in crate::command) fn text_stdout() -> TextWriter<StdoutLock<'static>> {
    TextWriter::new(io::stdout().lock(), environment::is_ascii())
}

//! The text of a filter, from the arguments and the file that `-F` names.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use super::usage_error::UsageError;
use crate::cli::Select;
use crate::filter::FilterError;

/// Maximum size of a filter file, bytes.
const MAX_FILTER_BYTES: u64 = 1 << 20;

/// A filter as one text: the arguments, followed, as in ss, by the contents of the file. Lines of the file that begin with
/// `#` are comments.
#[derive(Debug, Default)]
pub(super) struct FilterText {
    pub(super) text: String,
    /// The file, and its lines that are not empty.
    path: String,
    lines: Vec<Line>,
}

/// A line of the file.
#[derive(Debug)]
struct Line {
    /// Position of its first character in the text, bytes.
    from: usize,
    /// Number of the line, from 1, and of the characters before that first one.
    place: (usize, usize),
}

impl FilterText {
    /// Reads the filter.
    ///
    /// # Errors
    /// If the file cannot be read or is too long.
    pub(super) fn read(letters: &Select) -> anyhow::Result<FilterText> {
        let mut filter = FilterText {
            text: letters.filter.join(" "),
            ..FilterText::default()
        };
        if let Some(path) = &letters.filter_file {
            filter.add_file(path)?;
        }
        Ok(filter)
    }

    fn add_file(&mut self, path: &Path) -> anyhow::Result<()> {
        self.path = path.display().to_string();
        let cannot_read = || format!("cannot read {}", path.display());
        let file = File::open(path).with_context(cannot_read)?;
        let mut whole = String::new();
        file.take(MAX_FILTER_BYTES + 1)
            .read_to_string(&mut whole)
            .with_context(cannot_read)?;
        // Without its end, a filter selects other sockets.
        if whole.len() as u64 > MAX_FILTER_BYTES {
            return Err(UsageError::new(format!(
                "the filter file {} is longer than 1 MiB; use a shorter one",
                path.display()
            ))
            .into());
        }
        self.add_lines(&whole);
        Ok(())
    }

    /// Adds the contents of a file, which may begin with a byte order mark.
    fn add_lines(&mut self, whole: &str) {
        let whole = whole.strip_prefix('\u{feff}').unwrap_or(whole);
        for (number, line) in (1..).zip(whole.lines()) {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let indentation = line.len() - line.trim_start().len();
            let before = line
                .get(..indentation)
                .map_or(0, |text| text.chars().count());
            self.text.push(' ');
            self.lines.push(Line {
                from: self.text.len(),
                place: (number, before),
            });
            self.text.push_str(trimmed);
        }
    }

    /// Names the file and the line of an error that is in the file.
    pub(super) fn place(&self, error: FilterError) -> FilterError {
        let is_before = |line: &&Line| line.from <= error.byte();
        let Some(at) = self.lines.iter().filter(is_before).count().checked_sub(1) else {
            return error;
        };
        let Some(line) = self.lines.get(at) else {
            return error;
        };
        // A space separates it from the next one.
        let end = self
            .lines
            .get(at + 1)
            .map_or(self.text.len(), |next| next.from - 1);
        let text = self.text.get(line.from..end).unwrap_or_default();
        error.in_file(&self.path, line.place, text, line.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::VOCABULARY;
    use crate::filter::{Filter, NoResolver, ParseContext, RequestedSockets};

    /// Returns the error of arguments and a file.
    fn error(arguments: &str, file: &str) -> String {
        let mut filter = FilterText {
            text: arguments.to_owned(),
            path: "web.filter".to_owned(),
            ..FilterText::default()
        };
        filter.add_lines(file);
        let requested = RequestedSockets::default();
        let context = ParseContext {
            vocabulary: &VOCABULARY,
            names: &NoResolver,
            requested: &requested,
            allow_unknown_devices: true,
        };
        match Filter::parse(&filter.text, &context) {
            Ok(_) => String::new(),
            Err(error) => {
                let error = filter.place(error);
                format!("{error}\n{}", error.excerpt(40))
            }
        }
    }

    #[test]
    fn an_error_names_the_file_and_the_line() {
        let file = "# web\n\n  dport = 80\n  or dport = 4x\nor sport = 1";
        let text = error("state established and", file);
        assert!(
            text.starts_with("web.filter:4:14: '4x' is not a port"),
            "{text}"
        );
        assert!(
            text.ends_with("\n  or dport = 4x\n             ^"),
            "{text}"
        );
        let text = error("dport = 8x or", file);
        assert!(text.starts_with("'8x' is not a port"), "{text}");
        let text = error("", "dport =\n# the end");
        assert!(text.starts_with("web.filter:1:"), "{text}");
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_a_nul_is_none_of_a_name() {
        assert_eq!(error("", "\u{feff}dport = 80"), "");
        let text = error("", "dport = 80\0");
        assert!(text.contains("'80\\0' is not a port"), "{text}");
    }
}

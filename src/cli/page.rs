//! Layout of help texts: headings, wrapped paragraphs, tables of terms, and lines that are printed as they are.

use unicode_width::UnicodeWidthStr;

/// Widest text, columns; longer lines are hard to read. The help of commands has the same limit.
pub const MAX_WIDTH: usize = 100;

/// Narrowest text, columns.
const MIN_WIDTH: usize = 40;

/// Indentation of everything below a heading, columns.
const INDENT: usize = 2;

/// Indentation of lines that are printed as they are, columns.
const CODE_INDENT: usize = 4;

/// Longest term that has its description on the same line, columns.
const MAX_TERM: usize = 26;

/// A help text in the making, wrapped at a width.
#[derive(Debug)]
pub struct Page {
    /// Width, columns.
    width: usize,
    /// Indentation of paragraphs and terms, columns: zero above the first heading.
    indent: usize,
    /// The text so far.
    text: String,
}

impl Page {
    /// Creates an empty page for a terminal of `width` columns.
    pub fn new(width: usize) -> Page {
        Page {
            width: width.clamp(MIN_WIDTH, MAX_WIDTH),
            indent: 0,
            text: String::new(),
        }
    }

    /// Starts a section.
    pub fn heading(&mut self, title: &str) {
        self.indent = 0;
        self.paragraph(title);
        self.indent = INDENT;
        self.text.pop();
    }

    /// Adds a paragraph. A no-break space keeps two words on one line.
    pub fn paragraph(&mut self, text: &str) {
        self.spaces(self.indent);
        self.wrapped(text, self.indent);
        self.text.push('\n');
    }

    /// Adds a table of terms with a description each, the descriptions aligned below each other.
    pub fn terms<'a>(&mut self, rows: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let rows: Vec<(&str, &str)> = rows.into_iter().collect();
        let widths = rows.iter().map(|(term, _)| term.width());
        let widest = widths.filter(|width| *width <= MAX_TERM).max().unwrap_or(0);
        let margin = self.indent + widest + 2;
        for (term, description) in rows {
            self.spaces(self.indent);
            self.text.push_str(term);
            let mut used = self.indent + term.width();
            if used + 2 > margin && !description.is_empty() {
                self.text.push('\n');
                used = 0;
            }
            if !description.is_empty() {
                self.spaces(margin - used);
            }
            self.wrapped(description, margin);
        }
        self.text.push('\n');
    }

    /// Adds an entry with a title and labelled texts, whose further lines are indented.
    pub fn entry<'a>(
        &mut self,
        name: &str,
        title: &str,
        parts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        self.wrapped(name, 0);
        self.spaces(INDENT);
        self.wrapped(title, INDENT);
        for (label, text) in parts {
            self.spaces(INDENT);
            self.wrapped(&format!("{label}: {text}"), 2 * INDENT);
        }
        self.text.push('\n');
    }

    /// Adds lines that are printed as they are: commands, configuration, examples.
    pub fn code(&mut self, lines: &str) {
        for line in lines.lines() {
            if !line.is_empty() {
                self.spaces(CODE_INDENT);
            }
            self.text.push_str(line);
            self.text.push('\n');
        }
        self.text.push('\n');
    }

    /// Returns the text, which ends with one newline.
    pub fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text
    }

    /// Adds words and a newline at the current line, which is `margin` columns long; further lines start at the margin.
    fn wrapped(&mut self, text: &str, margin: usize) {
        let mut used = margin;
        for (at, word) in text.split(' ').filter(|word| !word.is_empty()).enumerate() {
            let length = word.width();
            if at > 0 && used + 1 + length > self.width {
                self.text.push('\n');
                self.spaces(margin);
                used = margin;
            } else if at > 0 {
                self.text.push(' ');
                used += 1;
            }
            self.text.push_str(&word.replace('\u{a0}', " "));
            used += length;
        }
        self.text.push('\n');
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_descriptions_are_wrapped_and_code_is_not() {
        let mut page = Page::new(40);
        page.paragraph("A paragraph that needs two full lines, 5\u{a0}s.");
        page.heading("HEADING");
        page.terms([
            ("term", "its description, which needs two lines"),
            ("a term too long for the column", "below it"),
            ("alone", ""),
        ]);
        page.code("a line of code that is longer than the page\n\n  indented");
        let expected = "\
A paragraph that needs two full lines,
5 s.

HEADING
  term   its description, which needs
         two lines
  a term too long for the column
         below it
  alone

    a line of code that is longer than the page

      indented
";
        assert_eq!(page.finish(), expected);
    }
}

//! Glob patterns of `fnmatch(3)` and regular expressions. Both are compiled to regular expressions that match in linear
//! time.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// Maximum memory of a compiled expression, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// A compiled pattern.
#[derive(Clone)]
pub(super) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a case-insensitive glob with `*`, `?`, `[…]` and `\` that matches the whole text.
    ///
    /// # Errors
    /// If it is too large.
    pub(super) fn glob(pattern: &str) -> Result<Pattern, String> {
        Self::build(pattern, &translate(pattern, Units::Characters), true)
    }

    /// Compiles a glob for the bytes of a file name, as ss does with `fnmatch(3)` in the C locale: `?` matches one
    /// byte, and `*` also matches slashes.
    ///
    /// # Errors
    /// If it is too large.
    pub(super) fn file_name(pattern: &str) -> Result<Pattern, String> {
        Self::build(pattern, &translate(pattern, Units::Bytes), true)
    }

    /// Compiles a regular expression that may match anywhere in the text.
    ///
    /// # Errors
    /// If it is not a valid regular expression, with the reason.
    pub(super) fn expression(expression: &str) -> Result<Pattern, String> {
        Self::build(expression, expression, false)
    }

    fn build(source: &str, expression: &str, any_case: bool) -> Result<Pattern, String> {
        let regex = RegexBuilder::new(expression)
            .case_insensitive(any_case)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| reason(&error))?;
        Ok(Pattern {
            source: source.to_owned(),
            regex,
        })
    }

    /// Reports whether a text matches.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

/// Returns the reason for an error on one line; the library's message has several.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("invalid regular expression");
    last.trim_start_matches("error: ").trim().to_owned()
}

/// The unit that patterns consist of and that `?` matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Units {
    /// Bytes, each mapped to the character with that number: for file names.
    Bytes,
    /// Characters: for other texts.
    Characters,
}

/// Translates a glob to a regular expression.
fn translate(pattern: &str, units: Units) -> String {
    let mut out = String::from(match units {
        Units::Bytes => r"(?s-u)\A",
        Units::Characters => r"(?su)\A",
    });
    let pattern: Vec<char> = match units {
        Units::Bytes => pattern.bytes().map(char::from).collect(),
        Units::Characters => pattern.chars().collect(),
    };
    let mut at = 0;
    while let Some(&unit) = pattern.get(at) {
        at += 1;
        match unit {
            '*' => out.push_str("(?s-u:.*)"),
            '?' => out.push('.'),
            '\\' if at < pattern.len() => {
                literal(&mut out, pattern[at], units);
                at += 1;
            }
            '[' => match Set::read(&pattern[at..]) {
                Some((set, length)) => {
                    set.write(&mut out, units);
                    at += length;
                }
                None => literal(&mut out, '[', units),
            },
            other => literal(&mut out, other, units),
        }
    }
    out.push_str(r"\z");
    out
}

fn literal(out: &mut String, unit: char, units: Units) {
    match units {
        Units::Bytes => byte(out, unit as u8),
        Units::Characters => out.push_str(&regex::escape(unit.encode_utf8(&mut [0; 4]))),
    }
}

fn byte(out: &mut String, byte: u8) {
    use fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(out, r"\x{byte:02x}");
}

/// A bracket expression: a set of units.
#[derive(Debug, Default)]
struct Set {
    negated: bool,
    ranges: Vec<(char, char)>,
    classes: Vec<String>,
}

/// A character class: its name and its membership test.
type Class = (&'static str, fn(&u8) -> bool);

/// The classes of `isalpha(3)` and related functions in the C locale.
const CLASSES: [Class; 12] = [
    ("alnum", u8::is_ascii_alphanumeric),
    ("alpha", u8::is_ascii_alphabetic),
    ("blank", |byte| matches!(byte, b' ' | b'\t')),
    ("cntrl", u8::is_ascii_control),
    ("digit", u8::is_ascii_digit),
    ("graph", u8::is_ascii_graphic),
    ("lower", u8::is_ascii_lowercase),
    ("print", |byte| matches!(byte, b' '..=b'~')),
    ("punct", u8::is_ascii_punctuation),
    ("space", |byte| matches!(byte, b' ' | 0x09..=0x0d)),
    ("upper", u8::is_ascii_uppercase),
    ("xdigit", u8::is_ascii_hexdigit),
];

impl Set {
    /// Parses a set after its opening bracket and returns its length. Returns `None` if it is not closed.
    fn read(rest: &[char]) -> Option<(Set, usize)> {
        let mut set = Set {
            negated: matches!(rest.first(), Some('!' | '^')),
            ..Set::default()
        };
        let start = usize::from(set.negated);
        let mut at = start;
        loop {
            match (*rest.get(at)?, rest.get(at + 1)) {
                // A closing bracket in first position is literal.
                (']', _) if at > start => return Some((set, at + 1)),
                ('[', Some(':')) => {
                    let (name, length) = named(&rest[at + 2..], ':')?;
                    set.classes.push(name);
                    at += 2 + length;
                }
                _ => {
                    let (first, length) = unit(&rest[at..])?;
                    at += length;
                    let ends_range = |next: &&char| **next != ']';
                    if rest.get(at) == Some(&'-')
                        && rest.get(at + 1).is_some_and(|next| ends_range(&next))
                    {
                        let (last, length) = unit(&rest[at + 1..])?;
                        at += 1 + length;
                        set.ranges.push((first, last));
                    } else {
                        set.ranges.push((first, first));
                    }
                }
            }
        }
    }

    /// Reports whether the set contains a byte, ignoring case.
    fn matches(&self, byte: u8) -> bool {
        let fold = |unit: char| unit.to_ascii_lowercase();
        let own = fold(char::from(byte));
        let in_range = |&(first, last): &(char, char)| (fold(first)..=fold(last)).contains(&own);
        let in_class = |name: &String| {
            let class = CLASSES.iter().find(|(known, _)| known == name);
            class.is_some_and(|(_, contains)| contains(&byte))
        };
        let inside = self.ranges.iter().any(in_range) || self.classes.iter().any(in_class);
        inside != self.negated
    }

    /// Writes the set as a regular expression.
    fn write(&self, out: &mut String, units: Units) {
        if units == Units::Bytes {
            out.push_str("(?-i:[");
            let members = (0..=u8::MAX).filter(|&member| self.matches(member));
            let before = out.len();
            members.for_each(|member| byte(out, member));
            if out.len() == before {
                // The empty set.
                out.push_str(r"^\x00-\xff");
            }
            out.push_str("])");
            return;
        }
        out.push_str(if self.negated { "[^" } else { "[" });
        for (first, last) in self.ranges.iter().filter(|(first, last)| first <= last) {
            literal(out, *first, units);
            if first != last {
                out.push('-');
                literal(out, *last, units);
            }
        }
        for name in CLASSES.iter().map(|(name, _)| name) {
            if self.classes.iter().any(|wanted| wanted == name) {
                out.push_str("[:");
                out.push_str(name);
                out.push_str(":]");
            }
        }
        if out.ends_with(['[', '^']) {
            // The empty set.
            out.push_str(r"a&&b");
        }
        out.push(']');
    }
}

/// Parses one member of a set and returns its length.
fn unit(rest: &[char]) -> Option<(char, usize)> {
    match (*rest.first()?, rest.get(1)) {
        ('\\', Some(&escaped)) => Some((escaped, 2)),
        ('[', Some(&kind @ ('=' | '.'))) => {
            let (name, length) = named(&rest[2..], kind)?;
            let mut characters = name.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => Some((only, 2 + length)),
                _ => None,
            }
        }
        (other, _) => Some((other, 1)),
    }
}

/// Parses a name that ends with `kind` and a bracket; returns the total length.
fn named(rest: &[char], kind: char) -> Option<(String, usize)> {
    let end = rest.windows(2).position(|pair| pair == [kind, ']'])?;
    Some((rest[..end].iter().collect(), end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_in_fnmatch() {
        let matches = |pattern: &str, text: &str| {
            let pattern = Pattern::glob(pattern).unwrap();
            pattern.matches(text.as_bytes())
        };
        assert!(matches("/tmp/.X11-unix/*", "/tmp/.x11-UNIX/a/b") && matches("*", ""));
        assert!(matches("a?c", "aéc") && !matches("a?c", "ac") && !matches("a", "ab"));
        assert!(matches("[a-c]x", "Bx") && !matches("[!a-c]x", "bx") && matches("[^a]", "z"));
        assert!(matches("[]x]", "]") && matches("[x", "[x") && matches(r"\*", "*"));
        assert!(!matches(r"\*", "x") && matches("a.b{c}|(d)", "a.b{c}|(d)"));
        assert!(!matches("[z-a]", "-") && matches("@*\n", "@x\n"));
        assert!(matches("[[:digit:]]", "7") && !matches("[[:digit:]]", "x"));
    }

    #[test]
    fn file_names_match_by_bytes_as_in_ss() {
        let matches =
            |pattern: &str, name: &[u8]| Pattern::file_name(pattern).unwrap().matches(name);
        assert!(matches("??", "é".as_bytes()) && !matches("?", "é".as_bytes()));
        assert!(
            matches("@??", b"@\xff\xfe")
                && matches("[!a]", b"\xff")
                && matches("é", "é".as_bytes())
        );
        assert!(!matches("É", "é".as_bytes()) && matches("ABC", b"abc"));
        assert!(!matches("s", "ſ".as_bytes()) && !matches("kk", "k\u{212a}".as_bytes()));
        assert!(matches("[[:alpha:]]", b"x") && !matches("[[:alpha:]]", b"7"));
        assert!(
            matches("[![:alpha:]]", b"7") && matches("[[=a=]x]", b"a") && matches("[[.a.]]", b"A")
        );
        assert!(!matches("[b-a]", b"a") && !matches("[b-a]", b"-") && !matches("[z-a]", b"z"));
        assert!(matches("[a-C]", b"b") && !matches("[Z-a]", b"z") && !matches("[Z-a]", b"_"));
        assert!(matches(r"[\]]", b"]") && matches("[]a]", b"]") && matches("[a-]", b"-"));
        assert!(matches("[[:space:]]", b" ") && !matches("[[:nonsense:]]", b"n"));
    }

    #[test]
    fn an_invalid_regular_expression_is_explained_in_one_line() {
        let error = Pattern::expression("(a").unwrap_err();
        assert!(
            error.contains("unclosed group") && !error.contains('\n'),
            "{error}"
        );
        assert!(Pattern::expression("a{1000}{1000}{1000}").is_err());
    }
}

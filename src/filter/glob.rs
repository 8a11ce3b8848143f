//! Patterns as `fnmatch(3)` has them, made into regular expressions: these take linear time whatever the pattern.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// The most memory that a compiled expression may take.
const SIZE_LIMIT: usize = 1 << 20;

/// Something that a text has to be.
#[derive(Clone)]
pub(super) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// A pattern with `*`, `?`, `[…]` and `\`, of the whole text; capitals do not count, and `*` takes slashes too, as
    /// for ss.
    ///
    /// # Errors
    /// If it is too large.
    pub(super) fn glob(pattern: &str) -> Result<Pattern, String> {
        Self::build(pattern, &translate(pattern), true)
    }

    /// A regular expression, anywhere in the text.
    ///
    /// # Errors
    /// What is wrong with it.
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

    /// Whether a text is, or has, what the pattern says.
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

/// What is wrong with an expression, in one line: the library draws a picture over several.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or("not a regular expression");
    last.trim_start_matches("error: ").trim().to_owned()
}

/// The regular expression that says the same.
fn translate(pattern: &str) -> String {
    let mut out = String::from(r"(?s-u)\A");
    let characters: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        at += 1;
        match character {
            '*' => out.push_str(".*"),
            '?' => out.push_str("(?u:.)"),
            '\\' if at < characters.len() => {
                literal(&mut out, characters[at]);
                at += 1;
            }
            '[' => match set(&characters[at..]) {
                Some((text, length)) => {
                    out.push_str(&text);
                    at += length;
                }
                None => literal(&mut out, '['),
            },
            other => literal(&mut out, other),
        }
    }
    out.push_str(r"\z");
    out
}

fn literal(out: &mut String, character: char) {
    out.push_str("(?u:");
    out.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
    out.push(')');
}

/// A set of characters behind its bracket, as an expression, and how much of the pattern it takes. `None` if it does not
/// end.
fn set(rest: &[char]) -> Option<(String, usize)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let start = usize::from(negated);
    // A bracket that comes first stands for itself.
    let end = rest
        .iter()
        .enumerate()
        .skip(start + 1)
        .find(|(_, character)| **character == ']')?
        .0;
    let mut out = String::from(if negated { "(?u:[^" } else { "(?u:[" });
    let members = &rest[start..end];
    for (at, &member) in members.iter().enumerate() {
        let is_range =
            member == '-' && at > 0 && at + 1 < members.len() && members[at - 1] <= members[at + 1];
        if is_range {
            out.push('-');
        } else {
            out.push_str(&regex::escape(member.encode_utf8(&mut [0; 4])));
        }
    }
    out.push_str("])");
    Some((out, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_that_of_fnmatch() {
        let matches = |pattern: &str, text: &str| {
            let pattern = Pattern::glob(pattern).unwrap();
            pattern.matches(text.as_bytes())
        };
        assert!(matches("/tmp/.X11-unix/*", "/tmp/.x11-UNIX/a/b") && matches("*", ""));
        assert!(matches("a?c", "aéc") && !matches("a?c", "ac") && !matches("a", "ab"));
        assert!(matches("[a-c]x", "Bx") && !matches("[!a-c]x", "bx") && matches("[^a]", "z"));
        assert!(matches("[]x]", "]") && matches("[x", "[x") && matches(r"\*", "*"));
        assert!(!matches(r"\*", "x") && matches("a.b{c}|(d)", "a.b{c}|(d)"));
        assert!(matches("[z-a]", "-") && matches("@*\n", "@x\n"));
    }

    #[test]
    fn an_expression_that_is_none_says_why_in_one_line() {
        let error = Pattern::expression("(a").unwrap_err();
        assert!(
            error.contains("unclosed group") && !error.contains('\n'),
            "{error}"
        );
        assert!(Pattern::expression("a{1000}{1000}{1000}").is_err());
    }
}

//! Splits a filter into words, operators and values.

use std::borrow::Cow;

/// A position in a filter's text. Where a word ends depends on the context, so the parser asks for the kind of token.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

/// A token at the start of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Open,
    Close,
    Not,
    And,
    Or,
    Word(&'t str),
    /// Quoted text, without the quotes.
    Quoted(Cow<'t, str>),
    /// An operator that is not valid here.
    Sign(&'t str),
    End,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Matches,
    MatchesNot,
}

impl Operator {
    /// Returns the operator as written in a filter.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
            Operator::Matches => "=~",
            Operator::MatchesNot => "!~",
        }
    }
}

/// Operators written as signs, longer ones first.
const SIGNS: [(&str, Operator); 10] = [
    ("=~", Operator::Matches),
    ("!~", Operator::MatchesNot),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<>", Operator::Unequal),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Operators written as words.
const WORDS: [(&str, Operator); 11] = [
    ("eq", Operator::Equal),
    ("ne", Operator::Unequal),
    ("neq", Operator::Unequal),
    ("lt", Operator::Less),
    ("le", Operator::AtMost),
    ("leq", Operator::AtMost),
    ("gt", Operator::Greater),
    ("ge", Operator::AtLeast),
    ("geq", Operator::AtLeast),
    ("matches", Operator::Matches),
    ("is", Operator::Equal),
];

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips spaces.
    pub(super) fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Reads the next token where a condition or connective is expected, and returns its position.
    pub(super) fn token(&mut self) -> (usize, Token<'t>) {
        self.space();
        let from = self.at;
        let rest = self.rest();
        // Drops a backslash that protects the sign from a shell.
        let kept = rest
            .strip_prefix('\\')
            .filter(|rest| rest.starts_with(['(', ')', '!', '&', '|']));
        let start = kept.map_or(0, |_| 1);
        let signs = &rest[start..];
        for (sign, token) in [
            ("&&", Token::And),
            ("||", Token::Or),
            ("(", Token::Open),
            (")", Token::Close),
            ("&", Token::And),
            ("|", Token::Or),
        ] {
            if signs.starts_with(sign) {
                self.at += start + sign.len();
                return (from, token);
            }
        }
        if signs.starts_with('!') && !signs.starts_with("!=") && !signs.starts_with("!~") {
            self.at += start + 1;
            return (from, Token::Not);
        }
        let token = match rest.chars().next() {
            None => Token::End,
            Some(quote @ ('"' | '\'')) => {
                if let Some(text) = self.quoted(quote) {
                    Token::Quoted(text)
                } else {
                    self.at = self.text.len();
                    Token::Sign(rest)
                }
            }
            Some('=' | '!' | '<' | '>' | '~') => {
                let sign = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
                let length = sign.map_or(1, |(sign, _)| sign.len());
                self.at += length;
                Token::Sign(&rest[..length])
            }
            Some(_) => {
                let ends = |c: char| {
                    c.is_whitespace()
                        || matches!(c, '(' | ')' | '=' | '!' | '<' | '>' | '&' | '|' | '~' | '"')
                };
                let length = rest.find(ends).unwrap_or(rest.len());
                self.at += length;
                match &rest[..length] {
                    "and" => Token::And,
                    "or" => Token::Or,
                    "not" => Token::Not,
                    word => Token::Word(word),
                }
            }
        };
        (from, token)
    }

    /// Returns the next token without consuming it.
    pub(super) fn peek(&self) -> (usize, Token<'t>) {
        self.clone().token()
    }

    /// Reads a comparison operator, if present.
    pub(super) fn operator(&mut self) -> Option<Operator> {
        self.space();
        let rest = self.rest();
        if let Some(&(sign, operator)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.at += sign.len();
            return Some(operator);
        }
        let word = &rest[..rest.find(char::is_whitespace)?];
        let &(_, operator) = WORDS.iter().find(|(known, _)| *known == word)?;
        self.at += word.len();
        Some(operator)
    }

    /// Reads a value and returns its position: a quoted text, or everything up to a space, an unmatched `)` or a
    /// connective. A backslash escapes the next character. In a `raw` value, backslashes and connectives are ordinary
    /// characters. Returns `None` at the end.
    pub(super) fn value(&mut self, raw: bool) -> Option<(usize, Cow<'t, str>)> {
        self.space();
        let from = self.at;
        let rest = self.rest();
        if let Some(quote @ ('"' | '\'')) = rest.chars().next()
            && let Some(text) = self.quoted(quote)
        {
            return Some((from, text));
        }
        let mut length = 0;
        let mut depth = 0_usize;
        let mut escaped = false;
        // In a regular expression, a parenthesis inside a character set does not count.
        let mut in_set = false;
        for (at, character) in rest.char_indices() {
            if character.is_whitespace() && !escaped {
                break;
            }
            if !escaped {
                match character {
                    '&' | '|' if !raw => break,
                    '[' if raw => in_set = true,
                    ']' if raw => in_set = false,
                    '(' if !in_set => depth += 1,
                    ')' if !in_set && depth == 0 => break,
                    ')' if !in_set => depth -= 1,
                    _ => {}
                }
            }
            escaped = character == '\\' && !escaped;
            length = at + character.len_utf8();
        }
        self.at += length;
        let value = &rest[..length];
        if value.is_empty() {
            return None;
        }
        if raw || !value.contains('\\') {
            return Some((from, Cow::Borrowed(value)));
        }
        let mut plain = String::with_capacity(value.len());
        let mut characters = value.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => plain.extend(characters.next()),
                other => plain.push(other),
            }
        }
        Some((from, Cow::Owned(plain)))
    }

    /// Reads a quoted text. Returns `None`, without consuming anything, if the closing quote is missing.
    fn quoted(&mut self, quote: char) -> Option<Cow<'t, str>> {
        let rest = self.rest().strip_prefix(quote)?;
        let end = rest.find(quote)?;
        self.at += 2 * quote.len_utf8() + end;
        Some(Cow::Borrowed(&rest[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_signs_begin() {
        let mut lexer = Lexer::new(r"(sport>=80 && \( ! not_me ) ' a b '");
        assert_eq!(lexer.token(), (0, Token::Open));
        assert_eq!(lexer.token(), (1, Token::Word("sport")));
        assert_eq!(lexer.operator(), Some(Operator::AtLeast));
        assert_eq!(lexer.value(false), Some((8, "80".into())));
        assert_eq!(lexer.token(), (11, Token::And));
        assert_eq!(lexer.token(), (14, Token::Open));
        assert_eq!(lexer.token(), (17, Token::Not));
        assert_eq!(lexer.token(), (19, Token::Word("not_me")));
        assert_eq!(lexer.token(), (26, Token::Close));
        assert_eq!(lexer.token(), (28, Token::Quoted(" a b ".into())));
        assert_eq!(lexer.token().1, Token::End);
    }

    #[test]
    fn a_value_keeps_the_parentheses_that_it_opens() {
        let value = |text, raw| Lexer::new(text).value(raw).map(|(_, value)| value);
        assert_eq!(value("^ng(in|x)x$)", true).as_deref(), Some("^ng(in|x)x$"));
        assert_eq!(value("[)]a )", true).as_deref(), Some("[)]a"));
        assert_eq!(value("443)", false).as_deref(), Some("443"));
        assert_eq!(
            value(r"/tmp/a\ b\)c d", false).as_deref(),
            Some("/tmp/a b)c")
        );
        assert_eq!(value(r"\d+\.x", true).as_deref(), Some(r"\d+\.x"));
        assert_eq!(value("'a b' c", false).as_deref(), Some("a b"));
        assert_eq!(value("  ", false), None);
        assert_eq!(value(")", false), None);
    }
}

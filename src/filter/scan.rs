//! Reads the words, signs and values of a filter.

use std::borrow::Cow;

/// Where one is in a text. What a word ends at depends on what is expected, so the parser asks for what it expects.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

/// What can stand where a condition may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Open,
    Close,
    Not,
    And,
    Or,
    Word(&'t str),
    /// Text in quotes, without them.
    Quoted(Cow<'t, str>),
    /// A sign that means nothing here.
    Sign(&'t str),
    End,
}

/// How values are compared.
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
    /// As it is written.
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

/// Signs, the longer first.
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

/// Words for signs.
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

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Scanner<'t> {
        Scanner { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips spaces.
    pub(super) fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The next token where a condition or a connective is expected, and where it begins.
    pub(super) fn token(&mut self) -> (usize, Token<'t>) {
        self.space();
        let from = self.at;
        let rest = self.rest();
        // A sign that was kept from a shell is that sign.
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

    /// The next token, which stays there.
    pub(super) fn peek(&self) -> (usize, Token<'t>) {
        self.clone().token()
    }

    /// A sign of comparison or a word for one, if there is one.
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

    /// A value, and where it begins: up to the next space, in quotes, or up to a parenthesis that it does not open or, but
    /// for `raw` ones, a connective. Backslashes keep the next character as it is, unless `raw`. `None` at the end.
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
        // In an expression a parenthesis in a set of characters is none.
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

    /// Text in quotes; `None` if they do not end, and nothing is read.
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
        let mut scanner = Scanner::new(r"(sport>=80 && \( ! not_me ) ' a b '");
        assert_eq!(scanner.token(), (0, Token::Open));
        assert_eq!(scanner.token(), (1, Token::Word("sport")));
        assert_eq!(scanner.operator(), Some(Operator::AtLeast));
        assert_eq!(scanner.value(false), Some((8, "80".into())));
        assert_eq!(scanner.token(), (11, Token::And));
        assert_eq!(scanner.token(), (14, Token::Open));
        assert_eq!(scanner.token(), (17, Token::Not));
        assert_eq!(scanner.token(), (19, Token::Word("not_me")));
        assert_eq!(scanner.token(), (26, Token::Close));
        assert_eq!(scanner.token(), (28, Token::Quoted(" a b ".into())));
        assert_eq!(scanner.token().1, Token::End);
    }

    #[test]
    fn a_value_keeps_the_parentheses_that_it_opens() {
        let value = |text, raw| Scanner::new(text).value(raw).map(|(_, value)| value);
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

//! A piece of text to look for, as somebody types it.

/// A piece of text that one of the texts of a row has to contain; empty for everything. Capitals count if there is one in
/// it, as in vim and less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    text: String,
    /// Whether it has a capital, so that capitals count.
    exact: bool,
}

impl Words {
    /// Understands what was typed.
    pub fn new(text: &str) -> Words {
        Words {
            text: text.to_owned(),
            exact: text.chars().any(char::is_uppercase),
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether a text has it in it.
    pub fn matches(&self, text: &str) -> bool {
        if self.exact || self.is_empty() {
            return text.contains(&self.text);
        }
        if !self.text.is_ascii() {
            return text.to_lowercase().contains(&self.text);
        }
        let (text, needle) = (text.as_bytes(), self.text.as_bytes());
        text.windows(needle.len())
            .any(|part| part.eq_ignore_ascii_case(needle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_count_only_if_there_is_one() {
        let matches = |words: &str, text: &str| Words::new(words).matches(text);
        assert!(matches("nginx", "NGINX/12") && matches("x/1", "nginx/12"));
        assert!(!matches("Nginx", "nginx/12") && matches("NGINX", "NGINX/12"));
        assert!(matches("", "") && matches("", "anything"));
        assert!(matches("données", "DONNÉES") && !matches("abc", "ab"));
    }
}

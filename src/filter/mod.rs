//! What somebody wants to see of a list. The one place that decides whether something matches.
//!
//! A filter is a piece of text that one of the texts of a row has to contain. Capitals count if there is one in it, as in
//! vim and less.

/// A piece of text to look for; empty for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    /// Whether it has a capital, so that capitals count.
    exact: bool,
}

impl Filter {
    /// Understands what was typed.
    pub fn new(text: &str) -> Filter {
        Filter {
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

    /// Whether one of some texts matches.
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
        let matches = |filter: &str, text: &str| Filter::new(filter).matches(text);
        assert!(matches("nginx", "NGINX/12") && matches("x/1", "nginx/12"));
        assert!(!matches("Nginx", "nginx/12") && matches("NGINX", "NGINX/12"));
        assert!(matches("", "") && matches("", "anything"));
        assert!(matches("données", "DONNÉES") && !matches("abc", "ab"));
    }
}

//! Text search with smart case.

/// A text to search for; an empty one matches everything. The search is case-sensitive if it has an uppercase letter,
/// as in vim and less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchText {
    text: String,
    /// True if the search is case-sensitive.
    case_sensitive: bool,
}

impl SearchText {
    /// Creates a search for a text.
    pub fn new(text: &str) -> SearchText {
        SearchText {
            text: text.to_owned(),
            case_sensitive: text.chars().any(char::is_uppercase),
        }
    }

    /// Returns the text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reports whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Reports whether `text` contains the search text.
    pub fn matches(&self, text: &str) -> bool {
        if self.case_sensitive || self.is_empty() {
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
    fn a_search_is_case_sensitive_only_if_it_has_a_capital() {
        let matches = |needle: &str, text: &str| SearchText::new(needle).matches(text);
        assert!(matches("nginx", "NGINX/12") && matches("x/1", "nginx/12"));
        assert!(!matches("Nginx", "nginx/12") && matches("NGINX", "NGINX/12"));
        assert!(matches("", "") && matches("", "anything"));
        assert!(matches("données", "DONNÉES") && !matches("abc", "ab"));
    }
}

//! The filters that were typed, for recalling them.

/// Maximum number of filters kept.
const LIMIT: usize = 100;

/// The texts of filters that were typed.
#[derive(Debug, Default)]
pub struct FilterHistory {
    /// Oldest first.
    texts: Vec<String>,
}

impl FilterHistory {
    /// Adds a filter as the newest; ignores an empty one.
    pub(super) fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.texts.retain(|known| known != text);
        self.texts.push(text.to_owned());
        let excess = self.texts.len().saturating_sub(LIMIT);
        self.texts.drain(..excess);
    }

    /// A filter by its age: 0 is the newest.
    pub(super) fn get(&self, age: usize) -> Option<&str> {
        let text = self.texts.iter().rev().nth(age);
        text.map(String::as_str)
    }

    /// The number of filters.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_remembered_once_and_the_oldest_is_forgotten() {
        let mut history = FilterHistory::default();
        for text in ["a", "", "b", "a"] {
            history.push(text);
        }
        assert_eq!((history.get(0), history.get(1)), (Some("a"), Some("b")));
        assert_eq!(history.get(2), None);
        for number in 0..LIMIT {
            history.push(&number.to_string());
        }
        assert_eq!(history.len(), LIMIT);
        assert_eq!(history.get(LIMIT - 1), Some("0"));
    }
}

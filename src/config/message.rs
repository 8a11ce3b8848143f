//! Parts of messages about settings: excerpts of the file, and suggestions.

/// Maximum number of characters shown of an invalid value.
const MAX_SHOWN: usize = 40;

/// The byte offset of an error, and its message.
pub(super) type Found = (usize, String);

/// Returns the most similar of several names, if at most a third of its characters differ.
pub(super) fn nearest<'a>(key: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let far = |known: &str| distance(&plain(key), &plain(known));
    let nearest = names.min_by_key(|known| far(known))?;
    (far(nearest) * 3 <= nearest.len()).then_some(nearest)
}

/// Returns the Levenshtein distance of two texts.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().take(100).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Returns a part of a text, truncated if it is long.
pub(super) fn excerpt(text: &str, span: std::ops::Range<usize>) -> String {
    let whole = text.get(span).unwrap_or("");
    let line = whole.lines().next().unwrap_or("");
    let mut out: String = line.chars().take(MAX_SHOWN).collect();
    if out.len() < whole.len() {
        out.push('…');
    }
    out
}

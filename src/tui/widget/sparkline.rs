//! A sparkline: the last values as a line of bars, such as `▁▂▅█▆`.

use crate::column::sparkline;

/// Draws the last `columns` values, oldest first, scaled to the highest of them. Blank at the left if there are fewer.
pub(in crate::tui) fn sparkline(values: &[Option<f64>], columns: usize) -> String {
    let shown = &values[values.len().saturating_sub(columns)..];
    scaled_sparkline(shown, columns, sparkline::highest(shown).unwrap_or(0.0))
}

/// The same, scaled to `max`.
pub(in crate::tui) fn scaled_sparkline(values: &[Option<f64>], columns: usize, max: f64) -> String {
    let shown = &values[values.len().saturating_sub(columns)..];
    let blank = std::iter::repeat_n(None, columns - shown.len());
    let mut out = String::new();
    sparkline::sparkline(&mut out, blank.chain(shown.iter().copied()), max);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_values_are_at_the_right_edge() {
        assert_eq!(sparkline(&[Some(1.0), Some(2.0)], 4), "  ▅█");
        assert_eq!(
            sparkline(&[Some(9.0), Some(0.0), None, Some(4.0)], 3),
            "▁ █"
        );
        assert_eq!(sparkline(&[Some(1.0)], 0), "");
    }
}

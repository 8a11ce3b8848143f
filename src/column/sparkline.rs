//! Sparklines as text, two values in each character: `⣀⣤⣶⣿⣷⣄`.

use super::braille::{self, Shape};
use crate::aggregate::{RECENT_POINTS, Recent};

/// Width of a sparkline over the last minute.
pub(super) const MINUTE_WIDTH: usize = 10;

/// Draws values, oldest first, scaled to `max`, in half as many characters. A measured zero and an unknown value are blank.
pub fn sparkline(out: &mut String, values: &[Option<f64>], max: f64, shape: Shape) {
    let lines = braille::curve(values, max, 1, shape);
    out.extend(lines);
}

/// Returns the highest of the known values.
pub fn highest(values: &[Option<f64>]) -> Option<f64> {
    values.iter().flatten().copied().reduce(f64::max)
}

/// Spreads values, oldest first, over `places` that all stand for the same time, the newest at the right: each takes several
/// while there are few (up to eight), and of several in one place the highest is taken.
pub fn spread(values: &[Option<f64>], places: usize) -> Vec<Option<f64>> {
    let repeated = (places / values.len().max(1)).clamp(1, 8);
    let together = values.len().div_ceil(places.max(1)).max(1);
    let groups = values.rchunks(together).rev();
    let groups = groups.flat_map(|group| std::iter::repeat_n(highest(group), repeated));
    let mut spread: Vec<Option<f64>> = vec![None; places];
    spread.extend(groups);
    spread.split_off(spread.len() - places)
}

/// Draws the last minute in `width` characters: each value is the highest of its interval, the newest on the right.
pub fn minute_sparkline(out: &mut String, recent: &Recent, width: usize) {
    let places = width * braille::VALUES;
    let values: Vec<Option<f64>> = recent.values().collect();
    let per_place = RECENT_POINTS.div_ceil(places.max(1));
    let mut shown: Vec<Option<f64>> = vec![None; places];
    for (place, values) in shown.iter_mut().rev().zip(values.rchunks(per_place)) {
        *place = highest(values);
    }
    let max = highest(&values).unwrap_or(0.0);
    sparkline(out, &shown, max, Shape::Rising);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(values: &[Option<f64>]) -> String {
        let mut recent = Recent::default();
        for &value in values {
            recent.push(value);
        }
        let mut out = String::new();
        minute_sparkline(&mut out, &recent, 10);
        out
    }

    #[test]
    fn the_last_minute_ends_at_the_right() {
        assert_eq!(minute(&[Some(1.0); 3]), "         ⢸");
        assert_eq!(minute(&[Some(1.0); 60]), "⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿");
        let rising: Vec<Option<f64>> = (1..=60).map(|value| Some(f64::from(value))).collect();
        assert_eq!(minute(&rising), "⣀⣀⣠⣤⣤⣶⣶⣾⣿⣿");
        let gap = [[Some(1.0); 6], [None; 6], [Some(0.5); 6]].concat();
        assert_eq!(minute(&gap), "       ⣿ ⣤");
        assert_eq!(minute(&[]), " ".repeat(10));
    }

    #[test]
    fn few_values_take_several_places_and_many_share_one() {
        let known =
            |values: &[f64]| -> Vec<Option<f64>> { values.iter().copied().map(Some).collect() };
        assert_eq!(spread(&known(&[1.0, 2.0]), 4), known(&[1.0, 1.0, 2.0, 2.0]));
        assert_eq!(spread(&known(&[1.0, 5.0, 3.0]), 2), known(&[1.0, 5.0]));
        assert_eq!(spread(&known(&[1.0]), 10)[..3], [None, None, Some(1.0)]);
        assert_eq!(spread(&[], 2), [None, None]);
        assert_eq!(spread(&known(&[1.0]), 0), []);
    }
}

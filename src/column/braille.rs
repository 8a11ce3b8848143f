//! Curves of braille dots: two values side by side in each character, four levels in each line.
//!
//! ```text
//! ⢀⣠⣴⣾⣿⣷⣦⣀     filled from the bottom      ⡠⠔⠊⠉⠑⠢⡀     as a line
//! ```
//!
//! A measured zero has no dot, and neither has an unknown value: the scale is written beside a curve, not into it.

/// Dots of a character from the bottom, by column.
const DOTS: [[u8; LEVELS]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];

/// Levels of a line of text.
pub const LEVELS: usize = 4;

/// Values in the width of a character.
pub const VALUES: usize = 2;

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A line through the values.
    Line,
    /// Filled from the bottom to each value.
    Rising,
    /// Filled from the top down, for values below an axis.
    Hanging,
}

/// Returns the number of dots that stand for a value, of `levels` for `max`. Whatever is more than zero has at least one.
fn level(value: Option<f64>, max: f64, levels: usize) -> usize {
    match value {
        Some(value) if value > 0.0 && max > 0.0 && levels > 0 => {
            ((value / max * levels as f64).ceil() as usize).clamp(1, levels)
        }
        _ => 0,
    }
}

/// Draws values, oldest first, as `rows` lines of text from the top, each with a character for two values.
pub fn curve(values: &[Option<f64>], max: f64, rows: usize, shape: Shape) -> Vec<String> {
    let levels = rows * LEVELS;
    let columns = values.len().div_ceil(VALUES);
    let mut cells = vec![0u8; rows * columns];
    let mut before = None;
    for (at, value) in values.iter().enumerate() {
        let height = level(*value, max, levels);
        let dots = match shape {
            Shape::Rising => 0..height,
            Shape::Hanging => levels - height..levels,
            // The dot of the value, and those that join it to the one before.
            Shape::Line => match (height, before) {
                (0, _) => 0..0,
                (_, None | Some(0)) => height - 1..height,
                (_, Some(before)) if before < height => before..height,
                (_, Some(before)) => height - 1..(before - 1).max(height),
            },
        };
        before = value.map(|_| height);
        for dot in dots {
            let row = rows - 1 - dot / LEVELS;
            let dots = &DOTS[at % VALUES];
            cells[row * columns + at / VALUES] |= dots[dot % LEVELS];
        }
    }
    let lines = cells.chunks(columns.max(1));
    lines
        .map(|cells| cells.iter().copied().map(character).collect())
        .collect()
}

/// Returns the character with these dots; a blank without any.
fn character(dots: u8) -> char {
    match dots {
        0 => ' ',
        dots => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
    }
}

/// Returns the ASCII character that resembles one of braille dots: how high they reach.
pub fn similar_ascii(character: char) -> Option<char> {
    let dots = u8::try_from(u32::from(character).checked_sub(0x2800)?).ok()?;
    let highest = (0..LEVELS).rev();
    let highest = highest
        .into_iter()
        .find(|&level| dots & (DOTS[0][level] | DOTS[1][level]) != 0);
    Some(match highest {
        None => ' ',
        Some(0) => '_',
        Some(1) => '-',
        Some(2) => '=',
        Some(_) => '#',
    })
}

/// Returns the next round number, 1, 2 or 5 with zeros: the end of a scale that does not change with each value.
pub fn round_up(max: f64) -> f64 {
    if max <= 0.0 || !max.is_finite() {
        return 0.0;
    }
    let power = 10f64.powf(max.log10().floor());
    // The power of a number such as 1000 may come out too small by its last digit.
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let fits = steps.into_iter().find(|step| *step >= max * (1.0 - 1e-9));
    fits.unwrap_or(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn an_area_is_filled_from_its_axis() {
        let values = known(&[1.0, 2.0, 3.0, 4.0, 8.0, 0.0]);
        assert_eq!(curve(&values, 4.0, 1, Shape::Rising), ["⣠⣾⡇"]);
        assert_eq!(curve(&values, 4.0, 1, Shape::Hanging), ["⠙⢿⡇"]);
        assert_eq!(curve(&values, 8.0, 2, Shape::Rising), ["  ⡇", "⣠⣾⡇"]);
        assert_eq!(curve(&[], 8.0, 2, Shape::Rising), Vec::<String>::new());
    }

    #[test]
    fn a_line_joins_its_values_and_has_gaps() {
        let level = known(&[2.0; 6]);
        assert_eq!(curve(&level, 4.0, 1, Shape::Line), ["⠤⠤⠤"]);
        let jump = known(&[1.0, 4.0, 4.0, 1.0]);
        assert_eq!(curve(&jump, 4.0, 1, Shape::Line), ["⡸⢱"]);
    }

    #[test]
    fn zero_and_unknown_have_no_dot_and_little_has_one() {
        let values = [Some(0.0), None, Some(0.001), None];
        for shape in [Shape::Line, Shape::Rising] {
            assert_eq!(curve(&values, 100.0, 1, shape), [" ⡀"]);
        }
        assert_eq!(curve(&[Some(0.0); 4], 0.0, 1, Shape::Rising), ["  "]);
    }

    #[test]
    fn no_line_and_no_number_are_drawn_as_nothing() {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 1.0].map(Some);
        for shape in [Shape::Line, Shape::Rising, Shape::Hanging] {
            assert_eq!(curve(&values, 1.0, 0, shape), Vec::<String>::new());
            for max in [0.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1.0] {
                assert_eq!(curve(&values, max, 2, shape).len(), 2, "{max}");
            }
        }
    }

    #[test]
    fn scales_end_at_round_numbers() {
        let ends = [0.3, 1.0, 1.1, 38.0, 50.0, 720.0, 1000.0, 1001.0].map(round_up);
        assert_eq!(ends, [0.5, 1.0, 2.0, 50.0, 50.0, 1000.0, 1000.0, 2000.0]);
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(round_up), [0.0; 4]);
    }

    #[test]
    fn ascii_shows_how_high_the_dots_reach() {
        let similar: String = "⣀⣤⣶⣿⠉".chars().filter_map(similar_ascii).collect();
        assert_eq!(similar, "_-=##");
        assert_eq!(similar_ascii('a'), None);
    }
}

//! Sparklines as text, one bar per value: `▁▂▅█▆`.

use crate::aggregate::{RECENT_POINTS, Recent};

/// Bars of a sparkline over the last minute.
pub(super) const MINUTE_BARS: usize = 10;

/// Eighths of a cell, lowest first.
pub const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws one bar per value, scaled to `max`: `▁` is a measured zero, a blank an unknown value.
pub fn sparkline(out: &mut String, values: impl Iterator<Item = Option<f64>>, max: f64) {
    out.extend(values.map(|value| match value {
        None => ' ',
        Some(value) if max > 0.0 && value > 0.0 => {
            // The lowest bar stands for zero only.
            let step = (value / max * 7.0).ceil().clamp(1.0, 7.0);
            BARS[step as usize]
        }
        Some(_) => BARS[0],
    }));
}

/// Returns the highest of the known values.
pub fn highest(values: &[Option<f64>]) -> Option<f64> {
    values.iter().flatten().copied().reduce(f64::max)
}

/// Draws the last minute in `width` bars: each bar is the highest value of its interval, the newest on the right. An
/// interval without a known value is blank.
pub fn minute_sparkline(out: &mut String, recent: &Recent, width: usize) {
    let values: Vec<Option<f64>> = recent.values().collect();
    let per_bar = RECENT_POINTS.div_ceil(width.max(1));
    let bars = values.rchunks(per_bar).take(width);
    let blank = width.saturating_sub(bars.len());
    sparkline(
        out,
        std::iter::repeat_n(None, blank).chain(bars.rev().map(highest)),
        highest(&values).unwrap_or(0.0),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(draw: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        draw(&mut out);
        out
    }

    #[test]
    fn zero_little_and_unknown_look_different() {
        let values = [None, Some(0.0), Some(0.001), Some(0.5), Some(1.0)];
        assert_eq!(text(|out| sparkline(out, values.into_iter(), 1.0)), " ▁▂▅█");
        assert_eq!(
            text(|out| sparkline(out, [Some(0.0)].into_iter(), 0.0)),
            "▁"
        );
        let recent = |values: &[Option<f64>]| {
            let mut recent = Recent::default();
            for &value in values {
                recent.push(value);
            }
            recent
        };
        let two = recent(&[Some(1.0); 2]);
        assert_eq!(text(|out| minute_sparkline(out, &two, 10)), "         █");
        let full = recent(&[Some(1.0); 60]);
        assert_eq!(text(|out| minute_sparkline(out, &full, 10)), "██████████");
        let gap = recent(&[[Some(1.0); 6], [None; 6], [Some(0.0); 6]].concat());
        assert_eq!(text(|out| minute_sparkline(out, &gap, 10)), "       █ ▁");
    }
}

//! Gauges as text: a share as a bar of a few cells.

/// Draws a share as a bar: `███▌······`.
pub(crate) fn gauge(out: &mut String, fill: f64, cells: usize) {
    let filled = (fill * cells as f64).ceil().clamp(0.0, cells as f64) as usize;
    out.extend(std::iter::repeat_n('█', filled));
    out.extend(std::iter::repeat_n('·', cells - filled));
}

//! The map from places on the screen to what a click there means. Views fill it as they draw.

use ratatui::layout::{Position, Rect};

use super::screen::{Pane, Screen};

/// A thing that can be clicked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClickTarget {
    /// The tab of a screen.
    Tab(Screen),
    /// A row of a table, by its position among all rows.
    Row(Pane, usize),
    /// The heading of a table's column, by its index among the headings.
    Heading(Pane, usize),
    /// A line of the list in a popup.
    Line(usize),
    /// A time on the timeline, µs since 1970 UTC.
    Time(i64),
}

/// The things drawn in a frame by their places, the last on top.
#[derive(Debug, Default)]
pub struct ClickMap {
    places: Vec<(Rect, ClickTarget)>,
    /// The places of panes, for the wheel.
    panes: Vec<(Rect, Pane)>,
}

impl ClickMap {
    /// Removes everything, before a new frame is drawn.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.panes.clear();
    }

    /// Adds a click target on an area.
    pub(super) fn add(&mut self, place: Rect, hit: ClickTarget) {
        self.places.push((place, hit));
    }

    /// Adds a pane on an area.
    pub(super) fn add_pane(&mut self, place: Rect, pane: Pane) {
        self.panes.push((place, pane));
    }

    /// Returns the topmost click target at a position.
    pub(super) fn target_at(&self, column: u16, row: u16) -> Option<ClickTarget> {
        let at = Position::new(column, row);
        let found = self
            .places
            .iter()
            .rev()
            .find(|(place, _)| place.contains(at));
        found.map(|&(_, hit)| hit)
    }

    /// Returns the topmost pane at a position.
    pub(super) fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let at = Position::new(column, row);
        let found = self
            .panes
            .iter()
            .rev()
            .find(|(place, _)| place.contains(at));
        found.map(|&(_, pane)| pane)
    }
}

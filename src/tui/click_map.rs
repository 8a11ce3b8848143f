//! The map from areas of the screen to the targets of clicks. Views fill it as they draw.

use ratatui::layout::{Position, Rect};

use super::screen::{Pane, Screen};
use crate::model::State;

/// A target of a click.
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
    /// The chip of a TCP state.
    StateChip(State),
    /// A Sample on the timeline, by its index.
    Sample(usize),
}

/// The click targets of a frame by their areas, the last on top.
#[derive(Debug, Default)]
pub struct ClickMap {
    places: Vec<(Rect, ClickTarget)>,
    /// The areas of panes, for the wheel.
    panes: Vec<(Rect, Pane)>,
}

impl ClickMap {
    /// Removes everything, before a new frame is drawn.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.panes.clear();
    }

    /// Adds a target.
    pub(super) fn add(&mut self, place: Rect, hit: ClickTarget) {
        self.places.push((place, hit));
    }

    /// Adds the area of a pane.
    pub(super) fn add_pane(&mut self, place: Rect, pane: Pane) {
        self.panes.push((place, pane));
    }

    /// The target at a position.
    pub(super) fn target_at(&self, column: u16, row: u16) -> Option<ClickTarget> {
        let at = Position::new(column, row);
        let found = self
            .places
            .iter()
            .rev()
            .find(|(place, _)| place.contains(at));
        found.map(|&(_, hit)| hit)
    }

    /// The pane at a position.
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

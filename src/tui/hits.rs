//! What lies where on the screen: what a click means.

use ratatui::layout::{Position, Rect};

use super::screen::{Pane, Screen};

/// Something that can be clicked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A screen's name among the tabs.
    Tab(Screen),
    /// A row of a table, by its place among all rows.
    Row(Pane, usize),
    /// The heading of a table's column, by its index among the headings.
    Heading(Pane, usize),
    /// A line of a list that lies over the screen.
    Line(usize),
    /// A time on the time line, µs since 1970 UTC.
    Time(i64),
}

/// What was drawn where, the last on top.
#[derive(Debug, Default)]
pub struct Hits {
    places: Vec<(Rect, Hit)>,
    /// Where each pane lies: what the wheel scrolls.
    panes: Vec<(Rect, Pane)>,
}

impl Hits {
    /// Forgets all: a new frame is drawn.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.panes.clear();
    }

    /// Something can be clicked on there.
    pub(super) fn add(&mut self, place: Rect, hit: Hit) {
        self.places.push((place, hit));
    }

    /// A pane lies there.
    pub(super) fn add_pane(&mut self, place: Rect, pane: Pane) {
        self.panes.push((place, pane));
    }

    /// What is at a place.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<Hit> {
        let at = Position::new(column, row);
        let found = self
            .places
            .iter()
            .rev()
            .find(|(place, _)| place.contains(at));
        found.map(|&(_, hit)| hit)
    }

    /// The pane at a place.
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

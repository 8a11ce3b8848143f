//! Drawing helpers shared by several views, independent of the state.

pub(super) mod border;
pub(super) mod chart;
pub(super) mod history_axis;
pub(super) mod pieces;
pub(super) mod table_frame;

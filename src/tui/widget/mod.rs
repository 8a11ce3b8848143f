//! Drawing helpers that several views share. None of them knows the state.

pub(super) mod bar_chart;
pub(super) mod border;
pub(super) mod history_axis;
pub(super) mod pieces;
pub(super) mod sparkline;
pub(super) mod table_frame;

//! Drawing helpers under one name.

pub(super) use crate::tui::widget::border::centered as over;
pub(super) use crate::tui::widget::pieces::{Piece, width, write, write_lines, write_over};

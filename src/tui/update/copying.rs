//! Copying to the clipboard: the row, the cell in the sort column, or everything about a socket.

use crate::aggregate::Moment;
use crate::column::SOCKET_COLUMNS;
use crate::tui::effect::Effect;
use crate::tui::page::{Page, SocketPage};
use crate::tui::state::State;
use crate::tui::table::TableControl;
use crate::tui::text;

/// Copies the selected row, or the socket of the page.
pub(super) fn copy_row(state: &mut State) -> Option<Effect> {
    copy(state, |table, moment| table.row_text(moment))
}

/// Copies the selected row's cell in the sort column, or the socket of the page.
pub(super) fn copy_cell(state: &mut State) -> Option<Effect> {
    copy(state, |table, moment| table.cell_text(moment))
}

fn copy(
    state: &mut State,
    of_table: fn(&dyn TableControl, &Moment) -> Option<String>,
) -> Option<Effect> {
    state.arrange();
    let moment = state.moment.clone()?;
    let text = match (state.page(), state.table()) {
        (Some(Page::Socket(page)), _) => of_socket(page, &moment),
        (_, Some(table)) => of_table(table, &moment),
        _ => None,
    }?;
    let shown = text::sanitized(&text.replace('\t', "  "));
    state.message = Some(format!("copied: {shown}"));
    Some(Effect::Copy(text))
}

/// All known cells of a socket, a line each: the column's id, a tab, the cell.
fn of_socket(page: &SocketPage, moment: &Moment) -> Option<String> {
    let row = page.row(moment)?;
    let mut text = String::new();
    for column in SOCKET_COLUMNS.iter() {
        let before = text.len();
        text.push_str(column.id);
        text.push('\t');
        if column.write_known(&row, &mut text) {
            text.push('\n');
        } else {
            text.truncate(before);
        }
    }
    Some(text)
}

//! Names of columns on the command line.

use crate::column::{SOCKET_COLUMNS, SocketColumn, VOCABULARY};
use crate::command::shared::usage_error::UsageError;

/// Returns a name of `--columns` without the `+` that adds it to the default columns.
pub(super) fn column_name(name: &str) -> &str {
    name.trim().trim_start_matches('+')
}

/// Finds a column by its id, its heading or the kernel's name.
///
/// # Errors
/// If the name is unknown.
pub(super) fn find_column(name: &str) -> anyhow::Result<&'static SocketColumn> {
    let field = VOCABULARY.field(name.trim());
    let column = field.and_then(|field| SOCKET_COLUMNS.get(usize::from(field.id)));
    column.ok_or_else(|| {
        UsageError::new(format!(
            "unknown column '{name}'; see 'sockwatch help columns'"
        ))
        .into()
    })
}

//! The list of a socket's columns.

use std::sync::LazyLock;

use super::row::SocketColumn;
use super::{identity, main_columns, memory, tcp, translation, workload};

/// Every column of a socket, the most wanted first.
pub static SOCKET_COLUMNS: LazyLock<Vec<SocketColumn>> = LazyLock::new(|| {
    let mut columns = main_columns::columns();
    columns.extend(workload::columns());
    columns.extend(identity::columns());
    columns.extend(identity::scalar_columns());
    columns.push(identity::ulp_column());
    columns.extend(identity::extra_columns());
    columns.extend(identity::address_columns());
    columns.extend(translation::columns());
    columns.extend(memory::columns());
    columns.extend(tcp::columns());
    columns
});

impl SocketColumn {
    /// Returns the column with a name.
    pub fn by_id(id: &str) -> Option<&'static SocketColumn> {
        SOCKET_COLUMNS.iter().find(|column| column.id == id)
    }
}

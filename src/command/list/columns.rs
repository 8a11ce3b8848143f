//! The columns of the table that `list` prints.

use anyhow::anyhow;

use super::column_names::{column_name, find_column};
use crate::cli::List;
use crate::column::{DEFAULT_COLUMNS, SocketColumn};
use crate::model::{MemoryInfo, ScalarGroup, Socket};

/// Returns the columns of the table: those named, or the defaults with those added by letters and `+`.
///
/// # Errors
/// If a name is unknown or none is given.
pub(super) fn table_columns(arguments: &List) -> anyhow::Result<Vec<&'static SocketColumn>> {
    let mut columns: Vec<&'static SocketColumn> = Vec::new();
    let mut add = |column: &'static SocketColumn| {
        if !columns.iter().any(|known| known.id == column.id) {
            columns.push(column);
        }
    };
    let asked = &arguments.columns;
    let has_defaults = asked.first().is_none_or(|name| name.starts_with('+'));
    if has_defaults {
        let mut ids: Vec<&str> = DEFAULT_COLUMNS.to_vec();
        if arguments.net.scope.as_deref() == Some("all") {
            ids.push("netns_name");
        }
        if arguments.options {
            ids.push("timer");
        }
        if arguments.traffic_class {
            let classes = Socket::SCALARS.iter();
            let classes = classes.filter(|scalar| scalar.group == ScalarGroup::TrafficClass);
            ids.extend(classes.map(|scalar| scalar.field.id));
        }
        if arguments.inet_sockopt {
            ids.push("options");
        }
        if arguments.cgroup {
            ids.push("cgroup");
        }
        if arguments.extended {
            ids.extend(["interface", "uid", "inode", "cookie", "mark", "cgroup"]);
        }
        if arguments.memory {
            ids.extend(MemoryInfo::FIELDS.iter().map(|field| field.column));
        }
        if arguments.info {
            ids.extend([
                "congestion",
                "rtt",
                "cwnd",
                "bytes_acked",
                "bytes_received",
                "retransmitted",
            ]);
        }
        ids.iter()
            .filter_map(|id| SocketColumn::by_id(id))
            .for_each(&mut add);
    }
    for name in asked {
        add(find_column(column_name(name))?);
    }
    if columns.is_empty() {
        return Err(anyhow!("--columns needs at least one column"));
    }
    Ok(columns)
}

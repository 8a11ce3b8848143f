//! The columns of the table that `list` prints, and its order.

use anyhow::anyhow;

use crate::aggregate::Moment;
use crate::cli::List;
use crate::column::{
    Align, DEFAULT_COLUMNS, SOCKET_COLUMNS, SocketColumn, SocketRow, SortKey, VOCABULARY,
};
use crate::command::shared::usage_error::UsageError;
use crate::model::{MemoryInfo, ScalarGroup, Socket};

/// A column's name as it was typed, without what says that it stands beside the usual ones.
pub(super) fn plain(name: &str) -> &str {
    name.trim().trim_start_matches('+')
}

/// An order that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) column: &'static SocketColumn,
    descending: bool,
}

impl Order {
    /// `COLUMN`, `COLUMN:asc`, `COLUMN:desc`.
    pub(super) fn parse(text: &str) -> anyhow::Result<Order> {
        let (name, direction) = match text.split_once(':') {
            Some((name, direction)) => (name, Some(direction)),
            None => (text, None),
        };
        let column = column(name)?;
        let descending = match direction {
            None => column.align == Align::Right,
            Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                return Err(UsageError::new(format!(
                    "--sort {text}: '{other}' is no direction; write {name}:asc or {name}:desc"
                ))
                .into());
            }
        };
        Ok(Order { column, descending })
    }

    /// Puts rows into this order; equal ones stay as they are.
    pub(super) fn apply(self, moment: &Moment, rows: &mut [u32]) {
        let key = |row: &u32| {
            let row = SocketRow::of(moment, *row as usize);
            row.map_or(SortKey::Missing, |row| self.column.sort_key(&row))
        };
        let mut keyed: Vec<_> = rows.iter().map(|row| (key(row), *row)).collect();
        keyed.sort_by(|a, b| a.0.compare(&b.0, self.descending));
        for (place, (_, row)) in rows.iter_mut().zip(&keyed) {
            *place = *row;
        }
    }
}

/// The column of that name.
fn column(name: &str) -> anyhow::Result<&'static SocketColumn> {
    let field = VOCABULARY.field(name.trim());
    let column = field.and_then(|field| SOCKET_COLUMNS.get(usize::from(field.id)));
    column.ok_or_else(|| {
        UsageError::new(format!(
            "there is no column '{name}'; 'sockwatch help columns' lists them"
        ))
        .into()
    })
}

/// The columns of the table.
pub(super) fn columns(arguments: &List) -> anyhow::Result<Vec<&'static SocketColumn>> {
    let mut columns: Vec<&'static SocketColumn> = Vec::new();
    let mut add = |column: &'static SocketColumn| {
        if !columns.iter().any(|known| known.id == column.id) {
            columns.push(column);
        }
    };
    let asked = &arguments.columns;
    let beside = asked.first().is_none_or(|name| name.starts_with('+'));
    if beside {
        let mut ids: Vec<&str> = DEFAULT_COLUMNS.to_vec();
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
        add(column(plain(name))?);
    }
    if columns.is_empty() {
        return Err(anyhow!("--columns names no column"));
    }
    Ok(columns)
}

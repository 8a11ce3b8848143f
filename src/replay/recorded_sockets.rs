//! The sockets that a recording contains, from its header.

use crate::diagnose::RecordedSockets;
use crate::recording::Metadata;

/// Returns the sockets that were recorded. A recording of an earlier version does not list its tables: then every socket
/// may be missing if it has a filter.
pub fn recorded_sockets(metadata: &Metadata) -> RecordedSockets {
    let is_whole = metadata.tables.is_some() && !metadata.restricted;
    RecordedSockets {
        tables: metadata.tables.clone(),
        filter: if is_whole {
            String::new()
        } else {
            metadata.filter.clone()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_leaves_out_sockets_unless_it_only_selects_tables() {
        let of = |tables: Option<&str>, restricted, filter: &str| {
            let tables = tables.map(|name| vec![name.to_owned()]);
            let metadata = Metadata {
                tables: tables.clone(),
                restricted,
                filter: filter.to_owned(),
                ..Metadata::default()
            };
            let recorded = recorded_sockets(&metadata);
            assert_eq!(recorded.tables, tables);
            recorded.filter
        };
        assert_eq!(of(Some("tcp"), false, "-t"), "");
        assert_eq!(of(Some("tcp"), true, "-t dport = 443"), "-t dport = 443");
        assert_eq!(of(None, false, "-t"), "-t", "an earlier version");
        assert_eq!(of(None, false, ""), "");
    }
}

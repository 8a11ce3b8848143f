//! Names of the columns of a socket in filters.

use std::sync::LazyLock;

use super::registry::SOCKET_COLUMNS;
use super::row::SocketRow;
use crate::filter::{Field, FieldKind, RowValues, SearchText, Vocabulary};

/// Aliases of columns: names in JSON and `tcp_info`, and common abbreviations.
const ALIASES: [(&str, &str); 19] = [
    ("recvq", "recv_queue"),
    ("recv-q", "recv_queue"),
    ("rq", "recv_queue"),
    ("sendq", "send_queue"),
    ("send-q", "send_queue"),
    ("wq", "send_queue"),
    ("rx", "received_rate"),
    ("tx", "sent_rate"),
    ("received_bytes_per_s", "received_rate"),
    ("sent_bytes_per_s", "sent_rate"),
    ("received_bytes", "bytes_received"),
    ("sent_bytes", "bytes_acked"),
    ("total_retrans", "retransmitted"),
    ("retransmits_total", "retransmitted"),
    ("snd_cwnd", "cwnd"),
    ("cc", "congestion"),
    ("backlog_bytes", "memory_backlog"),
    ("minrtt", "min_rtt"),
    ("mss", "snd_mss"),
];

/// Every column that a filter can use.
pub static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let columns = || (0..).zip(SOCKET_COLUMNS.iter());
    let fields = columns().map(|(id, column)| Field {
        id,
        name: column.id,
        kind: column.unit().map_or(FieldKind::Text, FieldKind::Number),
        about: column.about,
    });
    let of = |name: &str| columns().find(|(_, column)| column.id == name);
    let said = ALIASES
        .iter()
        .filter_map(|&(alias, name)| Some((alias.to_owned(), of(name)?.0)));
    // A heading with a space is not a word.
    let headings = columns()
        .filter(|(_, column)| !column.heading.contains(' '))
        .map(|(id, column)| (column.heading.to_lowercase(), id));
    Vocabulary::new(fields.collect(), said.chain(headings).collect())
});

/// Columns that a text search covers, in addition to the owners' command lines and units.
static SEARCHED: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let names = [
        "netid",
        "state",
        "local",
        "remote",
        "real_peer",
        "process",
        "user",
        "interface",
        "cgroup",
        "workload",
        "image",
        "congestion",
        "limit",
    ];
    let place = |name: &&str| SOCKET_COLUMNS.iter().position(|column| column.id == *name);
    names.iter().filter_map(place).collect()
});

impl RowValues for SocketRow<'_> {
    fn number(&self, field: u16) -> Option<f64> {
        SOCKET_COLUMNS.get(usize::from(field))?.number(self)
    }

    fn text(&self, field: u16, out: &mut String) -> bool {
        let column = SOCKET_COLUMNS.get(usize::from(field));
        column.is_some_and(|column| column.write_known(self, out))
    }

    fn peer_name(&self) -> Option<&[u8]> {
        self.indexed_peer()?.socket.name()
    }

    fn search(&self, words: &SearchText) -> bool {
        let mut text = String::new();
        let in_a_cell = SEARCHED.iter().any(|&at| {
            text.clear();
            SOCKET_COLUMNS[at].write_known(self, &mut text) && words.matches(&text)
        });
        in_a_cell
            || self.socket.owners().any(|(row, _)| {
                let process = &row.process;
                words.matches(&process.command_line)
                    || (process.cgroup.as_deref()).is_some_and(|path| words.matches(path))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Unit;

    #[test]
    fn columns_have_the_names_that_people_use() {
        for (name, id) in [
            ("recvq", "recv_queue"),
            ("Recv-Q", "recv_queue"),
            ("rtt", "rtt"),
            ("RTT", "rtt"),
            ("snd_cwnd", "cwnd"),
            ("retrans", "retrans"),
            ("accept", "accept_queue"),
        ] {
            assert_eq!(
                VOCABULARY.field(name).map(|field| field.name),
                Some(id),
                "{name}"
            );
        }
        for (alias, id) in ALIASES {
            assert_eq!(
                VOCABULARY.field(alias).map(|field| field.name),
                Some(id),
                "{alias}"
            );
        }
        let kind = |name| VOCABULARY.field(name).unwrap().kind;
        assert_eq!(kind("rtt"), FieldKind::Number(Unit::Microseconds));
        assert_eq!(kind("rate"), FieldKind::Number(Unit::BytesPerSecond));
        assert_eq!(
            kind("last_data_sent"),
            FieldKind::Number(Unit::Milliseconds)
        );
        assert_eq!(kind("state"), FieldKind::Text);
    }
}

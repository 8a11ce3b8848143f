//! Rows and what belongs to them, however a table is read, cut and changed.

use super::*;
use crate::model::{Ends, Family, Protocol, State, Timer, TimerKind};

impl FromIterator<Socket> for SocketTable {
    /// Returns a table of sockets without variable parts.
    fn from_iter<I: IntoIterator<Item = Socket>>(sockets: I) -> SocketTable {
        let mut table = SocketTable::default();
        for socket in sockets {
            table.push(socket, Parts::default()).unwrap();
        }
        table
    }
}

impl SocketTable {
    /// Reports whether it has memory for more than its rows.
    pub(crate) fn has_spare_memory(&self) -> bool {
        let is_spare = |page: &Page| {
            page.rows.capacity() > page.rows.len()
                || page.parts.capacity() > page.parts.len()
                || page.hashes.capacity() > page.hashes.len()
        };
        self.slots.capacity() > self.slots.len()
            || self.first_rows.capacity() > self.first_rows.len()
            || self.scratch.capacity() > 0
            || self.slots.iter().any(|slot| is_spare(&slot.page))
            || is_spare(&self.open)
    }
}

/// Sockets in tests of many pages.
const MANY: u64 = 5_000;

fn socket(cookie: u64) -> Socket {
    let ends = Ends::Unix {
        vfs: None,
        pending: 0,
        peer_inode: None,
    };
    let (protocol, state) = (Protocol::Stream, State::Closed);
    Socket::new(1, cookie, Family::Unix, protocol, state, ends)
}

/// Creates unix sockets with these names, each with as many bytes of memory figures as its number.
fn table<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> SocketTable {
    let mut table = SocketTable::default();
    for (at, name) in names.into_iter().enumerate() {
        let parts = Parts {
            memory: &vec![at as u8; at % 64],
            congestion_info: &[7],
            name: name.as_ref().as_bytes(),
            ..Parts::default()
        };
        table.push(socket(at as u64), parts).unwrap();
    }
    table
}

/// Creates many sockets, each with a name and a timer of its own.
fn many() -> SocketTable {
    let mut table = table((0..MANY).map(|at| format!("/run/{at}")));
    for (at, socket) in table.iter_mut().enumerate() {
        let timer = Timer {
            expires_ms: at as u32,
            kind: TimerKind::Keepalive,
            retries: 0,
        };
        socket.timer = Some(timer).into();
    }
    assert!(table.slots.len() > 10 && !table.open.rows.is_empty());
    table
}

fn name_of(row: Row<'_>) -> String {
    String::from_utf8_lossy(row.name().unwrap_or(&[])).into_owned()
}

fn names(table: &SocketTable) -> Vec<String> {
    table.iter().map(name_of).collect()
}

fn parts_of(row: Row<'_>) -> Vec<u8> {
    let (structures, report, name) = row.parts();
    [&structures.to_vec(), report, name].concat()
}

fn parts(table: &SocketTable) -> Vec<Vec<u8>> {
    table.iter().map(parts_of).collect()
}

/// Asserts that a table has these rows of [`many`] with everything that belongs to them.
fn assert_rows_of_many(table: &SocketTable, rows: impl Iterator<Item = usize>) {
    let original = many();
    let rows: Vec<usize> = rows.collect();
    assert_eq!(table.len(), rows.len());
    for (at, row) in rows.into_iter().enumerate() {
        let (found, expected) = (table.get(at).unwrap(), original.get(row).unwrap());
        assert_eq!(found.cookie, expected.cookie);
        assert_eq!(found.timer(), expected.timer());
        assert_eq!(parts_of(found), parts_of(expected));
    }
}

#[test]
fn rows_that_are_kept_keep_what_belongs_to_them() {
    let mut kept = table(["/a", "", "/ccc", "/dd"]);
    kept.select_rows([3, 0, 9].into_iter());
    assert_eq!(names(&kept), ["/dd", "/a"]);
    assert_eq!(parts(&kept), [b"\x03\x03\x03\x07/dd".as_slice(), b"\x07/a"]);
}

#[test]
fn another_name_leaves_the_rest_as_it_is() {
    let mut table = table(["/a", "", "/ccc", "/dd"]);
    table.replace_names(|socket, name| (socket.cookie != 3).then(|| [b"/long", name].concat()));
    assert_eq!(names(&table), ["/long/a", "", "/long/ccc", "/dd"]);
    let expected: [&[u8]; 4] = [
        b"\x07/long/a",
        b"\x01\x07",
        b"\x02\x02\x07/long/ccc",
        b"\x03\x03\x03\x07/dd",
    ];
    assert_eq!(parts(&table), expected);
}

#[test]
fn rows_of_many_pages_are_read_by_their_number_and_one_after_the_other_alike() {
    let mut table = many();
    for _ in ["with rows after the last complete page", "without"] {
        assert_eq!(table.len(), MANY as usize);
        let mut rows = table.iter();
        for at in 0..table.len() {
            assert_eq!(rows.len(), table.len() - at);
            let (next, found) = (rows.next().unwrap(), table.get(at).unwrap());
            assert_eq!(next.cookie, at as u64);
            assert_eq!((found.socket, &table[at]), (next.socket, next.socket));
            assert_eq!(next.timer().map(|timer| timer.expires_ms), Some(at as u32));
            assert_eq!(name_of(found), format!("/run/{at}"));
            assert_eq!(parts_of(found), parts_of(next));
        }
        assert!(rows.next().is_none() && table.get(table.len()).is_none());
        let cookies = table.iter_mut().map(|socket| socket.cookie);
        assert!(cookies.eq(0..MANY));
        table.finish();
    }
}

#[test]
fn a_table_that_is_cut_has_its_first_rows() {
    let whole = many();
    let first = whole.complete;
    // Within complete pages, at their end, and within the rows that follow.
    for rows in [
        0,
        1,
        first / 2,
        first - 1,
        first,
        first + 1,
        whole.len(),
        whole.len() + 1,
    ] {
        let mut table = whole.clone();
        table.truncate(rows);
        let rows = rows.min(whole.len());
        assert_rows_of_many(&table, 0..rows);
        // The row that follows has its own parts.
        let parts = Parts {
            name: b"/last",
            ..Parts::default()
        };
        table.push(socket(MANY), parts).unwrap();
        assert_eq!(name_of(table.get(rows).unwrap()), "/last");
    }
}

#[test]
fn rows_are_kept_by_number_and_by_what_they_are() {
    let is_kept = |row: usize| row % 3 == 1 && !(1_000..2_000).contains(&row);
    let mut table = many();
    table.retain(|row, socket| {
        assert_eq!(socket.cookie, row as u64);
        is_kept(row)
    });
    assert_rows_of_many(&table, (0..MANY as usize).filter(|&row| is_kept(row)));
    let mut backwards = many();
    backwards.select_rows((0..MANY as usize).rev().step_by(7));
    assert_rows_of_many(&backwards, (0..MANY as usize).rev().step_by(7));
}

#[test]
fn a_change_in_a_clone_leaves_the_other_table_as_it_was() {
    let original = many();
    for row in [
        0,
        original.complete - 1,
        original.complete,
        original.len() - 1,
    ] {
        let mut changed = original.clone();
        changed.get_mut(row).unwrap().inode = 5;
        assert_ne!(changed, original);
        for (at, (now, before)) in changed.iter().zip(&original).enumerate() {
            assert_eq!(
                (now.inode, before.inode),
                (if at == row { 5 } else { 0 }, 0)
            );
            assert_eq!(parts_of(now), parts_of(before));
        }
        // Only the page of the row is another one.
        let pages = changed.slots.iter().zip(&original.slots);
        let other = pages.filter(|(now, before)| !Arc::ptr_eq(&now.page, &before.page));
        assert_eq!(other.count(), usize::from(row < original.complete));
    }
    let mut changed = original.clone();
    assert!(changed.get_mut(original.len()).is_none());
    changed.iter_mut().for_each(|socket| socket.inode = 6);
    assert!(changed.iter().all(|row| row.inode == 6) && original.iter().all(|row| row.inode == 0));
    assert_eq!(parts(&changed), parts(&original));
}

#[test]
fn a_table_is_released_from_spare_memory_with_all_its_rows() {
    let mut table = many();
    table.name_index(b"cubic");
    assert!(table.has_spare_memory());
    table.shrink_to_fit();
    assert!(!table.has_spare_memory());
    assert_rows_of_many(&table, 0..MANY as usize);
    assert_eq!(table.name_at(1), Some("cubic"));
}

#[test]
fn a_part_that_is_too_long_adds_nothing() {
    let mut table = table(["/a"]);
    let name = vec![b'x'; 1 << 16];
    let parts = Parts {
        name: &name,
        ..Parts::default()
    };
    assert_eq!(table.push(socket(1), parts), None);
    assert_eq!(names(&table), ["/a"]);
    assert_eq!(parts_of(table.get(0).unwrap()), b"\x07/a");
}

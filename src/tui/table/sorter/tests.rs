//! Packed keys, and the order of many rows.

use super::*;

#[test]
fn a_packed_key_compares_as_the_key_does() {
    let keys = [
        SortKey::Missing,
        SortKey::Number(-1.5),
        SortKey::Number(0.0),
        SortKey::Number(7.0),
        SortKey::Number(1e300),
        SortKey::Address(4, 0x0a00_0001, 80),
        SortKey::Address(4, 0x0a00_0001, 443),
        SortKey::Address(4, 0x0a00_0002, 1),
        SortKey::Address(6, 1, 80),
        SortKey::Address(6, 1 << 120, 80),
        SortKey::Text("".into()),
        SortKey::Text("a".into()),
        SortKey::Text("ab".into()),
        SortKey::Text("zz".into()),
    ];
    for descending in [false, true] {
        for a in &keys {
            for b in &keys {
                let packed = pack_key(a, descending).0.cmp(&pack_key(b, descending).0);
                assert_eq!(packed, a.compare(b, descending), "{a:?} {b:?} {descending}");
            }
        }
    }
}

#[test]
fn any_range_of_many_rows_is_sorted() {
    let entry = |number: u32| Entry {
        // Many are equal, and in no order.
        packed: u128::from(number.wrapping_mul(2_654_435_761) % 1000),
        tie: u64::from(number),
        number,
    };
    let all: Vec<Entry> = (0..200_000).map(entry).collect();
    let mut expected = all.clone();
    expected.sort_unstable_by_key(Entry::rank);
    let expected: Vec<u32> = expected.iter().map(|entry| entry.number).collect();
    let ranges = [
        0..10,
        0..200,
        50..60,
        7000..7100,
        65_500..65_600,
        100_000..100_060,
        199_990..200_000,
        0..200_000,
    ];
    let mut sorter = Sorter {
        entries: all.clone(),
        segments: BTreeMap::from([(0, false)]),
    };
    let mut rows: Vec<u32> = (0..200_000).collect();
    for wanted in ranges.iter().chain(ranges.iter().rev()) {
        let mut fresh = Sorter {
            entries: all.clone(),
            segments: BTreeMap::from([(0, false)]),
        };
        let mut others = rows.clone();
        for (sorter, rows) in [(&mut sorter, &mut rows), (&mut fresh, &mut others)] {
            sorter.sort_range(wanted.clone(), rows);
            assert!(sorter.is_sorted(wanted), "{wanted:?}");
            assert_eq!(rows[wanted.clone()], expected[wanted.clone()], "{wanted:?}");
            let number = expected[123];
            assert_eq!(sorter.position_of(number), Some(123), "{wanted:?}");
        }
    }
}

#[test]
fn rows_are_divided_once_and_only_near_the_visible_ones_sorted() {
    let entry = |number: u32| Entry {
        packed: u128::from(number.wrapping_mul(2_654_435_761)),
        tie: u64::from(number),
        number,
    };
    let mut sorter = Sorter {
        entries: (0..500_000).map(entry).collect(),
        segments: BTreeMap::from([(0, false)]),
    };
    let mut rows: Vec<u32> = (0..500_000).collect();
    let sorted = |sorter: &Sorter| -> usize {
        let all = sorter.segments_in(&(0..500_000)).into_iter();
        all.filter(|(_, sorted)| *sorted)
            .map(|(range, _)| range.len())
            .sum()
    };
    sorter.sort_range(300_000..300_050, &mut rows);
    assert!(
        (50..=4096).contains(&sorted(&sorter)),
        "{}",
        sorted(&sorter)
    );
    let largest = |sorter: &Sorter| {
        let around = sorter.segments_in(&(300_000..310_000)).into_iter();
        around.map(|(range, _)| range.len()).max()
    };
    assert!(
        largest(&sorter) <= Some(1 << 16),
        "the next rows are among a few"
    );
    for first in (300_000..310_000).step_by(50) {
        sorter.sort_range(first..first + 50, &mut rows);
    }
    assert!(sorted(&sorter) <= 5 * 4096, "{}", sorted(&sorter));
}

#[test]
fn truncated_keys_are_marked_and_consistent_with_full_keys() {
    let long = SortKey::Text("/run/systemd/journal/stdout".into());
    let longer = SortKey::Text("/run/systemd/journal/syslog".into());
    assert_eq!(pack_key(&long, false).0, pack_key(&longer, false).0);
    assert!(!pack_key(&long, false).1);
    let (a, b) = (SortKey::Address(6, 5, 80), SortKey::Address(6, 5, 443));
    assert_eq!(pack_key(&a, true).0, pack_key(&b, true).0);
    assert!(!pack_key(&a, true).1);
}

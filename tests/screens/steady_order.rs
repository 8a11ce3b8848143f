//! Rows keep still while they are read.

use crate::machine::Machine;
use crate::support::dashboard::Dashboard;

/// Rows at the top of the table.
const TOP: usize = 24;
/// Seconds that are watched.
const SECONDS: usize = 60;

/// Counts how many of the rows at the top are others than a second before, all seconds together. Connections have rates
/// between 60 and 140 % of their average in each second.
fn changed_places(keys: &str) -> usize {
    let machine = Machine {
        many: 60,
        noise: 40,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 40), machine);
    // The others of this machine come and go.
    dashboard.ticks(20).type_in("2/sport = :9000\r");
    dashboard.keys(keys);
    let rows = |dashboard: &Dashboard| -> Vec<String> {
        let lines = dashboard.lines();
        let heading = lines.iter().position(|line| line.contains("NETID"));
        let rows = lines[heading.expect("a table") + 1..].iter().take(TOP);
        let ends = |line: &String| line.split_whitespace().skip(2).take(2).collect();
        rows.map(ends).collect()
    };
    let mut before = rows(&dashboard);
    let mut changed = 0;
    for _ in 0..SECONDS {
        dashboard.ticks(1);
        let now = rows(&dashboard);
        changed += before.iter().zip(&now).filter(|(a, b)| a != b).count();
        before = now;
    }
    changed
}

#[test]
fn at_most_three_of_the_top_rows_change_their_place_in_a_second() {
    let changed = changed_places("");
    assert!(changed <= 3 * SECONDS, "{changed} in {SECONDS} s");
    // By the rates of the last second, most of them do.
    let unsteady = changed_places("aa");
    assert!(unsteady > 10 * SECONDS, "{unsteady} in {SECONDS} s");
}

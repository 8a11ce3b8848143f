use super::*;
use crate::model::SampleTime;

const SECOND: i64 = 1_000_000;

/// Returns a time of 2026-11-20, or one with its date, µs since 1970 UTC.
fn wall(text: &str) -> i64 {
    let with_day = format!("2026-11-20T{text}Z");
    let text = if text.contains('T') { text } else { &with_day };
    let at: jiff::Timestamp = text.parse().unwrap();
    at.as_microsecond()
}

/// A recording with a Sample each second. The wall clock is set at the start of each run of Samples.
fn axis(runs: &[(&str, usize)]) -> TimeAxis {
    let walls = runs.iter().flat_map(|(start, count)| {
        let start = wall(start);
        (0..*count as i64).map(move |second| start + second * SECOND)
    });
    let time = |(second, wall_us): (usize, i64)| SampleTime {
        wall_us,
        monotonic_ns: (7 + second as u64) * 1_000_000_000,
        suspended_s: Some(0),
    };
    walls.enumerate().map(time).collect()
}

fn found(axis: &TimeAxis, text: &str) -> (usize, bool, String) {
    let found = find(text, axis, 2 * SECOND, &TimeZone::UTC).unwrap();
    (found.at, found.is_within, found.note.unwrap_or_default())
}

fn range(axis: &TimeAxis, from: Option<&str>, to: Option<&str>) -> Range<usize> {
    find_range(from, to, axis, &TimeZone::UTC).unwrap().range
}

#[test]
fn a_time_is_found_on_either_side_of_a_step_back() {
    let axis = axis(&[("20:10:00.5", 10), ("19:10:10.5", 10)]);
    for (text, at) in [
        ("20:10:00", 0),
        ("20:10:09", 9),
        ("20:10:09.5", 9),
        // The clock may have shown it before it was set.
        ("20:10:10", 9),
        ("19:10:10.5", 10),
        ("19:10:10", 10),
        ("19:10:19", 19),
        ("19:10:21", 19),
        ("2026-11-20T19:10:12Z", 12),
        ("+0s", 0),
        ("+9s", 9),
        ("+10s", 10),
        ("-0s", 19),
        ("-10s", 9),
    ] {
        assert_eq!(found(&axis, text), (at, true, String::new()), "{text}");
    }
    for (text, nearest) in [
        ("20:10:14", 9),
        ("19:10:05", 10),
        ("19:10:30", 19),
        ("+30s", 19),
        ("-30s", 0),
        ("2026-11-19T00:00:00Z", 10),
    ] {
        let (at, is_within, note) = found(&axis, text);
        assert_eq!(
            (at, is_within, note.as_str()),
            (nearest, false, ""),
            "{text}"
        );
    }
    assert_eq!(
        show_covered(&axis, &TimeZone::UTC),
        "2026-11-20 20:10:00 to 2026-11-20 20:10:09 and 2026-11-20 19:10:10 to 2026-11-20 19:10:19"
    );
}

#[test]
fn a_time_that_occurs_twice_is_the_later_one_and_the_other_is_named() {
    let axis = axis(&[("20:10:00", 10), ("20:10:05", 10)]);
    let (at, is_within, note) = found(&axis, "20:10:07");
    assert_eq!((at, is_within), (12, true));
    assert_eq!(
        note,
        "20:10:07 occurs twice: using the later one; for the earlier one use +7s (the clock stepped back by 5 s after \
         2026-11-20 20:10:09)"
    );
    assert_eq!(found(&axis, "+7s"), (7, true, String::new()));
    assert_eq!(found(&axis, "20:10:03").0, 3);
    assert_eq!(found(&axis, "20:10:14").0, 19);
    let thrice = self::axis(&[("20:10:00", 10), ("20:10:05", 10), ("20:10:00", 10)]);
    let (at, _, note) = found(&thrice, "20:10:06");
    assert_eq!(at, 26);
    assert!(
        note.starts_with("20:10:06 occurs 3 times: using the later one"),
        "{note}"
    );
}

#[test]
fn a_step_back_of_a_day_repeats_a_time_of_day() {
    let axis = axis(&[("20:10:00", 10), ("2026-11-19T20:10:05Z", 10)]);
    let (at, _, note) = found(&axis, "20:10:07");
    assert_eq!(at, 12);
    assert!(
        note.contains("twice") && note.contains("the clock stepped back by 24 h"),
        "{note}"
    );
    let (at, _, note) = found(&axis, "2026-11-20T20:10:07Z");
    assert_eq!((at, note.as_str()), (7, ""), "the date decides");
}

#[test]
fn a_time_that_was_skipped_is_the_nearest_sample() {
    let axis = axis(&[("20:10:00", 10), ("21:10:10", 10)]);
    let (at, is_within, note) = found(&axis, "20:12:00");
    assert_eq!((at, is_within), (9, true));
    assert_eq!(
        note,
        "20:12:00 was skipped: the clock stepped forward by 1 h after 2026-11-20 20:10:09; showing the nearest \
         sample, of 2026-11-20 20:10:09"
    );
    let (at, _, note) = found(&axis, "21:10:05");
    assert!(at == 10 && note.contains("was skipped"), "{at} {note}");
    // A clock that started in 1970.
    let booted = self::axis(&[("1970-01-01T00:00:05Z", 5), ("20:10:10", 10)]);
    assert_eq!(found(&booted, "20:10:12").0, 7);
    assert_eq!(found(&booted, "00:00:07").0, 2);
    assert_eq!(found(&booted, "+3s").0, 3);
    let (at, _, note) = found(&booted, "20:10:00");
    assert!(at == 5 && note.contains("was skipped"), "{at} {note}");
}

#[test]
fn a_range_includes_every_occurrence_of_its_ends() {
    let axis = axis(&[("20:10:00", 10), ("20:10:05", 10)]);
    assert_eq!(range(&axis, None, None), 0..20);
    assert_eq!(range(&axis, Some("20:10:07"), Some("20:10:08")), 7..14);
    assert_eq!(range(&axis, Some("-3s"), None), 16..20);
    assert_eq!(range(&axis, Some("+3s"), Some("+4s")), 3..5);
    assert_eq!(range(&axis, Some("20:10:14"), None), 19..20);
    let notes = find_range(Some("20:10:07"), Some("20:10:08"), &axis, &TimeZone::UTC);
    let notes = notes.unwrap().notes;
    assert!(
        notes[0].contains("using the earlier one; for the later one use +12s ("),
        "{notes:?}"
    );
    assert!(
        notes[1].contains("using the later one; for the earlier one use +8s ("),
        "{notes:?}"
    );

    let hour = self::axis(&[("20:10:00", 10), ("19:10:10", 10)]);
    assert_eq!(range(&hour, Some("19:10:12"), Some("19:10:13")), 12..14);
    assert_eq!(range(&hour, Some("20:10:05"), Some("20:10:06")), 5..7);
    assert_eq!(range(&hour, Some("20:10:05"), Some("19:10:13")), 5..14);
    assert_eq!(
        range(&hour, Some("20:10:09.5"), None),
        10..20,
        "after the first run"
    );
    assert!(range(&hour, Some("21:00:00"), None).is_empty());
    assert!(range(&hour, None, Some("18:00:00")).is_empty());
    let ahead = self::axis(&[("20:10:00", 10), ("21:10:10", 10)]);
    assert_eq!(range(&ahead, Some("20:30:00"), None), 10..20);
    assert_eq!(range(&ahead, None, Some("20:30:00")), 0..10);
}

#[test]
fn a_relative_name_finds_its_sample() {
    let starts = [0, 3003, 3004, 5120, 5120, 9000];
    let axis: TimeAxis = starts
        .into_iter()
        .map(|ms| SampleTime {
            wall_us: ms * 1000,
            monotonic_ns: ms as u64 * 1_000_000,
            suspended_s: None,
        })
        .collect();
    for at in [0, 1, 2, 4, 5] {
        let name = text::relative_name(&axis, at);
        assert_eq!(found(&axis, &name).0, at, "{name}");
    }
    assert_eq!(text::relative_name(&axis, 1), "+3.003s");
    assert_eq!(text::relative_name(&axis, 2), "+4s");
}

#[test]
fn an_invalid_time_is_an_error_of_one_line_with_examples() {
    let axis = axis(&[("20:10:00", 10)]);
    for text in [
        "",
        "-",
        "+",
        "5",
        "5m",
        "half past eight",
        "25:00:00",
        "20:14:61",
        "2026-11-20",
        "--5m",
        "-+5m",
        "2026-13-01 00:00:00",
        "20:14:07x",
        "\u{1b}[2J",
        "::",
        "١٢:٠٠:٠٠",
    ] {
        let error = find(text, &axis, 0, &TimeZone::UTC).unwrap_err();
        let said = error.to_string();
        assert!(
            matches!(error, WhenError::NotUnderstood { .. }),
            "{text}: {said}"
        );
        assert!(
            said.contains("2026-11-20 20:10:00 to 2026-11-20 20:10:09"),
            "{said}"
        );
        assert!(!said.contains(char::is_control), "{said:?}");
    }
    let long = "x:".repeat(1000);
    let said = find(&long, &axis, 0, &TimeZone::UTC).unwrap_err();
    assert!(said.to_string().len() < 300, "{said}");
    let far = find("-2562047788015h", &axis, 0, &TimeZone::UTC);
    assert!(matches!(far, Err(WhenError::OutOfReach { .. })), "{far:?}");
}

#[test]
fn times_out_of_range_are_found_somewhere() {
    let extreme = [i64::MAX, i64::MIN, 0, i64::MAX];
    let axis: TimeAxis = extreme
        .into_iter()
        .map(|wall_us| SampleTime {
            wall_us,
            ..SampleTime::default()
        })
        .collect();
    for axis in [axis, TimeAxis::default()] {
        for text in ["20:14:07", "-5m", "+30s", "2026-11-20T20:14:07Z"] {
            let found = find(text, &axis, i64::MAX, &TimeZone::UTC).unwrap();
            assert!(found.at < axis.len().max(1), "{text}");
            let range = find_range(Some(text), Some(text), &axis, &TimeZone::UTC);
            assert!(range.unwrap().range.end <= axis.len(), "{text}");
        }
    }
}

//! Numbers as large, small or contradictory as their types allow, in three Samples one after the other: nothing panics,
//! all that is shown fits, and what is recorded of them is read as it was.

use crate::extremes::check;
use proptest::prelude::*;

/// Length of an edit with the Samples that it does not apply to, bytes.
const STEP: usize = 5;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn samples_with_any_numbers_are_derived_shown_and_recorded(
        head in any::<[u8; 4]>(),
        edits in proptest::collection::vec(any::<[u8; STEP]>(), 0..48),
    ) {
        check(head, &edits.concat());
    }
}

/// Each kind of number, as large as it gets: first in all Samples, then in every other one, so that counters fall again.
#[test]
fn every_number_may_be_as_large_as_it_gets() {
    const KINDS: u8 = 13;
    const GREATEST: u8 = 19;
    for kind in 0..KINDS {
        for not_in in [0, 0b010, 0b101] {
            let edits = (0..64).map(|place| [not_in, kind, place, GREATEST, 0]);
            let edits: Vec<[u8; STEP]> = edits.collect();
            // Written, recorded, shown.
            for form in 0..3 {
                check([form << 6 | 0b01_0011, kind, b'\r', b'8'], &edits.concat());
            }
        }
    }
}

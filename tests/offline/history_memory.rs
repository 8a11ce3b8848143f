//! The history in memory takes no more than it accounts for, and no more than its limit, also while a snapshot holds
//! frames that it has removed. Released memory returns to the system.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
#[cfg(target_env = "gnu")]
use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use proptest::prelude::*;
#[cfg(target_env = "gnu")]
use sockwatch::app::allocator;
use sockwatch::model::Sample;
use sockwatch::recording::{Encoder, Frame, FrameHistory, Metadata};
use sockwatch::source::Source as _;

use super::support::synthetic::{Load, Synthetic};

thread_local! {
    /// Bytes that this thread has allocated and not released.
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

fn count(bytes: isize) {
    // A thread that is ending is not counted.
    let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get() + bytes));
}

#[allow(unsafe_code, reason = "the interface of allocators is unsafe")]
// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Samples of a machine at 10 Hz, encoded with many key frames.
fn frames() -> &'static [Frame] {
    static FRAMES: OnceLock<Vec<Frame>> = OnceLock::new();
    FRAMES.get_or_init(|| {
        let load = Load {
            replaced: 0.1,
            active: 0.5,
            ..Load::of(100)
        };
        let (mut source, mut encoder) = (Synthetic::new(load), Encoder::new());
        let mut sample = Sample::default();
        let mut next = |at| {
            source.next_into(&mut sample).expect("it always has one");
            if at % 8 == 0 {
                encoder.restart();
            }
            encoder.encode(&sample).expect("there is memory")
        };
        (0..400).map(&mut next).collect()
    })
}

/// Returns the bytes that `work` allocated and did not release.
fn allocated(work: impl FnOnce()) -> isize {
    let before = ALLOCATED.get();
    work();
    ALLOCATED.get() - before
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_history_takes_no_more_than_it_accounts_for(
        max_bytes in 20_000_usize..400_000,
        held in prop::option::of((0..400_usize, 0..400_usize)),
    ) {
        let largest = frames().chunks(8).map(|chunk| {
            chunk.iter().map(|frame| frame.payload.len() + 500).sum::<usize>()
        });
        let largest = largest.max().unwrap_or(0);
        let mut history = FrameHistory::new(Metadata::default(), Duration::MAX, max_bytes);
        let mut snapshots = Vec::new();
        let mut real = 0;
        for (at, frame) in frames().iter().enumerate() {
            // The history alone holds its payloads.
            real += allocated(|| history.push(&Frame { payload: frame.payload[..].into(), ..frame.clone() }));
            let accounted = history.bytes();
            prop_assert!(real <= accounted.cast_signed(), "{real} of {accounted}");
            prop_assert!(accounted <= max_bytes + largest, "{accounted} of {max_bytes}");
            if let Some((from, to)) = held && at == from {
                snapshots.push((to, history.snapshot()));
            }
            snapshots.retain(|(to, _)| *to > at);
        }
        prop_assert!(history.bytes() < 3 * real.unsigned_abs(), "nor much less: {} of {real}", history.bytes());
    }
}

/// Returns the memory of this process that no file backs and that is resident, bytes.
#[cfg(target_env = "gnu")]
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("it is readable");
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: usize = kilobytes.expect("a number").parse().expect("a number");
    kilobytes * 1024
}

/// As when a rewind ends: what is released lies between small pieces that stay.
#[cfg(target_env = "gnu")]
#[test]
fn large_pieces_return_to_the_system_at_once() {
    const PIECE: usize = 1 << 20;
    const PIECES: usize = 160;
    allocator::configure();
    // By default, releasing a large piece makes the allocator keep those of its size.
    drop(std::hint::black_box(vec![1_u8; 2 * PIECE]));
    let pairs = (0..PIECES).map(|_| (vec![1_u8; PIECE], vec![1_u8; 2000]));
    let (large, small): (Vec<_>, Vec<_>) = std::hint::black_box(pairs.collect::<Vec<_>>())
        .into_iter()
        .unzip();
    let before = resident();
    drop(large);
    let after = resident();
    // Other tests run at the same time.
    assert!(
        after + PIECES * PIECE / 2 < before,
        "{before} bytes were resident, and {after} are"
    );
    drop(small);
}

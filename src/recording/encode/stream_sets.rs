//! Sets of streams: the streams in which a new or changed socket has cells.

use super::streams::StreamBuffers;
use crate::model::SeededMap;
use crate::recording::stream::{StreamMask, TCP};
use crate::recording::varint::put_varint;

/// Maximum number of unchanged streams that a socket writes in order to use a known set: a new set takes about twenty
/// bytes, a cell without a difference less than one.
const MAX_NEEDLESS_STREAMS: u32 = 4;

/// Number of recent sets that are searched for a suitable one.
const SEARCHED_SETS: usize = 1024;

/// Word of [`StreamMask`] with the first 64 streams of `struct tcp_info`.
const TCP_WORD: usize = TCP / 64;

/// The sets of streams of a chunk.
#[derive(Debug, Default)]
pub(super) struct StreamSets {
    sets: Vec<StreamMask>,
    /// For each set, the word in which sets differ most: few sets contain another one's.
    tcp_words: Vec<u64>,
    /// Number of the set used for a mask.
    chosen: SeededMap<StreamMask, u32>,
}

impl StreamSets {
    /// Starts a new chunk.
    pub(super) fn clear(&mut self) {
        self.sets.clear();
        self.tcp_words.clear();
        self.chosen.clear();
    }

    /// Writes the number of a set that has all streams of `mask` and only `allowed` ones; returns the set.
    pub(super) fn encode(
        &mut self,
        mask: StreamMask,
        allowed: &StreamMask,
        buffers: &mut StreamBuffers,
    ) -> StreamMask {
        let fits = |set: &StreamMask| is_subset(set, allowed);
        let chosen = self.chosen.get(&mask).copied();
        let chosen = chosen.filter(|&number| fits(&self.sets[number as usize]));
        let number = chosen.unwrap_or_else(|| {
            let number = self.nearest(&mask, allowed).unwrap_or_else(|| {
                put_set(mask, &mut buffers.new_sets);
                self.sets.push(mask);
                self.tcp_words.push(mask[TCP_WORD]);
                self.sets.len() as u32 - 1
            });
            self.chosen.insert(mask, number);
            number
        });
        put_varint(&mut buffers.sets, u64::from(number));
        self.sets[number as usize]
    }

    /// Returns the suitable set with the fewest unneeded streams.
    fn nearest(&self, mask: &StreamMask, allowed: &StreamMask) -> Option<u32> {
        let first = self.sets.len().saturating_sub(SEARCHED_SETS);
        let words = self.tcp_words.iter().enumerate().skip(first);
        words
            .filter(|(_, word)| mask[TCP_WORD] & !**word == 0)
            .map(|(number, _)| (number, &self.sets[number]))
            .filter(|(_, set)| is_subset(mask, set) && is_subset(set, allowed))
            .map(|(number, set)| (count(set) - count(mask), number as u32))
            .min()
            .filter(|(needless, _)| *needless <= MAX_NEEDLESS_STREAMS)
            .map(|(_, number)| number)
    }
}

/// Iterates over the streams of a set in ascending order.
pub(super) fn streams_in(mask: StreamMask) -> impl Iterator<Item = usize> {
    mask.into_iter().enumerate().flat_map(|(at, mut bits)| {
        std::iter::from_fn(move || {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            (bit < 64).then_some(at * 64 + bit)
        })
    })
}

fn is_subset(set: &StreamMask, other: &StreamMask) -> bool {
    set.iter().zip(other).all(|(set, other)| set & !other == 0)
}

fn count(mask: &StreamMask) -> u32 {
    mask.iter().map(|bits| bits.count_ones()).sum()
}

/// Appends a set: the number of its streams, and each stream as the distance from the previous one.
fn put_set(mask: StreamMask, out: &mut Vec<u8>) {
    put_varint(out, u64::from(count(&mask)));
    let mut expected = 0;
    for stream in streams_in(mask) {
        put_varint(out, (stream - expected) as u64);
        expected = stream + 1;
    }
}

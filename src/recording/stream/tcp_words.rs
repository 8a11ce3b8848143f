//! Widths of the words of `struct tcp_info`.

use super::numbers::{INFO, TCP};
use crate::model::{Protocol, TcpInfo};

/// Bytes of each word by its number: 8, 4, or 0 for the upper half of eight.
pub(super) const WIDTHS: [u8; INFO - TCP] = {
    let mut widths = [4; INFO - TCP];
    let mut at = 0;
    while at < TcpInfo::FIELDS.len() {
        let field = TcpInfo::FIELDS[at];
        if field.width == 8 {
            widths[field.offset / 4] = 8;
            widths[field.offset / 4 + 1] = 0;
        }
        at += 1;
    }
    widths
};

/// Number of words of eight bytes.
const WIDE: usize = {
    let (mut at, mut count) = (0, 0);
    while at < WIDTHS.len() {
        count += (WIDTHS[at] == 8) as usize;
        at += 1;
    }
    count
};

/// The words of eight bytes.
pub(super) const WIDE_WORDS: [usize; WIDE] = {
    let mut words = [0; WIDE];
    let (mut at, mut count) = (0, 0);
    while at < WIDTHS.len() {
        if WIDTHS[at] == 8 {
            words[count] = at;
            count += 1;
        }
        at += 1;
    }
    words
};

/// Returns the first stream of the structure that a protocol reports.
pub(super) fn info_streams(protocol: Protocol) -> usize {
    if protocol == Protocol::Tcp { TCP } else { INFO }
}

//! Columns that change as others do.

use super::{SEND_QUEUE, TCP};

/// Columns whose change mostly follows from that of others before them, in their order: segments mostly carry data, what was
/// sent as data is delivered, and what was sent is acknowledged or waits in the queue. Kernel: `tcpi_data_segs_in`,
/// `tcpi_data_segs_out`, `tcpi_delivered`, `tcpi_bytes_sent`.
pub(in crate::recording) const FOLLOWERS: [usize; 4] =
    [TCP + 152 / 4, TCP + 156 / 4, TCP + 192 / 4, TCP + 200 / 4];

/// Places in [`FOLLOWERS`].
const DATA_SEGS_IN: usize = 0;
const DATA_SEGS_OUT: usize = 1;
const DELIVERED: usize = 2;
const BYTES_SENT: usize = 3;

/// `tcpi_notsent_bytes`.
const NOTSENT_BYTES: usize = TCP + 144 / 4;

/// What they follow, in order: a column, whom it leads, and whether that changes by as much less. Kernel: `idiag_wqueue`,
/// `tcpi_bytes_acked`, `tcpi_segs_out`, `tcpi_segs_in`, `tcpi_notsent_bytes`, `tcpi_data_segs_out`.
const LEADERS: [(usize, usize, bool); 6] = [
    (SEND_QUEUE, BYTES_SENT, false),
    (TCP + 120 / 4, BYTES_SENT, false),
    (TCP + 136 / 4, DATA_SEGS_OUT, false),
    (TCP + 140 / 4, DATA_SEGS_IN, false),
    (NOTSENT_BYTES, BYTES_SENT, true),
    (TCP + 156 / 4, DELIVERED, false),
];

/// By how much cells are foretold to change. There is one more, which nobody reads.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::recording) struct Foretold([u64; FOLLOWERS.len() + 1]);

/// Whom a column leads, and which way.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Lead {
    slot: u8,
    is_less: bool,
}

impl Lead {
    /// Of a column, as cells were told in a revision: the first knew neither queues nor what was not sent.
    pub(in crate::recording) fn of(column: usize, revision: u64) -> Lead {
        let mut leaders = LEADERS.into_iter();
        let known = leaders.find(|(leader, ..)| *leader == column);
        let known = known.filter(|_| revision > 1 || !matches!(column, SEND_QUEUE | NOTSENT_BYTES));
        let (slot, is_less) =
            known.map_or((FOLLOWERS.len(), false), |(_, slot, less)| (slot, less));
        Lead {
            slot: slot as u8,
            is_less,
        }
    }

    /// Whether it leads any column.
    pub(in crate::recording) fn leads_any(self) -> bool {
        usize::from(self.slot) < FOLLOWERS.len()
    }

    /// Whether it leads another column.
    pub(in crate::recording) fn leads(self, follower: usize) -> bool {
        FOLLOWERS.get(usize::from(self.slot)) == Some(&follower)
    }
}

impl Foretold {
    /// Notes by how much a cell changed.
    #[inline]
    pub(in crate::recording) fn note(&mut self, lead: Lead, change: u64) {
        let foretold = &mut self.0[usize::from(lead.slot)];
        *foretold = if lead.is_less {
            foretold.wrapping_sub(change)
        } else {
            foretold.wrapping_add(change)
        };
    }

    /// By how much a follower is foretold to change.
    #[inline]
    pub(in crate::recording) fn change(&self, slot: usize) -> u64 {
        self.0[slot]
    }
}

/// The columns that lead others, in this version.
#[inline]
pub(in crate::recording) fn leaders() -> impl Iterator<Item = (usize, Lead)> {
    let leaders = LEADERS.into_iter();
    leaders.map(|(column, slot, is_less)| {
        let slot = slot as u8;
        (column, Lead { slot, is_less })
    })
}

/// The number of a column in [`FOLLOWERS`].
#[inline]
pub(in crate::recording) fn follower(column: usize) -> Option<usize> {
    FOLLOWERS.iter().position(|follower| *follower == column)
}

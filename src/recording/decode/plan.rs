//! Sets of columns, made ready to be read: what is the same for all sockets that tell them is looked up once.

use crate::model::Socket;
use crate::recording::column::{
    Beside, COLUMNS, Coding, FIXED_COLUMNS, FOLLOWERS, FixedCells, Foretold, Layout, Lead, RTO,
    RTT, RTTVAR, SEND_QUEUE, Spot, Timing, coding, fixed, fixed_cells, follower, is_moving, moving,
    moving_cells, spot, take_cell,
};
use crate::recording::varint::{Broken, Cursor};

/// Which columns of fixed meaning are among those of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    None,
    /// Some of those that change while a socket moves data.
    Moving,
    Any,
}

/// How a column is read.
#[derive(Debug, Clone, Copy)]
struct Manner {
    spot: Spot,
    coding: Coding,
    /// Which of the followers it is, if it is one, and whom it leads.
    follower: Option<u8>,
    lead: Lead,
    /// Whether it is told as a difference from what it was, and nothing else depends on it: as most are.
    is_plain: bool,
    /// Whether the same is true but that it leads another.
    only_leads: bool,
}

/// How columns are read in a revision.
#[derive(Debug)]
pub(super) struct Manners {
    all: Vec<Manner>,
    revision: u64,
}

impl Manners {
    pub(super) fn of(revision: u64) -> Manners {
        let manner = |column: usize| {
            let coding = coding(column, revision);
            let follower = follower(column).map(|slot| slot as u8);
            let lead = Lead::of(column, revision);
            let is_difference = follower.is_none()
                && coding == Coding::Difference
                && !spot(column).is_half()
                && (column != RTTVAR || revision < 2);
            Manner {
                spot: spot(column),
                coding,
                follower,
                lead,
                is_plain: is_difference && !lead.leads_any(),
                only_leads: is_difference && lead.leads_any(),
            }
        };
        Manners {
            all: (0..COLUMNS).map(manner).collect(),
            revision,
        }
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    #[inline]
    fn lead(&self, column: u16) -> Lead {
        self.all[usize::from(column)].lead
    }
}

/// Marks a column that is not told and changes as others do.
const UNTOLD: u16 = 1 << 15;

/// Sets of columns by number, close together: there are hundreds, and which one is next cannot be foretold.
#[derive(Debug, Default)]
pub(super) struct Plans {
    all: Vec<Extent>,
    columns: Vec<u16>,
    /// The words of the set at hand, as they are read.
    narrow: Vec<u16>,
    wide: Vec<u16>,
    others: Vec<u16>,
}

/// Where a set lies among the columns of all.
#[derive(Debug, Clone, Copy)]
struct Extent {
    begin: u32,
    /// Lengths of what a [`Plan`] has of it.
    fixed: u16,
    narrow: u16,
    wide: u16,
    others: u16,
    kind: Fixed,
    has_timing: bool,
}

/// A set of columns. Each column's cells come one after the other, so that those of one socket can be read in any order as long
/// as what others follow from lies before them; those that are read alike lie together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) kind: Fixed,
    /// Whether what follows from round-trip times can change; it is the last of the others.
    has_timing: bool,
    /// Columns of fixed meaning.
    fixed: &'a [u16],
    /// Words that are told as differences from what they were and that nothing else depends on, as most are: those of four
    /// bytes, and those of eight.
    narrow: &'a [u16],
    wide: &'a [u16],
    /// All other words.
    others: &'a [u16],
}

impl Plans {
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.columns.clear();
    }

    /// Bytes that all of them take.
    pub(super) fn weight(&self) -> usize {
        self.all.len() * size_of::<Extent>() + self.columns.len() * size_of::<u16>()
    }

    /// The most bytes that a set of so many columns takes.
    pub(super) fn most(columns: usize) -> usize {
        size_of::<Extent>() + (columns + FOLLOWERS.len() + 2) * size_of::<u16>()
    }

    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<Plan<'_>> {
        let extent = self.all.get(number)?;
        let columns = self.columns.get(extent.begin as usize..)?;
        let (fixed, columns) = columns.split_at_checked(extent.fixed.into())?;
        let (narrow, columns) = columns.split_at_checked(extent.narrow.into())?;
        let (wide, columns) = columns.split_at_checked(extent.wide.into())?;
        Some(Plan {
            kind: extent.kind,
            has_timing: extent.has_timing,
            fixed,
            narrow,
            wide,
            others: columns.get(..extent.others.into())?,
        })
    }

    /// Adds a set of columns, which are in their order.
    pub(super) fn add(&mut self, columns: &[u16], manners: &Manners) {
        let split = columns.partition_point(|&column| usize::from(column) < FIXED_COLUMNS);
        let (fixed, words) = columns.split_at(split);
        let kind = match fixed {
            [] => Fixed::None,
            all if all.iter().all(|&column| is_moving(column.into())) => Fixed::Moving,
            _ => Fixed::Any,
        };
        let Plans {
            all,
            columns,
            narrow,
            wide,
            others,
        } = self;
        for words in [&mut *narrow, &mut *wide, &mut *others] {
            words.clear();
        }
        for &column in words {
            let manner = &manners.all[usize::from(column)];
            let to = match (manner.is_plain, manner.spot.is_wide()) {
                (false, _) => &mut *others,
                (true, false) => &mut *narrow,
                (true, true) => &mut *wide,
            };
            to.push(column);
        }
        for follower in FOLLOWERS {
            let place = others.partition_point(|&word| usize::from(word & !UNTOLD) < follower);
            let (before, behind) = others.split_at(place);
            let next = behind.first().map(|&word| usize::from(word));
            let mut leaders = fixed.iter().chain(before).map(|word| word & !UNTOLD);
            let is_led = leaders.any(|leader| manners.lead(leader).leads(follower));
            if is_led && next != Some(follower) {
                others.insert(place, follower as u16 | UNTOLD);
            }
        }
        let has_timing = manners.revision > 1 && timing_last(narrow, others);
        all.push(Extent {
            begin: columns.len() as u32,
            fixed: fixed.len() as u16,
            narrow: narrow.len() as u16,
            wide: wide.len() as u16,
            others: others.len() as u16,
            kind,
            has_timing,
        });
        for part in [fixed, narrow, wide, others] {
            columns.extend_from_slice(part);
        }
    }
}

/// Puts what follows from round-trip times behind all other words; answers whether there is anything.
fn timing_last(narrow: &[u16], others: &mut Vec<u16>) -> bool {
    let mut has_timing = narrow.contains(&(RTT as u16));
    for column in [RTTVAR as u16, RTO as u16] {
        if let Some(told) = others.iter().position(|word| *word == column) {
            others[told..].rotate_left(1);
            has_timing = true;
        } else if has_timing {
            others.push(column | UNTOLD);
        }
    }
    has_timing
}

impl Plan<'_> {
    /// Changes the columns of fixed meaning of a socket.
    #[inline]
    pub(super) fn change_fixed(
        self,
        manners: &Manners,
        socket: &mut Socket,
        beside: &mut Beside,
        told: &mut [Cursor<'_>],
    ) -> Result<(), Broken> {
        let mut cells: FixedCells = [0; 64];
        match self.kind {
            Fixed::None => Ok(()),
            Fixed::Moving => {
                moving_cells(socket, &mut cells);
                self.take_fixed(manners, &mut cells, told)?;
                moving(&cells, socket)
            }
            Fixed::Any => {
                cells = fixed_cells(socket, beside);
                self.take_fixed(manners, &mut cells, told)?;
                fixed(&cells, socket, beside)
            }
        }
    }

    #[inline]
    fn take_fixed(
        self,
        manners: &Manners,
        cells: &mut FixedCells,
        told: &mut [Cursor<'_>],
    ) -> Result<(), Broken> {
        for &column in self.fixed {
            let column = usize::from(column);
            let (manner, told) = (&manners.all[column], &mut told[column]);
            cells[column] = take_cell(told, manner.coding, cells[column], |other| cells[other])?;
        }
        Ok(())
    }

    /// Changes the words of a socket's parts; so much was in its send queue before.
    #[inline]
    pub(super) fn change_words(
        self,
        manners: &Manners,
        socket: &Socket,
        queued: u32,
        parts: &mut [u8],
        told: &mut [Cursor<'_>],
    ) -> Result<(), Broken> {
        let layout = Layout::of(socket);
        let mut foretold = Foretold::default();
        let queued = u64::from(socket.send_queue).wrapping_sub(queued.into());
        foretold.note(manners.lead(SEND_QUEUE as u16), queued);
        let timing = self
            .has_timing
            .then(|| Timing::of(|column| layout.get(parts, column)));
        for &column in self.narrow {
            let column = usize::from(column);
            let change = told[column].signed()?;
            layout.add::<4>(parts, manners.all[column].spot, change)?;
        }
        for &column in self.wide {
            let column = usize::from(column);
            let change = told[column].signed()?;
            layout.add::<8>(parts, manners.all[column].spot, change)?;
        }
        for &word in self.others {
            let column = usize::from(word & !UNTOLD);
            let manner = &manners.all[column];
            let place = layout.find(manner.spot);
            let before = place.get(parts);
            if manner.only_leads {
                let change = told[column].signed()?;
                place.set(parts, before.wrapping_add_signed(change))?;
                foretold.note(manner.lead, change.cast_unsigned());
                continue;
            }
            let word_of = |other: usize| layout.get(parts, other);
            let expected = match (manner.follower, column, timing) {
                (Some(slot), ..) => before.wrapping_add(foretold.change(slot.into())),
                (_, RTTVAR, Some(timing)) => timing.deviation(word_of(RTT)),
                (_, RTO, Some(timing)) => timing.timeout(before, word_of(RTT), word_of(RTTVAR)),
                _ => before,
            };
            let now = if word & UNTOLD == 0 {
                take_cell(&mut told[column], manner.coding, expected, word_of)?
            } else if place.is_there() {
                expected
            } else {
                continue;
            };
            place.set(parts, now)?;
            foretold.note(manner.lead, now.wrapping_sub(before));
        }
        Ok(())
    }

    /// Makes the cells of fixed meaning of a socket that is new; `last` has what new sockets told last, by column.
    #[inline]
    pub(super) fn new_fixed(
        self,
        manners: &Manners,
        told: &mut [Cursor<'_>],
        last: &mut [u64],
    ) -> Result<FixedCells, Broken> {
        let mut cells: FixedCells = [0; 64];
        for &column in self.fixed {
            let column = usize::from(column);
            let coding = manners.all[column].coding;
            let (told, last) = (&mut told[column], &mut last[column]);
            cells[column] = take_cell(told, coding, *last, |other| cells[other])?;
            *last = cells[column];
        }
        Ok(cells)
    }

    /// Makes the words of a socket that is new; its parts are filled with zeros.
    #[inline]
    pub(super) fn new_words(
        self,
        manners: &Manners,
        socket: &Socket,
        parts: &mut [u8],
        told: &mut [Cursor<'_>],
        last: &mut [u64],
    ) -> Result<(), Broken> {
        let layout = Layout::of(socket);
        let follows = manners.revision > 1;
        let mut foretold = Foretold::default();
        foretold.note(manners.lead(SEND_QUEUE as u16), socket.send_queue.into());
        for &column in self.narrow.iter().chain(self.wide) {
            let column = usize::from(column);
            let (told, last) = (&mut told[column], &mut last[column]);
            *last = last.wrapping_add_signed(told.signed()?);
            layout.find(manners.all[column].spot).set(parts, *last)?;
        }
        for &column in self.others.iter().filter(|word| *word & UNTOLD == 0) {
            let column = usize::from(column);
            let manner = &manners.all[column];
            let (told, last) = (&mut told[column], &mut last[column]);
            let word = |other: usize| layout.get(parts, other);
            let (deviation, timeout) = Timing::of_new(word(RTT), word(RTTVAR));
            let expected = match (manner.follower, column) {
                _ if !follows => *last,
                (Some(slot), _) => foretold.change(slot.into()),
                (_, RTTVAR) => deviation,
                (_, RTO) => timeout,
                _ => *last,
            };
            let now = take_cell(told, manner.coding, expected, word)?;
            *last = now;
            foretold.note(manner.lead, now);
            layout.find(manner.spot).set(parts, now)?;
        }
        Ok(())
    }
}

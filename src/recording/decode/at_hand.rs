//! One socket that is being made or changed.

use super::plan::{Manners, Plan};
use super::streams::Streams;
use crate::model::{Ends, Family, Protocol, Socket, State};
use crate::recording::column::{self, Beside};
use crate::recording::rows::{Rows, length, let_age, resize_parts};
use crate::recording::varint::Broken;

/// One socket that is being made or changed, apart from the others.
#[derive(Debug)]
pub(super) struct AtHand {
    pub(super) socket: Socket,
    pub(super) beside: Beside,
    pub(super) parts: Vec<u8>,
}

impl Default for AtHand {
    fn default() -> Self {
        AtHand {
            socket: blank(),
            beside: Beside::default(),
            parts: Vec::new(),
        }
    }
}

/// A socket of which nothing is known.
fn blank() -> Socket {
    let ends = Ends::Packet { ethertype: 0 };
    Socket::new(0, 0, Family::Inet, Protocol::Tcp, State::Closed, ends)
}

impl AtHand {
    /// Takes a row up to change it.
    pub(super) fn take_up(&mut self, rows: &Rows, at: u32) {
        let row = rows.row(at);
        self.socket = row.socket;
        self.beside = row.beside;
        self.parts.clear();
        self.parts.extend_from_slice(rows.parts(at));
        let_age(&mut self.socket, &mut self.parts, rows.pace(at).aged);
    }

    /// Changes it.
    pub(super) fn change(
        &mut self,
        plan: Plan<'_>,
        manners: &Manners,
        streams: &mut Streams<'_, '_>,
    ) -> Result<(), Broken> {
        let mut before = self.socket;
        plan.change_fixed(manners, &mut self.socket, &mut self.beside, streams.columns)?;
        resize_parts(&mut self.parts, &mut before, &self.socket);
        let queued = before.send_queue;
        plan.change_words(
            manners,
            &self.socket,
            queued,
            &mut self.parts,
            streams.columns,
        )
    }

    /// Makes it of what is told of a new one.
    pub(super) fn make(
        &mut self,
        plan: Plan<'_>,
        manners: &Manners,
        streams: &mut Streams<'_, '_>,
        last: &mut [u64],
    ) -> Result<(), Broken> {
        let cells = plan.new_fixed(manners, streams.columns, last)?;
        self.socket = blank();
        column::fixed(&cells, &mut self.socket, &mut self.beside)?;
        self.parts.clear();
        self.parts.resize(length(&self.socket), 0);
        plan.new_words(
            manners,
            &self.socket,
            &mut self.parts,
            streams.columns,
            last,
        )
    }
}

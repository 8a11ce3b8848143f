//! Puts sockets into the table of a Sample.

use super::beside::Processes;
use crate::model::{Holder, MAX_NAME, Socket, SocketTable};
use crate::recording::column::Beside;
use crate::recording::texts::Texts;
use crate::recording::varint::{Broken, Cursor, Room};

/// Puts sockets into a table.
pub(super) struct TableOut<'a> {
    pub(super) texts: &'a Texts,
    pub(super) processes: &'a Processes,
    pub(super) room: &'a mut Room,
    /// Indices of names in the table, by number.
    pub(super) names: Vec<(u32, u8)>,
}

impl TableOut<'_> {
    pub(super) fn put(
        &mut self,
        socket: &Socket,
        beside: &Beside,
        parts: &[u8],
        table: &mut SocketTable,
        holders: &mut Vec<Holder>,
    ) -> Result<(), Broken> {
        let blob = socket.blob;
        let (info, rest) = parts.split_at(usize::from(blob.info));
        let (memory, congestion_info) = rest.split_at(usize::from(blob.memory));
        let name = self.texts.get(beside.name)?;
        if name.len() > MAX_NAME {
            return Err(Broken("a name is too long"));
        }
        self.room
            .take(size_of::<Socket>() + parts.len() + name.len())?;
        let mut row = *socket;
        row.blob = table
            .push_blob(info, memory, congestion_info, name)
            .ok_or(Broken("there are more sockets than fit"))?;
        row.congestion = self.congestion(beside.congestion, table)?;
        let at = holders.len();
        row.holders_at = u32::try_from(at).map_err(|_| Broken("there are too many owners"))?;
        if row.holders_len > 0 {
            let mut add = |number, fd| {
                let process = self.processes.index_of(number);
                holders.extend(process.map(|process| Holder { process, fd }));
            };
            add(beside.process, beside.fd);
            let mut others = Cursor(self.texts.get(beside.others)?);
            for _ in 1..row.holders_len {
                if others.is_empty() {
                    break;
                }
                self.room.take(size_of::<Holder>())?;
                add(others.number()?, others.number()?);
            }
            row.holders_len = (holders.len() - at) as u16;
        } else {
            row.holders_at = 0;
        }
        table.rows.push(row);
        Ok(())
    }

    /// The index of a congestion control's name in the table.
    pub(super) fn congestion(
        &mut self,
        number: u32,
        table: &mut SocketTable,
    ) -> Result<u8, Broken> {
        if number == 0 {
            return Ok(0);
        }
        let mut known = self.names.iter();
        if let Some((_, index)) = known.find(|(known, _)| *known == number) {
            return Ok(*index);
        }
        let index = table.name_index(self.texts.get(number)?);
        self.names.push((number, index));
        Ok(index)
    }
}

//! Appends decoded sockets to the table of a Sample. Its counterpart is `encode/side_refs.rs`: numbers of strings and
//! of processes, which are valid in a chunk, become indices into the Sample.

use crate::model::{Holder, MAX_SCTP_ADDRESSES, Parts, Socket, SocketKey, SocketTable};
use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::records::ProcessDecoder;
use crate::recording::stream::SideRefs;
use crate::recording::strings::StringTable;
use crate::recording::varint::ByteReader;

/// Bytes of memory for a socket of a Sample with one holder, and for when it was first seen.
pub(super) const SOCKET_BYTES: usize =
    size_of::<Socket>() + size_of::<Holder>() + size_of::<(SocketKey, u64)>();

/// Resolves the strings and processes that sockets refer to while it appends them to a table.
pub(super) struct TableBuilder<'a> {
    strings: &'a StringTable,
    processes: &'a ProcessDecoder,
    budget: &'a mut AllocBudget,
    /// Names of congestion controls in the table: number of the string, and index in the table.
    congestion: Vec<(u32, u8)>,
}

impl<'a> TableBuilder<'a> {
    /// A builder for one table of a Sample.
    pub(super) fn new(
        strings: &'a StringTable,
        processes: &'a ProcessDecoder,
        budget: &'a mut AllocBudget,
    ) -> TableBuilder<'a> {
        TableBuilder {
            strings,
            processes,
            budget,
            congestion: Vec::new(),
        }
    }

    /// Starts another table, whose names of congestion controls have indices of their own.
    pub(super) fn begin_table(&mut self) {
        self.congestion.clear();
    }

    /// Appends a socket to `table`, and its holders to those of the Sample. `parts` are the bytes whose lengths
    /// `socket` states. A holder whose process the Sample does not have is left out.
    ///
    /// # Errors
    /// If a string is not defined, a name is too long, the table is full, or the budget is spent.
    pub(super) fn push(
        &mut self,
        socket: &Socket,
        side: &SideRefs,
        parts: &[u8],
        table: &mut SocketTable,
        holders: &mut Vec<Holder>,
    ) -> Result<(), Corrupt> {
        let blob = socket.blob;
        let (info, rest) = parts.split_at(usize::from(blob.info));
        let (memory, congestion_info) = rest.split_at(usize::from(blob.memory));
        let name = self.strings.bytes(side.name)?;
        if name.len() > MAX_SCTP_ADDRESSES {
            return Err(Corrupt("name too long"));
        }
        self.budget.spend(SOCKET_BYTES)?;
        self.budget.spend_parts(parts.len() + name.len())?;
        let mut row = *socket;
        row.congestion = self.congestion_index(side.congestion, table)?;
        let at = holders.len();
        row.holders_at = u32::try_from(at).map_err(|_| Corrupt("too many owners"))?;
        if row.holders_len > 0 {
            let mut add = |number, fd| {
                let process = self.processes.index_of(number);
                holders.extend(process.map(|process| Holder { process, fd }));
            };
            add(side.process, side.fd);
            let mut others = ByteReader(self.strings.bytes(side.others)?);
            for _ in 1..row.holders_len {
                if others.is_empty() {
                    break;
                }
                self.budget.spend_holder(size_of::<Holder>())?;
                add(others.number()?, others.number()?);
            }
            row.holders_len = (holders.len() - at) as u16;
        } else {
            row.holders_at = 0;
        }
        let parts = Parts {
            info,
            memory,
            congestion_info,
            name,
        };
        table.push(row, parts).ok_or(Corrupt::TOO_MANY_SOCKETS)
    }

    /// Returns the index in the table of a congestion control's name, the string of that number; 0 for none.
    fn congestion_index(&mut self, number: u32, table: &mut SocketTable) -> Result<u8, Corrupt> {
        if number == 0 {
            return Ok(0);
        }
        let mut known = self.congestion.iter();
        if let Some((_, index)) = known.find(|(known, _)| *known == number) {
            return Ok(*index);
        }
        let index = table.name_index(self.strings.bytes(number)?);
        self.congestion.push((number, index));
        Ok(index)
    }
}

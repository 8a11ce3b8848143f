//! Rows of a table that are changed together with their variable parts.

#![allow(dead_code, missing_docs, unreachable_pub)]

use sockwatch::model::{Parts, Socket, SocketTable};

/// Variable parts of a row, for changes.
#[derive(Debug, Clone, Default)]
pub struct OwnedParts {
    pub info: Vec<u8>,
    pub memory: Vec<u8>,
    pub congestion_info: Vec<u8>,
    pub name: Vec<u8>,
}

impl From<Parts<'_>> for OwnedParts {
    fn from(parts: Parts<'_>) -> OwnedParts {
        OwnedParts {
            info: parts.info.to_vec(),
            memory: parts.memory.to_vec(),
            congestion_info: parts.congestion_info.to_vec(),
            name: parts.name.to_vec(),
        }
    }
}

impl OwnedParts {
    fn borrow(&self) -> Parts<'_> {
        Parts {
            info: &self.info,
            memory: &self.memory,
            congestion_info: &self.congestion_info,
            name: &self.name,
        }
    }
}

/// Changes every row of a table; `edit` is given its number.
pub fn edit_rows(
    table: &mut SocketTable,
    mut edit: impl FnMut(usize, &mut Socket, &mut OwnedParts),
) {
    let before = table.clone();
    let mut buffer = Vec::new();
    // Keeps the names of congestion control algorithms.
    table.clear();
    for (at, row) in before.iter().enumerate() {
        let mut socket = row.to_socket();
        let mut parts = row.copy_parts(&mut buffer).into();
        edit(at, &mut socket, &mut parts);
        let pushed = table.push(socket, parts.borrow());
        pushed.expect("the parts are as long as before");
    }
}

/// Gives the last row its variable parts.
pub fn give_last(table: &mut SocketTable, parts: Parts<'_>) {
    let last = table.len().checked_sub(1);
    let socket = last.and_then(|last| Some(table.get(last)?.to_socket()));
    let (Some(last), Some(socket)) = (last, socket) else {
        panic!("there is no row");
    };
    table.truncate(last);
    table.push(socket, parts).expect("the parts fit");
}

//! Open sockets of processes that no socket table lists.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::{ProcessRow, UnlistedSockets};
use crate::recording::error::Corrupt;
use crate::recording::varint::put_varint;

record!(UnlistedSockets {
    protocol,
    sockets,
    once_listed,
    inactive,
    elsewhere,
});

/// Encodes the unlisted sockets of the processes for which they are known, each after its distance in rows from the
/// previous one.
pub(in crate::recording) fn encode_unlisted(rows: &[ProcessRow], writer: &mut FieldWriter<'_>) {
    let mut distance = 0;
    for row in rows {
        distance += 1;
        if let Some(protocols) = &row.unlisted {
            put_varint(writer.out, distance);
            put_varint(writer.out, protocols.len() as u64);
            for protocol in protocols.iter() {
                protocol.encode(writer);
            }
            distance = 0;
        }
    }
}

/// Decodes them into the processes of their Sample.
pub(in crate::recording) fn decode_unlisted(
    reader: &mut FieldReader<'_, '_>,
    rows: &mut [ProcessRow],
) -> Result<(), Corrupt> {
    let mut next = 0usize;
    let none: Arc<[UnlistedSockets]> = Arc::new([]);
    while !reader.bytes.is_empty() {
        next = next.saturating_add(reader.bytes.number()?);
        let row = next.checked_sub(1).and_then(|at| rows.get_mut(at));
        let row = row.ok_or(Corrupt("unlisted sockets of an unknown process"))?;
        let protocols: Vec<UnlistedSockets> = Field::decode(reader)?;
        row.unlisted = Some(if protocols.is_empty() {
            Arc::clone(&none)
        } else {
            protocols.into()
        });
    }
    Ok(())
}

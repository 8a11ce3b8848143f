//! Names of network devices, cgroups and users: three tables of ids, as differences, with a string each.

use super::field::{FieldReader, FieldWriter};
use crate::model::Sample;
use crate::recording::error::Corrupt;
use crate::recording::varint::{put_signed, put_varint};

/// Encodes the names of a Sample.
pub(in crate::recording) fn encode_names(sample: &Sample, writer: &mut FieldWriter<'_>) {
    let interfaces = sample.interfaces.iter();
    encode_table(
        interfaces.map(|(id, name)| (u64::from(*id), name.as_str())),
        writer,
    );
    let cgroups = sample.cgroups.iter();
    encode_table(cgroups.map(|(id, path)| (*id, path.as_ref())), writer);
    let users = sample.users.iter();
    encode_table(
        users.map(|(id, name)| (u64::from(*id), name.as_ref())),
        writer,
    );
}

fn encode_table<'a>(
    names: impl ExactSizeIterator<Item = (u64, &'a str)>,
    writer: &mut FieldWriter<'_>,
) {
    put_varint(writer.out, names.len() as u64);
    let mut before = 0;
    for (id, name) in names {
        put_signed(writer.out, id.wrapping_sub(before) as i64);
        before = id;
        put_varint(writer.out, writer.strings.intern(name.as_bytes()).into());
    }
}

/// Decodes the names of a frame into a Sample.
pub(in crate::recording) fn decode_names(
    reader: &mut FieldReader<'_, '_>,
    sample: &mut Sample,
) -> Result<(), Corrupt> {
    if reader.bytes.is_empty() {
        return Ok(());
    }
    let narrow = |id: u64| u32::try_from(id).map_err(|_| Corrupt("ID too large"));
    decode_table(reader, |id, name| {
        sample.interfaces.insert(narrow(id)?, name.to_owned());
        Ok(())
    })?;
    decode_table(reader, |id, path| {
        sample.cgroups.insert(id, path.into());
        Ok(())
    })?;
    decode_table(reader, |id, name| {
        sample.users.insert(narrow(id)?, name.into());
        Ok(())
    })
}

fn decode_table(
    reader: &mut FieldReader<'_, '_>,
    mut add: impl FnMut(u64, &str) -> Result<(), Corrupt>,
) -> Result<(), Corrupt> {
    let mut id = 0u64;
    for _ in 0..reader.bytes.count()? {
        id = id.wrapping_add(reader.bytes.signed()? as u64);
        let number = reader.bytes.number()?;
        add(id, &reader.strings.text(number, reader.budget)?)?;
    }
    Ok(())
}

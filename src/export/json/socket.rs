//! One socket as a JSON object.
//!
//! A socket has a hundred fields, and a busy host a hundred thousand sockets: objects are appended to a buffer field by
//! field, with names that are quoted once. Values are written by the library.

use std::io;

use serde::Serialize;

use super::format::write_compact;
use crate::export::field::{Absence, ExportField, Shape, nested};
use crate::export::owner::{OWNER_FIELDS, OwnerShape, owners};
use crate::export::row::Row;
use crate::export::socket_fields::{socket_fields, taken_at};
use crate::model::SocketRef;

/// Appends sockets as JSON objects to a buffer.
#[derive(Debug, Default)]
pub(super) struct SocketWriter {
    /// A kernel structure in full.
    scratch: Vec<u8>,
}

impl SocketWriter {
    /// Appends a row as an object, with `taken_at`, the time of its Sample as text, if given.
    pub(super) fn append(
        &mut self,
        row: &Row<'_>,
        taken_at_text: Option<&str>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let row = &row.with_whole_tcp_info(&mut self.scratch);
        let mut object = Object::begin(out);
        if let Some(time) = taken_at_text {
            object.append(&taken_at().quoted_name, &time)?;
        }
        append_fields(&mut object, socket_fields(), row)?;
        object.end();
        Ok(())
    }
}

/// An object that is appended to a buffer.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    begin: usize,
}

impl Object<'_> {
    fn begin(out: &mut Vec<u8>) -> Object<'_> {
        let begin = out.len();
        Object { out, begin }
    }

    /// Appends a field; `name` is its quoted name between a comma and a colon.
    #[inline]
    fn append(&mut self, name: &[u8], value: &impl Serialize) -> io::Result<()> {
        self.out.extend_from_slice(name);
        write_compact(self.out, value)
    }

    /// Appends a name of the program's own, which has no characters that are escaped.
    fn append_name(&mut self, name: &str) {
        for part in [",\"", name, "\":"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    #[inline]
    fn append_value(
        &mut self,
        field: &ExportField,
        value: Option<impl Serialize>,
    ) -> io::Result<()> {
        match value {
            None => self.append_absence(field),
            Some(value) => self.append(&field.quoted_name, &value)?,
        }
        Ok(())
    }

    #[inline]
    fn append_absence(&mut self, field: &ExportField) {
        if field.absence != Absence::Omitted {
            self.out.extend_from_slice(&field.quoted_name);
            self.out.extend_from_slice(b"null");
        }
    }

    fn end(self) {
        // The comma before the first field.
        match self.out.get_mut(self.begin) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }
}

fn append_fields(object: &mut Object<'_>, fields: &[ExportField], row: &Row<'_>) -> io::Result<()> {
    for field in nested(fields) {
        match &field.shape {
            Shape::Flag(value) => {
                let flag = value.read(row).map(|value| value != 0);
                object.append_value(field, flag)?;
            }
            Shape::Unsigned(_, value) => match value.read(row) {
                Some(value) => {
                    object.out.extend_from_slice(&field.quoted_name);
                    append_number(value, object.out);
                }
                None => object.append_absence(field),
            },
            Shape::Float(value) => object.append_value(field, value(row))?,
            Shape::Text(value) => object.append_value(field, value(row))?,
            Shape::Name { value, .. } => object.append_value(field, value(row))?,
            Shape::Time(value) => {
                let time = crate::export::timestamp::timestamp(value(row));
                object.append_value(field, Some(time))?;
            }
            Shape::Record { exists, parts } => {
                if exists(row) {
                    object.out.extend_from_slice(&field.quoted_name);
                    let mut record = Object::begin(object.out);
                    append_fields(&mut record, parts, row)?;
                    record.end();
                } else {
                    object.append_absence(field);
                }
            }
            Shape::Bits { value, .. } => {
                let names = value(row).map(Iterator::collect::<Vec<_>>);
                object.append_value(field, names)?;
            }
            Shape::Map(value) => match value(row) {
                Some(numbers) => {
                    object.out.extend_from_slice(&field.quoted_name);
                    let mut map = Object::begin(object.out);
                    for (name, number) in numbers {
                        map.append_name(name);
                        write_compact(map.out, &number)?;
                    }
                    map.end();
                }
                None => object.append_absence(field),
            },
            Shape::Owners(value) => match value(row) {
                Some(socket) => {
                    object.out.extend_from_slice(&field.quoted_name);
                    append_owners(&socket, object.out)?;
                }
                None => object.append_absence(field),
            },
        }
    }
    Ok(())
}

#[inline]
fn append_number(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn append_numbers(values: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        append_number(value.into(), out);
    }
    out.push(b']');
}

fn append_owners(socket: &SocketRef<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    out.push(b'[');
    for (at, owner) in owners(socket).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let mut object = Object::begin(out);
        for field in &OWNER_FIELDS {
            object.append_name(field.name);
            match field.shape {
                OwnerShape::U32(value) => append_number(value(&owner).into(), object.out),
                OwnerShape::U64(value) => append_number(value(&owner), object.out),
                OwnerShape::Text(value) => write_compact(object.out, &value(&owner))?,
                OwnerShape::List(value) => append_numbers(value(&owner), object.out),
            }
        }
        object.end();
    }
    out.push(b']');
    Ok(())
}

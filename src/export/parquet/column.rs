//! What a column of the file is: how the schema declares it, and what it takes from a row.

use std::borrow::Cow;
use std::fmt::Write;

use parquet::data_type::{BoolType, DataType, FloatType, Int32Type, Int64Type};

use super::leaf::{Leaf, Texts, Values};
use crate::aggregate::{Moment, PeerIndex, SocketRates};
use crate::model::SocketRef;

/// One socket of one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// When, µs since 1970 UTC.
    pub(super) taken_at_us: i64,
    /// The socket.
    pub(super) view: SocketRef<'a>,
    /// Its rates, if they are known.
    pub(super) rates: Option<&'a SocketRates>,
    /// Its other end, if that is a socket of this machine.
    pub(super) peer: Option<SocketRef<'a>>,
}

impl<'a> Row<'a> {
    /// The socket in row `index` of a moment; `peers` finds its other end.
    pub(super) fn of(moment: &'a Moment, peers: &PeerIndex, index: usize) -> Option<Row<'a>> {
        let view = moment.sample.socket(index)?;
        let peer = peers.peer(view.socket);
        Some(Row {
            taken_at_us: moment.sample.taken_at_us,
            view,
            rates: moment.aggregate.sockets.get(index),
            peer: peer.and_then(|row| moment.sample.socket(row)),
        })
    }
}

/// A column of the file.
pub(super) trait Column: Send {
    /// Appends its declaration in Parquet's language of schemas.
    fn declare(&self, schema: &mut String);

    /// Takes its part of a row.
    fn take(&mut self, row: &Row<'_>);

    /// The columns of plain values that it consists of, in the order of its declaration.
    fn leaves(&mut self) -> Vec<&mut dyn Leaf>;
}

/// A column of plain values.
struct Plain<T: DataType, F> {
    name: Cow<'static, str>,
    /// Physical and logical type.
    kind: (&'static str, Cow<'static, str>),
    value: F,
    leaf: Values<T>,
}

impl<T: DataType, F: Fn(&Row<'_>) -> Option<T::T> + Send> Column for Plain<T, F> {
    fn declare(&self, schema: &mut String) {
        let (name, (physical, logical)) = (&self.name, &self.kind);
        // Writing to a String cannot fail.
        let _ = writeln!(schema, "  optional {physical} {name} {logical};");
    }

    fn take(&mut self, row: &Row<'_>) {
        let value = (self.value)(row);
        self.leaf.levels.one(value.is_some());
        self.leaf.values.extend(value);
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.leaf]
    }
}

fn plain<T: DataType>(
    name: Cow<'static, str>,
    physical: &'static str,
    logical: Cow<'static, str>,
    value: impl Fn(&Row<'_>) -> Option<T::T> + Send + 'static,
) -> Box<dyn Column> {
    Box::new(Plain::<T, _> {
        name,
        kind: (physical, logical),
        value,
        leaf: Values::default(),
    })
}

/// A number without a sign of 8, 16 or 32 bits.
pub(super) fn number(
    name: impl Into<Cow<'static, str>>,
    bits: u8,
    value: impl Fn(&Row<'_>) -> Option<u32> + Send + 'static,
) -> Box<dyn Column> {
    let logical = format!("(INTEGER({bits},false))").into();
    plain::<Int32Type>(name.into(), "int32", logical, move |row| {
        value(row).map(u32::cast_signed)
    })
}

/// A number without a sign of 64 bits.
pub(super) fn large(
    name: impl Into<Cow<'static, str>>,
    value: impl Fn(&Row<'_>) -> Option<u64> + Send + 'static,
) -> Box<dyn Column> {
    let logical = "(INTEGER(64,false))".into();
    plain::<Int64Type>(name.into(), "int64", logical, move |row| {
        value(row).map(u64::cast_signed)
    })
}

/// A time, µs since 1970 UTC.
pub(super) fn time(name: &'static str, value: fn(&Row<'_>) -> Option<i64>) -> Box<dyn Column> {
    let logical = "(TIMESTAMP(MICROS,true))".into();
    plain::<Int64Type>(name.into(), "int64", logical, value)
}

/// Bytes per second.
pub(super) fn rate(name: &'static str, value: fn(&Row<'_>) -> Option<f32>) -> Box<dyn Column> {
    plain::<FloatType>(name.into(), "float", "".into(), value)
}

/// Yes or no.
pub(super) fn flag(name: &'static str, value: fn(&Row<'_>) -> Option<bool>) -> Box<dyn Column> {
    plain::<BoolType>(name.into(), "boolean", "".into(), value)
}

/// Writes a text; `None` if there is none.
type Text = fn(&Row<'_>, &mut String) -> Option<()>;

/// A column of texts.
struct TextColumn {
    name: &'static str,
    write: Text,
    buffer: String,
    leaf: Texts,
}

impl Column for TextColumn {
    fn declare(&self, schema: &mut String) {
        let _ = writeln!(schema, "  optional binary {} (STRING);", self.name);
    }

    fn take(&mut self, row: &Row<'_>) {
        self.buffer.clear();
        let there = (self.write)(row, &mut self.buffer).is_some();
        self.leaf.levels.one(there);
        if there {
            self.leaf.push(&self.buffer);
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.leaf]
    }
}

/// A text.
pub(super) fn text(name: &'static str, write: Text) -> Box<dyn Column> {
    Box::new(TextColumn {
        name,
        write,
        buffer: String::new(),
        leaf: Texts::default(),
    })
}

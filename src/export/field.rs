//! Describes exported fields: names, documentation, type, and how the value is read from a [`Row`].
//!
//! No field is declared here; [`socket_fields`](super::socket_fields) does that. The sinks (JSON, CSV, Parquet, JSON
//! Schema) iterate over the list and depend on shapes only.

use std::borrow::Cow;
use std::slice;

use super::row::Row;
use super::text::Text;
use crate::model::{FieldInfo, KernelBytes, KernelField, SOCKOPT_NAMES, Scalar, Socket, SocketRef};

/// A field of an exported object.
#[derive(Debug)]
pub(super) struct ExportField {
    /// Name in its JSON object.
    pub(super) name: &'static str,
    /// The name as JSON has it in an object, between a comma and a colon.
    pub(super) quoted_name: Box<[u8]>,
    /// Name of its column in CSV and Parquet, if different.
    column: Option<Cow<'static, str>>,
    /// Meaning, unit and kernel source.
    pub(super) about: &'static str,
    /// JSON of a missing value.
    pub(super) absence: Absence,
    /// Formats that include it.
    pub(super) formats: Formats,
    /// Type, and how the value is read.
    pub(super) shape: Shape,
}

/// JSON of a missing value. A missing value is empty in CSV and null in Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// Never missing.
    Never,
    /// `null`.
    Null,
    /// The field is omitted from its object.
    Omitted,
}

/// Formats that include a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Formats {
    /// All.
    All,
    /// CSV and Parquet only: the value follows from another field, but a separate column is convenient.
    Flat,
}

/// Type of a field, and how its value is read.
#[derive(Debug)]
pub(super) enum Shape {
    /// Yes or no; 0 is no.
    Flag(Unsigned),
    /// Unsigned number of 8, 16, 32 or 64 bits.
    Unsigned(u8, Unsigned),
    /// Floating-point number.
    Float(fn(&Row<'_>) -> Option<f32>),
    /// Text.
    Text(for<'a> fn(&Row<'a>) -> Option<Text<'a>>),
    /// One of a list of texts.
    Name {
        /// Every value.
        values: fn() -> Vec<&'static str>,
        /// Reads the value.
        value: fn(&Row<'_>) -> Option<&'static str>,
    },
    /// Time, µs since 1970 UTC.
    Time(fn(&Row<'_>) -> i64),
    /// Object. In CSV and Parquet its parts have separate columns.
    Record {
        /// Reports whether it exists. If not, its parts have no values.
        exists: fn(&Row<'_>) -> bool,
        /// Fields of the object.
        parts: Vec<ExportField>,
    },
    /// Names of the bits that are set.
    Bits {
        /// Every name.
        names: &'static [&'static str],
        /// Reads the value.
        value: fn(&Row<'_>) -> Option<SetBits>,
    },
    /// Numbers by name, each of which may be missing.
    Map(for<'a> fn(&Row<'a>) -> Option<NamedNumbers>),
    /// Processes that own a socket; empty if none. See [`OWNER_FIELDS`](super::owner::OWNER_FIELDS).
    Owners(for<'a> fn(&Row<'a>) -> Option<SocketRef<'a>>),
}

/// Numbers by name.
pub(super) type NamedNumbers = Vec<(&'static str, Option<u64>)>;

/// Source of an unsigned number.
#[derive(Debug)]
pub(super) enum Unsigned {
    /// From a row.
    Row(fn(&Row<'_>) -> Option<u64>),
    /// From a socket, through its schema.
    Scalar(&'static Scalar<Socket>),
    /// From a kernel structure.
    Kernel {
        /// Returns the received bytes.
        structure: for<'a> fn(&Row<'a>) -> Option<KernelBytes<'a>>,
        /// The field of the structure.
        field: &'static KernelField,
    },
    /// From a socket's memory, by index.
    Memory(usize),
}

impl Unsigned {
    /// Reads the value; `None` if it is unknown.
    #[inline]
    pub(super) fn read(&self, row: &Row<'_>) -> Option<u64> {
        match self {
            Unsigned::Row(read) => read(row),
            Unsigned::Scalar(scalar) => (scalar.get)(row.socket.socket),
            Unsigned::Kernel { structure, field } => field.read(structure(row)?),
            Unsigned::Memory(index) => row.memory?.get(*index).map(u64::from),
        }
    }
}

/// Names of the bits that are set in a number, lowest first.
#[derive(Debug, Clone)]
pub(super) struct SetBits {
    bits: u16,
    names: &'static [&'static str],
}

impl SetBits {
    /// Names the socket options that are set, if the kernel reported them.
    pub(super) fn of_options(socket: &Socket) -> Option<SetBits> {
        let names = &SOCKOPT_NAMES;
        socket.options.map(|bits| SetBits { bits, names })
    }
}

impl Iterator for SetBits {
    type Item = &'static str;

    fn next(&mut self) -> Option<&'static str> {
        let lowest = self.bits.trailing_zeros() as usize;
        // Bits beyond the named ones are not shown.
        let name = self.names.get(lowest)?;
        self.bits &= self.bits - 1;
        Some(name)
    }
}

/// Creates a field that has a value or is `null`.
pub(super) fn field(name: &'static str, about: &'static str, shape: Shape) -> ExportField {
    ExportField {
        name,
        quoted_name: format!(",\"{name}\":").into_bytes().into(),
        column: None,
        about,
        absence: Absence::Null,
        formats: Formats::All,
        shape,
    }
}

/// Creates a field with the name and documentation of a field of the schema.
pub(super) fn schema_field(info: FieldInfo, shape: Shape) -> ExportField {
    field(info.id, info.about, shape)
}

/// Creates an object that exists or is `null`. The columns of its parts begin with its name.
pub(super) fn record(
    name: &'static str,
    about: &'static str,
    exists: fn(&Row<'_>) -> bool,
    parts: impl IntoIterator<Item = ExportField>,
) -> ExportField {
    let part = |part: ExportField| {
        let column = match part.column {
            None => Some(format!("{name}_{}", part.name).into()),
            column => column,
        };
        ExportField { column, ..part }
    };
    let parts = parts.into_iter().map(part).collect();
    field(name, about, Shape::Record { exists, parts })
}

/// Creates one field for each field of a kernel structure; fields that were not sent are omitted.
pub(super) fn kernel_fields(
    fields: &'static [KernelField],
    structure: for<'a> fn(&Row<'a>) -> Option<KernelBytes<'a>>,
) -> impl Iterator<Item = ExportField> {
    fields.iter().map(move |kernel| {
        let value = Unsigned::Kernel {
            structure,
            field: kernel,
        };
        let bits = kernel.width as u8 * 8;
        field(kernel.name, kernel.about, Shape::Unsigned(bits, value)).omitted()
    })
}

/// Creates a field from a scalar.
pub(super) fn scalar_field(scalar: &'static Scalar<Socket>) -> ExportField {
    let value = Unsigned::Scalar(scalar);
    let shape = match scalar.bits {
        1 => Shape::Flag(value),
        bits => Shape::Unsigned(bits, value),
    };
    schema_field(scalar.field, shape)
}

impl ExportField {
    /// Returns the name of its column in CSV and Parquet. A record has no column, but its parts do.
    pub(super) fn column(&self) -> &str {
        self.column.as_deref().unwrap_or(self.name)
    }

    /// Marks a field that always has a value.
    pub(super) fn always(self) -> ExportField {
        ExportField {
            absence: Absence::Never,
            ..self
        }
    }

    /// Marks a field that is omitted from its object if it has no value.
    pub(super) fn omitted(self) -> ExportField {
        ExportField {
            absence: Absence::Omitted,
            ..self
        }
    }

    /// Sets the column name of a part that is not named after its record.
    pub(super) fn in_column(self, column: &'static str) -> ExportField {
        ExportField {
            column: Some(column.into()),
            ..self
        }
    }

    /// Omits it from JSON.
    pub(super) fn flat_only(self) -> ExportField {
        ExportField {
            formats: Formats::Flat,
            ..self
        }
    }
}

/// Iterates over the fields in CSV and Parquet: the parts of records instead of the records.
pub(super) fn flat(fields: &[ExportField]) -> impl Iterator<Item = &ExportField> {
    fields.iter().flat_map(|field| match &field.shape {
        Shape::Record { parts, .. } => parts,
        _ => slice::from_ref(field),
    })
}

/// Iterates over the fields in JSON.
pub(super) fn nested(fields: &[ExportField]) -> impl Iterator<Item = &ExportField> {
    let fields = fields.iter();
    fields.filter(|field| field.formats == Formats::All)
}

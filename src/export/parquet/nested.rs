//! Columns that hold several values in a row: lists, lists of records, and a map.
//!
//! Parquet flattens them into plain columns and tells by levels where each value stands; see
//! [`Levels::within`](super::leaf::Levels::within). A row without a value has one entry all the same.

use std::fmt::Write;

use parquet::data_type::{Int32Type, Int64Type};

use super::column::{Column, Row};
use super::leaf::{Leaf, Texts, Values};
use crate::model::{SOCKOPT_NAMES, SocketRef};

/// Processes that own a socket: `[{pid, start_time, comm, fds: […]}]`, empty if none.
struct Owners {
    name: &'static str,
    of: for<'a> fn(&Row<'a>) -> Option<SocketRef<'a>>,
    pid: Values<Int32Type>,
    start_time: Values<Int64Type>,
    comm: Texts,
    fds: Values<Int32Type>,
}

/// The owners of a socket of each row.
pub(super) fn owners(
    name: &'static str,
    of: for<'a> fn(&Row<'a>) -> Option<SocketRef<'a>>,
) -> Box<dyn Column> {
    Box::new(Owners {
        name,
        of,
        pid: Values::default(),
        start_time: Values::default(),
        comm: Texts::default(),
        fds: Values::default(),
    })
}

impl Owners {
    /// An entry in each of the columns that have one a process.
    fn entry(&mut self, repeated: i16, defined: i16) {
        for levels in [
            &mut self.pid.levels,
            &mut self.start_time.levels,
            &mut self.comm.levels,
        ] {
            levels.within(repeated, defined);
        }
    }
}

impl Column for Owners {
    fn declare(&self, schema: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            schema,
            "  required group {} (LIST) {{ repeated group list {{ required group element {{
    required int32 pid (INTEGER(32,false));
    required int64 start_time (INTEGER(64,false));
    required binary comm (STRING);
    required group fds (LIST) {{ repeated group list {{ required int32 element (INTEGER(32,false)); }} }}
  }} }} }}",
            self.name
        );
    }

    fn take(&mut self, row: &Row<'_>) {
        let socket = (self.of)(row);
        let mut goes_on = 0;
        for (row, holders) in socket.iter().flat_map(SocketRef::owners) {
            self.entry(goes_on, 1);
            let process = &row.process;
            self.pid.values.push(process.key.pid.cast_signed());
            let start_time = process.key.start_time.cast_signed();
            self.start_time.values.push(start_time);
            self.comm.push(&process.comm);
            for (at, holder) in holders.iter().enumerate() {
                let repeated = if at == 0 { goes_on } else { 2 };
                self.fds.levels.within(repeated, 2);
                self.fds.values.push(holder.fd.cast_signed());
            }
            goes_on = 1;
        }
        if goes_on == 0 {
            self.entry(0, 0);
            self.fds.levels.within(0, 0);
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![
            &mut self.pid,
            &mut self.start_time,
            &mut self.comm,
            &mut self.fds,
        ]
    }
}

/// Names of the socket options that are set; null if they are not known.
#[derive(Default)]
pub(super) struct Options {
    names: Texts,
}

impl Column for Options {
    fn declare(&self, schema: &mut String) {
        schema.push_str(
            "  optional group options (LIST) { repeated group list { required binary element (STRING); } }\n",
        );
    }

    fn take(&mut self, row: &Row<'_>) {
        let Some(bits) = row.view.socket.options else {
            return self.names.levels.within(0, 0);
        };
        let mut goes_on = 0;
        for (bit, name) in SOCKOPT_NAMES.iter().enumerate() {
            if bits >> bit & 1 == 1 {
                self.names.levels.within(goes_on, 2);
                self.names.push(name);
                goes_on = 1;
            }
        }
        if goes_on == 0 {
            self.names.levels.within(0, 1);
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.names]
    }
}

/// What the congestion control reports, by name, in the kernel's units; null if it reports nothing.
#[derive(Default)]
pub(super) struct CongestionInfo {
    names: Texts,
    values: Values<Int64Type>,
}

impl Column for CongestionInfo {
    fn declare(&self, schema: &mut String) {
        schema.push_str(
            "  optional group congestion_info (MAP) { repeated group key_value {
    required binary key (STRING);
    optional int64 value (INTEGER(64,false));
  } }\n",
        );
    }

    fn take(&mut self, row: &Row<'_>) {
        let fields = row.view.congestion_info();
        let fields = fields.map(|_| row.view.congestion_fields());
        // Without a map, or with an empty one.
        if fields.as_ref().is_none_or(Vec::is_empty) {
            let defined = i16::from(fields.is_some());
            self.names.levels.within(0, defined);
            self.values.levels.within(0, defined);
        }
        for (at, (name, value)) in fields.into_iter().flatten().enumerate() {
            let repeated = i16::from(at > 0);
            self.names.levels.within(repeated, 2);
            self.names.push(name);
            let defined = if value.is_some() { 3 } else { 2 };
            self.values.levels.within(repeated, defined);
            self.values.values.extend(value.map(u64::cast_signed));
        }
    }

    fn leaves(&mut self) -> Vec<&mut dyn Leaf> {
        vec![&mut self.names, &mut self.values]
    }
}

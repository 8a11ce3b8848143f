//! Sockets as Parquet: a row for each socket and sample, for databases and data frames.
//!
//! The facts are those of the JSON object, flattened: `local.address` is `local_address`, a field of `tcp_info` is
//! `tcp_rtt`. Numbers are as wide as the kernel has them, `taken_at` is a time in UTC, lists stay lists, and what is not
//! known is null. Rows are held until they make a row group; the file is written from front to back, so that it may
//! be a pipe.

mod column;
mod columns;
mod leaf;
mod nested;

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use self::column::{Column, Row};
use crate::aggregate::Moment;
use crate::model::Host;

/// Rows in a row group. They are held in memory until they are written: some 50 MB.
const GROUP: usize = 64 * 1024;

/// Writes sockets of one moment after another.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Box<dyn Column>>,
    /// Rows that are not written yet.
    held: usize,
    /// The machine that the rows are of.
    host: Option<Arc<Host>>,
}

impl<W: Write + Send> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file on `out`, which need not be buffered.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(out: W) -> io::Result<Writer<W>> {
        let columns = columns::all();
        let mut schema = "message sockets {\n".to_owned();
        for column in &columns {
            column.declare(&mut schema);
        }
        schema.push('}');
        let schema = parse_message_type(&schema).map_err(io_error)?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("sockwatch ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            // What readers skip row groups by. More of it, for each page, would pile up in memory until the end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Writer {
            file: file.map_err(io_error)?,
            columns,
            held: 0,
            host: None,
        })
    }

    /// Adds the sockets in `rows` of a moment.
    ///
    /// # Errors
    /// What the writer says.
    pub fn add(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        let peers = moment.peers();
        self.host
            .get_or_insert_with(|| Arc::clone(&moment.sample.host));
        for &row in rows {
            let Some(row) = Row::of(moment, peers, row as usize) else {
                continue;
            };
            for column in &mut self.columns {
                column.take(&row);
            }
            self.held += 1;
            if self.held == GROUP {
                self.write_group().map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// Writes what is left and the end of the file, without which it cannot be read.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> io::Result<()> {
        if self.held > 0 {
            self.write_group().map_err(io_error)?;
        }
        if let Some(host) = self.host {
            for (key, value) in [
                ("hostname", &host.hostname),
                ("kernel", &host.kernel),
                ("boot_id", &host.boot_id),
            ] {
                self.file
                    .append_key_value_metadata(KeyValue::new(key.to_owned(), value.clone()));
            }
        }
        self.file.finish().map(|_| ()).map_err(io_error)
    }

    /// Writes the rows that are held as a row group.
    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        let mut leaves = self.columns.iter_mut().flat_map(|column| column.leaves());
        while let Some(mut column) = group.next_column()? {
            let leaf = leaves.next().ok_or_else(|| {
                ParquetError::General("the schema has more columns than there are".into())
            })?;
            leaf.write(&mut column)?;
            column.close()?;
        }
        group.close()?;
        self.held = 0;
        Ok(())
    }
}

/// What the writer below said, or what Parquet makes of it.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}

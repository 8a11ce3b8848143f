//! Sockets as Parquet: a row for each socket and sample, for databases and data frames.
//!
//! The columns are the exported fields (`export/socket_fields.rs`). The parts of an object have separate columns:
//! `local.address` is `local_address`, `rtt` of `tcp` is `tcp_rtt`. Numbers have the kernel's widths, `taken_at` is a
//! time in UTC, lists stay lists, and missing values are null. Rows are buffered up to the size of a row group. The
//! file is written sequentially, so that it may be a pipe.

mod column;
mod columns;
mod leaf;
mod nested;
mod plain;

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use self::column::Column;
use super::row::Row;
use crate::aggregate::Moment;
use crate::model::Host;

/// Number of rows in a row group, which are buffered until written: about 50 MB.
const GROUP_ROWS: usize = 64 * 1024;

/// Writes the sockets of consecutive moments.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Box<dyn Column>>,
    /// Number of buffered rows.
    buffered_rows: usize,
    /// The host of the sockets.
    host: Option<Arc<Host>>,
}

impl<W: Write + Send> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("buffered_rows", &self.buffered_rows)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file on `out`, which need not be buffered.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn new(out: W) -> io::Result<Writer<W>> {
        let columns = columns::columns();
        let mut schema = "message sockets {\n".to_owned();
        for column in &columns {
            column.declare(&mut schema);
        }
        schema.push('}');
        let schema = parse_message_type(&schema).map_err(io_error)?;
        let properties = WriterProperties::builder()
            .set_created_by(concat!("sockwatch ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            // Readers skip row groups by them. Page statistics would accumulate in memory until the end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Writer {
            file: file.map_err(io_error)?,
            columns,
            buffered_rows: 0,
            host: None,
        })
    }

    /// Adds the sockets in `rows` of a moment.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn add(&mut self, moment: &Moment, rows: &[u32]) -> io::Result<()> {
        let peers = moment.peers();
        self.host
            .get_or_insert_with(|| Arc::clone(&moment.sample.host));
        for &row in rows {
            let Some(row) = Row::of_moment(moment, peers, row as usize) else {
                continue;
            };
            for column in &mut self.columns {
                column.push(&row);
            }
            self.buffered_rows += 1;
            if self.buffered_rows == GROUP_ROWS {
                self.write_group().map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// Writes the buffered rows and the end of the file, without which it is unreadable.
    ///
    /// # Errors
    /// If the writer fails.
    pub fn finish(mut self) -> io::Result<()> {
        if self.buffered_rows > 0 {
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

    /// Writes the buffered rows as a row group.
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
        self.buffered_rows = 0;
        Ok(())
    }
}

/// Returns the error of the underlying writer, whose kind identifies a closed pipe.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}

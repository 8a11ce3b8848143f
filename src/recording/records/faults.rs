//! Faults of a Sample.

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::{Fault, FaultSeverity, Sample};
use crate::recording::error::Corrupt;
use crate::recording::varint::put_varint;

record!(Fault {
    severity,
    source,
    error,
});

impl Field for FaultSeverity {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        let number = match self {
            FaultSeverity::Note => 0,
            FaultSeverity::Degraded => 1,
            FaultSeverity::Incomplete => 2,
        };
        put_varint(writer.out, number);
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok(match reader.bytes.varint()? {
            0 => FaultSeverity::Note,
            1 => FaultSeverity::Degraded,
            _ => FaultSeverity::Incomplete,
        })
    }
}

/// Encodes the faults of a Sample.
pub(in crate::recording) fn encode_faults(faults: &Vec<Fault>, writer: &mut FieldWriter<'_>) {
    faults.encode(writer);
}

/// Decodes the faults of a frame into a Sample.
pub(in crate::recording) fn decode_faults(
    reader: &mut FieldReader<'_, '_>,
    sample: &mut Sample,
) -> Result<(), Corrupt> {
    if !reader.bytes.is_empty() {
        sample.faults = Field::decode(reader)?;
    }
    Ok(())
}

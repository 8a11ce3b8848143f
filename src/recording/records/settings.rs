//! Kernel settings, in key frames and when they changed.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::Settings;
use crate::recording::error::Corrupt;

record!(Settings { values });

/// Encodes settings; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(in crate::recording) struct SettingsEncoder {
    before: Arc<Settings>,
    is_known: bool,
}

impl SettingsEncoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.is_known = false;
    }

    /// Encodes the settings if they changed.
    pub(in crate::recording) fn encode(
        &mut self,
        now: &Arc<Settings>,
        writer: &mut FieldWriter<'_>,
    ) {
        if self.is_known && self.before == *now {
            return;
        }
        self.is_known = true;
        self.before = Arc::clone(now);
        now.as_ref().encode(writer);
    }
}

/// Decodes settings; keeps those of the last frame.
#[derive(Debug, Default)]
pub(in crate::recording) struct SettingsDecoder {
    settings: Arc<Settings>,
    heap_bytes: usize,
}

impl SettingsDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        *self = SettingsDecoder::default();
    }

    /// Returns the bytes of memory in use.
    pub(in crate::recording) fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// Decodes the settings of a frame, if it has any.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        if !reader.bytes.is_empty() {
            let before = reader.budget.left();
            self.settings = Arc::new(Settings::decode(reader)?);
            self.heap_bytes = before - reader.budget.left();
        }
        Ok(())
    }

    /// Returns the settings of the last frame.
    pub(in crate::recording) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }
}

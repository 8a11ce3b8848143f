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
pub(in crate::recording) struct SettingsDecoder(Arc<Settings>);

impl SettingsDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.0 = Arc::default();
    }

    /// Decodes the settings of a frame, if it has any.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        if !reader.bytes.is_empty() {
            self.0 = Arc::new(Settings::decode(reader)?);
        }
        Ok(())
    }

    /// Returns the settings of the last frame.
    pub(in crate::recording) fn settings(&self) -> &Arc<Settings> {
        &self.0
    }
}

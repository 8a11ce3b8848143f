//! Connections whose addresses are translated, as differences from the previous Sample.

use std::sync::Arc;

use super::field::{Field, FieldReader, FieldWriter, record};
use crate::model::{Endpoint, SocketKey, Translation, Translations};
use crate::recording::error::Corrupt;
use crate::recording::varint::put_varint;

record!(SocketKey {
    netns,
    cookie,
    association,
});

record!(Translation {
    peer,
    seen_as,
    netns,
});

/// Encoded as the address, followed by the port.
impl Field for Endpoint {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        self.address.encode(writer);
        put_varint(writer.out, self.port.into());
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok(Endpoint {
            address: Field::decode(reader)?,
            port: reader.bytes.number()?,
        })
    }
}

/// Encodes translations; keeps those of the previous Sample.
#[derive(Debug, Default)]
pub(in crate::recording) struct TranslationEncoder {
    before: Option<Arc<Translations>>,
}

impl TranslationEncoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.before = None;
    }

    /// Encodes the translations of a Sample; nothing if they are the same as in the previous one.
    pub(in crate::recording) fn encode(
        &mut self,
        translations: Option<&Arc<Translations>>,
        writer: &mut FieldWriter<'_>,
    ) {
        let is_same = match (&self.before, translations) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        if is_same {
            return;
        }
        let none = Translations::default();
        let before = self.before.as_deref().unwrap_or(&none);
        let now = translations.map_or(&none, AsRef::as_ref);
        let removed = before.keys().filter(|&key| !now.contains_key(key));
        let mut removed: Vec<SocketKey> = removed.copied().collect();
        let added = now
            .iter()
            .filter(|&(key, own)| before.get(key) != Some(own));
        let mut added: Vec<(SocketKey, Translation)> =
            added.map(|(&key, &own)| (key, own)).collect();
        if !(removed.is_empty() && added.is_empty()) {
            // A map has another order on each run.
            removed.sort_unstable();
            added.sort_unstable_by_key(|&(key, _)| key);
            removed.encode(writer);
            added.encode(writer);
        }
        self.before = translations.cloned();
    }
}

/// Decodes translations; keeps those of the last frame.
#[derive(Debug, Default)]
pub(in crate::recording) struct TranslationDecoder {
    translations: Option<Arc<Translations>>,
}

impl TranslationDecoder {
    /// Starts a new chunk.
    pub(in crate::recording) fn clear(&mut self) {
        self.translations = None;
    }

    /// Returns the translations of the last frame; `None` if it has none.
    pub(in crate::recording) fn translations(&self) -> Option<&Arc<Translations>> {
        self.translations.as_ref()
    }

    /// Returns the bytes of memory in use.
    pub(in crate::recording) fn heap_bytes(&self) -> usize {
        let translations = self.translations.as_ref();
        translations.map_or(0, |translations| map_bytes(translations.capacity()))
    }

    /// Decodes the changes of a frame, if it has any.
    pub(in crate::recording) fn decode(
        &mut self,
        reader: &mut FieldReader<'_, '_>,
    ) -> Result<(), Corrupt> {
        if reader.bytes.is_empty() {
            return Ok(());
        }
        let removed: Vec<SocketKey> = Field::decode(reader)?;
        let added: Vec<(SocketKey, Translation)> = Field::decode(reader)?;
        let known = self.translations.as_ref().map_or(0, |known| known.len());
        // A map of as many entries, which may have to grow, and a copy if a Sample shares it.
        let entries = known.saturating_add(added.len());
        reader.budget.spend(2 * map_bytes(2 * entries))?;
        let translations = Arc::make_mut(self.translations.get_or_insert_default());
        for key in removed {
            translations.remove(&key);
        }
        translations.extend(added);
        if translations.is_empty() {
            self.translations = None;
        }
        Ok(())
    }
}

/// Returns the bytes of memory of a map with room for so many entries.
fn map_bytes(entries: usize) -> usize {
    entries.saturating_mul(size_of::<(SocketKey, Translation)>() + 1)
}

//! Records of a Sample's processes, counters, devices, settings, names, containers, faults and times.
//!
//! Each file encodes and decodes one of them. Plain structs list their fields once for both directions, see
//! [`field::record`]; a field missing from the list does not compile.

mod clock;
mod containers;
mod counters;
mod devices;
mod faults;
mod field;
mod names;
mod namespaces;
mod processes;
mod settings;
mod translations;
mod unlisted;

pub(super) use clock::{Clock, encode_clock, encode_suspended};
pub(super) use containers::{decode_containers, encode_containers};
pub(super) use counters::{CounterDecoder, CounterEncoder};
pub(super) use devices::{DeviceDecoder, DeviceEncoder};
pub(super) use faults::{decode_faults, encode_faults};
pub(super) use field::{FieldReader, FieldWriter};
pub(super) use names::{decode_names, encode_names};
pub(super) use namespaces::{NamespaceDecoder, NamespaceEncoder};
pub(super) use processes::{ProcessDecoder, ProcessEncoder, decode_activity, encode_activity};
pub(super) use settings::{SettingsDecoder, SettingsEncoder};
pub(super) use translations::{TranslationDecoder, TranslationEncoder};
pub(super) use unlisted::{decode_unlisted, encode_unlisted};

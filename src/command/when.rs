//! Times as people type them.

pub(super) use crate::column::when::parse;

//! Declares thresholds: name, default, allowed values and documentation in one place.

/// Allowed values of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRule {
    /// A part of a whole, above 0 and up to 1.
    Share,
    /// Seconds.
    Seconds {
        /// Smallest value.
        min: u32,
        /// Largest value.
        max: u32,
    },
    /// A rate per second, above 0.
    PerSecond,
    /// A whole number.
    Count {
        /// Smallest value.
        min: u32,
        /// Largest value.
        max: u32,
    },
    /// A list of ids of findings.
    FindingIds,
    /// A list of names of processes.
    ProcessNames,
}

impl ValueRule {
    /// A duration of at most one day.
    pub(super) const SECONDS: ValueRule = ValueRule::Seconds {
        min: 0,
        max: 86_400,
    };

    /// A window of at most ten minutes over which values are added up: each subject keeps every Sample in it.
    pub(super) const WINDOW: ValueRule = ValueRule::Seconds { min: 1, max: 600 };

    /// A count of things.
    pub(super) const COUNT: ValueRule = ValueRule::Count {
        min: 1,
        max: u32::MAX,
    };

    /// A count of retransmissions. Kernel: `icsk_retransmits`, 8 bits.
    pub(super) const RETRIES: ValueRule = ValueRule::Count {
        min: 0,
        max: u8::MAX as u32,
    };
}

/// One setting of the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Key of the setting.
    pub name: &'static str,
    /// Allowed values.
    pub rule: ValueRule,
    /// Documentation of the setting, line by line, as in the sample configuration. Each line begins with a space.
    pub doc: &'static [&'static str],
}

/// A section of the configuration below `[diagnose]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    /// Name of the section: `[diagnose.NAME]`.
    pub name: &'static str,
    /// Settings of the section.
    pub thresholds: &'static [Threshold],
    /// Ids of the findings that their documentation refers to as `{0}`, `{1}`, ….
    pub(super) related: &'static [&'static str],
}

/// Sections that belong together in the sample configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SectionGroup {
    /// Common subject of the sections.
    pub heading: &'static str,
    /// The sections.
    pub sections: &'static [Section],
}

impl Section {
    /// Returns the documentation of one of its settings, line by line.
    pub fn doc(&self, threshold: &Threshold) -> Vec<String> {
        let lines = threshold.doc.iter();
        lines
            .map(|line| with_references(line, self.related))
            .collect()
    }
}

/// Replaces `{0}`, `{1}`, … in a text by ids of findings.
pub(super) fn with_references(text: &str, ids: &[&str]) -> String {
    let numbered = ids.iter().enumerate();
    numbered.fold(text.to_owned(), |text, (number, id)| {
        text.replace(&format!("{{{number}}}"), id)
    })
}

/// Declares the thresholds of a finding: a struct `Thresholds` with its defaults, and `Thresholds::DECLARED`.
///
/// The documentation of a field is also its comment in the sample configuration. It refers to findings by their index in
/// the registry's list for the section: `{0}`, `{1}`.
macro_rules! thresholds {
    (
        $(#[$attribute:meta])*
        thresholds {
            $(
                $(#[doc = $doc:literal])*
                $name:ident: $type:ty = $default:expr, $rule:expr;
            )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Thresholds {
            $(
                $(#[doc = $doc])*
                #[doc = concat!("\n\nDefault: `", stringify!($default), "`.")]
                pub $name: $type,
            )+
        }

        impl Thresholds {
            /// The thresholds as settings of the configuration.
            pub(in crate::diagnose) const DECLARED: &'static [$crate::diagnose::threshold::Threshold] = {
                use $crate::diagnose::threshold::{Threshold, ValueRule};
                &[$(Threshold {
                    name: stringify!($name),
                    rule: $rule,
                    doc: &[$($doc),*],
                }),+]
            };
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Thresholds { $($name: $default),+ }
            }
        }
    };
}

pub(super) use thresholds;

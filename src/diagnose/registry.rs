//! Turns the table of findings into kinds, thresholds, detectors, documentation and rules of suppression.
//!
//! The table is in `findings.rs`. The code is generated at compile time, so each detector is called directly.

/// Registers findings, in the order of the documentation.
macro_rules! registry {
    (
        thresholds {
            $($heading:literal => {
                $($section:literal $field:ident: $thresholds:ty, mentions [$($mentioned:ident),*];)+
            })+
        }
        findings {
            $($file:ident::$detector:ident with $own:ident, refers to [$($related:ident),*];)+
        }
        measured with [$($measured:ident),+]
        suppression {
            $([$($cause:ident),+] suppresses [$($effect:ident),+] $relation:ident;)+
        }
    ) => {
        $(use $file::$detector;)+

        /// Places of the findings in the registry.
        #[derive(Debug, Clone, Copy)]
        enum Place {
            $($detector),+
        }

        const COUNT: usize = [$(Place::$detector),+].len();

        /// Every kind of finding, in the order of the documentation.
        pub static FINDINGS: [FindingKind; COUNT] = [$(FindingKind::new(
            Place::$detector as u8,
            $detector::ID,
            $detector::TITLE,
            &[$($related::ID),*],
            $detector::NEEDS,
            $detector::MAX_SEVERITY,
        )),+];

        /// The thresholds of all findings, as `[diagnose]` in the configuration has them.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Thresholds {
            /// Findings that are never reported; the ones they would suppress are.
            pub disable: Vec<&'static FindingKind>,
            /// Names of processes about which nothing is reported (`comm`, at most 15 bytes).
            pub ignore_processes: Vec<String>,
            /// How long a condition must persist before it is reported, s; at least two Samples.
            pub hold_s: f64,
            /// How long a condition must be absent before its finding clears, s; at least two Samples.
            pub clear_s: f64,
            $($(
                #[doc = concat!("`[diagnose.", $section, "]`.")]
                #[serde(rename = $section)]
                pub $field: $thresholds,
            )+)+
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Thresholds {
                    disable: Vec::new(),
                    ignore_processes: Vec::new(),
                    hold_s: 2.0,
                    clear_s: 5.0,
                    $($($field: Default::default(),)+)+
                }
            }
        }

        /// Sections of the configuration below `[diagnose]`, in groups, with all their settings.
        pub static SECTIONS: &[SectionGroup] = &[$(SectionGroup {
            heading: $heading,
            sections: &[$(Section {
                name: $section,
                thresholds: <$thresholds>::DECLARED,
                related: &[$($mentioned::ID),*],
            }),+],
        }),+];

        /// The detectors of all findings, and their shared measurements.
        pub(super) struct Detectors {
            measured: Measurements,
            $($file: $detector,)+
        }

        impl Detectors {
            /// Starts with no earlier Samples.
            pub(super) fn new(thresholds: &Thresholds) -> Detectors {
                Detectors {
                    measured: Measurements::new($(thresholds.$measured),+),
                    $($file: $detector::new(&thresholds.$own),)+
                }
            }

            /// Examines a network namespace in a moment for every finding; only one of them, `with_host`, also for findings
            /// about the host.
            pub(super) fn detect(
                &mut self,
                facts: Facts<'_>,
                with_host: bool,
                out: &mut Vec<Observation>,
            ) {
                self.measured.update(&facts);
                let measured = &self.measured;
                $(if with_host || !$detector::IS_OF_HOST {
                    let kind = &FINDINGS[Place::$detector as usize];
                    let scan = Scan { kind, facts, measured };
                    self.$file.detect(&scan, out);
                })+
            }

            /// Returns the time for which a cleared finding still suppresses others, s.
            pub(super) fn memory_s(&self) -> f64 {
                [$(self.$file.memory_s()),+].into_iter().fold(0.0, f64::max)
            }
        }

        /// Returns the documentation of every finding, in the order of [`FINDINGS`], with the thresholds in force.
        pub fn documentation(thresholds: &Thresholds) -> Vec<Documentation> {
            vec![$({
                let kind = &FINDINGS[Place::$detector as usize];
                Documentation {
                    kind,
                    reported_when: $detector::reported_when(&thresholds.$own),
                    severity: $detector::severity(&thresholds.$own),
                    look_alikes: kind.resolve_references($detector::LOOK_ALIKES),
                    remedy: kind.resolve_references($detector::REMEDY),
                }
            }),+]
        }

        /// Returns how long each kind of finding must be watched for before its condition can be met, s, in the order of
        /// [`FINDINGS`].
        pub(super) fn min_watch_s(thresholds: &Thresholds) -> [f64; COUNT] {
            [$($detector::min_watch_s(&thresholds.$own)),+]
        }

        /// Rules of suppression between findings.
        pub(super) static SUPPRESSION: Rules<COUNT> = Rules::new(&[$(Rule {
            causes: &[$(Place::$cause as usize),+],
            effects: &[$(Place::$effect as usize),+],
            relation: Relation::$relation,
        }),+]);
    };
}

pub(super) use registry;

//! The schema: everything about a field that is declared once.
//!
//! [`socket_schema!`] declares the fields of a [`Socket`](super::Socket) and generates the struct, its constructor, the
//! values that a recording stores and the descriptions that columns, exports and filters derive from. How a type is
//! stored lies in [`stored`](super::stored); how a value is shown is decided above this layer.

use super::presentation::Notation;

/// Description of a field, wherever it is shown or stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name in the struct, JSON, CSV, Parquet, filters and options.
    pub id: &'static str,
    /// Meaning, unit and kernel source, in words.
    pub about: &'static str,
    /// Number of its first stream in recordings; `None` if it is not stored as it is.
    pub stream: Option<usize>,
}

impl FieldInfo {
    /// Returns the number of its first stream, for constants.
    ///
    /// # Panics
    /// If it has none. As the value of a constant, that does not compile.
    pub const fn first_stream(&self) -> usize {
        match self.stream {
            Some(stream) => stream,
            None => panic!("the field is not stored"),
        }
    }
}

/// Scalars that an option of `list` shows together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarGroup {
    /// No group.
    Single,
    /// Classes that routers and queueing disciplines sort packets by.
    TrafficClass,
}

/// A field of `S` that is one optional number or flag and nothing else. Table column, filter name, JSON, CSV, Parquet,
/// JSON Schema and the socket's page derive from it.
#[derive(Debug)]
pub struct Scalar<S> {
    /// Name and documentation.
    pub field: FieldInfo,
    /// Heading of its table column.
    pub heading: &'static str,
    /// Width of its table column, terminal columns.
    pub width: u16,
    /// Notation in tables.
    pub notation: Notation,
    /// Option of `list` that shows it.
    pub group: ScalarGroup,
    /// Width of its type in bits; 1 for a flag.
    pub bits: u8,
    /// Returns the value; `None` if the kernel did not report it. A flag is 0 or 1.
    pub get: fn(&S) -> Option<u64>,
    /// Replaces the value, cut to the width of its type.
    pub set: fn(&mut S, Option<u64>),
}

/// Type of a [`Scalar`].
pub(super) trait ScalarType: Copy {
    /// Width in bits; 1 for a flag.
    const BITS: u8;

    /// Returns the value as a number.
    fn get(self) -> Option<u64>;

    /// Makes the value of a number, cut to the type's width.
    fn of(value: Option<u64>) -> Self;
}

macro_rules! scalar_types {
    ($( $type:ty: $bits:literal, $value:ident => $of:expr; )+) => { $(
        impl ScalarType for Option<$type> {
            const BITS: u8 = $bits;

            #[inline]
            fn get(self) -> Option<u64> {
                self.map(u64::from)
            }

            #[inline]
            fn of(value: Option<u64>) -> Self {
                value.map(|$value| $of)
            }
        }
    )+ };
}

scalar_types! {
    bool: 1, value => value & 1 == 1;
    u8: 8, value => value as u8;
    u16: 16, value => value as u16;
    u32: 32, value => value as u32;
}

/// Integers of a socket's stored fields, by stream number. Has more places than there are streams, so that indexing with a
/// constant needs no check.
pub type StoredCells = [u64; 64];

/// Declares the fields of a socket. Each field has
///
/// - its documentation: meaning, unit, kernel source;
/// - its name and type, and `= default` unless [`Socket::new`](super::Socket::new) takes it;
/// - `[stream N]`: the number of its first stream in recordings, which never changes its meaning; `moving` marks the few
///   that change while a socket moves data. The type implements [`Stored`](super::stored::Stored). A field without it
///   is not stored as it is;
/// - `[scalar "HEADING", width, Notation, ScalarGroup]` if it is an optional number or flag that is shown as such.
macro_rules! socket_schema {
    (
        $(#[$struct_meta:meta])*
        pub struct $Struct:ident {
            $(
                $(#[doc = $doc:literal])+
                $name:ident: $type:ty $(= $default:expr)?
                    $(, [stream $stream:literal $($moving:ident)?])?
                    $(, [scalar $heading:literal, $width:literal, $notation:ident, $group:ident])?;
            )+
        }
    ) => {
        $(#[$struct_meta])*
        pub struct $Struct {
            $( $(#[doc = $doc])+ pub $name: $type, )+
        }

        impl $Struct {
            socket_schema!(@new $Struct [] [] $( ($name: $type $(= $default)?) )+);

            /// Every field, in the order of declaration.
            pub const FIELDS: &'static [FieldInfo] = &[ $( field::$name ),+ ];

            /// Fields that are one optional number or flag.
            pub const SCALARS: &'static [Scalar<$Struct>] = &[ $($(
                Scalar {
                    field: field::$name,
                    heading: $heading,
                    width: $width,
                    notation: Notation::$notation,
                    group: ScalarGroup::$group,
                    bits: <$type as ScalarType>::BITS,
                    get: |socket| ScalarType::get(socket.$name),
                    set: |socket, value| socket.$name = ScalarType::of(value),
                },
            )?)+ ];

            /// Names of the streams that a recording stores its fields in, by number; empty where a number is not used.
            pub const STREAM_NAMES: [&'static str; 64] = {
                let mut names = [""; 64];
                $($(
                    let streams = <$type as Stored>::STREAMS;
                    let mut at = 0;
                    while at < streams.len() {
                        assert!(names[$stream + at].is_empty(), "a stream number is used twice");
                        names[$stream + at] = if streams[at].is_empty() { stringify!($name) } else { streams[at] };
                        at += 1;
                    }
                )?)+
                names
            };

            /// Reports whether a stream is of the few that change while a socket moves data.
            #[inline]
            pub const fn is_moving_stream(stream: usize) -> bool {
                $($( socket_schema!(@if_moving [$($moving)?] {
                    if $stream <= stream && stream < $stream + <$type as Stored>::STREAMS.len() {
                        return true;
                    }
                }); )?)+
                false
            }

            /// Stores the fields that change while a socket moves data.
            #[inline]
            pub fn store_moving(&self, cells: &mut StoredCells) {
                $($( socket_schema!(@if_moving [$($moving)?] {
                    self.$name.store(&mut cells[$stream..$stream + <$type as Stored>::STREAMS.len()]);
                }); )?)+
            }

            /// Replaces the fields that change while a socket moves data.
            ///
            /// # Errors
            /// If a cell holds a value that its field cannot have.
            #[inline]
            pub fn load_moving(&mut self, cells: &StoredCells) -> Result<(), Unrepresentable> {
                $($( socket_schema!(@if_moving [$($moving)?] {
                    self.$name = Stored::load(&cells[$stream..$stream + <$type as Stored>::STREAMS.len()])?;
                }); )?)+
                Ok(())
            }

            /// Stores every field that has a stream.
            #[inline]
            pub fn store(&self, cells: &mut StoredCells) {
                $($( self.$name.store(&mut cells[$stream..$stream + <$type as Stored>::STREAMS.len()]); )?)+
            }

            /// Replaces every field that has a stream.
            ///
            /// # Errors
            /// If a cell holds a value that its field cannot have.
            #[inline]
            pub fn load(&mut self, cells: &StoredCells) -> Result<(), Unrepresentable> {
                $($( self.$name = Stored::load(&cells[$stream..$stream + <$type as Stored>::STREAMS.len()])?; )?)+
                Ok(())
            }
        }

        /// Descriptions of a socket's fields, by name.
        #[expect(non_upper_case_globals, reason = "a description has the name of its field")]
        #[expect(missing_docs, reason = "each is the description of the field of its name")]
        pub mod field {
            use super::{FieldInfo, socket_schema};

            $(
                pub const $name: FieldInfo = FieldInfo {
                    id: stringify!($name),
                    about: concat!($($doc),+).trim_ascii(),
                    stream: socket_schema!(@stream $($stream)?),
                };
            )+
        }
    };
    (@stream) => { None };
    (@stream $stream:literal) => { Some($stream) };
    (@if_moving [] $body:block) => {};
    (@if_moving [moving] $body:block) => { $body };
    // The constructor: fields without a default are its parameters.
    (@new $Struct:ident [$($given:ident: $given_type:ty,)*] [$($name:ident = $default:expr,)*]) => {
        /// A socket of which only these fields are known.
        pub fn new($($given: $given_type),*) -> $Struct {
            $Struct { $($given,)* $($name: $default,)* }
        }
    };
    (@new $Struct:ident [$($given:tt)*] [$($rest:tt)*] ($name:ident: $type:ty) $($more:tt)*) => {
        socket_schema!(@new $Struct [$($given)* $name: $type,] [$($rest)*] $($more)*);
    };
    (@new $Struct:ident [$($given:tt)*] [$($rest:tt)*] ($name:ident: $type:ty = $default:expr) $($more:tt)*) => {
        socket_schema!(@new $Struct [$($given)*] [$($rest)* $name = $default,] $($more)*);
    };
}
pub(super) use socket_schema;

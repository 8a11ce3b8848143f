//! The schema: everything about a field that is declared once.
//!
//! [`socket_schema!`] declares the fields of a [`Socket`](super::Socket). It generates the struct, its constructor, the
//! values stored in a recording and the descriptions from which columns, exports and filters are derived.
//! [`stored`](super::stored) defines how a type is stored; the layers above decide how a value is displayed.

use super::presentation::Notation;

/// Description of a field, used everywhere it is displayed or stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name in the struct, JSON, CSV, Parquet, filters and options.
    pub id: &'static str,
    /// Meaning, unit and kernel source.
    pub about: &'static str,
    /// Number of its first stream in recordings; `None` if it is not stored directly.
    pub stream: Option<usize>,
}

impl FieldInfo {
    /// Returns the number of its first stream, for constants.
    ///
    /// # Panics
    /// If it has none. In a constant, this is a compile error.
    pub const fn first_stream(&self) -> usize {
        match self.stream {
            Some(stream) => stream,
            None => panic!("the field is not stored"),
        }
    }
}

/// Scalars that one option of `list` displays together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarGroup {
    /// No group.
    Single,
    /// Classes by which routers and queueing disciplines sort packets.
    TrafficClass,
}

/// A field of `S` that is a single optional number or flag. Table column, filter name, JSON, CSV, Parquet, JSON Schema
/// and the socket page are derived from it.
#[derive(Debug)]
pub struct Scalar<S> {
    /// Name and documentation.
    pub field: FieldInfo,
    /// Heading of its table column.
    pub heading: &'static str,
    /// Width of its table column, in terminal cells.
    pub width: u16,
    /// Notation in tables.
    pub notation: Notation,
    /// Option of `list` that displays it.
    pub group: ScalarGroup,
    /// Width of its type in bits; 1 for a flag.
    pub bits: u8,
    /// Returns the value; `None` if the kernel did not report it. A flag is 0 or 1.
    pub get: fn(&S) -> Option<u64>,
    /// Sets the value, truncated to the width of its type.
    pub set: fn(&mut S, Option<u64>),
}

/// Type of a [`Scalar`].
pub(super) trait ScalarType: Copy {
    /// Width in bits; 1 for a flag.
    const BITS: u8;

    /// Returns the value as a number.
    fn get(self) -> Option<u64>;

    /// Creates the value from a number, truncated to the type's width.
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

/// Integers of a socket's stored fields, by stream number. Larger than the number of streams, so that indexing with a
/// constant needs no bounds check.
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

            /// Every field, in declaration order.
            pub const FIELDS: &'static [FieldInfo] = &[ $( field::$name ),+ ];

            /// Fields that are a single optional number or flag.
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

            /// Names of the streams in which a recording stores the fields, by number; empty for unused numbers.
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

            /// Reports whether a stream is one of the few that change while a socket transfers data.
            #[inline]
            pub const fn is_moving_stream(stream: usize) -> bool {
                $($( socket_schema!(@if_moving [$($moving)?] {
                    if $stream <= stream && stream < $stream + <$type as Stored>::STREAMS.len() {
                        return true;
                    }
                }); )?)+
                false
            }

            /// Stores the fields that change while a socket transfers data.
            #[inline]
            pub fn store_moving(&self, cells: &mut StoredCells) {
                $($( socket_schema!(@if_moving [$($moving)?] {
                    self.$name.store(&mut cells[$stream..$stream + <$type as Stored>::STREAMS.len()]);
                }); )?)+
            }

            /// Loads the fields that change while a socket transfers data.
            ///
            /// # Errors
            /// If a cell has a value that its field cannot represent.
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

            /// Loads every field that has a stream.
            ///
            /// # Errors
            /// If a cell has a value that its field cannot represent.
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
        /// Creates a socket of which only these fields are known.
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

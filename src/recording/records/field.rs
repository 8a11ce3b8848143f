//! Fields of records: types with one encoding, and structs that consist of them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::strings::{StringInterner, StringTable};
use crate::recording::varint::{ByteReader, put_bytes, put_signed, put_varint};

/// Destination of encoded fields.
pub(in crate::recording) struct FieldWriter<'a> {
    pub(in crate::recording) out: &'a mut Vec<u8>,
    pub(in crate::recording) strings: &'a mut StringInterner,
}

/// Source of encoded fields.
pub(in crate::recording) struct FieldReader<'a, 'b> {
    pub(in crate::recording) bytes: ByteReader<'a>,
    pub(in crate::recording) strings: &'b StringTable,
    pub(in crate::recording) budget: &'b mut AllocBudget,
}

/// A value with one encoding.
pub(super) trait Field: Sized {
    /// Encodes the value.
    fn encode(&self, writer: &mut FieldWriter<'_>);

    /// Decodes what [`Self::encode`] encoded.
    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt>;
}

/// Implements [`Field`] for a struct as the sequence of the listed fields. The list must be complete.
macro_rules! record {
    ($type:ident { $($field:ident),+ $(,)? }) => {
        impl Field for $type {
            fn encode(&self, writer: &mut FieldWriter<'_>) {
                let $type { $($field),+ } = self;
                $( $field.encode(writer); )+
            }

            fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
                $( let $field = Field::decode(reader)?; )+
                Ok($type { $($field),+ })
            }
        }
    };
}
pub(super) use record;

macro_rules! integers {
    ($($type:ty),+) => { $(
        impl Field for $type {
            fn encode(&self, writer: &mut FieldWriter<'_>) {
                put_varint(writer.out, u64::from(*self));
            }

            fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
                reader.bytes.number()
            }
        }
    )+ };
}

integers!(u8, u32, u64);

impl Field for i64 {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        put_signed(writer.out, *self);
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        reader.bytes.signed()
    }
}

/// Encoded as 0 for none, otherwise the integer plus one.
macro_rules! small_options {
    ($($type:ty),+) => { $(
        impl Field for Option<$type> {
            fn encode(&self, writer: &mut FieldWriter<'_>) {
                put_varint(writer.out, self.map_or(0, |value| u64::from(value) + 1));
            }

            fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
                let value = reader.bytes.varint()?.checked_sub(1).map(<$type>::try_from);
                value.transpose().map_err(|_| Corrupt::INTEGER_TOO_LARGE)
            }
        }
    )+ };
}

small_options!(u8, u32);

/// Encoded as 1 or 0, followed by the integer; 0 if there is none.
macro_rules! large_options {
    ($($type:ty),+) => { $(
        impl Field for Option<$type> {
            fn encode(&self, writer: &mut FieldWriter<'_>) {
                put_varint(writer.out, u64::from(self.is_some()));
                self.unwrap_or(0).encode(writer);
            }

            fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
                let is_some = reader.bytes.varint()? != 0;
                let value = Field::decode(reader)?;
                Ok(Some(value).filter(|_| is_some))
            }
        }
    )+ };
}

large_options!(u64, i64);

/// Encoded as the number of an interned string.
impl Field for String {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        put_varint(writer.out, writer.strings.intern(self.as_bytes()).into());
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        let number = reader.bytes.number()?;
        Ok(reader.strings.text(number, reader.budget)?.into_owned())
    }
}

/// Encoded as the number of an interned string, or 0 for none.
impl Field for Option<Arc<str>> {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        let string = self.as_ref();
        let number = string.map_or(0, |string| writer.strings.intern(string.as_bytes()));
        put_varint(writer.out, number.into());
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok(match reader.bytes.number()? {
            0 => None,
            number => Some(reader.strings.text(number, reader.budget)?.into()),
        })
    }
}

/// Encoded as the number of an interned string.
impl Field for Arc<str> {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        put_varint(writer.out, writer.strings.intern(self.as_bytes()).into());
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        let number = reader.bytes.number()?;
        Ok(reader.strings.text(number, reader.budget)?.into())
    }
}

/// Encoded as the bytes of the address: 4 or 16.
impl Field for IpAddr {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        match self {
            IpAddr::V4(address) => put_bytes(writer.out, &address.octets()),
            IpAddr::V6(address) => put_bytes(writer.out, &address.octets()),
        }
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        let bytes = reader.bytes.bytes()?;
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
        address.map_err(|_| Corrupt("an address has an invalid length"))
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        self.0.encode(writer);
        self.1.encode(writer);
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        Ok((A::decode(reader)?, B::decode(reader)?))
    }
}

/// Encoded as the number of values, followed by each value.
impl<T: Field> Field for Vec<T> {
    fn encode(&self, writer: &mut FieldWriter<'_>) {
        put_varint(writer.out, self.len() as u64);
        for value in self {
            value.encode(writer);
        }
    }

    fn decode(reader: &mut FieldReader<'_, '_>) -> Result<Self, Corrupt> {
        let count = reader.bytes.count()?;
        reader.budget.spend(count * size_of::<T>())?;
        (0..count).map(|_| T::decode(reader)).collect()
    }
}

//! Views of kernel structures that grow between versions. A field beyond the received bytes is absent; absent is never
//! zero.

use super::kernel_bytes::KernelBytes;
use super::presentation::Presentation;

/// A field of a kernel structure. JSON, columns and tests iterate over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelField {
    /// The kernel's name, without its prefix.
    pub name: &'static str,
    /// Meaning and unit, from its documentation.
    pub about: &'static str,
    /// First byte of the field.
    pub offset: usize,
    /// Width in bytes of the field, or of the unit that contains the bit field: 1, 2, 4 or 8.
    pub width: usize,
    /// Bits to shift right after reading; nonzero for bit fields only.
    pub(super) shift: u32,
    /// Mask after the shift.
    pub(super) mask: u64,
    /// First byte and width of the counter that must have advanced; before that, the field has no meaning.
    pub(super) counter: Option<(usize, usize)>,
    /// Presentation as a column and on the socket page; `None` for a plain number.
    pub presentation: Option<Presentation>,
}

impl KernelField {
    /// Reads the field from the bytes of its structure; `None` if it was not sent, or if what it measures has not
    /// happened.
    #[inline]
    pub fn read<'a>(&self, structure: impl Into<KernelBytes<'a>>) -> Option<u64> {
        let structure = structure.into();
        if let Some((offset, width)) = self.counter
            && word(structure, offset, width) == Some(0)
        {
            return None;
        }
        let value = word(structure, self.offset, self.width)?;
        Some((value >> self.shift) & self.mask)
    }
}

/// Reads a number of 1, 2, 4 or 8 bytes; `None` if it was not sent.
#[inline]
fn word(structure: KernelBytes<'_>, offset: usize, width: usize) -> Option<u64> {
    Some(match width {
        1 => u64::from(structure.get::<1>(offset)?[0]),
        2 => u64::from(u16::from_ne_bytes(structure.get(offset)?)),
        4 => u64::from(u32::from_ne_bytes(structure.get(offset)?)),
        8 => u64::from_ne_bytes(structure.get(offset)?),
        _ => return None,
    })
}

/// Declares the fields of a kernel structure: `name @ offset + width`, then `[shift, mask]` for bit fields, then `if
/// offset + width` of a counter for fields without a meaning while that is 0, then `=> group rank notation total` for
/// fields displayed in a section of the socket page. Generates the view's getters and `FIELDS`.
macro_rules! kernel_struct {
    ($view:ident: $( $(#[doc = $doc:literal])* $name:ident @ $offset:literal + $width:literal $([$shift:literal, $mask:literal])?
        $(if $counter:literal + $counter_width:literal)? $(=> $group:ident $rank:literal $notation:ident $total:ident)? ),+ $(,)?) => {
        impl<'a> $view<'a> {
            /// Every field that this version knows, in the kernel's order.
            pub const FIELDS: &'static [KernelField] = &[
                $( KernelField {
                    presentation: kernel_struct!(@presentation $($group $rank $notation $total)?),
                    counter: kernel_struct!(@counter $($counter $counter_width)?),
                    ..kernel_struct!(@field $name, concat!($($doc),*).trim_ascii(), $offset, $width $(, $shift, $mask)?)
                } ),+
            ];

            /// Creates a view of the bytes of an `INET_DIAG_INFO` attribute. Any length is valid.
            pub fn new(bytes: impl Into<KernelBytes<'a>>) -> Self {
                $view(bytes.into())
            }

            /// Returns the bytes as received.
            pub fn bytes(self) -> KernelBytes<'a> {
                self.0
            }

            $(
                $(#[doc = $doc])*
                #[inline]
                pub fn $name(self) -> Option<u64> {
                    const FIELD: KernelField = KernelField {
                        counter: kernel_struct!(@counter $($counter $counter_width)?),
                        ..kernel_struct!(@field $name, "", $offset, $width $(, $shift, $mask)?)
                    };
                    FIELD.read(self.0)
                }
            )+
        }
    };
    (@field $name:ident, $about:expr, $offset:literal, $width:literal) => {
        kernel_struct!(@field $name, $about, $offset, $width, 0, 0xffff_ffff_ffff_ffff)
    };
    (@field $name:ident, $about:expr, $offset:literal, $width:literal, $shift:literal, $mask:literal) => {
        KernelField {
            name: stringify!($name),
            about: $about,
            offset: $offset,
            width: $width,
            shift: $shift,
            mask: $mask,
            counter: None,
            presentation: None,
        }
    };
    (@counter) => { None };
    (@counter $offset:literal $width:literal) => { Some(($offset, $width)) };
    (@presentation) => { None };
    (@presentation $group:ident $rank:literal $notation:ident $total:ident) => {
        Some(crate::model::Presentation {
            group: crate::model::FieldGroup::$group,
            rank: $rank,
            notation: crate::model::Notation::$notation,
            total: crate::model::Total::$total,
        })
    };
}

pub(super) use kernel_struct;

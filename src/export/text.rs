//! Text values of exported fields, written without a copy.

use std::fmt::{self, Display, Formatter, Write as _};
use std::net::IpAddr;

use serde::{Serialize, Serializer};

use crate::model::{AddressList, BoundDevice, TcpExtras};

/// A text in the form stored by the model.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'a> {
    /// Unchanged text.
    Plain(&'a str),
    /// An IP address.
    Address(IpAddr),
    /// IP addresses, separated by commas.
    Addresses(AddressList<'a>),
    /// Peers with an MD5 key, separated by commas.
    Md5Peers(TcpExtras<'a>),
    /// A network device.
    Device(BoundDevice<'a>),
    /// A decimal number in place of a text of other families.
    Number(u32),
    /// Bytes that should be UTF-8; invalid bytes become U+FFFD.
    Bytes(&'a [u8]),
    /// Bytes of a unix socket's name. NUL, which abstract names begin with, becomes `@`.
    Path(&'a [u8]),
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bytes = match *self {
            Text::Plain(text) => return f.write_str(text),
            Text::Address(address) => return address.fmt(f),
            Text::Addresses(addresses) => return addresses.fmt(f),
            Text::Md5Peers(extras) => {
                for (at, peer) in extras.md5_peers().enumerate() {
                    let gap = if at > 0 { "," } else { "" };
                    write!(f, "{gap}{peer}")?;
                }
                return Ok(());
            }
            Text::Device(device) => return device.fmt(f),
            Text::Number(number) => return number.fmt(f),
            Text::Bytes(bytes) | Text::Path(bytes) => bytes,
        };
        let is_path = matches!(self, Text::Path(_));
        for chunk in bytes.utf8_chunks() {
            let mut parts = chunk.valid().split(|c| is_path && c == '\0');
            f.write_str(parts.next().unwrap_or_default())?;
            for part in parts {
                f.write_char('@')?;
                f.write_str(part)?;
            }
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Text::Plain(text) => serializer.serialize_str(text),
            text => serializer.collect_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abstract_names_begin_with_an_at_sign_and_bytes_that_are_no_text_are_replaced() {
        let name = b"\0a\xff\xfe\0\xe2\x82";
        let path = Text::Path(name).to_string();
        assert_eq!(path, String::from_utf8_lossy(name).replace('\0', "@"));
        assert_eq!(Text::Bytes(name).to_string(), String::from_utf8_lossy(name));
        let json = serde_json::to_string(&Text::Path(b"\0x\"\n"));
        assert_eq!(json.unwrap(), r#""@x\"\n""#);
    }
}

//! What a filter has to ask of the machine to understand names in it.

use std::net::IpAddr;

use super::value::Unit;
use crate::model::{Family, Protocol};

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// This.
    Known(T),
    /// Nobody has asked yet: it takes time.
    NotYet,
    /// It is no name.
    Nothing,
}

/// Names that the machine knows.
pub trait Names {
    /// The port of a service with `tcp` or `udp`.
    fn service(&self, name: &str, protocol: &str) -> Option<u16>;
    /// The addresses of a host.
    fn hosts(&self, name: &str) -> Found<Vec<IpAddr>>;
    /// The index of a network device.
    fn device(&self, name: &str) -> Option<u32>;
    /// The id of a control group: the inode of its directory.
    fn cgroup(&self, path: &str) -> Found<u64>;
    /// The first and the last port that the kernel gives to sockets that ask for none. Kernel:
    /// `net.ipv4.ip_local_port_range`.
    fn ephemeral_ports(&self) -> (u16, u16) {
        DEFAULT_EPHEMERAL_PORTS
    }
}

/// The kernel's own setting.
pub const DEFAULT_EPHEMERAL_PORTS: (u16, u16) = (32768, 60999);

/// Knows no name at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNames;

impl Names for NoNames {
    fn service(&self, _name: &str, _protocol: &str) -> Option<u16> {
        None
    }

    fn hosts(&self, _name: &str) -> Found<Vec<IpAddr>> {
        Found::Nothing
    }

    fn device(&self, _name: &str) -> Option<u32> {
        None
    }

    fn cgroup(&self, _path: &str) -> Found<u64> {
        Found::NotYet
    }
}

/// What was asked for beside the filter, which decides what some words in it mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The one family that was asked for, if there is one: `-4`, `-6`, `-x`.
    pub family: Option<Family>,
    /// The protocols that were asked for; none for all.
    pub protocols: Vec<Protocol>,
}

/// A column, as a filter sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its place among the columns.
    pub id: u16,
    /// Its name.
    pub name: &'static str,
    /// What it has in its cells.
    pub kind: FieldKind,
    /// What it tells, in one line.
    pub about: &'static str,
}

/// What a column has in its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Numbers.
    Number(Unit),
    /// Texts.
    Text,
}

/// The columns that a filter can name.
#[derive(Debug)]
pub struct Vocabulary {
    fields: Vec<Field>,
    /// Other names of columns.
    aliases: Vec<(String, u16)>,
}

impl Vocabulary {
    /// Columns in the order of their ids, and other names for them. The first of several with one name counts.
    pub fn new(fields: Vec<Field>, aliases: Vec<(String, u16)>) -> Vocabulary {
        Vocabulary { fields, aliases }
    }

    /// Every column.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The column of that name.
    pub fn field(&self, name: &str) -> Option<Field> {
        let by_name = self.fields.iter().find(|field| field.name == name);
        let by_alias = || {
            let lower = name.to_lowercase();
            let alias = self.aliases.iter().find(|(alias, _)| *alias == lower)?;
            self.fields.get(usize::from(alias.1))
        };
        by_name.or_else(by_alias).copied()
    }

    /// The column that tells the share of what a name counts: `retrans > 1%` means `retransmitted_share`.
    pub(super) fn share(&self, name: &str) -> Option<Field> {
        let is_share = |field: &&Field| field.kind == FieldKind::Number(Unit::Share);
        let stem = name.strip_suffix("mitted").unwrap_or(name);
        let mut shares = self.fields.iter().filter(is_share);
        shares.find(|field| field.name.starts_with(stem)).copied()
    }

    /// Names that look like this one, for messages.
    pub(super) fn alike(&self, name: &str) -> Vec<&'static str> {
        let lower = name.to_lowercase();
        let alike = |field: &&Field| {
            lower.len() >= 3 && (field.name.starts_with(&lower) || field.name.contains(&lower))
        };
        let mut names: Vec<&str> = self.fields.iter().filter(alike).map(|f| f.name).collect();
        names.truncate(5);
        names
    }
}

/// What a row of a table says of a socket beyond what the kernel does.
pub trait Figures {
    /// A column's number; `None` if it is missing, or text.
    fn number(&self, field: u16) -> Option<f64>;
    /// Appends a column's text; answers whether there is any.
    fn text(&self, field: u16, out: &mut String) -> bool;
    /// The name of the unix socket at the other end.
    fn peer_name(&self) -> Option<&[u8]>;
    /// Whether one of all the texts of the row has these words.
    fn search(&self, words: &super::Words) -> bool;
}

/// Figures of a socket of which nothing is known but what the kernel said of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFigures;

impl Figures for NoFigures {
    fn number(&self, _field: u16) -> Option<f64> {
        None
    }

    fn text(&self, _field: u16, _out: &mut String) -> bool {
        false
    }

    fn peer_name(&self) -> Option<&[u8]> {
        None
    }

    fn search(&self, _words: &super::Words) -> bool {
        false
    }
}

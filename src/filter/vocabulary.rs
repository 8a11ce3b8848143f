//! The columns that a filter can name.

use super::quantity::Unit;

/// A column that a filter can compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Index of the column.
    pub id: u16,
    /// Name of the column.
    pub name: &'static str,
    /// Type of its values.
    pub kind: FieldKind,
    /// Description of the column, in one line.
    pub about: &'static str,
}

/// Type of a column's values.
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
    /// Aliases of columns.
    aliases: Vec<(String, u16)>,
}

impl Vocabulary {
    /// Creates a vocabulary from columns in the order of their ids, and aliases. If a name occurs twice, the first one
    /// wins.
    pub fn new(fields: Vec<Field>, aliases: Vec<(String, u16)>) -> Vocabulary {
        Vocabulary { fields, aliases }
    }

    /// Returns all columns.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Finds a column by name or alias.
    pub fn field(&self, name: &str) -> Option<Field> {
        let by_name = self.fields.iter().find(|field| field.name == name);
        let by_alias = || {
            let lower = name.to_lowercase();
            let alias = self.aliases.iter().find(|(alias, _)| *alias == lower)?;
            self.fields.get(usize::from(alias.1))
        };
        by_name.or_else(by_alias).copied()
    }

    /// Finds the column with the share that corresponds to a count: `retrans > 1%` means `retransmitted_share`.
    pub(super) fn share_of(&self, name: &str) -> Option<Field> {
        let is_share = |field: &&Field| field.kind == FieldKind::Number(Unit::Share);
        let stem = name.strip_suffix("mitted").unwrap_or(name);
        let mut shares = self.fields.iter().filter(is_share);
        shares.find(|field| field.name.starts_with(stem)).copied()
    }

    /// Returns names similar to this one, for error messages.
    pub(super) fn similar(&self, name: &str) -> Vec<&'static str> {
        let lower = name.to_lowercase();
        let similar = |field: &&Field| {
            lower.len() >= 3 && (field.name.starts_with(&lower) || field.name.contains(&lower))
        };
        let mut names: Vec<&str> = self.fields.iter().filter(similar).map(|f| f.name).collect();
        names.truncate(5);
        names
    }
}

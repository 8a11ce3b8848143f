//! Parses comparisons of columns: `COLUMN OPERATOR ( QUANTITY | COLUMN )`, `COLUMN "=~" EXPRESSION`.

use std::borrow::Cow;

use super::{Expected, Parser};
use crate::filter::error::FilterError;
use crate::filter::lexer::Operator;
use crate::filter::pattern::Pattern;
use crate::filter::predicate::{Number, NumberCompare, Operand, Predicate};
use crate::filter::program::{Fragment, ProgramBuilder};
use crate::filter::quantity::{Unit, parse_quantity};
use crate::filter::vocabulary::{Field, FieldKind};

impl<'t> Parser<'t, '_> {
    /// Parses a comparison after a column name.
    pub(super) fn comparison(
        &mut self,
        at: usize,
        word: &str,
        field: Field,
    ) -> Result<Fragment, FilterError> {
        self.expected = Expected::Operator(field);
        let Some(operator) = self.lexer.operator() else {
            let end = self.lexer.at;
            return Err(self
                .error(end, format!("'{word}' needs a comparison"))
                .with_expected(match field.kind {
                    FieldKind::Number(unit) => {
                        format!("=, !=, <, <=, > or >=, followed by {}", unit.examples())
                    }
                    FieldKind::Text => "=, !=, =~ or !~, followed by text".to_owned(),
                }));
        };
        self.expected = Expected::Quantity(field);
        match (field.kind, operator) {
            (FieldKind::Text, Operator::Matches | Operator::MatchesNot) => {
                self.expression(field, operator == Operator::MatchesNot)
            }
            (FieldKind::Text, Operator::Equal | Operator::Unequal) => {
                let (at, value) = self.operand(word, "text; * and ? are wildcards")?;
                let pattern = Pattern::glob(&value).map_err(|message| self.error(at, message))?;
                let fragment = self.builder.predicate(Predicate::Text(field.id, pattern));
                Ok(if operator == Operator::Unequal {
                    ProgramBuilder::not(fragment)
                } else {
                    fragment
                })
            }
            (FieldKind::Text, _) => Err(self
                .error(at, format!("'{word}' is text, not a number"))
                .with_expected("=, !=, =~ or !~")),
            (FieldKind::Number(_), Operator::Matches | Operator::MatchesNot) => Err(self
                .error(at, format!("'{word}' is a number, not text"))
                .with_expected("=, !=, <, <=, > or >=")),
            (FieldKind::Number(unit), operator) => self.number(word, field, unit, operator),
        }
    }

    fn operand(
        &mut self,
        word: &str,
        expected: &str,
    ) -> Result<(usize, Cow<'t, str>), FilterError> {
        self.lexer.value(false).ok_or_else(|| {
            let at = self.lexer.at;
            self.error(at, format!("'{word}' needs a value to compare with"))
                .with_expected(expected)
        })
    }

    fn number(
        &mut self,
        word: &str,
        mut field: Field,
        mut unit: Unit,
        operator: Operator,
    ) -> Result<Fragment, FilterError> {
        let (at, value) = self.operand(word, unit.examples())?;
        // "2 GB": the unit may follow after a space.
        if value.ends_with('%')
            && unit != Unit::Share
            && let Some(share) = self.context.vocabulary.share_of(word)
        {
            (field, unit) = (share, Unit::Share);
        }
        let with = match parse_quantity(&value, unit) {
            Ok(number) => Operand::Value(number),
            Err(message) => match self.context.vocabulary.field(&value) {
                Some(Field {
                    id,
                    kind: FieldKind::Number(other),
                    ..
                }) if other.fits(unit) => Operand::Field(id, other.scale(), unit.scale()),
                Some(Field { kind, .. }) => {
                    let why = match kind {
                        FieldKind::Text => "is text",
                        FieldKind::Number(_) => "has a different unit",
                    };
                    return Err(self
                        .error(
                            at,
                            format!("'{value}' {why} and cannot be compared with '{word}'"),
                        )
                        .with_expected(unit.examples()));
                }
                None => return Err(self.error(at, message).with_expected(unit.examples())),
            },
        };
        let compare = match operator {
            Operator::Unequal => NumberCompare::Unequal,
            Operator::Less => NumberCompare::Less,
            Operator::AtMost => NumberCompare::AtMost,
            Operator::Greater => NumberCompare::Greater,
            Operator::AtLeast => NumberCompare::AtLeast,
            Operator::Equal | Operator::Matches | Operator::MatchesNot => NumberCompare::Equal,
        };
        Ok(self.builder.predicate(Predicate::Number(Number {
            field: field.id,
            compare,
            with,
        })))
    }

    /// Parses a regular expression after `=~` or `!~`.
    pub(super) fn expression(
        &mut self,
        field: Field,
        negated: bool,
    ) -> Result<Fragment, FilterError> {
        self.expected = Expected::Quantity(field);
        let Some((at, text)) = self.lexer.value(true) else {
            let at = self.lexer.at;
            return Err(self
                .error(at, "=~ needs a regular expression")
                .with_expected("a regular expression, quoted if it contains spaces"));
        };
        let pattern = Pattern::expression(&text)
            .map_err(|message| self.error(at, format!("invalid regular expression: {message}")))?;
        // Of a process, the cell has only the first owner, and at most 15 bytes of its name.
        let predicate = match field.name {
            "process" => Predicate::ProcessText(field.id, pattern),
            _ => Predicate::Text(field.id, pattern),
        };
        let fragment = self.builder.predicate(predicate);
        Ok(if negated {
            ProgramBuilder::not(fragment)
        } else {
            fragment
        })
    }
}

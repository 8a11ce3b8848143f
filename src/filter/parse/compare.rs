//! Comparisons of columns: `COLUMN OPERATOR ( QUANTITY | COLUMN )`, `COLUMN "=~" EXPRESSION`.

use std::borrow::Cow;

use super::{Expected, Parser};
use crate::filter::error::FilterError;
use crate::filter::glob::Pattern;
use crate::filter::names::{Field, FieldKind};
use crate::filter::program::{Builder, Piece};
use crate::filter::scan::Operator;
use crate::filter::test::{Number, NumberCompare, Operand, Test};
use crate::filter::value::{Unit, quantity};

impl<'t> Parser<'t, '_> {
    /// A comparison of a column.
    pub(super) fn comparison(
        &mut self,
        at: usize,
        word: &str,
        field: Field,
    ) -> Result<Piece, FilterError> {
        self.expected = Expected::Operator(field);
        let Some(operator) = self.scanner.operator() else {
            let end = self.scanner.at;
            return Err(self
                .error(end, format!("'{word}' lacks a comparison"))
                .expecting(match field.kind {
                    FieldKind::Number(unit) => {
                        format!("=, !=, <, <=, > or >= and {}", unit.examples())
                    }
                    FieldKind::Text => "=, !=, =~ or !~ and a text".to_owned(),
                }));
        };
        self.expected = Expected::Quantity(field);
        match (field.kind, operator) {
            (FieldKind::Text, Operator::Matches | Operator::MatchesNot) => {
                self.expression(field, operator == Operator::MatchesNot)
            }
            (FieldKind::Text, Operator::Equal | Operator::Unequal) => {
                let (at, value) = self.operand(word, "a text; * and ? stand for others")?;
                let pattern = Pattern::glob(&value).map_err(|message| self.error(at, message))?;
                let piece = self.builder.ask(Test::Text(field.id, pattern));
                Ok(if operator == Operator::Unequal {
                    Builder::not(piece)
                } else {
                    piece
                })
            }
            (FieldKind::Text, _) => Err(self
                .error(at, format!("'{word}' is text, and no number"))
                .expecting("=, !=, =~ or !~")),
            (FieldKind::Number(_), Operator::Matches | Operator::MatchesNot) => Err(self
                .error(at, format!("'{word}' is a number, and no text"))
                .expecting("=, !=, <, <=, > or >=")),
            (FieldKind::Number(unit), operator) => self.number(word, field, unit, operator),
        }
    }

    fn operand(
        &mut self,
        word: &str,
        expected: &str,
    ) -> Result<(usize, Cow<'t, str>), FilterError> {
        self.scanner.value(false).ok_or_else(|| {
            let at = self.scanner.at;
            self.error(at, format!("'{word}' has nothing to be compared with"))
                .expecting(expected)
        })
    }

    fn number(
        &mut self,
        word: &str,
        mut field: Field,
        mut unit: Unit,
        operator: Operator,
    ) -> Result<Piece, FilterError> {
        let (at, value) = self.operand(word, unit.examples())?;
        // "2 GB": a unit may stand apart.
        if value.ends_with('%')
            && unit != Unit::Share
            && let Some(share) = self.context.vocabulary.share(word)
        {
            (field, unit) = (share, Unit::Share);
        }
        let with = match quantity(&value, unit) {
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
                        FieldKind::Number(_) => "counts something else",
                    };
                    return Err(self
                        .error(
                            at,
                            format!("'{value}' {why} and cannot be compared with '{word}'"),
                        )
                        .expecting(unit.examples()));
                }
                None => return Err(self.error(at, message).expecting(unit.examples())),
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
        Ok(self.builder.ask(Test::Number(Number {
            field: field.id,
            compare,
            with,
        })))
    }

    /// A regular expression behind a column.
    pub(super) fn expression(&mut self, field: Field, negated: bool) -> Result<Piece, FilterError> {
        self.expected = Expected::Quantity(field);
        let Some((at, text)) = self.scanner.value(true) else {
            let at = self.scanner.at;
            return Err(self
                .error(at, "=~ lacks its expression")
                .expecting("a regular expression; one with spaces in quotes"));
        };
        let pattern = Pattern::expression(&text)
            .map_err(|message| self.error(at, format!("not a regular expression: {message}")))?;
        let piece = self.builder.ask(Test::Text(field.id, pattern));
        Ok(if negated { Builder::not(piece) } else { piece })
    }
}

//! The line in which a filter is typed: its cursor, what could come next, what was typed before, what is wrong.

mod seen;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::State;
use crate::filter::{Completion, Filter, Surroundings, complete, ends_word};

/// The longest filter that can be typed, characters.
const LONGEST: usize = 1000;

/// Filters that are remembered.
const REMEMBERED: usize = 100;

/// What has become of what is typed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is the filter in force.
    #[default]
    InForce,
    /// It is none, or not yet: the last that was one stays in force.
    Waiting,
    /// The same, and nothing is wrong but that parentheses are open.
    Unclosed,
}

/// What was done to a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Edit {
    /// Nothing.
    #[default]
    None,
    /// Something was typed.
    Typed,
    /// An older filter was recalled, or what was typed before that.
    Recalled,
}

/// A filter that is being typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FilterLine {
    /// What is typed.
    pub text: String,
    /// Where the cursor stands, in bytes.
    pub cursor: usize,
    /// What is wrong with it: what and where, in characters counted from 0.
    pub error: Option<(String, usize)>,
    /// What is expected at the cursor.
    pub expected: String,
    /// What could stand at the cursor.
    pub offers: Vec<Completion>,
    /// Where the word begins that the offers are for, in bytes.
    from: usize,
    /// Which offer was taken, if Tab goes through them.
    pub taken: Option<usize>,
    /// The filter in force before.
    before: Filter,
    /// Which of the remembered filters is shown, counted from the newest.
    recalled: Option<usize>,
    /// What was typed before older ones were recalled.
    draft: String,
    /// What has become of it.
    pub standing: Standing,
    /// Whether Enter was pressed on what is wrong.
    refused: bool,
    /// What was done since it was last looked at as a filter.
    edit: Edit,
    /// Whether the offers are for another place than the cursor's.
    moved: bool,
}

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Typing goes on.
    Typing,
    /// It is to be kept.
    Kept,
    /// It is as it was before.
    Cancelled,
}

impl FilterLine {
    /// Begins with the filter in force, and room for a further condition.
    pub(super) fn new(filter: &Filter) -> FilterLine {
        let gap = if filter.is_empty() { "" } else { " " };
        let text = format!("{}{gap}", filter.term());
        FilterLine {
            cursor: text.len(),
            text,
            before: filter.clone(),
            moved: true,
            ..FilterLine::default()
        }
    }

    /// Whether what is wrong is the word at the cursor, which could still become a right one.
    pub fn is_completing(&self) -> bool {
        let Some((_, place)) = self.error.as_ref().filter(|_| !self.refused) else {
            return false;
        };
        let at_end = self.cursor == self.text.len();
        // All that is wrong is that it ends here.
        if at_end && *place == self.text.chars().count() {
            return true;
        }
        if self.offers.is_empty() {
            return false;
        }
        if at_end && self.standing == Standing::Unclosed {
            return true;
        }
        let rest = &self.text[self.cursor..];
        let end = self.cursor + rest.find(ends_word).unwrap_or(rest.len());
        let place = self.text.char_indices().nth(*place);
        let place = place.map_or(self.text.len(), |(at, _)| at);
        // Of a word that is not begun yet, its place.
        let lacks = place == self.cursor && rest.chars().next().is_none_or(char::is_whitespace);
        (self.from..end).contains(&place) || lacks
    }

    /// Whether what is wrong has to be told now.
    pub fn is_wrong(&self) -> bool {
        self.error.is_some() && !self.is_completing()
    }

    fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    /// The place of the character before the cursor.
    fn left(&self) -> usize {
        let before = self.text[..self.cursor].chars().next_back();
        self.cursor - before.map_or(0, char::len_utf8)
    }

    /// The place behind the character at the cursor.
    fn right(&self) -> usize {
        let after = self.text[self.cursor..].chars().next();
        self.cursor + after.map_or(0, char::len_utf8)
    }

    /// The place where the word before the cursor begins, or the signs.
    fn word_before(&self) -> usize {
        let kept = self.text[..self.cursor].trim_end();
        let is_sign = |c: char| ends_word(c) && !c.is_whitespace();
        let rest = if kept.ends_with(is_sign) {
            kept.trim_end_matches(is_sign)
        } else {
            kept.trim_end_matches(|c| !ends_word(c))
        };
        rest.len()
    }

    /// The place where the word ends that the cursor is in.
    fn word_end(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let inside = self.text.get(self.from..self.cursor).unwrap_or("");
        if self.taken.is_some() || inside.is_empty() {
            return self.cursor;
        }
        let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''));
        let closed = quote.and_then(|quote| rest.find(quote));
        let end = closed.map(|at| at + 1).or_else(|| rest.find(ends_word));
        self.cursor + end.unwrap_or(rest.len())
    }

    /// Takes out what stands between a place and the cursor.
    fn take_out(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn replace(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
    }

    /// Puts in what was pasted, as far as there is room.
    pub(super) fn paste(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text.chars().count());
        let text: String = pasted(text).take(room).collect();
        self.insert(&text);
        (self.edit, self.moved) = (Edit::Typed, true);
    }
}

/// What is pasted, in one line.
pub(super) fn pasted(text: &str) -> impl Iterator<Item = char> {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.trim_end_matches(['\r', '\n']).chars().map(plain)
}

/// Lets what is typed be in force, and finds out what could come next, if anything was edited. Both look at every socket,
/// so this is done once for all keys that came together.
pub(super) fn settle(state: &mut State, line: &mut FilterLine) {
    match std::mem::take(&mut line.edit) {
        Edit::None => {}
        edit => apply(state, line, edit),
    }
    if std::mem::take(&mut line.moved) {
        offer(state, line);
    }
}

/// Takes a key: edits the line. Whoever draws it [settles](settle) it before.
pub(super) fn press(state: &mut State, line: &mut FilterLine, key: &KeyEvent) -> Outcome {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let before = line.text.clone();
    let mut walks = false;
    line.refused = false;
    match key.code {
        KeyCode::Enter => return finish(state, line),
        KeyCode::Esc => return cancel(state, line),
        KeyCode::Char('c' | 'g') if control => return cancel(state, line),
        KeyCode::Tab | KeyCode::BackTab => {
            settle(state, line);
            take_offer(line, key.code == KeyCode::Tab);
            walks = line.taken.is_some();
        }
        KeyCode::Up => recall(state, line, true),
        KeyCode::Down => recall(state, line, false),
        KeyCode::Left => line.cursor = line.left(),
        KeyCode::Right => line.cursor = line.right(),
        KeyCode::Char('b') if control => line.cursor = line.left(),
        KeyCode::Char('f') if control => line.cursor = line.right(),
        KeyCode::Home => line.cursor = 0,
        KeyCode::Char('a') if control => line.cursor = 0,
        KeyCode::End => line.cursor = line.text.len(),
        KeyCode::Char('e') if control => line.cursor = line.text.len(),
        KeyCode::Char('u') if control => line.take_out(0, line.cursor),
        KeyCode::Char('k') if control => line.text.truncate(line.cursor),
        KeyCode::Char('w') if control => {
            line.take_out(line.word_before(), line.cursor);
        }
        // As in less and vim: taking back more than was typed leaves the line.
        KeyCode::Backspace if line.text.is_empty() => return cancel(state, line),
        KeyCode::Backspace => line.take_out(line.left(), line.cursor),
        KeyCode::Char('h') if control => line.take_out(line.left(), line.cursor),
        KeyCode::Delete => {
            let right = line.right();
            line.text.replace_range(line.cursor..right, "");
        }
        KeyCode::Char(character)
            if !control && !character.is_control() && line.text.chars().count() < LONGEST =>
        {
            line.insert(character.encode_utf8(&mut [0; 4]));
        }
        _ => return Outcome::Typing,
    }
    if line.edit == Edit::None && line.text != before {
        line.edit = Edit::Typed;
    }
    line.moved |= !walks;
    Outcome::Typing
}

/// What is typed becomes the filter in force, if it is one; otherwise the last that was one stays.
fn apply(state: &mut State, line: &mut FilterLine, edit: Edit) {
    line.error = None;
    line.standing = Standing::Waiting;
    match state.understand(&line.text) {
        // A word that may become a keyword is not looked for yet, unless a longer one was.
        Ok(filter)
            if filter.is_search()
                && !state.filter().is_search()
                && may_become_more(state, &line.text) => {}
        Ok(filter) => {
            line.standing = Standing::InForce;
            state.set_filter(filter);
        }
        Err(error) => {
            if closed(&line.text).is_some_and(|text| state.understand(&text).is_ok()) {
                line.standing = Standing::Unclosed;
            }
            let said = match error.expected() {
                Some(expected) => format!("{}; expected {expected}", error.message()),
                None => error.message().to_owned(),
            };
            line.error = Some((said, error.column() - 1));
        }
    }
    // What was only passed by is not in force.
    if edit == Edit::Recalled && line.standing != Standing::InForce {
        state.set_filter(line.before.clone());
    }
}

/// The text with the parentheses closed that are open in it; `None` if none are.
fn closed(text: &str) -> Option<String> {
    let open = text.matches('(').count();
    let missing = open.checked_sub(text.matches(')').count())?;
    (missing > 0).then(|| format!("{text}{}", " )".repeat(missing)))
}

/// Whether a word is the beginning of a keyword or a column.
fn may_become_more(state: &State, text: &str) -> bool {
    let around = Surroundings::default();
    let word = text.trim();
    if word.starts_with(['"', '\'']) {
        return false;
    }
    let found = complete(word, &state.context(&around), &mut |_| Vec::new());
    !found.items.is_empty()
}

fn finish(state: &mut State, line: &mut FilterLine) -> Outcome {
    let Ok(filter) = state.understand(&line.text) else {
        settle(state, line);
        line.refused = true;
        return Outcome::Typing;
    };
    remember(state, &filter);
    state.set_filter(filter);
    Outcome::Kept
}

/// Remembers a filter as the last that was asked for.
pub(super) fn remember(state: &mut State, filter: &Filter) {
    let text = filter.text().to_owned();
    if text.is_empty() {
        return;
    }
    state.typed_filters.retain(|known| *known != text);
    state.typed_filters.push(text);
    let over = state.typed_filters.len().saturating_sub(REMEMBERED);
    state.typed_filters.drain(..over);
}

fn cancel(state: &mut State, line: &FilterLine) -> Outcome {
    state.set_filter(line.before.clone());
    Outcome::Cancelled
}

/// Puts the next offer in place of the word that is being typed.
fn take_offer(line: &mut FilterLine, forward: bool) {
    let all = line.offers.len();
    if all == 0 {
        return;
    }
    let next = match (line.taken, forward) {
        (None, true) => 0,
        (None, false) => all - 1,
        (Some(at), true) => (at + 1) % all,
        (Some(at), false) => (at + all - 1) % all,
    };
    let from = line.from.min(line.cursor);
    let end = line.word_end();
    let mut word = line.offers[next].text.clone();
    let behind = line.text[end..].chars().next();
    // The only one is meant, and something follows it. What stands there already is no part of it.
    if all == 1 && behind != Some(' ') || behind.is_some_and(|c| !ends_word(c)) {
        word.push(' ');
    }
    line.take_out(from, end);
    line.insert(&word);
    line.taken = (all > 1).then_some(next);
    if all == 1 {
        if !word.ends_with(' ') {
            line.cursor = line.right();
        }
        line.offers.clear();
    }
}

/// Shows what was typed before, or after.
fn recall(state: &State, line: &mut FilterLine, older: bool) {
    let all = state.typed_filters.len();
    let next = match (line.recalled, older) {
        (None, true) if all > 0 => Some(0),
        (Some(at), true) => Some((at + 1).min(all.saturating_sub(1))),
        (Some(0), false) => None,
        (Some(at), false) => Some(at - 1),
        (None, _) => return,
    };
    if line.recalled.is_none() {
        line.draft = line.text.clone();
    }
    line.recalled = next;
    line.edit = Edit::Recalled;
    let text = match next {
        Some(at) => state.typed_filters[all - 1 - at].clone(),
        None => line.draft.clone(),
    };
    line.replace(text);
}

/// Finds out what could stand at the cursor.
fn offer(state: &State, line: &mut FilterLine) {
    let around = Surroundings::default();
    let moment = state.moment.as_deref();
    let mut values = |wanted| moment.map_or_else(Vec::new, |moment| seen::seen(moment, wanted));
    let found = complete(
        &line.text[..line.cursor],
        &state.context(&around),
        &mut values,
    );
    line.from = found.from;
    line.offers = found.items;
    line.expected = found.expected;
    line.taken = None;
}

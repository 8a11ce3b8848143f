//! Asks the terminal for its background color (OSC 11), and separates its answer from the keys that the user types.
//!
//! The answer arrives among the keys: `ESC ] 11;rgb:0000/2b2b/3636 BEL`, which is read as Alt-`]`, `1`, `1`, …. Every
//! event that is not part of an answer is passed on in its order, so no key is lost; and an answer that comes late is no
//! key.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::terminal;

/// The question.
const QUERY: &[u8] = b"\x1b]11;?\x1b\\";

/// The beginning of an answer after Alt-`]`.
const START: &str = "11;rgb";

/// Maximum number of characters of an answer: four hexadecimal digits for each of four channels.
const MAX_ANSWER: usize = 40;

/// Longest time that the first frame waits for the answer.
const PATIENCE: Duration = Duration::from_millis(100);

/// Time for what was typed with the answer.
const DRAIN: Duration = Duration::from_millis(1);

/// Separates the answer from other events.
#[derive(Debug, Default)]
pub(super) struct AnswerFilter {
    /// The events that may be part of an answer, the text in them after Alt-`]`.
    held: Vec<Event>,
    text: String,
}

/// The outcome of an event.
#[derive(Debug, PartialEq)]
pub(super) enum Filtered {
    /// It may be part of an answer.
    Held,
    /// These events are none.
    Events(Vec<Event>),
    /// The answer: red, green and blue from 0 to 1.
    Background([f64; 3]),
}

impl AnswerFilter {
    /// Handles the next event.
    pub(super) fn push(&mut self, event: Event) -> Filtered {
        let Event::Key(key) = &event else {
            return self.release(event);
        };
        if key.kind == KeyEventKind::Release {
            return self.release(event);
        }
        let (code, modifiers) = (key.code, key.modifiers - KeyModifiers::SHIFT);
        if self.held.is_empty() {
            return if (code, modifiers) == (KeyCode::Char(']'), KeyModifiers::ALT) {
                self.held.push(event);
                Filtered::Held
            } else {
                Filtered::Events(vec![event])
            };
        }
        let is_end = matches!(
            (code, modifiers),
            (KeyCode::Char('g'), KeyModifiers::CONTROL) | (KeyCode::Char('\\'), KeyModifiers::ALT)
        );
        if is_end && let Some(rgb) = parse(&self.text) {
            self.held.clear();
            self.text.clear();
            return Filtered::Background(rgb);
        }
        match code {
            KeyCode::Char(letter) if modifiers.is_empty() && self.is_next(letter) => {
                self.text.push(letter);
                self.held.push(event);
                Filtered::Held
            }
            _ => self.release(event),
        }
    }

    /// Returns the events that are held, since no more follow.
    pub(super) fn finish(&mut self) -> Vec<Event> {
        self.text.clear();
        std::mem::take(&mut self.held)
    }

    /// Returns true if events are held.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    fn release(&mut self, event: Event) -> Filtered {
        let mut events = self.finish();
        events.push(event);
        Filtered::Events(events)
    }

    /// Returns true if a letter may follow in an answer.
    fn is_next(&self, letter: char) -> bool {
        if let Some(expected) = START.chars().nth(self.text.chars().count()) {
            return letter == expected;
        }
        let is_part = letter.is_ascii_hexdigit() || matches!(letter, ':' | '/');
        is_part && self.text.len() < MAX_ANSWER
    }
}

/// Parses `11;rgb:RR/GG/BB` or `11;rgba:RRRR/GGGG/BBBB/AAAA`, with one to four digits each.
fn parse(text: &str) -> Option<[f64; 3]> {
    let (_, channels) = text.strip_prefix(START)?.split_once(':')?;
    let mut channels = channels.split('/').map(|digits| {
        let most = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)? - 1;
        let value = u32::from_str_radix(digits, 16).ok()?;
        (1..=4)
            .contains(&digits.len())
            .then(|| f64::from(value) / f64::from(most))
    });
    let mut channel = || channels.next().flatten();
    Some([channel()?, channel()?, channel()?])
}

/// Asks the terminal, which is in raw mode, and waits for its answer for a short time. Returns the color if it answered,
/// the events of other input, and the filter for an answer that comes later.
///
/// # Errors
/// If the terminal cannot be written to or read.
pub(super) fn ask() -> io::Result<(Option<[f64; 3]>, Vec<Event>, AnswerFilter)> {
    terminal::write_all(QUERY)?;
    let (mut filter, mut others) = (AnswerFilter::default(), Vec::new());
    let (mut answer, until) = (None, Instant::now() + PATIENCE);
    loop {
        // Keys that were read with the answer are only in the queue of the library: a poll of the terminal does not see them.
        let left = match answer {
            None => until.saturating_duration_since(Instant::now()),
            Some(_) => DRAIN,
        };
        // With zero, crossterm forgets that there is something to read.
        if left.is_zero() || !event::poll(left)? {
            return Ok((answer, others, filter));
        }
        match filter.push(event::read()?) {
            Filtered::Held => {}
            Filtered::Events(events) => others.extend(events),
            Filtered::Background(rgb) => answer = Some(rgb),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    fn key(code: char, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(KeyCode::Char(code), modifiers))
    }

    /// Passes an answer and its end; returns the outcomes other than held.
    fn outcomes(before: &str, answer: &str, end: Option<Event>) -> Vec<Filtered> {
        let typed = before.chars().map(|letter| key(letter, KeyModifiers::NONE));
        let start = key(']', KeyModifiers::ALT);
        let letters = answer.chars().map(|letter| {
            let shift = if letter.is_uppercase() {
                KeyModifiers::SHIFT
            } else {
                KeyModifiers::NONE
            };
            key(letter, shift)
        });
        let mut filter = AnswerFilter::default();
        typed
            .chain([start])
            .chain(letters)
            .chain(end)
            .map(|event| filter.push(event))
            .filter(|outcome| *outcome != Filtered::Held)
            .collect()
    }

    #[test]
    fn an_answer_is_a_color_and_no_key() {
        let bell = key('g', KeyModifiers::CONTROL);
        let terminator = key('\\', KeyModifiers::ALT);
        for (answer, expected) in [
            ("11;rgb:0000/2b2b/3636", [0.0, 43.0 / 255.0, 54.0 / 255.0]),
            ("11;rgb:ff/ff/ff", [1.0, 1.0, 1.0]),
            ("11;rgba:FFFF/0/0000/8000", [1.0, 0.0, 0.0]),
        ] {
            for end in [&bell, &terminator] {
                let outcomes = outcomes("", answer, Some(end.clone()));
                assert_eq!(outcomes, [Filtered::Background(expected)], "{answer}");
            }
        }
    }

    #[test]
    fn keys_are_passed_on_in_their_order() {
        let bell = || Some(key('g', KeyModifiers::CONTROL));
        let answered = outcomes("2j", "11;rgb:0/0/0", bell());
        assert_eq!(answered.len(), 3, "two keys and the answer: {answered:?}");
        for other in [
            "2",
            "1q",
            "11;rgb:xyz",
            "11;rgb",
            "11;rgb:0/0",
            "11;rgb:/0/0",
        ] {
            let events: Vec<Event> = outcomes("", other, bell())
                .into_iter()
                .flat_map(|outcome| match outcome {
                    Filtered::Events(events) => events,
                    outcome => panic!("{other}: {outcome:?}"),
                })
                .collect();
            assert_eq!(events.len(), other.len() + 2, "{other}");
            assert_eq!(events.first(), Some(&key(']', KeyModifiers::ALT)));
        }
        let endless = format!("11;rgb:{}", "0".repeat(1000));
        assert!(!outcomes("", &endless, None).is_empty());
    }

    #[test]
    fn what_is_held_is_returned_if_nothing_follows() {
        let mut filter = AnswerFilter::default();
        assert_eq!(filter.push(key(']', KeyModifiers::ALT)), Filtered::Held);
        assert!(filter.is_holding());
        assert_eq!(filter.finish(), [key(']', KeyModifiers::ALT)]);
        assert!(!filter.is_holding());
    }
}

//! The namespace picker: network namespaces with the number of their sockets. On the System screen it chooses the one
//! that is shown, elsewhere it opens one.
//!
//! ```text
//! ┌ Network namespaces ─ type to search ──────┐
//! │ host                     812 sockets       │
//! │ payments/api-7c9          41 sockets       │
//! └────────────────────────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use super::searchable_lines::SearchableLines;
use crate::aggregate::Moment;
use crate::column::format;
use crate::model::SeededMap;
use crate::tui::command::Command;
use crate::tui::group::{GroupKey, Grouping};
use crate::tui::hint::Hint;
use crate::tui::navigation;
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// Columns of a name.
const NAME: usize = 36;

/// A network namespace to choose.
#[derive(Debug)]
struct Choice {
    inode: u32,
    name: String,
    sockets: u32,
}

/// The network namespaces to choose from.
#[derive(Debug)]
pub struct NamespacePicker {
    choices: Vec<Choice>,
    lines: SearchableLines,
    /// True if the choice changes what the System screen shows.
    is_for_system: bool,
}

/// True if the moment shown has several network namespaces.
pub(in crate::tui) fn is_available(state: &State) -> bool {
    let moment = state.moment.as_deref();
    moment.is_some_and(|moment| !moment.sample.namespaces.is_empty())
}

/// Opens the picker, or sets a message if there is only one network namespace.
pub(in crate::tui) fn open(state: &mut State) {
    let Some(moment) = state.moment.clone() else {
        return;
    };
    if moment.sample.namespaces.is_empty() {
        state.message = Some(match moment.sample.omitted_namespaces {
            Some(omitted) if omitted.count() > 0 => omitted.to_string(),
            _ => "there is no other network namespace".to_owned(),
        });
        return;
    }
    let is_for_system = state.is_searchable();
    let choices = choices(&moment);
    let shown = state.system.namespace().map(|shown| shown.inode);
    let at = choices
        .iter()
        .position(|choice| is_for_system && Some(choice.inode) == shown);
    state.open_popup(NamespacePicker {
        choices,
        lines: SearchableLines::at(at.unwrap_or(0)),
        is_for_system,
    });
}

/// The namespaces of a moment: the own one first, then those with the most sockets.
fn choices(moment: &Moment) -> Vec<Choice> {
    let sample = &moment.sample;
    let mut sockets: SeededMap<u32, u32> = SeededMap::default();
    for socket in sample.iter() {
        *sockets.entry(socket.socket.netns).or_default() += 1;
    }
    let choice = |inode: u32, name: &str| Choice {
        inode,
        name: text::sanitized(name),
        sockets: sockets.get(&inode).copied().unwrap_or(0),
    };
    let own = sample.own_netns_name.as_deref().unwrap_or("own");
    let own = choice(sample.own_netns, own);
    let others = sample.namespaces.iter();
    let mut others: Vec<Choice> = others.map(|it| choice(it.inode, &it.name)).collect();
    others.sort_by(|a, b| b.sockets.cmp(&a.sockets).then_with(|| a.name.cmp(&b.name)));
    others.insert(0, own);
    others
}

impl NamespacePicker {
    /// The choices that the search leaves.
    fn found(&self) -> Vec<&Choice> {
        let search = self.lines.search_text();
        let all = self.choices.iter();
        all.filter(|choice| search.matches(&choice.name)).collect()
    }

    fn choose(&self, state: &mut State) -> Outcome {
        let Some(moment) = state.moment.clone() else {
            return Outcome::Close;
        };
        let Some(&choice) = self.found().get(self.lines.line) else {
            return Outcome::Stay;
        };
        if self.is_for_system {
            state.system.show_namespace(choice.inode, &moment.sample);
            return Outcome::Close;
        }
        if !matches!(
            state.screen,
            Screen::Sockets | Screen::Processes | Screen::Listeners
        ) {
            navigation::go_to(state, Screen::Sockets);
        }
        let key = GroupKey::Namespace(choice.inode);
        state.open_group_page(Grouping::Namespace, key, choice.name.clone());
        Outcome::Close
    }
}

impl Popup<State> for NamespacePicker {
    fn is_closed_by(&self, command: Command) -> bool {
        command == Command::PickNamespace
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        if command == Command::Open {
            return self.choose(state);
        }
        let count = self.found().len();
        self.lines.scroll(command, count);
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.lines.line = line;
        self.choose(state)
    }

    fn search(&self) -> Option<&str> {
        Some(self.lines.search())
    }

    fn set_search(&mut self, text: String) {
        self.lines.set_search(text);
    }

    fn is_typed(&self, character: char) -> bool {
        character != '?'
    }

    fn hints(&self) -> Vec<Hint> {
        let open = if self.is_for_system { "show" } else { "open" };
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Open], open),
            Hint::new(&[Command::Back], "cancel"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let found = self.found();
        let lines: Vec<Vec<Piece>> = found
            .iter()
            .map(|choice| {
                let mut count = String::new();
                format::count(&mut count, choice.sockets.into());
                let name = text::cut_middle(&choice.name, NAME);
                let pad = " ".repeat(NAME.saturating_sub(text::width(&name)));
                let noun = if choice.sockets == 1 {
                    "socket"
                } else {
                    "sockets"
                };
                vec![
                    (format!("{name}{pad}"), Tone::Strong),
                    (format!("{count:>9} "), Tone::Plain),
                    (noun.to_owned(), Tone::Muted),
                ]
            })
            .collect();
        let title = draw::search_title(
            "Network namespaces",
            draw::TYPE_TO_SEARCH,
            self.lines.search(),
        );
        if lines.is_empty() {
            let none = vec![vec![("no match".to_owned(), Tone::Muted)]];
            draw::menu(frame, area, state, &title, &none, (1, 0, false));
            return;
        }
        draw::menu(
            frame,
            area,
            state,
            &title,
            &lines,
            (0, self.lines.line, false),
        );
    }
}

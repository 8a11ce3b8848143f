//! The kill confirmation: actions that destroy the socket or signal its processes. Each needs a confirmation.
//!
//! ```text
//! ┌ Kill ───────────────────────────────────────────┐
//! │ 10.0.0.1:443 → 10.0.0.9:50000                   │
//! │ nginx/2211 (user www)                           │
//! │                                                 │
//! │ destroy the socket   resets the connection      │
//! │ SIGTERM to nginx/2211                           │
//! └─────────────────────────────────────────────────┘
//! ```

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::model::Process;
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::hint::Hint;
use crate::tui::kill_target::{KillAction, KillTarget, Recipient};
use crate::tui::page::{Page, Presence};
use crate::tui::scroll::scrolled;
use crate::tui::state::{DisplayMode, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// Processes that are listed above the actions.
const LISTED: usize = 3;

/// The message to a user without permission to destroy sockets.
const NEEDS_CAPABILITY: &str = "destroying a socket needs CAP_NET_ADMIN; run as root";

/// The actions to choose from.
#[derive(Debug)]
pub struct KillConfirmation {
    target: KillTarget,
    /// The line of the cursor, among the actions.
    line: usize,
    /// True if the action at the cursor waits for its confirmation.
    is_asking: bool,
}

/// The target of the page or of the selected row; `None` if there is none.
pub(in crate::tui) fn target(state: &State) -> Option<KillTarget> {
    let moment = state.moment.as_deref()?;
    match state.page() {
        Some(Page::Socket(page)) => {
            let row = page.row(moment)?;
            let mut target = KillTarget::of_socket(&row);
            if page.presence != Presence::Present {
                target.socket = None;
            }
            Some(target)
        }
        _ => state.table()?.kill_target(moment),
    }
}

/// Opens the list of actions, or sets a message with the reason why there are none.
pub(in crate::tui) fn open(state: &mut State) {
    if state.display == DisplayMode::Replay {
        state.message = Some("a replay has nothing to kill".to_owned());
        return;
    }
    state.arrange();
    match target(state) {
        Some(target) if !target.actions().is_empty() => state.open_popup(KillConfirmation {
            target,
            line: 0,
            is_asking: false,
        }),
        _ => state.message = Some("nothing to kill here; select a socket or a process".to_owned()),
    }
}

impl KillConfirmation {
    /// The action at the cursor.
    fn action(&self) -> Option<KillAction> {
        self.target.actions().get(self.line).copied()
    }

    fn go_to(&mut self, line: usize) {
        self.line = line.min(self.target.actions().len().saturating_sub(1));
    }

    /// Runs the action at the cursor.
    fn confirm(&self) -> Outcome {
        let effect = match self.action() {
            Some(KillAction::Destroy) => self.target.socket.map(|socket| {
                let ends = self.target.ends.clone();
                Effect::Destroy(Box::new(socket), self.target.namespace, ends)
            }),
            Some(KillAction::Signal(number, name, recipient)) => {
                let recipients = self.target.recipients(recipient).iter();
                let keys = recipients.map(|process| process.key).collect();
                Some(Effect::Signal(keys, number, name))
            }
            None => None,
        };
        effect.map_or(Outcome::Close, Outcome::CloseWith)
    }
}

impl Popup<State> for KillConfirmation {
    fn is_closed_by(&self, _command: Command) -> bool {
        false
    }

    /// Only the letter `y` confirms, whatever its command is; any other key cancels.
    fn press(&mut self, _state: &mut State, key: &KeyEvent) -> Option<Outcome> {
        let is_yes = (key.code, key.modifiers) == (KeyCode::Char('y'), KeyModifiers::NONE);
        (self.is_asking && is_yes).then(|| self.confirm())
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        match (self.is_asking, command) {
            (true, _) => self.is_asking = false,
            (false, Command::Open) => {
                if self.action() == Some(KillAction::Destroy) && !state.may_destroy {
                    state.message = Some(NEEDS_CAPABILITY.to_owned());
                } else {
                    self.is_asking = true;
                }
            }
            (false, _) => self.go_to(scrolled(self.line, command)),
        }
        Outcome::Stay
    }

    /// Moves the cursor only, so that a misplaced click kills nothing.
    fn click(&mut self, _state: &mut State, line: usize) -> Outcome {
        self.go_to(line);
        self.is_asking = false;
        Outcome::Stay
    }

    fn hints(&self) -> Vec<Hint> {
        let mut hints = if self.is_asking {
            vec![Hint::of_key("y", "confirm")]
        } else {
            vec![
                Hint::new(&[Command::Down, Command::Up], "select"),
                Hint::new(&[Command::Open], "kill (asks first)"),
            ]
        };
        hints.push(Hint::new(&[Command::Back], "cancel"));
        hints
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let mut lines = headings(&self.target);
        let first = lines.len();
        for (at, action) in self.target.actions().into_iter().enumerate() {
            lines.push(describe(action, &self.target, state.may_destroy));
            if self.is_asking && at == self.line {
                lines.push(vec![
                    ("  Are you sure? ".to_owned(), Tone::Critical),
                    ("y".to_owned(), Tone::Key),
                    (" confirms, any other key cancels".to_owned(), Tone::Plain),
                ]);
            }
        }
        let cursor = (first, self.line, self.is_asking);
        draw::menu(frame, area, state, "Kill", &lines, cursor);
    }
}

/// The lines above the actions: the socket, its processes, and why it cannot be destroyed.
fn headings(target: &KillTarget) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    if !target.ends.is_empty() {
        lines.push(vec![(text::sanitized(&target.ends), Tone::Strong)]);
    }
    if target.holders.len() > LISTED {
        let all = format!("{} processes have it open", target.holders.len());
        lines.push(vec![(all, Tone::Strong)]);
    } else {
        for process in &target.holders {
            let user = process.user.as_deref();
            let user = user.map_or_else(String::new, |user| {
                format!(" (user {})", text::sanitized(user))
            });
            lines.push(vec![(format!("{}{user}", name(process)), Tone::Strong)]);
        }
    }
    let indestructible_reason = target.indestructible_reason();
    lines.extend(indestructible_reason.map(|why| vec![(why.to_owned(), Tone::Muted)]));
    lines.push(Vec::new());
    lines
}

fn name(process: &Process) -> String {
    format!("{}/{}", text::sanitized(&process.comm), process.key.pid)
}

/// An action and its consequence.
fn describe(action: KillAction, target: &KillTarget, may_destroy: bool) -> Vec<Piece> {
    let plain = |text: &str| (text.to_owned(), Tone::Plain);
    match action {
        KillAction::Destroy if may_destroy => vec![
            plain("destroy the socket"),
            (format!("   {}", target.consequence()), Tone::Muted),
        ],
        KillAction::Destroy => vec![
            ("destroy the socket".to_owned(), Tone::Muted),
            ("   needs CAP_NET_ADMIN".to_owned(), Tone::Warning),
        ],
        KillAction::Signal(_, signal, recipient) => {
            let about = match signal {
                "SIGTERM" => "   asks it to exit",
                "SIGINT" => "   interrupts it, like Ctrl-C",
                "SIGHUP" => "   many daemons reload their configuration",
                "SIGKILL" => "   kills it immediately",
                _ => "",
            };
            let recipients = match (recipient, target.recipients(recipient)) {
                (Recipient::One(_), [process]) => name(process),
                (_, all) => format!("all {}", all.len()),
            };
            vec![
                plain(&format!("{signal} to {recipients}")),
                (about.to_owned(), Tone::Muted),
            ]
        }
    }
}

//! Pickers narrow their list as one types, and `q` closes one layer after the other.

use crate::support::Machine;
use crate::support::dashboard::{Dashboard, recorded};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sockwatch::app::ExitReason;

fn sockets() -> Dashboard {
    let mut dashboard = Dashboard::new((110, 40), Machine::default());
    dashboard.ticks(3).keys("2");
    dashboard
}

fn press(dashboard: &mut Dashboard, letter: char) -> ExitReason {
    dashboard.press(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE))
}

fn ends(ended: &ExitReason) -> bool {
    matches!(ended, ExitReason::Quit)
}

#[test]
fn a_column_to_sort_by_is_typed_and_chosen_with_one_enter() {
    let mut dashboard = sockets();
    dashboard.keys("s");
    assert!(dashboard.shows("Sort by ─ type to search"));
    dashboard.keys("smoothed");
    assert!(dashboard.shows("Sort by ─ search: smoothed"));
    assert!(dashboard.shows("Smoothed round-trip time."));
    assert!(!dashboard.shows("Kernel: idiag_state"), "others are hidden");
    dashboard.type_in("\r");
    assert!(dashboard.shows("sorted by RTT ▼"), "{}", dashboard.text());
    assert!(dashboard.event_loop.state().popup.is_none());
}

#[test]
fn every_letter_is_text_in_a_picker_and_digits_are_too() {
    let mut dashboard = sockets();
    for letters in ["q", "s", "j2K", "8"] {
        dashboard.keys("s").keys(letters);
        let expected = format!("search: {letters}");
        assert!(dashboard.shows(&expected), "{}", dashboard.text());
        // Esc clears the text, and then closes the picker.
        dashboard.key(KeyCode::Esc);
        assert!(dashboard.shows("type to search"));
        dashboard.key(KeyCode::Esc);
        assert!(dashboard.event_loop.state().popup.is_none());
        assert!(dashboard.shows("┌ Sockets"), "the screen is the same");
    }
    // A search with the key of elsewhere works as before.
    dashboard.keys("s/pi");
    assert!(dashboard.shows("search: pi"));
    dashboard.key(KeyCode::Backspace).key(KeyCode::Backspace);
    assert!(dashboard.shows("type to search"));
}

#[test]
fn space_reverses_the_order_in_the_sort_picker() {
    let mut dashboard = sockets();
    assert!(
        dashboard.shows("sorted by ≈↓+↑/s ▼"),
        "{}",
        dashboard.text()
    );
    dashboard.keys("s ");
    dashboard.type_in("\r");
    assert!(
        dashboard.shows("sorted by ≈↓+↑/s ▲"),
        "{}",
        dashboard.text()
    );
}

#[test]
fn columns_are_shown_by_typing_their_name_and_space() {
    let mut dashboard = sockets();
    dashboard.keys("csnd_mss");
    assert!(dashboard.shows("· snd_mss"), "{}", dashboard.text());
    dashboard.keys(" ");
    assert!(dashboard.shows("■ snd_mss"));
    dashboard.type_in("\r");
    assert!(dashboard.event_loop.state().popup.is_none());
    assert!(dashboard.text().contains("snd_mss"));
}

#[test]
fn a_letter_chooses_a_group_and_after_a_slash_letters_narrow_the_list() {
    let mut dashboard = sockets();
    dashboard.keys("bp");
    assert!(dashboard.event_loop.state().popup.is_none());
    assert!(dashboard.shows("by pod"), "{}", dashboard.text());
    dashboard.keys("b-");
    dashboard.keys("b/");
    assert!(dashboard.shows("Group by ─ type to search"));
    dashboard.keys("contai");
    assert!(dashboard.shows("c  container"));
    assert!(!dashboard.shows("u  "), "{}", dashboard.text());
    dashboard.type_in("\r");
    assert!(dashboard.shows("by container"), "{}", dashboard.text());
    // Esc returns to the letters that choose.
    dashboard.keys("b/xyz");
    assert!(dashboard.shows("no match"), "{}", dashboard.text());
    dashboard.type_in("\r");
    assert!(
        dashboard.event_loop.state().popup.is_some(),
        "Enter chooses nothing"
    );
    dashboard.key(KeyCode::Esc);
    dashboard.keys("-");
    assert!(dashboard.event_loop.state().popup.is_none());
}

#[test]
fn q_closes_the_top_layer_and_quits_at_the_bottom() {
    let mut dashboard = sockets();
    dashboard.keys("j").type_in("\r");
    assert!(dashboard.event_loop.state().page().is_some());
    assert!(dashboard.shows("q close"));
    dashboard.keys("?");
    assert!(dashboard.shows("q close"), "{}", dashboard.text());
    assert!(!ends(&press(&mut dashboard, 'q')), "the popup");
    assert!(dashboard.event_loop.state().popup.is_none());
    assert!(!ends(&press(&mut dashboard, 'q')), "the page");
    assert!(dashboard.event_loop.state().page().is_none());
    assert!(dashboard.shows("q quit"));
    dashboard.keys("/q");
    assert!(dashboard.shows("/q"), "typed text has its letters");
    dashboard.key(KeyCode::Esc);
    assert!(ends(&press(&mut dashboard, 'q')));
}

#[test]
fn quitting_asks_while_a_recording_runs() {
    for (answer, quits) in [
        (KeyCode::Char('y'), true),
        (KeyCode::Enter, true),
        (KeyCode::Esc, false),
        (KeyCode::Char('n'), false),
        (KeyCode::Char('q'), false),
        (KeyCode::Char('3'), false),
    ] {
        let mut dashboard = sockets();
        dashboard.keys("R").ticks(1);
        assert!(!ends(&press(&mut dashboard, 'q')));
        assert!(
            dashboard.shows("A recording is running: sockwatch-20261120-201411.swr"),
            "{}",
            dashboard.text()
        );
        let ended = dashboard.press(KeyEvent::new(answer, KeyModifiers::NONE));
        assert_eq!(ends(&ended), quits, "{answer:?}");
        assert!(dashboard.event_loop.state().popup.is_none());
        if !quits {
            assert!(dashboard.shows("┌ Sockets"), "{answer:?} only closes it");
            assert_eq!(dashboard.effects.log, ["record"], "and records on");
        }
    }
    // Ctrl-C does not ask, not even there.
    for before in ["", "q"] {
        let mut dashboard = sockets();
        dashboard.keys("R").ticks(1).keys(before);
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(ends(&dashboard.press(ctrl_c)));
    }
    // Nor is there a question without a recording, or once it has stopped.
    let mut dashboard = sockets();
    dashboard.keys("R").ticks(1).keys("R").ticks(1);
    assert!(ends(&press(&mut dashboard, 'q')));
    let mut replay = Dashboard::replay((80, 24), Box::new(recorded(3, 1)));
    let q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    assert!(ends(&replay.press(q)));
}

//! Journeys: real key events through the production event loop.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::support::Machine;
use crate::support::dashboard::Dashboard;
use crate::support::edited_rows::edit_rows;
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use sockwatch::app::{ExitReason, Inbox, Message};
use sockwatch::model::{Family, Sample};
use sockwatch::source::{Source, SourceError};
use sockwatch::tui::popup::filter_by::FilterBy;
use sockwatch::tui::text_input::TextInput;

fn dashboard() -> Dashboard {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    dashboard.ticks(4);
    dashboard
}

fn place(dashboard: &Dashboard, text: &str) -> usize {
    let lines = dashboard.lines();
    let found = lines.iter().position(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("{text} is not shown:\n{}", dashboard.text()))
}

#[test]
fn screens_are_reached_by_digits_and_tab() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    assert!(
        dashboard.shows("sampling…"),
        "it draws before there is a Sample"
    );
    dashboard.keys("2j?").key(KeyCode::Esc).keys("1");
    assert!(
        dashboard.shows("sampling…"),
        "keys do no harm before there is a Sample"
    );
    dashboard.ticks(2);
    assert!(
        dashboard.shows("Listeners closest to overflow"),
        "it starts with the overview"
    );
    dashboard.keys("2");
    assert!(dashboard.shows("┌ Sockets"), "2 leads to the sockets");
    dashboard.key(KeyCode::Tab);
    assert!(
        dashboard.shows("┌ Processes"),
        "Tab leads to the next screen"
    );
    for (digit, title) in [('4', "┌ Listeners"), ('5', "┌ Remotes"), ('8', "┌ Events")] {
        dashboard.keys(&digit.to_string());
        assert!(dashboard.shows(title), "{digit} leads to {title}");
    }
    dashboard.key(KeyCode::Tab);
    assert!(
        dashboard.shows("Listeners closest"),
        "after the last screen comes the first"
    );
    dashboard.press(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT));
    assert!(dashboard.shows("┌ Events"), "Shift-Tab leads back");
}

#[test]
fn the_selected_socket_stays_selected_while_rows_move() {
    let mut dashboard = dashboard();
    dashboard.keys("2");
    assert_eq!(
        dashboard.selected(),
        None,
        "nothing is selected until somebody selects"
    );
    dashboard.keys("jjj");
    let before = dashboard.selected().expect("j selects");
    let socket = before.split_whitespace().nth(3).unwrap().to_owned();
    let was_at = place(&dashboard, &socket);
    dashboard.ticks(12);
    let after = dashboard.selected().expect("the selection is kept");
    assert!(
        after.contains(&socket),
        "the selection is kept by identity:\n{before}\n{after}"
    );
    assert_ne!(was_at, place(&dashboard, &socket), "the row has moved");
    dashboard.keys("I");
    let inverted = dashboard
        .selected()
        .expect("the selection is kept and in sight");
    assert!(
        inverted.contains(&socket),
        "inverting the order keeps the selection"
    );
    assert!(dashboard.shows("▲"), "the order's direction is told");
}

#[test]
fn when_the_selected_row_goes_away_the_one_at_its_place_is_selected() {
    let machine = Machine {
        client_exits_at: Some(6),
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 40), machine);
    dashboard.ticks(5).keys("2j");
    let selected = dashboard.selected().unwrap();
    assert!(
        selected.contains("curl/5120"),
        "the client is the fastest: {selected}"
    );
    dashboard.ticks(2);
    let selected = dashboard.selected().expect("a row is selected still");
    assert!(!selected.contains("curl"), "the client is gone");
    assert!(
        place(&dashboard, "nginx/2211") == place(&dashboard, &selected),
        "{selected}"
    );
}

#[test]
fn the_sort_column_is_picked_and_the_order_inverted() {
    let mut dashboard = dashboard();
    dashboard.keys("3");
    assert!(
        place(&dashboard, "nginx") < place(&dashboard, "redis"),
        "it starts with the fastest"
    );
    dashboard.keys("I");
    assert!(
        place(&dashboard, "redis") < place(&dashboard, "nginx"),
        "I turns the order around"
    );
    assert!(
        place(&dashboard, "postgres ") > place(&dashboard, "nginx"),
        "what is not known comes last whichever the direction"
    );
    dashboard.keys("s");
    assert!(dashboard.shows("┌ Sort by"), "s lists the columns");
    dashboard.key(KeyCode::Home).key(KeyCode::Enter);
    assert!(
        dashboard.shows("sorted by PID ▼"),
        "Enter sorts by the column chosen"
    );
    assert!(
        place(&dashboard, " 6001 ") < place(&dashboard, " 880 "),
        "numbers start with the largest"
    );
    dashboard.keys(">");
    assert!(
        dashboard.shows("sorted by PROCESS ▲"),
        "> sorts by the next column, texts from the first"
    );
    dashboard.keys("<");
    assert!(dashboard.shows("sorted by PID"), "< goes back");
    dashboard.keys("s").key(KeyCode::Down).key(KeyCode::Esc);
    assert!(
        dashboard.shows("sorted by PID"),
        "Esc leaves the order as it was"
    );
}

#[test]
fn esc_restores_the_previous_view() {
    let machine = Machine {
        many: 500,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 40), machine);
    dashboard
        .ticks(3)
        .keys("2I")
        .key(KeyCode::PageDown)
        .key(KeyCode::PageDown);
    dashboard.keys("kk");
    let (selected, screen) = (dashboard.selected().unwrap(), dashboard.text());
    assert!(
        dashboard.shows("Enter open "),
        "the footer says what Enter does"
    );
    dashboard.key(KeyCode::Enter);
    assert!(
        dashboard.shows("2 Sockets › 10.0.0.") && dashboard.shows("Queues and buffers"),
        "Enter looks into the socket: {selected}"
    );
    dashboard.keys("jjj");
    let socket = dashboard.text();
    dashboard.keys("p");
    assert!(
        dashboard.shows("┌ Sockets of this process"),
        "p leads to its process, with all its sockets"
    );
    let inside = dashboard.selected().expect("at the very socket");
    let remote = selected.split_whitespace().nth(3).unwrap();
    assert!(inside.contains(remote), "{remote} in {inside}");
    dashboard.keys("jjI3");
    assert!(
        dashboard.shows("┌ Processes"),
        "other screens are reached from there"
    );
    dashboard.keys("2");
    assert!(
        dashboard.shows("┌ Sockets of this process"),
        "and one comes back to where one was"
    );
    dashboard.key(KeyCode::Esc);
    assert_eq!(dashboard.text(), socket, "Esc leads back to the socket");
    dashboard.key(KeyCode::Esc);
    assert_eq!(
        dashboard.text(),
        screen,
        "and back: selection, scroll and order"
    );
    dashboard.key(KeyCode::Esc);
    assert_eq!(dashboard.text(), screen, "a further Esc does nothing");
}

#[test]
fn the_page_of_a_process_outlives_the_process() {
    let machine = Machine {
        client_exits_at: Some(6),
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 40), machine);
    dashboard.ticks(5).keys("3jj").key(KeyCode::Enter);
    assert!(
        dashboard.shows("curl --parallel"),
        "it tells who the process is"
    );
    assert!(dashboard.shows("192.0.2.80:8080"), "and its sockets");
    dashboard.ticks(2);
    assert!(dashboard.shows("has exited"), "and that it is gone");
    assert!(dashboard.shows("curl --parallel"), "what was known stays");
    dashboard.key(KeyCode::Esc);
    assert!(dashboard.shows("┌ Processes"), "Esc leads back");
}

#[test]
fn rows_are_reached_page_by_page() {
    let machine = Machine {
        many: 500,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((80, 24), machine);
    dashboard.ticks(2).keys("2G");
    let rows = dashboard.event_loop.state().sockets.len();
    assert!(
        dashboard.shows(&format!(" {rows}/{rows} ")),
        "G leads to the last row"
    );
    dashboard.keys("g");
    assert!(dashboard.shows(&format!(" 1/{rows} ")), "g to the first");
    dashboard.key(KeyCode::PageDown).key(KeyCode::PageUp);
    assert!(
        dashboard.shows(&format!(" 1/{rows} ")),
        "a page down and up leads back"
    );
    dashboard.key(KeyCode::Up);
    assert!(
        dashboard.shows(&format!(" 1/{rows} ")),
        "there is nothing above the first"
    );
}

#[test]
fn columns_that_do_not_fit_are_scrolled_to() {
    let mut dashboard = Dashboard::new((80, 24), Machine::default());
    dashboard.ticks(3).keys("2");
    assert!(!dashboard.shows("RTT"));
    let before = dashboard.text();
    for _ in 0..30 {
        dashboard.keys("l");
        if dashboard.shows("RTT") {
            break;
        }
    }
    assert!(dashboard.shows("RTT"), "l scrolls to further columns");
    assert!(dashboard.shows("LOCAL"), "what tells rows apart stays");
    dashboard.keys(&"h".repeat(30));
    assert_eq!(dashboard.text(), before, "h scrolls back");
}

#[test]
fn the_help_lists_every_key_and_the_faults_have_their_reason() {
    let machine = Machine {
        faulty: true,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 84), machine);
    dashboard.ticks(1).keys("?");
    for binding in sockwatch::tui::keymap::BINDINGS {
        assert!(
            dashboard.shows(binding.about),
            "help tells of {}",
            binding.label
        );
    }
    dashboard.keys("!");
    assert!(
        dashboard.shows("sock_diag sctp"),
        "! tells what could not be read"
    );
    assert!(
        dashboard.shows("sockets may be missing"),
        "and what follows from it"
    );
    dashboard.key(KeyCode::Esc);
    assert!(dashboard.shows("⚠ 1 fault !"), "the header counts them");
    assert!(
        dashboard.shows("12 events lost"),
        "and what the kernel dropped"
    );
}

#[test]
fn a_popup_does_not_block_other_screens_and_popups() {
    let mut dashboard = dashboard();
    dashboard.keys("?2");
    assert!(dashboard.shows("┌ Sockets"), "a digit leads on");
    assert!(!dashboard.shows("┌ Keys"), "and the help is gone");
    dashboard.keys("s").key(KeyCode::Tab);
    assert!(dashboard.shows("┌ Processes") && !dashboard.shows("┌ Sort by"));
    // Esc and the next key arrived in one piece.
    dashboard.keys("!");
    dashboard.press(KeyEvent::new(KeyCode::Char('s'), KeyModifiers::ALT));
    assert!(dashboard.shows("┌ Sort by") && !dashboard.shows("could not be read"));
}

#[test]
fn a_narrow_column_cuts_neither_a_reason_nor_a_pid() {
    let machine = Machine {
        unprivileged: true,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((80, 24), machine);
    dashboard.ticks(2);
    assert!(dashboard.shows("…/880"), "a pid stays whole");
    dashboard.keys("2G");
    assert!(dashboard.shows("[denied]"), "a reason has a short name");
    assert!(
        dashboard.shows("run as root or grant CAP_SYS_PTRACE"),
        "and the remedy is in sight"
    );
}

#[test]
fn a_family_that_the_kernel_lacks_is_a_note() {
    let machine = Machine {
        lacking: true,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((80, 24), machine);
    dashboard.ticks(2);
    let status = dashboard.lines()[1].clone();
    assert!(
        !status.contains("note") && !status.contains('!'),
        "it hides nothing: {status}"
    );
    assert!(!dashboard.shows("⚠"), "and alarms nobody");
    dashboard.keys("!");
    assert!(dashboard.shows("sock_diag sctp"), "! tells what it is");
}

#[test]
fn quit_ends_the_program() {
    let key = |code, modifiers| KeyEvent::new(code, modifiers);
    let mut dashboard = dashboard();
    let ended = dashboard.press(key(KeyCode::Char('q'), KeyModifiers::NONE));
    assert!(matches!(ended, ExitReason::Quit), "q quits");
    let ended = dashboard.press(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(matches!(ended, ExitReason::Quit), "Ctrl-C quits");
    let ended = dashboard.send([Message::Signal(15)]);
    assert!(matches!(ended, ExitReason::Signal(15)), "a signal quits");
    let ended = dashboard.send([Message::TerminalLost(
        std::io::ErrorKind::UnexpectedEof.into(),
    )]);
    assert!(
        matches!(ended, ExitReason::TerminalLost),
        "a terminal that is gone ends it"
    );
    let ended = dashboard.send([Message::Failed(anyhow::anyhow!("no netlink"))]);
    assert!(
        matches!(ended, ExitReason::Failed(_)),
        "a source that gives up ends it"
    );
    let before = dashboard.text();
    let ended = dashboard.press(key(KeyCode::Char('z'), KeyModifiers::CONTROL));
    assert!(
        matches!(ended, ExitReason::InboxClosed),
        "Ctrl-Z does not end it"
    );
    assert_eq!(dashboard.effects.suspensions, 1, "but stops it once");
    assert_eq!(dashboard.text(), before, "and all is drawn anew afterwards");
}

/// The headings of the table in sight.
fn headings(dashboard: &Dashboard) -> String {
    dashboard.lines()[4].clone()
}

#[test]
fn columns_are_chosen_moved_and_widened() {
    let mut dashboard = dashboard();
    dashboard.keys("2");
    let as_they_come = dashboard.text();
    assert!(!headings(&dashboard).contains("snd_mss"));
    dashboard.type_in("csnd_mss ");
    assert!(
        dashboard.shows("■ snd_mss"),
        "Space shows any field of tcp_info"
    );
    dashboard.type_in("\x1b\x1b");
    assert!(headings(&dashboard).contains("snd_mss"));
    assert!(dashboard.shows("1448 B"), "with its unit");
    // It stands last among those shown; four places to the left.
    dashboard.type_in("csnd_mss<<<<\r");
    let line = headings(&dashboard);
    assert!(line.find("snd_mss") < line.find("↓/s"), "{line}");
    let width = |dashboard: &Dashboard| {
        let line = headings(dashboard);
        line.find("REMOTE").unwrap() - line.find("LOCAL").unwrap()
    };
    let before = width(&dashboard);
    dashboard.type_in("clocal");
    assert!(dashboard.shows("■ LOCAL"));
    dashboard.type_in("---\r");
    assert!(width(&dashboard) < before, "- makes it narrower");
    // The order is by a column that is then hidden: nothing breaks.
    dashboard.type_in("ctogether \r");
    assert!(!headings(&dashboard).contains("↓+↑/s"));
    dashboard.ticks(1).keys("=");
    let line = headings(&dashboard);
    assert!(as_they_come.contains(line.trim_end()), "= is as it was");
}

#[test]
fn groups_have_sums_and_unfold() {
    let mut dashboard = dashboard();
    dashboard.keys("2t");
    assert!(dashboard.shows("▸ nginx/2211 ("), "folded at first");
    assert!(dashboard.shows("▸ [handshake] (1)"), "a reason is a group");
    let nginx = place(&dashboard, "nginx/2211 (");
    let sum = dashboard.lines()[nginx].clone();
    dashboard.keys("3");
    let row = dashboard.lines()[place(&dashboard, "nginx ")].clone();
    let received = row.split_whitespace().nth(8).unwrap().to_owned();
    assert!(
        sum.contains(&received),
        "the sum is the process's: {sum}\n{row}"
    );
    dashboard.keys("2").key(KeyCode::Enter);
    assert!(dashboard.shows("▾ nginx/2211 ("), "Enter unfolds");
    dashboard.ticks(3);
    assert!(dashboard.shows("▾ nginx/2211 ("), "and it stays so");
    let selected = dashboard.selected().expect("the heading is selected");
    assert!(selected.contains("▾ nginx/2211"), "{selected}");
    dashboard.keys("j").key(KeyCode::Enter);
    assert!(
        dashboard.shows("Queues and buffers"),
        "a socket in it opens"
    );
    dashboard.key(KeyCode::Esc).keys("Z");
    assert!(!dashboard.shows("▸"), "Z unfolds all");
    dashboard.type_in("/curl\r");
    assert!(dashboard.shows("▾ curl/5120 ("), "a filter leaves groups");
    assert!(!dashboard.shows("nginx/2211 ("));
    assert!(
        dashboard.shows(" of ") && dashboard.shows("↓ "),
        "with counts and totals"
    );
    dashboard.keys("n");
    let selected = dashboard.selected().expect("n goes to a row");
    assert!(
        selected.contains("curl/5120") && !selected.contains('▾'),
        "and not to a heading: {selected}"
    );
}

#[test]
fn a_filter_holds_while_rows_come_and_go() {
    let mut dashboard = Dashboard::new((100, 30), Machine::default());
    dashboard.ticks(3).type_in("2/TIME-WAIT\r");
    let count = |dashboard: &Dashboard| {
        let line = dashboard.lines()[place(dashboard, "└ ")].clone();
        let number = line.trim_start_matches("└ ").split(' ').next().unwrap();
        number.parse::<u32>().unwrap()
    };
    assert_eq!(count(&dashboard), 11, "five and three a second");
    dashboard.ticks(2);
    assert_eq!(count(&dashboard), 17);
    assert!(dashboard.shows("17 of "), "the header says so, too");
    dashboard.key(KeyCode::Esc);
    assert!(!dashboard.shows("filter:"));
    dashboard.type_in("2/nothing-like-this\r");
    assert!(dashboard.shows("no row matches; press F to clear the filter"));
    dashboard.keys("F");
    assert!(!dashboard.shows("filter:"));
}

#[test]
fn a_filter_holds_on_all_screens_and_pages_and_totals_follow_it() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    dashboard
        .ticks(3)
        .type_in("2/process nginx state established protocol tcp\r");
    let left = |dashboard: &Dashboard| {
        let header = dashboard.lines()[1].clone();
        let at = header.find(" of ").expect("so many of so many");
        let number = header[..at].rsplit(' ').next().unwrap();
        number.parse::<u32>().unwrap()
    };
    let established = left(&dashboard);
    assert!(established > 0);
    assert!(dashboard.lines()[2].contains(&format!("ESTAB {established} ")));
    assert!(
        dashboard.lines()[2].contains("TIME-WAIT 0 "),
        "the chips follow"
    );
    dashboard.keys("3");
    assert!(dashboard.shows("filter: process nginx") && dashboard.shows("nginx"));
    assert!(
        !dashboard.shows("redis"),
        "processes without such a socket are not there"
    );
    dashboard.keys("5");
    assert!(dashboard.shows("filter: process nginx"), "on every screen");
    dashboard.keys("1");
    assert!(dashboard.lines()[0].contains("filter: process nginx"));
    dashboard.type_in("3g\r");
    assert!(
        dashboard.shows("┌ Sockets of this process") && dashboard.shows("filter: process nginx")
    );
    assert!(!dashboard.shows("[time-wait]"), "only what is left of them");
    dashboard.key(KeyCode::Esc);
    assert!(
        dashboard.shows("filter: process nginx"),
        "back, and it holds"
    );
    dashboard.ticks(2);
    dashboard.keys("F");
    assert!(!dashboard.shows("filter:") && dashboard.shows("redis"));
    assert!(!dashboard.lines()[1].contains(" of "));
}

#[test]
fn a_typed_filter_is_completed_explained_and_remembered() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    dashboard.ticks(3).type_in("2/sta");
    assert!(!dashboard.shows("filter:"), "it may become a keyword");
    dashboard.key(KeyCode::Tab);
    dashboard.keys("est");
    assert!(dashboard.shows("established"), "what could come next");
    dashboard.key(KeyCode::Tab);
    assert!(
        dashboard.shows("filter: state established"),
        "in force while it is typed"
    );
    dashboard.keys("process ng");
    dashboard.key(KeyCode::Tab);
    assert!(dashboard.shows("process nginx"), "names that were seen");
    dashboard.keys(")");
    assert!(
        dashboard.shows("^ unexpected ')'"),
        "what is wrong, below the place of it"
    );
    let lines = dashboard.lines();
    let typed = place(&dashboard, " /state established");
    let caret = lines[typed + 1].find('^').expect("a caret");
    assert_eq!(lines[typed].find(')'), Some(caret));
    assert!(
        dashboard.shows("filter: state established process nginx"),
        "the last valid one stays"
    );
    dashboard.key(KeyCode::Enter);
    assert!(dashboard.shows("^ unexpected"), "it is not left as it is");
    dashboard.key(KeyCode::Backspace).key(KeyCode::Enter);
    assert!(dashboard.shows("filter: state established process nginx"));
    dashboard.keys("F/");
    dashboard.key(KeyCode::Up).key(KeyCode::Enter);
    assert!(
        dashboard.shows("filter: state established process nginx"),
        "it is remembered"
    );
    dashboard.keys("/");
    dashboard.key(KeyCode::Home);
    dashboard.keys("not-this ");
    dashboard.key(KeyCode::Esc);
    assert!(
        dashboard.shows("filter: state established process nginx"),
        "as it was"
    );
    dashboard.type_in("F/dst nowhere\r");
    assert!(dashboard.shows("cannot resolve host 'nowhere'"));
}

#[test]
fn a_burst_of_keys_is_one_filter() {
    let mut dashboard = dashboard();
    dashboard.keys("2/");
    let before = dashboard.event_loop.state().sequence;
    dashboard.burst("process nginx state established");
    assert!(dashboard.shows("filter: process nginx state established"));
    let narrowed = dashboard.event_loop.state().sequence - before;
    assert!(narrowed < 5, "sockets were looked through {narrowed} times");
    dashboard.burst(" rtt\u{20}\u{20}");
    let enter = KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE);
    dashboard.press(enter);
    assert!(
        dashboard.shows("established rtt  >"),
        "Tab completes what was typed just before it"
    );
}

/// A filter line over the sockets, with this typed into it.
fn typed(text: &str) -> Dashboard {
    let mut dashboard = dashboard();
    dashboard.keys("2/").keys(text);
    dashboard
}

/// What stands in the filter line.
fn line_of(dashboard: &Dashboard) -> String {
    match &dashboard.event_loop.state().text_input {
        Some(TextInput::Filter(line)) => line.text().to_owned(),
        _ => panic!("no filter is typed:\n{}", dashboard.text()),
    }
}

#[test]
fn tab_goes_on_from_word_to_word() {
    let mut dashboard = typed("sta");
    dashboard.key(KeyCode::Tab);
    assert_eq!(line_of(&dashboard), "state ");
    dashboard.key(KeyCode::Tab);
    assert_eq!(line_of(&dashboard), "state established");
    dashboard.key(KeyCode::Tab);
    assert_eq!(line_of(&dashboard), "state syn-sent", "the next offer");
    let mut dashboard = typed("sport = :63");
    dashboard.key(KeyCode::Tab);
    assert_eq!(line_of(&dashboard), "sport = :6379 ");
    dashboard.key(KeyCode::Tab);
    assert_eq!(line_of(&dashboard), "sport = :6379 and");
}

#[test]
fn tab_within_a_word_replaces_the_whole_of_it() {
    let mut dashboard = typed("state establi process nginx");
    for _ in 0.." process nginx".len() + 3 {
        dashboard.key(KeyCode::Left);
    }
    dashboard.key(KeyCode::Tab);
    assert_eq!(
        line_of(&dashboard),
        "state established process nginx",
        "what stands behind the cursor is no second word"
    );
    dashboard.keys("and ");
    assert_eq!(line_of(&dashboard), "state established and process nginx");
}

#[test]
fn an_open_parenthesis_does_not_hide_the_completions() {
    let mut dashboard = typed("( state ");
    for _ in 0..3 {
        dashboard.key(KeyCode::Tab);
        assert!(
            dashboard.shows("established  ") && !dashboard.shows("unclosed"),
            "{}",
            dashboard.text()
        );
    }
    let dashboard = typed("( state established ");
    assert!(dashboard.shows("and  or  ") && !dashboard.shows("unclosed"));
    let mut dashboard = typed("( state established ");
    dashboard.key(KeyCode::Home);
    assert!(dashboard.shows("^ unclosed '('"), "it is left as it is");
}

#[test]
fn enter_says_what_is_wrong() {
    for (text, wrong) in [
        ("( state established ", "unclosed '('"),
        ("dport ", "'dport' needs a value"),
        ("state est", "unknown state 'est'"),
        ("process nginx and", "the filter is incomplete"),
    ] {
        let mut dashboard = typed(text);
        assert!(!dashboard.shows(wrong), "it may become right: {text}");
        dashboard.key(KeyCode::Enter);
        assert!(dashboard.shows(wrong), "Enter tells: {}", dashboard.text());
        let expected = dashboard.text().matches("expected").count();
        assert!(expected <= 1, "what is expected is told once");
        dashboard.key(KeyCode::Left).key(KeyCode::End);
        assert!(!dashboard.shows(wrong), "until somebody goes on");
    }
}

#[test]
fn a_count_names_its_filter_unless_it_is_the_one_typed() {
    let mut dashboard = typed("dport ");
    assert!(dashboard.shows("sockets, not filtered yet"));
    dashboard.keys("443");
    assert!(dashboard.lines()[37].ends_with(" sockets"));
    dashboard.keys(" and");
    assert!(dashboard.shows("with the previous filter"));
    // A word that may be a keyword waits, unless a longer one was looked for.
    let mut dashboard = typed("n");
    assert!(dashboard.shows("not filtered yet"));
    dashboard.keys("ginx");
    for _ in 0..4 {
        dashboard.key(KeyCode::Backspace);
    }
    assert!(dashboard.shows("filter: n ─"), "{}", dashboard.text());
    assert!(!dashboard.shows("with the previous filter"));
}

#[test]
fn a_recalled_filter_that_is_passed_by_is_not_in_force() {
    let mut dashboard = dashboard();
    dashboard.type_in("2/process nginx\rF/dport ");
    dashboard.key(KeyCode::Up);
    assert!(dashboard.shows("filter: process nginx"));
    dashboard.key(KeyCode::Down);
    assert_eq!(line_of(&dashboard), "dport ");
    assert!(
        !dashboard.shows("filter: process nginx"),
        "as before the line was opened"
    );
}

#[test]
fn a_searched_text_can_be_followed_by_conditions() {
    let mut dashboard = dashboard();
    dashboard.type_in("2/6379\r/");
    assert_eq!(line_of(&dashboard), "\"6379\" ");
    dashboard.keys("process nginx");
    assert!(dashboard.shows("filter: \"6379\" process nginx"));
    assert!(!dashboard.shows("unexpected"));
}

#[test]
fn ctrl_w_deletes_a_word_or_an_operator() {
    let mut dashboard = typed("(dport>=443 and rtt");
    let back = KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL);
    for left in [
        "(dport>=443 and ",
        "(dport>=443 ",
        "(dport>=",
        "(dport",
        "(",
        "",
    ] {
        dashboard.press(back);
        assert_eq!(line_of(&dashboard), left);
    }
}

#[test]
fn an_error_out_of_sight_has_no_caret() {
    let mut dashboard = Dashboard::new((60, 20), Machine::default());
    dashboard
        .ticks(2)
        .keys("2/) ")
        .keys(&"state established ".repeat(5));
    assert!(dashboard.shows("  unexpected ')'"));
    assert!(!dashboard.shows("^"), "{}", dashboard.text());
    dashboard.key(KeyCode::Home);
    assert!(dashboard.shows("  ^ unexpected ')'"));
}

/// A machine on which unix sockets have a space in their name.
struct Spaced(Machine);

impl Source for Spaced {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        self.0.next_into(sample)?;
        edit_rows(&mut sample.sockets, |_, socket, parts| {
            if socket.family == Family::Unix {
                parts.name = b"/run/a socket".to_vec();
            }
        });
        Ok(())
    }
}

/// The filters that are offered.
fn offered<S: Source>(dashboard: &Dashboard<S>) -> Vec<String> {
    match dashboard.event_loop.state().popup::<FilterBy>() {
        Some(popup) => popup.conditions().to_vec(),
        None => panic!("no filter is offered:\n{}", dashboard.text()),
    }
}

#[test]
fn a_row_passes_every_condition_offered_for_it() {
    for (screen, rows) in [
        ("2", "gjjjjjjGkk"),
        ("2<<<<<", "gjjjjjGkkk"),
        ("2>", "gjjj"),
        ("2t", "gjjjjj"),
        ("4", "gj"),
        ("8", "gjjjjjjjjj"),
    ] {
        let mut dashboard = Dashboard::new((120, 24), Spaced(Machine::default()));
        dashboard.ticks(12).keys(screen).keys(" ");
        let mut all = Vec::new();
        for row in rows.chars() {
            dashboard.keys(&row.to_string());
            let here = dashboard.selected().expect("a row");
            dashboard.keys("i");
            let conditions = offered(&dashboard);
            dashboard.key(KeyCode::Esc);
            for (at, condition) in conditions.iter().enumerate() {
                dashboard.keys("i").burst(&"j".repeat(at));
                dashboard.key(KeyCode::Enter);
                let text = dashboard.event_loop.state().filter().text();
                assert_eq!(text, condition);
                // A group has fewer sockets then; its name stays.
                let name = here.split(" (").next().expect("a name");
                let name = name.trim_end_matches(['│', '█', ' ']);
                let selected = dashboard.selected();
                let stays = selected.is_some_and(|row| row.starts_with(name));
                assert!(stays, "{condition} of\n{here}\n{}", dashboard.text());
                dashboard.keys("F");
            }
            all.extend(conditions);
        }
        let has = |what: &str| assert!(all.iter().any(|one| one.contains(what)), "{what}");
        match screen {
            "2" => has("rate >= "),
            "2<<<<<" => {
                has("src \"unix:/run/a socket\"");
                has("state unconnected");
            }
            "2>" => has("rtt >= "),
            "2t" => has("process 2211"),
            _ => has("state "),
        }
    }
}

#[test]
fn groups_and_pages_offer_conditions() {
    let mut dashboard = dashboard();
    for (grouping, condition) in [
        ("2t", "process "),
        ("t", "dst "),
        ("t", "( protocol tcp and sport = "),
        ("t", "( protocol tcp and state "),
    ] {
        dashboard.keys(grouping).keys("gi");
        let first = offered(&dashboard)[0].clone();
        dashboard.key(KeyCode::Esc);
        if !first.starts_with("unowned") {
            assert!(first.starts_with(condition), "{first}");
        }
    }
    dashboard.keys("gx").key(KeyCode::Enter);
    let text = dashboard.event_loop.state().filter().text().to_owned();
    assert!(
        text.starts_with("not ( protocol "),
        "a group is left out: {text}"
    );
    dashboard.type_in("Ftttttt2g\ri");
    assert!(offered(&dashboard).contains(&"state established".to_owned()));
    dashboard.key(KeyCode::Enter);
    assert!(!dashboard.event_loop.state().filter().is_empty());
    let text = dashboard.event_loop.state().filter().text().to_owned();
    dashboard.keys("i").key(KeyCode::Enter);
    assert_eq!(dashboard.event_loop.state().filter().text(), text);
    assert!(dashboard.shows("already in the filter"));
}

/// A machine on which all connections are held by two processes.
struct Shared(Machine);

impl Source for Shared {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        self.0.next_into(sample)?;
        let holders = sample.holders.clone();
        for socket in sample.sockets.iter_mut() {
            let Some(&holder) = holders.get(socket.holders_at as usize) else {
                continue;
            };
            if socket.holders_len == 1 && socket.family == Family::Inet {
                socket.holders_at = sample.holders.len() as u32;
                socket.holders_len = 2;
                let mut other = holder;
                other.process ^= 1;
                sample.holders.extend([holder, other]);
            }
        }
        Ok(())
    }
}

#[test]
fn the_holder_of_a_socket_can_be_sent_a_signal() {
    let mut dashboard = Dashboard::new((80, 24), Shared(Machine::default()));
    dashboard
        .ticks(3)
        .type_in("2/sport = 443 state established\rgK");
    for held in ["nginx/2211 (user ", "redis-server/880 (user "] {
        assert!(dashboard.shows(held), "{held}: {}", dashboard.text());
    }
    for deed in [
        "destroy the socket   resets the connection",
        "SIGTERM to nginx/2211",
        "SIGTERM to redis-server/880",
        "SIGTERM to all 2",
    ] {
        assert!(dashboard.shows(deed), "{deed}: {}", dashboard.text());
    }
    dashboard.keys("jjj").key(KeyCode::Enter).keys("y");
    assert_eq!(dashboard.effects.log, ["SIGTERM 2211", "SIGTERM 880"]);
    dashboard.keys("K").key(KeyCode::Enter).keys("y");
    assert!(
        dashboard.shows(" 10.0.0.1:443 → 198.51.100.") && dashboard.shows(": destroyed"),
        "the report names the socket: {}",
        dashboard.text()
    );
}

#[test]
fn the_kill_confirmation_says_what_cannot_be_destroyed_and_stays_in_sight() {
    let mut dashboard = dashboard();
    dashboard.type_in("2/family unix\rgK");
    assert!(dashboard.shows("the kernel cannot destroy Unix sockets"));
    assert!(!dashboard.shows("destroy the socket"));
    for (filter, consequence) in [
        ("state listening protocol tcp", "it stops listening"),
        ("protocol udp", "its process gets an error"),
    ] {
        dashboard.type_in(&format!("\x1bF/{filter}\rgK"));
        assert!(dashboard.shows(consequence), "{}", dashboard.text());
    }
    dashboard.type_in("\x1bF/state time-wait\rgK");
    assert!(dashboard.shows("destroy the socket") && !dashboard.shows("resets"));
    let mut dashboard = Dashboard::new((40, 10), Machine::default());
    dashboard.ticks(3).keys("2gK");
    for _ in 0..5 {
        dashboard.key(KeyCode::Enter);
        assert!(
            dashboard.shows("Are you sure? y"),
            "the question is in sight: {}",
            dashboard.text()
        );
        dashboard.keys("j").keys("j");
    }
}

#[test]
fn a_filter_in_force_is_shown_everywhere_with_the_key_that_clears_it() {
    let mut dashboard = Dashboard::new((80, 24), Machine::default());
    dashboard.ticks(3);
    for keys in ["1", "2", "3", "4", "5", "8"] {
        dashboard.keys(keys);
        assert!(dashboard.shows("/ filter"), "{}", dashboard.text());
    }
    dashboard.type_in("1/protocol tcp\r");
    for keys in [
        "1", "2", "2t", "2g\r", "3g\r", "4g\r", "4p", "5g\r", "8", "8g\r",
    ] {
        dashboard.type_in(keys);
        assert!(dashboard.shows("filter: protoco"), "{}", dashboard.text());
        let last = dashboard.lines()[23].clone();
        let told = last.contains("/ filter") && last.contains("F clear");
        assert!(told, "{keys}: {}", dashboard.text());
    }
}

/// Keys that come one after the other without end, so it seems.
struct Flood {
    left: usize,
    waits: Rc<Cell<usize>>,
}

impl Inbox for Flood {
    fn wait(&mut self) -> Option<Message> {
        self.waits.set(self.waits.get() + 1);
        self.poll()
    }

    fn poll(&mut self) -> Option<Message> {
        self.left = self.left.checked_sub(1)?;
        std::thread::sleep(Duration::from_millis(1));
        let key = KeyEvent::new(KeyCode::Char('e'), KeyModifiers::NONE);
        Some(Message::Input(Event::Key(key)))
    }
}

#[test]
fn the_screen_is_drawn_while_keys_keep_arriving() {
    let mut dashboard = dashboard();
    dashboard.keys("2/");
    let waits = Rc::new(Cell::new(0));
    dashboard.process(Flood {
        left: 300,
        waits: Rc::clone(&waits),
    });
    assert!(waits.get() > 3, "it is drawn in between");
}

#[test]
fn a_pasted_text_is_never_a_command() {
    let mut dashboard = dashboard();
    dashboard.keys("2").paste("q1\r");
    assert!(dashboard.shows("┌ Sockets"), "it runs no command");
    dashboard
        .keys("/")
        .paste("process nginx\nstate\testablished\n");
    assert!(dashboard.shows("filter: process nginx state established"));
    assert!(dashboard.shows(" /process nginx state established"));
    dashboard.paste(&"e".repeat(5000));
    dashboard.key(KeyCode::Esc).keys("s").paste("pid\n");
    assert!(dashboard.shows("search: pid"), "{}", dashboard.text());
}

#[test]
fn the_page_of_a_socket_does_not_depend_on_the_filter() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    dashboard.ticks(3).type_in("4g\r");
    assert!(dashboard.shows("half-open (SYN-RECV)"));
    dashboard.type_in("/state time-wait\r");
    assert!(
        dashboard.shows("half-open (SYN-RECV)"),
        "{}",
        dashboard.text()
    );
}

#[test]
fn events_follow_the_newest_until_the_user_scrolls() {
    let mut dashboard = Dashboard::new((120, 30), Machine::default());
    dashboard.ticks(12).keys("8");
    assert!(dashboard.shows("─ following"));
    let newest = |dashboard: &Dashboard| dashboard.lines()[27].clone();
    let before = newest(&dashboard);
    dashboard.ticks(1);
    assert_ne!(newest(&dashboard), before, "the newest is in sight");
    dashboard.keys("kkk");
    assert!(dashboard.shows("─ paused"));
    // Without the mark at the right edge.
    let selected = |dashboard: &Dashboard| {
        let line = dashboard.selected().unwrap();
        line.trim_end_matches(['│', '█']).to_owned()
    };
    let paused = selected(&dashboard);
    dashboard.ticks(20);
    assert_eq!(selected(&dashboard), paused, "scrolling pauses");
    dashboard.keys("G");
    assert!(dashboard.shows("─ following"), "G follows again");
}

#[test]
fn the_page_of_a_socket_outlives_the_socket() {
    let mut dashboard = Dashboard::new((120, 40), Machine::default());
    dashboard.ticks(5).type_in("2/198.51.100.20\r\r");
    assert!(dashboard.shows("opened here, ESTAB"));
    dashboard.ticks(2);
    assert!(
        dashboard.shows("ESTAB → CLOSE-WAIT"),
        "what happens is told"
    );
    assert!(
        dashboard.shows("the peer has closed; the local process has not"),
        "and what it means"
    );
    dashboard.ticks(2);
    assert!(dashboard.shows("showing its final values"));
    assert!(dashboard.shows("closed LAST-ACK"));
    assert!(dashboard.shows("1.20 MB"), "the kernel's last word");
    dashboard.ticks(30);
    assert!(dashboard.shows("showing its final values"), "it stays");
    dashboard.key(KeyCode::Esc);
    assert!(dashboard.shows("┌ Sockets"));
}

/// The mouse at a text of the screen.
fn mouse(dashboard: &mut Dashboard, kind: MouseEventKind, text: &str) {
    let lines = dashboard.lines();
    let row = place(dashboard, text);
    let before = &lines[row][..lines[row].find(text).unwrap()];
    let column = unicode_width::UnicodeWidthStr::width(before) as u16;
    dashboard.send([Message::Input(Event::Mouse(MouseEvent {
        kind,
        column,
        row: row as u16,
        modifiers: KeyModifiers::NONE,
    }))]);
}

#[test]
fn the_mouse_selects_sorts_scrolls_and_opens() {
    let click = MouseEventKind::Down(MouseButton::Left);
    let machine = Machine {
        many: 300,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 40), machine);
    dashboard.ticks(3);
    mouse(&mut dashboard, click, "198.51.100.7");
    assert!(dashboard.shows("▶ Remotes"), "a click leads to its table");
    mouse(&mut dashboard, click, "2 Sockets");
    assert!(dashboard.shows("┌ Sockets"), "a tab is clickable");
    mouse(&mut dashboard, click, "198.51.100.9:50002");
    let selected = dashboard.selected().expect("a click selects");
    assert!(selected.contains("198.51.100.9:50002"));
    let shown = dashboard.text();
    mouse(
        &mut dashboard,
        MouseEventKind::ScrollDown,
        "198.51.100.9:50002",
    );
    assert_ne!(dashboard.text(), shown, "the wheel scrolls");
    mouse(&mut dashboard, MouseEventKind::ScrollUp, "REMOTE");
    assert!(dashboard.shows("198.51.100.9:50002"));
    mouse(&mut dashboard, click, "STATE");
    assert!(dashboard.shows("sorted by STATE ▲"), "a heading sorts");
    mouse(&mut dashboard, click, "STATE▲");
    assert!(dashboard.shows("sorted by STATE ▼"), "and inverts");
    dashboard.keys("s");
    mouse(&mut dashboard, click, "↓+↑/s      ");
    assert!(
        dashboard.shows("sorted by ↓+↑/s"),
        "a line of a list is chosen"
    );
    dashboard.keys("gI");
    if dashboard.shows("▲") {
        dashboard.keys("Ig");
    }
    mouse(&mut dashboard, click, "198.51.100.7:50004");
    mouse(&mut dashboard, click, "198.51.100.7:50004");
    assert!(
        dashboard.shows("Queues and buffers"),
        "a double click looks into it:\n{}",
        dashboard.text()
    );
    dashboard.keys("?");
    mouse(&mut dashboard, click, "1 Overview");
    assert!(!dashboard.shows("┌ Keys"), "a click beside it closes it");
}

#[test]
fn a_view_is_kept_while_another_is_shown() {
    let mut dashboard = dashboard();
    dashboard.type_in("2/nginx\rtI");
    let before = dashboard.text();
    dashboard.keys("3I4I5z8k1").keys("2");
    assert_eq!(dashboard.text(), before, "filter, groups and order");
    dashboard.key(KeyCode::Enter).keys("j").key(KeyCode::Enter);
    dashboard.keys("3");
    dashboard.keys("2");
    assert!(dashboard.shows("Queues and buffers"), "and the page");
    dashboard.keys("2");
    assert!(dashboard.shows("┌ Sockets"), "its digit leads to the top");
}

#[test]
fn differences_that_are_not_shown_hold_no_marked_instant() {
    let mut dashboard = dashboard();
    let mut marks = Vec::new();
    for screen in ["2", "3", "4", "5", "8"] {
        dashboard.keys(screen).keys("M").ticks(1).keys("D");
        assert!(
            dashboard.shows("┌ Sockets that differ"),
            "{}",
            dashboard.text()
        );
        let marked = dashboard.event_loop.state().mark.as_ref();
        marks.push(Arc::downgrade(marked.expect("it is marked")));
    }
    let held = marks.iter().filter(|mark| mark.strong_count() > 0);
    assert_eq!(held.count(), 1, "the last one");
    dashboard.keys("2");
    assert!(
        dashboard.shows("┌ Sockets that differ"),
        "it compares again:\n{}",
        dashboard.text()
    );
}

//! Journeys: real key events through the production event loop.

mod support;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use sockwatch::app::{Ended, Message};
use support::Machine;
use support::dashboard::Dashboard;

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
        dashboard.shows("Listeners nearest to overflow"),
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
        dashboard.shows("Listeners nearest"),
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
fn the_order_is_chosen_and_turned_around() {
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
    dashboard.keys("g").key(KeyCode::Enter);
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
fn esc_leads_back_to_exactly_where_one_was() {
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
        dashboard.shows("┌ Its sockets"),
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
        dashboard.shows("┌ Its sockets"),
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
fn a_process_is_looked_into_until_it_is_gone() {
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
fn help_tells_every_key_and_faults_their_reason() {
    let machine = Machine {
        faulty: true,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((120, 70), machine);
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
        dashboard.shows("1 note !"),
        "calmly where no socket can be missing"
    );
    assert!(
        dashboard.shows("12 events lost"),
        "and what the kernel dropped"
    );
}

#[test]
fn what_lies_over_a_screen_does_not_hold_anybody_there() {
    let mut dashboard = dashboard();
    dashboard.keys("?2");
    assert!(dashboard.shows("┌ Sockets"), "a digit leads on");
    assert!(!dashboard.shows("┌ Keys"), "and the help is gone");
    dashboard.keys("s3");
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
fn what_the_kernel_lacks_is_a_calm_note() {
    let machine = Machine {
        lacking: true,
        ..Machine::default()
    };
    let mut dashboard = Dashboard::new((80, 24), machine);
    dashboard.ticks(2);
    assert!(dashboard.shows("1 note !"), "it can be found");
    assert!(!dashboard.shows("⚠"), "and alarms nobody");
    dashboard.keys("!");
    assert!(dashboard.shows("sock_diag sctp"), "! tells what it is");
}

#[test]
fn the_program_ends_when_asked_to() {
    let key = |code, modifiers| KeyEvent::new(code, modifiers);
    let mut dashboard = dashboard();
    let ended = dashboard.press(key(KeyCode::Char('q'), KeyModifiers::NONE));
    assert!(matches!(ended, Ended::Quit), "q quits");
    let ended = dashboard.press(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(matches!(ended, Ended::Quit), "Ctrl-C quits");
    let ended = dashboard.send([Message::Signal(15)]);
    assert!(matches!(ended, Ended::Signal(15)), "a signal quits");
    let ended = dashboard.send([Message::Lost(std::io::ErrorKind::UnexpectedEof.into())]);
    assert!(
        matches!(ended, Ended::Lost),
        "a terminal that is gone ends it"
    );
    let ended = dashboard.send([Message::Failed(anyhow::anyhow!("no netlink"))]);
    assert!(
        matches!(ended, Ended::Failed(_)),
        "a source that gives up ends it"
    );
    let before = dashboard.text();
    let ended = dashboard.press(key(KeyCode::Char('z'), KeyModifiers::CONTROL));
    assert!(matches!(ended, Ended::Idle), "Ctrl-Z does not end it");
    assert_eq!(dashboard.job.0, 1, "but stops it once");
    assert_eq!(dashboard.text(), before, "and all is drawn anew afterwards");
}

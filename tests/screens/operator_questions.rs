//! Typical questions about a machine, answered with the keyboard alone by a user who knows htop and ss: real keys through the
//! production event loop, the whole screen asserted after each step.

use crate::support::Machine;
use crate::support::dashboard::Dashboard;

/// A user in front of the dashboard of a busy web server.
struct User {
    dashboard: Dashboard,
    question: &'static str,
    step: usize,
}

impl User {
    fn asks(question: &'static str) -> User {
        let mut dashboard = Dashboard::new((120, 40), Machine::default());
        dashboard.ticks(9);
        User {
            dashboard,
            question,
            step: 0,
        }
    }

    /// Types keys; then the screen equals its snapshot and contains a text.
    fn types(&mut self, keys: &str, and_reads: &str) -> &mut Self {
        self.dashboard.type_in(keys);
        self.step += 1;
        let name = format!("{}_{}", self.question, self.step);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.clone(), self.dashboard.text());
        });
        assert!(
            self.dashboard.shows(and_reads),
            "{name}: {and_reads} is not shown"
        );
        self
    }
}

#[test]
fn which_process_has_the_most_time_waits() {
    User::asks("most_time_waits")
        // The tabs name the screens, and the footer what s does.
        .types("3", "s sort")
        .types("s", "TIME-W")
        // The list says what each column is.
        .types("time-wait", "TCP connections in TIME-WAIT that it closed.")
        .types("\r", "sorted by TIME-W ▼")
        .types("\r", "curl --parallel")
        // Their remote ends are in its list of sockets.
        .types("G", "192.0.2.80:8080");
}

#[test]
fn which_listener_has_the_fullest_accept_queue() {
    User::asks("fullest_queue")
        // The overview has it at once, and Enter says more about it.
        .types("1", "Listeners closest to overflow")
        .types("4", "sorted by FILL% ▼")
        .types("\r", "119 connections are waiting for accept() (limit 128)")
        // The process that should accept them.
        .types("p", "nginx: worker process")
        .types("\x1b\x1b", "┌ Listeners");
}

#[test]
fn which_connection_has_the_highest_rtt_and_why_is_it_slow() {
    User::asks("highest_rtt")
        .types("2", "s sort")
        .types("srtt", "Smoothed round-trip time.")
        .types("\r", "sorted by RTT ▼")
        .types("\r", "21 times its minimum 12.0 ms");
}

#[test]
fn the_reason_why_a_connection_is_slow_is_a_sentence() {
    let mut somebody = User::asks("why_slow");
    somebody.types("2/203.0.113.77\r", "1 of").types(
        "\r",
        "the receiver's window: the peer does not read fast enough",
    );
}

#[test]
fn who_is_at_the_other_end_of_a_loopback_connection() {
    User::asks("other_end")
        .types("2/127.0.0.1:41003\r", "2 of")
        // The selected row and its footer.
        .types("j", "e other end")
        .types("\r", "on this machine: ESTAB 127.0.0.1")
        .types("e", "Processes")
        .types("p", "┌ Sockets of this process")
        // Back, step by step, to where the question was asked.
        .types("\x1b\x1b\x1b", "┌ Sockets ─ sorted by");
}

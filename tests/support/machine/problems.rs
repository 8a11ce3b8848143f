//! What goes wrong on the machine: its web server is stopped, its database does not close what clients have closed, and
//! its client connects to a host that does not answer.

use sockwatch::model::{Activity, State, Timer, TimerKind};

use super::{CLIENT, Counters, Making, NGINX, POSTGRES};

impl Making<'_> {
    /// Adds the trouble, if it is time for it.
    pub(super) fn trouble(&mut self) {
        let tick = self.machine.tick;
        let Some(time) = self.machine.trouble.clone().filter(|t| t.contains(&tick)) else {
            return;
        };
        let rows = self.sample.sockets.iter_mut();
        for listener in rows.filter(|row| row.cookie == 1) {
            listener.recv_queue = 129;
        }
        self.sample.processes[NGINX as usize].activity = Some(Activity {
            state: 'T',
            cpu_ticks: 4_000,
        });
        self.sample.processes[POSTGRES as usize].activity = Some(Activity {
            state: 'S',
            cpu_ticks: 90,
        });
        for at in 0..6 + (tick - time.start) / 2 {
            let remote = (10, 0, 0, 40 + at as u8 % 2, 51_000 + at as u16);
            let mut socket = Self::tcp(700 + at, (10, 0, 0, 1, 5432), remote, State::CloseWait);
            (socket.uid, socket.recv_queue) = (Some(26), 1);
            self.push(socket, Ok(POSTGRES), Some(Counters::default()));
        }
        for at in 0..2 {
            let (local, remote) = ((10, 0, 0, 1, 45_500 + at), (192, 0, 2, 99, 443));
            let mut socket = Self::tcp(800 + u64::from(at), local, remote, State::SynSent);
            socket.uid = Some(1000);
            let timer = Timer {
                expires_ms: 4_000,
                kind: TimerKind::Retransmit,
                retries: 3,
            };
            socket.timer = Some(timer).into();
            self.push(socket, Ok(CLIENT), None);
        }
    }
}

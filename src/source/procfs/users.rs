//! Names of users, looked up where it may take its time.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, User};
use rustc_hash::FxHashMap;

/// Users that are remembered; beyond it the answers so far are forgotten.
const MAX_USERS: usize = 16_384;
/// Questions that may wait for an answer.
const MAX_WAITING: usize = 1024;
/// After which a user without a name is asked for again.
const RETRY: Duration = Duration::from_mins(5);

/// User id → name. The name service (files, LDAP, …) is asked on a thread of its own, because it may take seconds or
/// never answer.
#[derive(Debug, Default)]
pub struct UserNames {
    known: FxHashMap<u32, Known>,
    /// Questions without an answer as yet.
    waiting: usize,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Known {
    name: Option<Arc<str>>,
    /// When it was asked; `None` once it has been answered with a name.
    asked: Option<Instant>,
    answered: bool,
}

#[derive(Debug)]
struct Worker {
    questions: SyncSender<u32>,
    answers: Receiver<(u32, Option<Arc<str>>)>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start() -> Option<Worker> {
        let (questions, asked) = sync_channel::<u32>(MAX_WAITING);
        let (reply, answers) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("user-names".into())
            .spawn(move || {
                for uid in asked {
                    // This is getpwuid_r(3).
                    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
                    let name = user.map(|user| Arc::from(user.name.as_str()));
                    if reply.send((uid, name)).is_err() {
                        break;
                    }
                }
            })
            .ok()?;
        Some(Worker {
            questions,
            answers,
            thread,
        })
    }
}

impl UserNames {
    /// Knows nobody. The thread is started with the first question.
    pub fn new() -> UserNames {
        UserNames::default()
    }

    /// The name of a user, or `None` if there is none or it is not known yet. The first time a user is asked for, waits
    /// at most `wait` for the answer; later calls pick up what has come and never wait. A user without a name is looked
    /// up again after some minutes.
    pub fn get(&mut self, uid: u32, wait: Duration) -> Option<Arc<str>> {
        self.collect();
        if let Some(known) = self.known.get(&uid) {
            let name = known.name.clone();
            let again = known.answered && known.asked.is_some_and(|at| at.elapsed() >= RETRY);
            if again {
                self.ask(uid);
            }
            return name;
        }
        if !self.ask(uid) {
            return None;
        }
        let deadline = Instant::now() + wait;
        loop {
            let worker = self.worker.as_ref()?;
            let rest = deadline.saturating_duration_since(Instant::now());
            match worker.answers.recv_timeout(rest) {
                Ok((answered, name)) => {
                    self.learn(answered, name.clone());
                    if answered == uid {
                        return name;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.lose_worker();
                    return None;
                }
            }
        }
    }

    /// Puts a question; false if that is impossible now.
    fn ask(&mut self, uid: u32) -> bool {
        if self.worker.is_none() {
            self.worker = Worker::start();
        }
        let Some(worker) = &self.worker else {
            return false;
        };
        match worker.questions.try_send(uid) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return false,
            Err(TrySendError::Disconnected(_)) => {
                self.lose_worker();
                return false;
            }
        }
        self.waiting += 1;
        if self.known.len() >= MAX_USERS {
            self.known.retain(|_, known| !known.answered);
        }
        let known = self.known.entry(uid).or_insert(Known {
            name: None,
            asked: None,
            answered: false,
        });
        known.asked = Some(Instant::now());
        known.answered = false;
        true
    }

    fn collect(&mut self) {
        while let Some(worker) = &self.worker
            && let Ok((uid, name)) = worker.answers.try_recv()
        {
            self.learn(uid, name);
        }
    }

    fn learn(&mut self, uid: u32, name: Option<Arc<str>>) {
        self.waiting = self.waiting.saturating_sub(1);
        let asked = name.is_none().then(Instant::now);
        self.known.insert(
            uid,
            Known {
                name,
                asked,
                answered: true,
            },
        );
    }

    /// The thread has died (a name service module may panic it); the next question starts another.
    fn lose_worker(&mut self) {
        self.worker = None;
        self.waiting = 0;
        self.known.retain(|_, known| known.answered);
    }
}

impl Drop for UserNames {
    /// Ends the thread: at once if it is idle, else as soon as the name service lets go of it, which is not waited for.
    fn drop(&mut self) {
        self.collect();
        if let Some(worker) = self.worker.take() {
            drop(worker.questions);
            drop(worker.answers);
            if self.waiting == 0 {
                let _ = worker.thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than any test machine's name service takes.
    const PATIENCE: Duration = Duration::from_mins(1);

    #[test]
    fn root_has_a_name_and_it_is_remembered() {
        let mut users = UserNames::new();
        assert_eq!(users.get(0, PATIENCE).as_deref(), Some("root"));
        assert_eq!(users.get(0, Duration::ZERO).as_deref(), Some("root"));
        assert_eq!(users.waiting, 0);
    }

    #[test]
    fn a_user_without_a_name_is_asked_for_once() {
        let mut users = UserNames::new();
        let nobody = 4_000_000_123;
        assert_eq!(users.get(nobody, PATIENCE), None);
        assert_eq!(users.waiting, 0);
        assert_eq!(users.get(nobody, PATIENCE), None);
        assert_eq!(users.waiting, 0, "the answer is remembered");
        assert_eq!(users.known.len(), 1);
    }

    #[test]
    fn an_answer_that_came_late_is_picked_up() {
        let mut users = UserNames::new();
        let first = users.get(0, Duration::ZERO);
        assert!(first.is_none() || first.as_deref() == Some("root"));
        // The other answer comes after the one to the first question.
        users.get(4_000_000_124, PATIENCE);
        assert_eq!(users.get(0, Duration::ZERO).as_deref(), Some("root"));
    }
}

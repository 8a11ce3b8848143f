//! Resolves user ids to names in a thread, because the name service may be slow.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::model::SeededMap;
use crate::privilege;
use nix::unistd::{Uid, User};

/// Maximum number of cached users; beyond it the cache is cleared.
const MAX_USERS: usize = 16_384;
/// Maximum number of pending queries.
const MAX_PENDING: usize = 1024;
/// Time after which a user without a name is looked up again.
const RETRY: Duration = Duration::from_secs(5 * 60);

/// Map of user ids to names. A thread queries the name service (files, LDAP, …), because it may take seconds or never
/// answer.
#[derive(Debug, Default)]
pub struct UserNames {
    known: SeededMap<u32, Known>,
    /// Number of unanswered queries.
    pending: usize,
    worker: Option<Worker>,
}

#[derive(Debug)]
struct Known {
    name: Option<Arc<str>>,
    /// Time of the query; `None` once it has been answered with a name.
    queried: Option<Instant>,
    answered: bool,
}

#[derive(Debug)]
struct Worker {
    queries: SyncSender<u32>,
    answers: Receiver<(u32, Option<Arc<str>>)>,
    thread: JoinHandle<()>,
}

impl Worker {
    fn start() -> Option<Worker> {
        let (queries, received) = sync_channel::<u32>(MAX_PENDING);
        let (reply, answers) = sync_channel(MAX_PENDING);
        let thread = std::thread::Builder::new()
            .name("user-names".into())
            .spawn(move || {
                // Name services run code of their own.
                privilege::lower();
                for uid in received {
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
            queries,
            answers,
            thread,
        })
    }
}

impl UserNames {
    /// Creates a resolver without names. The thread is started by the first query.
    pub fn new() -> UserNames {
        UserNames::default()
    }

    /// Returns the name of a user; `None` if there is none or it is not known yet. The first call for a user waits at
    /// most `wait` for the answer; later calls collect the answers so far and never wait. A user without a name is
    /// looked up again after some minutes.
    pub fn get(&mut self, uid: u32, wait: Duration) -> Option<Arc<str>> {
        self.collect();
        if let Some(known) = self.known.get(&uid) {
            let name = known.name.clone();
            let is_due = known.answered && known.queried.is_some_and(|at| at.elapsed() >= RETRY);
            if is_due {
                self.query(uid);
            }
            return name;
        }
        if !self.query(uid) {
            return None;
        }
        let deadline = Instant::now() + wait;
        loop {
            let worker = self.worker.as_ref()?;
            let rest = deadline.saturating_duration_since(Instant::now());
            match worker.answers.recv_timeout(rest) {
                Ok((answered, name)) => {
                    self.insert(answered, name.clone());
                    if answered == uid {
                        return name;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    self.remove_worker();
                    return None;
                }
            }
        }
    }

    /// Sends a query to the thread; returns false if that is not possible now.
    fn query(&mut self, uid: u32) -> bool {
        if self.worker.is_none() {
            self.worker = Worker::start();
        }
        let Some(worker) = &self.worker else {
            return false;
        };
        match worker.queries.try_send(uid) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return false,
            Err(TrySendError::Disconnected(_)) => {
                self.remove_worker();
                return false;
            }
        }
        self.pending += 1;
        if self.known.len() >= MAX_USERS {
            self.known.retain(|_, known| !known.answered);
        }
        let known = self.known.entry(uid).or_insert(Known {
            name: None,
            queried: None,
            answered: false,
        });
        known.queried = Some(Instant::now());
        known.answered = false;
        true
    }

    /// Stores the answers so far.
    fn collect(&mut self) {
        while let Some(worker) = &self.worker
            && let Ok((uid, name)) = worker.answers.try_recv()
        {
            self.insert(uid, name);
        }
    }

    fn insert(&mut self, uid: u32, name: Option<Arc<str>>) {
        self.pending = self.pending.saturating_sub(1);
        let queried = name.is_none().then(Instant::now);
        self.known.insert(
            uid,
            Known {
                name,
                queried,
                answered: true,
            },
        );
    }

    /// Removes the worker after its thread has died (a name service module may cause a panic); the next query starts
    /// another one.
    fn remove_worker(&mut self) {
        self.worker = None;
        self.pending = 0;
        self.known.retain(|_, known| known.answered);
    }
}

impl Drop for UserNames {
    /// Ends the thread: immediately if it is idle, otherwise as soon as the name service returns, without waiting for
    /// it.
    fn drop(&mut self) {
        self.collect();
        if let Some(worker) = self.worker.take() {
            drop(worker.queries);
            drop(worker.answers);
            if self.pending == 0 {
                let _ = worker.thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than the name service of any test machine takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn root_has_a_name_and_it_is_remembered() {
        let mut users = UserNames::new();
        assert_eq!(users.get(0, PATIENCE).as_deref(), Some("root"));
        assert_eq!(users.get(0, Duration::ZERO).as_deref(), Some("root"));
        assert_eq!(users.pending, 0);
    }

    #[test]
    fn a_user_without_a_name_is_queried_once() {
        let mut users = UserNames::new();
        let unnamed = 4_000_000_123;
        assert_eq!(users.get(unnamed, PATIENCE), None);
        assert_eq!(users.pending, 0);
        assert_eq!(users.get(unnamed, PATIENCE), None);
        assert_eq!(users.pending, 0, "the answer is remembered");
        assert_eq!(users.known.len(), 1);
    }

    #[test]
    fn a_late_answer_is_collected() {
        let mut users = UserNames::new();
        let first = users.get(0, Duration::ZERO);
        assert!(first.is_none() || first.as_deref() == Some("root"));
        // The other answer follows that to the first query.
        users.get(4_000_000_124, PATIENCE);
        assert_eq!(users.get(0, Duration::ZERO).as_deref(), Some("root"));
    }
}

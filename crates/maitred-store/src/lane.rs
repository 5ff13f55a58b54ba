//! A lane: a few threads for reads that take long, so that those who serve the network never do.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::{StoreError, StoreFault, StoreResult};

type Task = Box<dyn FnOnce() + Send>;

/// Reads that may wait for a thread.
const WAITING: usize = 256;

pub(crate) struct Lane(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// There is a task, or the lane was dropped.
    changed: Condvar,
    /// What a thread does when it finds nothing more to do.
    at_rest: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Queue {
    tasks: VecDeque<Task>,
    /// Threads that sleep.
    asleep: usize,
    ended: bool,
}

impl Lane {
    /// Starts the threads, named `<name>-<number>`; they end when the lane is dropped.
    pub(crate) fn new(name: &str, threads: usize) -> StoreResult<Self> {
        Self::resting(name, threads, || {})
    }

    /// [`Lane::new`] with something that a thread does whenever it ran out of tasks.
    pub(crate) fn resting(
        name: &str,
        threads: usize,
        at_rest: impl Fn() + Send + Sync + 'static,
    ) -> StoreResult<Self> {
        let shared = Shared { queue: Mutex::default(), changed: Condvar::new(), at_rest: Box::new(at_rest) };
        let lane = Self(Arc::new(shared));
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&lane.0);
            std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || shared.work())
                .map_err(|error| {
                    StoreError::new(
                        StoreFault::Unavailable,
                        format!("no thread for the {name} lane: {error}"),
                    )
                })?;
        }
        Ok(lane)
    }

    /// Hands a task to the lane; gives it back as an error when too many wait already.
    pub(crate) fn run(&self, task: Task) -> Result<(), Task> {
        let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.tasks.len() >= WAITING {
            return Err(task);
        }
        queue.tasks.push_back(task);
        let asleep = queue.asleep > 0;
        drop(queue);
        // Those who are awake look for more before they sleep.
        if asleep {
            self.0.changed.notify_one();
        }
        Ok(())
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        while let Some(task) = self.next() {
            // A panic in a read is that read's failure; the thread lives on for the next.
            drop(catch_unwind(AssertUnwindSafe(task)));
        }
    }

    /// The next task; `None` when there will be no more.
    fn next(&self) -> Option<Task> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.tasks.is_empty() {
            drop(queue);
            (self.at_rest)();
            queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        }
        loop {
            if let Some(task) = queue.tasks.pop_front() {
                return Some(task);
            }
            if queue.ended {
                return None;
            }
            queue.asleep += 1;
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.asleep -= 1;
        }
    }
}

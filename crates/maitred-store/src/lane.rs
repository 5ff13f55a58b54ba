//! A lane: a few threads for reads that take long, so that those who serve the network never do.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{StoreError, StoreFault, StoreResult};

type Task = Box<dyn FnOnce() + Send>;

/// Reads that may wait for a thread.
const WAITING: usize = 256;

pub(crate) struct Lane {
    tasks: SyncSender<Task>,
}

impl Lane {
    /// Starts the threads, named `<name>-<number>`; they end when the lane is dropped.
    pub(crate) fn new(name: &str, threads: usize) -> StoreResult<Self> {
        let (tasks, receiver) = sync_channel::<Task>(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || work(&receiver))
                .map_err(|error| {
                    StoreError::new(
                        StoreFault::Unavailable,
                        format!("no thread for the {name} lane: {error}"),
                    )
                })?;
        }
        Ok(Self { tasks })
    }

    /// Hands a task to the lane; gives it back as an error when too many wait already.
    pub(crate) fn run(&self, task: Task) -> Result<(), Task> {
        self.tasks.try_send(task).map_err(|refused| match refused {
            TrySendError::Full(task) | TrySendError::Disconnected(task) => task,
        })
    }
}

fn work(receiver: &Mutex<Receiver<Task>>) {
    loop {
        let task = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match task {
            // A panic in a read is that read's failure; the thread lives on for the next.
            Ok(task) => drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(task))),
            Err(_) => return,
        }
    }
}

//! Where calls of other systems run: a small runtime of their own, so that a slow system never takes time from the
//! network's threads, and so that stdio, which has no runtime, reaches them as well.

use std::sync::{Arc, OnceLock};

use maitred_core::dispatch::Spawn;
use tokio::runtime::{Builder, Runtime};

/// Carries out calls of other systems. The runtime is made by the first of them: most servers never need it.
pub fn spawner() -> Spawn {
    let made: OnceLock<Option<Runtime>> = OnceLock::new();
    Arc::new(move |future, time| {
        let runtime = made.get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("elsewhere")
                .enable_all()
                .build()
                .map_err(|error| tracing::error!(%error, "no thread for calls of other systems"))
                .ok()
        });
        // Without a runtime the future is dropped here, and answers that the other system did not.
        if let Some(runtime) = runtime {
            runtime.spawn(async move { tokio::time::timeout(time, future).await });
        }
    })
}

#[cfg(test)]
mod tests {
    use std::future;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Says so when it is dropped.
    struct Told(Sender<&'static str>);

    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }

    #[test]
    fn what_is_quick_ends_and_what_is_slow_is_dropped() {
        let spawn = spawner();
        let (sender, receiver) = channel();
        let quick = sender.clone();
        spawn(
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let _ = quick.send("ended");
            }),
            PATIENCE,
        );
        assert_eq!(receiver.recv_timeout(PATIENCE), Ok("ended"));
        let slow = Told(sender);
        spawn(
            Box::pin(async move {
                let _told = slow;
                future::pending::<()>().await;
            }),
            Duration::from_millis(5),
        );
        assert_eq!(receiver.recv_timeout(PATIENCE), Ok("dropped"));
    }
}

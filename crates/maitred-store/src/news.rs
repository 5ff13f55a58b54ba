//! Who wants to hear that a database has news, in whatever process it was written.

use std::sync::Arc;

/// Takes the name of a database in which something was announced, or `None` after a time in which nothing was heard, so
/// that any may have news. Called on a thread of the engine: it must be short. Hearing is a help and no promise: whoever
/// depends on news looks for it now and then as well.
pub type Hear = Arc<dyn Fn(Option<&str>) + Send + Sync>;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use listeners::News;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod listeners {
    use std::sync::{Mutex, PoisonError};

    use super::Hear;

    /// The listeners of an engine, by the prefix of the names they know.
    #[derive(Default)]
    pub(crate) struct News(Mutex<Vec<(&'static str, Hear)>>);

    impl News {
        /// Adds a listener for databases whose stored names begin with `prefix`; true for the first.
        pub(crate) fn add(&self, prefix: &'static str, hear: Hear) -> bool {
            let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            listeners.push((prefix, hear));
            listeners.len() == 1
        }

        /// Tells those whom it concerns.
        pub(crate) fn tell(&self, stored: Option<&str>) {
            let listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for (prefix, hear) in listeners {
                match stored.map(|stored| stored.strip_prefix(prefix)) {
                    None => hear(None),
                    Some(Some(name)) => hear(Some(name)),
                    Some(None) => {}
                }
            }
        }
    }
}

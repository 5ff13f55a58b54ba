//! Databases that are kept open by an engine: as many as its bound allows, the ones used last.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

struct Kept<S> {
    store: Arc<S>,
    used: AtomicU64,
}

/// Open databases by name.
pub(crate) struct Opened<S> {
    most: usize,
    kept: Mutex<HashMap<String, Kept<S>>>,
    clock: AtomicU64,
}

impl<S> Opened<S> {
    /// None yet, and `most` at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default(), clock: AtomicU64::new(0) }
    }

    /// How many are kept at once.
    #[cfg(feature = "postgres")]
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The database with this name, if it is open.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<S>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(name)?;
        found.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(&found.store))
    }

    /// Keeps a database that was opened just now, and lets go of those used longest ago; answers the one that is kept.
    pub(crate) fn keep(&self, name: &str, store: Arc<S>) -> Arc<S> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let used = AtomicU64::new(self.clock.fetch_add(1, Ordering::Relaxed));
        // Somebody else may have opened it meanwhile; one of the two is enough.
        let store = Arc::clone(&kept.entry(name.to_owned()).or_insert(Kept { store, used }).store);
        while kept.len() > self.most {
            let oldest = kept
                .iter()
                .filter(|(_, kept)| Arc::strong_count(&kept.store) == 1)
                .min_by_key(|(_, kept)| kept.used.load(Ordering::Relaxed))
                .map(|(name, _)| name.clone());
            match oldest {
                Some(name) => drop(kept.remove(&name)),
                // Every one is in use right now: the bound gives way rather than the callers.
                None => break,
            }
        }
        store
    }
}

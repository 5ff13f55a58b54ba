//! The state of the modules, looked at by a thread of its own, so that whoever asks never waits and never makes the
//! network's threads wait.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;

use crate::boot::{BUILD, ModuleHealth, Product};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// What the last look found.
pub struct Watch {
    last: Mutex<Vec<ModuleHealth>>,
    serving: AtomicBool,
}

impl Watch {
    /// Begins to watch; `first` is what boot found. Ends with the last handle.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(product: Arc<Product>, first: Vec<ModuleHealth>) -> io::Result<Arc<Self>> {
        let watch = Arc::new(Self { last: Mutex::new(first), serving: AtomicBool::new(true) });
        let seen = Arc::downgrade(&watch);
        std::thread::Builder::new().name("health".to_owned()).spawn(move || look(&product, &seen))?;
        Ok(watch)
    }

    /// From now on the answer is that this server takes no new work.
    pub fn stopping(&self) {
        self.serving.store(false, Ordering::Relaxed);
    }

    /// Whether a load balancer should send work here, and the page that says so.
    pub fn page(&self) -> (bool, Bytes) {
        let modules = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let serving = self.serving.load(Ordering::Relaxed);
        let well = serving && modules.iter().all(|module| module.failure.is_none());
        let status = match (serving, well) {
            (false, _) => "stopping",
            (true, true) => "ok",
            (true, false) => "unavailable",
        };
        let body = serde_json::json!({"status": status, "release": BUILD, "modules": &*modules});
        (well, body.to_string().into())
    }

    fn found(&self, now: Vec<ModuleHealth>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        for module in &now {
            let before = last.iter().find(|before| before.module == module.module);
            match (&module.failure, before.and_then(|before| before.failure.as_ref())) {
                (Some(why), None) => tracing::error!(module = module.module, why, "a module is not well"),
                (None, Some(_)) => tracing::info!(module = module.module, "a module is well again"),
                _ => {}
            }
            let up = if module.failure.is_none() { 1.0 } else { 0.0 };
            metrics::gauge!("maitred_module_up", "module" => module.module).set(up);
        }
        *last = now;
    }
}

fn look(product: &Arc<Product>, seen: &Weak<Watch>) {
    loop {
        std::thread::sleep(EVERY);
        let now = product.health();
        match seen.upgrade() {
            Some(watch) => watch.found(now),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(failure: Option<&str>) -> ModuleHealth {
        ModuleHealth {
            module: "crm",
            backend: "sqlite",
            took: Duration::from_millis(2),
            failure: failure.map(str::to_owned),
        }
    }

    #[test]
    fn readiness_follows_the_modules_and_ends_with_the_stop() {
        let watch = Watch { last: Mutex::new(vec![module(None)]), serving: AtomicBool::new(true) };
        assert!(watch.page().0);
        watch.found(vec![module(Some("the disk is gone"))]);
        let (well, body) = watch.page();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(!well);
        assert_eq!(body["status"], "unavailable");
        assert_eq!(body["modules"][0]["failure"], "the disk is gone");
        watch.found(vec![module(None)]);
        assert!(watch.page().0);
        watch.stopping();
        let (well, body) = watch.page();
        assert!(!well && body.windows(8).any(|part| part == b"stopping"));
    }
}

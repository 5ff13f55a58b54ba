//! Asking another system: elsewhere, with a deadline, with the module's own key and no other.

use std::sync::Arc;

use super::{Call, Inner, Outcome};
use crate::error::{Code, ToolError};
use crate::mcp::Done;
use crate::tool::{ForeignCall, ForeignTool};

impl Inner {
    /// Carries out a call of another system and answers through `done`; when its time is over, with that.
    pub(super) fn ask(self: &Arc<Self>, system: &'static dyn ForeignTool, call: Call, done: Done) {
        let mut pending = Asked { inner: Arc::clone(self), call, done: Some(done) };
        let Some(spawn) = &self.spawn else {
            pending
                .answer(Err(ToolError::new(Code::ModuleMissing, "this server cannot reach other systems")));
            return;
        };
        let asked = &pending.call;
        let (Some(cancel), Some(outlet)) = (asked.cancel.clone(), asked.outlet.clone()) else {
            return;
        };
        let foreign = ForeignCall {
            caller: Arc::clone(&asked.guest.caller),
            module: asked.tool.module,
            arguments: asked.arguments.clone(),
            dry_run: asked.dry_run,
            request_key: asked.confirm.clone().or_else(|| asked.idempotency_key.clone()),
            cancel,
            outlet,
        };
        let time = self.gates.settings().call_time;
        spawn(
            Box::pin(async move {
                let outcome = system.call(foreign).await.and_then(|json| {
                    // What another system says is taken over only when it is what it should be.
                    if json.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok() {
                        Ok(json.into_bytes())
                    } else {
                        Err(ToolError::internal(anyhow::anyhow!("the other system answered no JSON object")))
                    }
                });
                pending.answer(outcome);
            }),
            time,
        );
    }
}

/// A question on its way. Dropped without an answer, its time was over.
struct Asked {
    inner: Arc<Inner>,
    call: Call,
    done: Option<Done>,
}

impl Asked {
    fn answer(&mut self, outcome: Outcome) {
        if let Some(done) = self.done.take() {
            self.inner.answer(&self.call, outcome, done);
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.answer(Err(ToolError::new(Code::NetworkUnavailable, "the other system did not answer in time")));
    }
}

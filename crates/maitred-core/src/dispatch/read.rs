//! Running a read: here when it is keyed and the engine is in this process, elsewhere when it is not or takes too long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use maitred_store::{Budget, OrgStore};

use super::{Call, Guest, Inner, Outcome};
use crate::args::Object;
use crate::caller::Via;
use crate::cx::{Reader, World};
use crate::error::{Code, ToolError, ToolResult};
use crate::mcp::Done;
use crate::menu::Registered;
use crate::tool::Body;

/// Which of the engine's threads run a read that does not run where the request is.
#[derive(Clone, Copy)]
pub(super) enum Lane {
    /// Those for keyed reads, over a network or after they took too long where the request is.
    Keyed,
    /// Those for reports and scans.
    Report,
}

type ReadBody = fn(Reader<'_>, Object<'_>, &mut Vec<u8>) -> ToolResult<()>;

pub(super) fn panicked() -> ToolError {
    ToolError::internal(super::panics::caught())
}

impl Inner {
    /// Runs a keyed read in this thread. `None` when it used up its time here.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call that nothing owns yet")]
    pub(super) fn read_inline(
        &self,
        guest: &Guest,
        tool: &'static Registered,
        body: ReadBody,
        raw: &str,
        object: Object<'_>,
        via: Via,
        now: Timestamp,
    ) -> Option<Outcome> {
        let world = self.world(guest, raw, via, now);
        let budget = Budget::of(self.gates.settings().inline_time);
        let mut object = Some(object);
        let mut outcome = None;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            guest.caller.store.read(&budget, &mut |tx| {
                if let Some(object) = object.take() {
                    let mut json = Vec::with_capacity(512);
                    outcome = Some(body(Reader::new(*tx, &world), object, &mut json).map(|()| json));
                }
            })
        }));
        let outcome = match ran {
            Ok(Ok(())) => outcome.unwrap_or_else(|| Err(panicked())),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(panicked()),
        };
        match &outcome {
            Err(error) if error.code() == Code::DeadlineExceeded => {
                tracing::debug!(tool = tool.entry.name, "a keyed read moves to a thread of its own");
                None
            }
            _ => Some(outcome),
        }
    }

    /// Runs a read on threads of the engine and answers through `done`.
    pub(super) fn read_on_lane(self: &Arc<Self>, lane: Lane, call: Call, done: Done) {
        let cancel = call.cancel.clone();
        let budget = Budget {
            until: Instant::now() + self.gates.settings().call_time,
            cancelled: cancel
                .map(|flag| Arc::new(move || flag.is_cancelled()) as Arc<dyn Fn() -> bool + Send + Sync>),
        };
        let store = Arc::clone(&call.guest.caller.store);
        let pending = Pending { inner: Arc::clone(self), call, done: Some(done) };
        let run = match lane {
            Lane::Keyed => OrgStore::keyed,
            Lane::Report => OrgStore::report,
        };
        run(
            &*store,
            budget,
            Box::new(move |tx| {
                let call = &pending.call;
                let outcome = match tx {
                    Ok(tx) => catch_unwind(AssertUnwindSafe(|| {
                        let Body::Read(body) = call.tool.entry.body else {
                            return Err(ToolError::internal(anyhow::anyhow!("a write on the report lane")));
                        };
                        let world = World {
                            outlet: call.outlet.as_deref(),
                            cancel: call.cancel.as_ref(),
                            ..pending.inner.world(&call.guest, &call.arguments, call.via, call.now)
                        };
                        let mut json = Vec::with_capacity(4096);
                        body(Reader::new(*tx, &world), Object::parse(&call.arguments)?, &mut json)?;
                        Ok(json)
                    }))
                    .unwrap_or_else(|_| Err(panicked())),
                    Err(error) => Err(error.into()),
                };
                pending.conclude(outcome);
            }),
        );
    }
}

/// A report on its way. Dropped without an answer, it says that there was too much to do.
struct Pending {
    inner: Arc<Inner>,
    call: Call,
    done: Option<Done>,
}

impl Pending {
    fn conclude(mut self, outcome: Outcome) {
        self.answer(outcome);
    }

    fn answer(&mut self, outcome: Outcome) {
        if let Some(done) = self.done.take() {
            self.inner.answer(&self.call, outcome, done);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.answer(Err(ToolError::new(
            Code::Overloaded,
            "too many reports are waiting, try again in a moment",
        )));
    }
}

//! The context of a call: the only way to the database, the time, fresh ids, ports and the caller.
//!
//! A body gets `Cx<Read>` or `Cx<Write>`. `Cx<Read>` dereferences to [`Reader`], which cannot write; `Cx<Write>` to
//! [`Writer`], which can and is a [`Reader`] too. Store functions take `&Reader` or `&Writer`.
//!
//! ```compile_fail
//! fn body(cx: &mut maitred_core::Cx<maitred_core::effect::Read>) {
//!     let _ = cx.execute("DELETE FROM contact", &[]);
//! }
//! ```

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use maitred_store::change::Change;
use maitred_store::{Param, ReadTx, Record, Sql, StoreResult, WriteTx};

use crate::caller::{Caller, KnownClient, Teammate, Via};
use crate::clock::{Ids, stamp};
use crate::effect::{Audience, Client, Effect, Staff};
use crate::error::{Code, ToolError, ToolResult};
use crate::mcp::{CancelFlag, Outlet};
use crate::menu::Menu;
use crate::ports::Ports;

/// Everything a call can know beside the database. Made once per call by the machinery.
pub struct World<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// How the call came in.
    pub via: Via,
    /// The moment of the call.
    pub now: Timestamp,
    /// What the caller may see.
    pub menu: &'a Menu,
    /// Other domains.
    pub ports: &'a Ports,
    pub(crate) ids: &'a dyn Ids,
    pub(crate) outlet: Option<&'a dyn Outlet>,
    pub(crate) cancel: Option<&'a CancelFlag>,
    pub(crate) secret: &'a [u8],
    pub(crate) arguments: &'a str,
    pub(crate) dry_run: bool,
    pub(crate) fresh: RefCell<Vec<String>>,
    pub(crate) memos: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
}

/// A read-only view: database, time, caller, ports.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    tx: ReadTx<'a>,
    world: &'a World<'a>,
}

impl<'a> World<'a> {
    /// A world for work outside a call: importers, generated data, tests. Nothing is limited and nobody is told.
    pub fn outside(
        caller: &'a Caller,
        menu: &'a Menu,
        ports: &'a Ports,
        ids: &'a dyn Ids,
        now: Timestamp,
        secret: &'a [u8],
    ) -> Self {
        Self {
            caller,
            via: Via::CommandLine,
            now,
            menu,
            ports,
            ids,
            outlet: None,
            cancel: None,
            secret,
            arguments: "{}",
            dry_run: false,
            fresh: RefCell::default(),
            memos: RefCell::default(),
        }
    }
}

impl<'a> Deref for Reader<'a> {
    type Target = ReadTx<'a>;
    fn deref(&self) -> &ReadTx<'a> {
        &self.tx
    }
}

impl<'a> Reader<'a> {
    /// A view over a transaction.
    pub fn new(tx: ReadTx<'a>, world: &'a World<'a>) -> Self {
        Self { tx, world }
    }

    /// The moment of the call; the same for everything in it.
    pub fn now(&self) -> Timestamp {
        self.world.now
    }

    /// The moment of the call as records store it.
    pub fn now_text(&self) -> String {
        stamp(self.world.now)
    }

    /// Who calls.
    pub fn caller(&self) -> &'a Caller {
        self.world.caller
    }

    /// How the call came in.
    pub fn via(&self) -> Via {
        self.world.via
    }

    /// The tools the caller may use.
    pub fn menu(&self) -> &'a Menu {
        self.world.menu
    }

    /// A port, if the domain that gives it is compiled in.
    pub fn port<P: ?Sized + Send + Sync + 'static>(&self) -> Option<&'a Arc<P>> {
        self.world.ports.one::<P>()
    }

    /// Every implementation of a port.
    pub fn ports<P: ?Sized + Send + Sync + 'static>(&self) -> &'a [Arc<P>] {
        self.world.ports.all::<P>()
    }

    /// True when this run is a dry run. For ports to the outside, which then answer with their plan; a tool body must
    /// not ask.
    pub fn dry_run(&self) -> bool {
        self.world.dry_run
    }

    /// The raw arguments of the call, without the machinery's own.
    pub(crate) fn arguments(&self) -> &'a str {
        self.world.arguments
    }

    pub(crate) fn secret(&self) -> &'a [u8] {
        self.world.secret
    }

    /// A value that is loaded once per call and then remembered, such as the organisation's settings.
    ///
    /// # Errors
    /// Whatever `load` fails with.
    pub fn memo<T: 'static>(&self, load: impl FnOnce(&Self) -> ToolResult<T>) -> ToolResult<Rc<T>> {
        let known = self.world.memos.borrow().get(&TypeId::of::<T>()).cloned();
        if let Some(known) = known.and_then(|known| known.downcast::<T>().ok()) {
            return Ok(known);
        }
        let value = Rc::new(load(self)?);
        self.world.memos.borrow_mut().insert(TypeId::of::<T>(), Rc::clone(&value) as Rc<dyn Any>);
        Ok(value)
    }

    /// Says how far long work has come; counts only rise.
    pub fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        if let Some(outlet) = self.world.outlet {
            outlet.progress(done, total, Some(message));
        }
    }

    /// Fails when the caller has cancelled; long work asks between its steps.
    pub fn check_cancelled(&self) -> ToolResult<()> {
        if self.world.cancel.is_some_and(CancelFlag::is_cancelled) {
            return Err(ToolError::new(Code::Cancelled, "the call was cancelled, nothing was changed"));
        }
        Ok(())
    }

    /// The teammate, where the caller is one.
    pub fn teammate(&self) -> Option<&'a Teammate> {
        self.caller().teammate()
    }
}

/// A writing view. Everything a [`Reader`] can, and changes of records, fresh ids, outward acts.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    reader: Reader<'a>,
    tx: &'a WriteTx<'a>,
}

impl<'a> Deref for Writer<'a> {
    type Target = Reader<'a>;
    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Writer<'a> {
    /// A view over a writing transaction.
    pub fn new(tx: &'a WriteTx<'a>, world: &'a World<'a>) -> Self {
        Self { reader: Reader::new(**tx, world), tx }
    }

    /// A fresh id, ordered by time. Previews show it as a placeholder.
    pub fn fresh_id(&self) -> String {
        let id = self.reader.world.ids.fresh(self.reader.world.now);
        self.reader.world.fresh.borrow_mut().push(id.clone());
        id
    }

    /// Marks a text made during this run, such as a document number, as one that another run may make differently
    /// without the change being another. `confirm` does not depend on it.
    pub fn mark_fresh(&self, text: &str) {
        self.reader.world.fresh.borrow_mut().push(text.to_owned());
    }

    /// Writes a new record.
    pub fn insert<R: Record>(&self, record: &mut R) -> StoreResult<()> {
        self.tx.insert(record)
    }

    /// Writes a new record with its own times: for imports and generated data. See [`WriteTx::insert_dated`].
    pub fn insert_dated<R: Record>(&self, record: &R) -> StoreResult<()> {
        self.tx.insert_dated(record)
    }

    /// Writes a new record with its own times and without a change: for bulk data, never in a tool. See
    /// [`WriteTx::insert_quietly`].
    pub fn insert_quietly<R: Record>(&self, record: &R) -> StoreResult<()> {
        self.tx.insert_quietly(record)
    }

    /// Writes what differs between `before` and `after`; `false` when nothing does.
    pub fn update<R: Record>(&self, before: &R, after: &mut R) -> StoreResult<bool> {
        self.tx.update(before, after)
    }

    /// Removes a record without business history.
    pub fn delete<R: Record>(&self, record: &R) -> StoreResult<()> {
        self.tx.delete(record)
    }

    /// See [`WriteTx::execute`]: for derived data and for changes reported with [`Writer::note_change`].
    pub fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> StoreResult<u64> {
        self.tx.execute(sql, params)
    }

    /// [`Writer::execute`] for a built statement.
    pub fn execute_of(&self, sql: &Sql) -> StoreResult<u64> {
        self.tx.execute_of(sql)
    }

    /// Adds a change made with [`Writer::execute`] to the change log.
    pub fn note_change(&self, change: Change) {
        self.tx.note_change(change);
    }

    /// The underlying transaction, for the search index.
    pub fn tx(&self) -> &'a WriteTx<'a> {
        self.tx
    }

    /// Queues an outward act, delivered after the commit. `payload` is JSON.
    pub fn outbox(&self, topic: &'static str, payload: &str) -> StoreResult<()> {
        let id = self.fresh_id();
        maitred_store::ledger::put_outbox(self.tx, &id, topic, payload)
    }
}

/// The context of a tool body: what it may do follows from the effect, what it knows of the caller from the audience.
pub struct Cx<'a, E: Effect, C: Audience = Staff> {
    db: E::Db<'a>,
    audience: PhantomData<C>,
}

impl<'a, E: Effect, C: Audience> Cx<'a, E, C> {
    pub(crate) fn new(db: E::Db<'a>) -> Self {
        Self { db, audience: PhantomData }
    }
}

impl<'a, E: Effect, C: Audience> Deref for Cx<'a, E, C> {
    type Target = E::Db<'a>;
    fn deref(&self) -> &E::Db<'a> {
        &self.db
    }
}

impl<'a> Cx<'a, crate::effect::Read, Client> {
    /// The acting client; there is always one here.
    pub fn client(&self) -> ToolResult<&'a KnownClient> {
        client_of(self.caller())
    }
}

impl<'a> Cx<'a, crate::effect::Write, Client> {
    /// The acting client; there is always one here.
    pub fn client(&self) -> ToolResult<&'a KnownClient> {
        client_of(self.caller())
    }
}

fn client_of(caller: &Caller) -> ToolResult<&KnownClient> {
    caller
        .client()
        .ok_or_else(|| ToolError::internal(anyhow::anyhow!("a client's tool ran without a client")))
}

//! The organisation that data is written into, from outside a call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use maitred_core::caller::{Caller, ModuleKeys, OrgFacts, Policy, Via, Who};
use maitred_core::clock::{Ids, stamp};
use maitred_core::cx::{Reader, World, Writer};
use maitred_core::error::{ToolError, ToolResult};
use maitred_core::mode::{CallerKind, Rights};
use maitred_core::registry::Registry;
use maitred_store::audit::{self, Entry};
use maitred_store::engine::write_and_wait;
use maitred_store::{Budget, OrgStore, StoreError, WriteTx, ledger};
use sha2::{Digest, Sha256};

/// An organisation's database with everything that a write outside a call needs.
pub struct Target {
    /// The organisation.
    pub org: OrgFacts,
    /// Its open database, with the tables of party and crm.
    pub store: Arc<dyn OrgStore>,
    /// The modules of this binary.
    pub registry: Arc<Registry>,
    /// Where ids come from.
    pub ids: Arc<dyn Ids>,
    /// The key of the audit chain.
    pub audit_key: [u8; 32],
    /// Release of the binary, for the audit line.
    pub build: String,
}

impl Target {
    /// Carries out `body` in one transaction as the operator, with its audit line and its change log entries, and
    /// waits until it is durable. `arguments` is what the command was given; the line keeps its digest. A body that
    /// changes nothing leaves no line unless it wrote `quietly`. It may run more than once, so it must start from the
    /// same state each time.
    ///
    /// # Errors
    /// Whatever `body` fails with, or what the storage failed with; nothing was written then.
    pub fn write<T: Send + 'static>(
        &self,
        command: &str,
        arguments: &str,
        now: Timestamp,
        quietly: bool,
        mut body: impl FnMut(&Writer<'_>) -> ToolResult<T> + Send + 'static,
    ) -> ToolResult<T> {
        let caller = self.operator(command);
        let menu = self.registry.menu(&caller.rights);
        let (registry, ids, key) = (Arc::clone(&self.registry), Arc::clone(&self.ids), self.audit_key);
        let (command, build, digest) = (command.to_owned(), self.build.clone(), digest_of(arguments));
        let refused: Arc<Mutex<Option<ToolError>>> = Arc::default();
        let slot = Arc::clone(&refused);
        let outcome = write_and_wait(&*self.store, stamp(now), LIMIT, move |tx| {
            let world = World::outside(&caller, &menu, registry.ports(), &*ids, now, &key);
            match body(&Writer::new(tx, &world)) {
                Ok(value) => {
                    if quietly || !tx.changes().is_empty() {
                        keep_books(tx, &key, &command, &digest, &build)?;
                    }
                    Ok(value)
                }
                Err(error) => {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Err(StoreError::defect("the write was refused"))
                }
            }
        });
        outcome.map_err(|error| {
            refused.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_else(|| error.into())
        })
    }

    /// Reads in one transaction as the operator.
    ///
    /// # Errors
    /// Whatever `body` fails with, or what the storage failed with.
    pub fn read<T>(
        &self,
        command: &str,
        now: Timestamp,
        mut body: impl FnMut(&Reader<'_>) -> ToolResult<T>,
    ) -> ToolResult<T> {
        let caller = self.operator(command);
        let menu = self.registry.menu(&caller.rights);
        let mut outcome = None;
        self.store.read(&Budget::of(LIMIT), &mut |tx| {
            let world =
                World::outside(&caller, &menu, self.registry.ports(), &*self.ids, now, &self.audit_key);
            outcome = Some(body(&Reader::new(*tx, &world)));
        })?;
        outcome.unwrap_or_else(|| Err(StoreError::defect("the read did not run").into()))
    }

    fn operator(&self, command: &str) -> Caller {
        Caller {
            org: self.org.clone(),
            store: Arc::clone(&self.store),
            principal: "operator".to_owned(),
            who: Who::Operator { command: command.to_owned() },
            rights: Rights::none(CallerKind::Teammate),
            policy: Policy::Direct,
            channel: None,
            fallen: None,
            module_keys: ModuleKeys::default(),
        }
    }
}

/// Longer than any generated or imported batch takes, short enough to notice that something hangs.
const LIMIT: Duration = Duration::from_secs(300);

fn keep_books(
    tx: &WriteTx<'_>,
    key: &[u8],
    command: &str,
    arguments_digest: &str,
    build: &str,
) -> Result<(), StoreError> {
    let mut changes = String::new();
    for change in tx.changes().iter() {
        change.write_json(&mut changes);
    }
    let seq = audit::append(
        tx,
        key,
        &Entry {
            principal: "operator",
            actor_kind: "operator",
            actor_id: None,
            actor_label: command,
            tool: command,
            transport: Via::CommandLine.as_str(),
            request_key: None,
            arguments_digest,
            changes_digest: &digest_of(&changes),
            build,
        },
    )?;
    ledger::put_changes(tx, seq)
}

fn digest_of(text: &str) -> String {
    audit::hex(&Sha256::digest(text.as_bytes())[..16])
}

//! The PostgreSQL engine: one schema per organisation, any number of nodes, the same answers as SQLite.
//!
//! What reads see and how writes are serialised is said in `org` and `writer`. What does not belong here: a statement of
//! a domain, which must not know which engine runs it.

mod connection;
mod dialect;
mod driver;
mod org;
mod pool;
mod statements;
mod tls;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use crate::engine::is_slug;
use crate::lane::Lane;
use crate::migrate::Migration;
use crate::news::Hear;
use crate::opened::Opened;
use crate::{Engine, OrgStore, ReadTx, StoreError, StoreFault, StoreResult};

use driver::Driver;
use org::{PgOrg, Shared};
use pool::Pool;

/// Settings of the engine; the defaults suit a node of a few cores.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Connections of this node to the server, shared by all organisations.
    pub connections: usize,
    /// How long to wait for a free connection, or for the turn that another node holds.
    pub patience: Duration,
    /// Threads for reports and scans. Each uses one connection while it works, so fewer than `connections`.
    pub report_threads: usize,
    /// Threads for keyed reads that come from threads which serve the network.
    pub keyed_threads: usize,
    /// Threads that write, shared by all organisations; each organisation is served by one at a time.
    pub write_threads: usize,
    /// Writes that may wait for one organisation; more are refused as busy.
    pub write_queue: usize,
    /// Organisations remembered as open; opening one asks the server twice.
    pub open_databases: usize,
}

impl PostgresOptions {
    /// Settings for so many connections: all of them for keyed reads, half for writes, a quarter for reports, whichever
    /// come first.
    pub fn of(connections: usize) -> Self {
        Self {
            connections,
            patience: Duration::from_secs(5),
            report_threads: (connections / 4).max(1),
            keyed_threads: connections,
            write_threads: (connections / 2).max(1),
            write_queue: 4096,
            open_databases: 4096,
        }
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self::of(8)
    }
}

/// Databases as schemas `m_<name>` of one PostgreSQL database, or of another prefix.
pub struct PostgresEngine {
    shared: Arc<Shared>,
    prefix: &'static str,
    open: Opened<PgOrg>,
}

/// The oldest release whose behaviour the engine was made for.
const OLDEST: i64 = 150_000;

impl PostgresEngine {
    /// An engine over the database that `url` names: `postgres://user:password@host/database`, with `sslmode` one of
    /// `disable`, `prefer` (the default), `require` and `verify-full`, and `sslrootcert` for an authority of one's own.
    ///
    /// # Errors
    /// `Unavailable` when the URL is not usable, the server cannot be reached, is older than PostgreSQL 15, or the
    /// database is not encoded as UTF-8.
    pub fn new(url: &str, options: PostgresOptions) -> StoreResult<Self> {
        let pool = Pool::new(Driver::start(url)?, options.connections, options.patience);
        suits(&pool)?;
        let lane = |name, threads| {
            let pool = Arc::clone(&pool);
            Lane::resting(name, threads, move || pool.flush())
        };
        Ok(Self {
            prefix: "m_",
            open: Opened::new(options.open_databases),
            shared: Arc::new(Shared {
                patience: options.patience,
                queue: options.write_queue,
                reports: lane("report", options.report_threads)?,
                keyed: lane("keyed", options.keyed_threads)?,
                pool,
                ready: writer::start(options.write_threads)?,
                news: Arc::default(),
            }),
        })
    }

    /// Databases of another kind over the same connections: their schemas begin with `prefix`, so that no name of one
    /// kind meets one of the other.
    #[must_use]
    pub fn beside(&self, prefix: &'static str) -> Self {
        Self { shared: Arc::clone(&self.shared), prefix, open: Opened::new(self.open.most()) }
    }

    fn schema(&self, name: &str) -> StoreResult<String> {
        if !is_slug(name) {
            return Err(StoreError::defect(format!("`{name}` cannot name a database")));
        }
        Ok(format!("{}{name}", self.prefix))
    }
}

/// Refuses a server or database that would give other answers than SQLite.
fn suits(pool: &Arc<Pool>) -> StoreResult<()> {
    const ASKED: &str = "SELECT CAST(current_setting('server_version_num') AS BIGINT), \
                         current_setting('server_version'), current_setting('server_encoding')";
    let lent = pool.take("", None)?;
    let found: Option<(i64, String, String)> = ReadTx::new(&*lent).one(ASKED, &[])?;
    lent.give_back();
    let (number, version, encoding) =
        found.ok_or_else(|| StoreError::defect("the server did not name its version"))?;
    if number < OLDEST {
        return Err(StoreError::new(
            StoreFault::Unavailable,
            format!("the server is PostgreSQL {version}; maitred needs 15 or newer"),
        ));
    }
    if encoding != "UTF8" {
        return Err(StoreError::new(
            StoreFault::Unavailable,
            format!(
                "the database is encoded as `{encoding}`; make one with \
                 `CREATE DATABASE maitred ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0`"
            ),
        ));
    }
    Ok(())
}

impl Engine for PostgresEngine {
    fn create(&self, name: &str, migrations: &[Migration]) -> StoreResult<Arc<dyn OrgStore>> {
        let store = PgOrg::create(&self.schema(name)?, migrations, &self.shared)?;
        Ok(self.open.keep(name, store))
    }

    fn open(&self, name: &str, migrations: &[Migration]) -> StoreResult<Arc<dyn OrgStore>> {
        if let Some(store) = self.open.get(name) {
            return Ok(store);
        }
        let store = PgOrg::open(&self.schema(name)?, migrations, &self.shared)?;
        Ok(self.open.keep(name, store))
    }

    fn exists(&self, name: &str) -> StoreResult<bool> {
        org::exists(&self.schema(name)?, &self.shared)
    }

    fn names(&self) -> StoreResult<Vec<String>> {
        org::names(self.prefix, &self.shared)
    }

    fn listen(&self, hear: Hear) {
        if self.shared.news.add(self.prefix, hear) {
            self.shared.pool.listen(Arc::clone(&self.shared.news));
        }
    }

    fn kind(&self) -> &'static str {
        "postgres"
    }
}

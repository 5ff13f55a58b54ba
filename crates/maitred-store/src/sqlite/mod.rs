//! The SQLite engine: one file per organisation, readers that never wait, one writer that commits in groups.

mod checkpoint;
mod connection;
mod dialect;
mod org;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::is_slug;
use crate::lane::Lane;
use crate::migrate::Migration;
use crate::news::{Hear, News};
use crate::opened::Opened;
use crate::{Engine, OrgStore, StoreError, StoreFault, StoreResult};

use checkpoint::Checkpointer;
use org::{Shared, SqliteOrg};

/// Settings of the engine; the defaults suit a server.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Databases kept open. Opening one costs about a millisecond, so this should hold the active set.
    pub open_databases: usize,
    /// How long to wait for a lock held by another process.
    pub patience: Duration,
    /// Threads for reports and scans.
    pub report_threads: usize,
    /// Writes that may wait for one organisation; more are refused as busy.
    pub write_queue: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            open_databases: 512,
            patience: Duration::from_secs(2),
            report_threads: (cores / 2).clamp(1, 8),
            write_queue: 4096,
        }
    }
}

/// Databases as files `<directory>/<name>.sqlite`.
pub struct SqliteEngine {
    directory: PathBuf,
    options: SqliteOptions,
    open: Opened<SqliteOrg>,
    shared: Arc<Shared>,
}

impl SqliteEngine {
    /// An engine over a directory, which is made when it is not there.
    ///
    /// # Errors
    /// `ReadOnly` or `Unavailable` when the directory cannot be made.
    pub fn new(directory: &Path, options: SqliteOptions) -> StoreResult<Self> {
        std::fs::create_dir_all(directory).map_err(|error| {
            let fault = match error.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    StoreFault::ReadOnly
                }
                _ => StoreFault::Unavailable,
            };
            StoreError::new(fault, format!("cannot make the directory `{}`: {error}", directory.display()))
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            shared: Arc::new(Shared {
                reports: Lane::new("report", options.report_threads)?,
                keyed: Lane::new("keyed", 1)?,
                checkpointer: Checkpointer::new()?,
                news: News::default(),
            }),
            open: Opened::new(options.open_databases),
            options,
        })
    }

    fn path(&self, name: &str) -> StoreResult<PathBuf> {
        if !is_slug(name) {
            return Err(StoreError::defect(format!("`{name}` cannot name a database")));
        }
        Ok(self.directory.join(format!("{name}.sqlite")))
    }
}

impl Engine for SqliteEngine {
    fn create(&self, name: &str, migrations: &[Migration]) -> StoreResult<Arc<dyn OrgStore>> {
        let path = self.path(name)?;
        if path.exists() {
            return Err(StoreError::new(StoreFault::Unique, format!("the database `{name}` exists already")));
        }
        let store = SqliteOrg::create(&path, migrations, &self.options, &self.shared)?;
        Ok(self.open.keep(name, store))
    }

    fn open(&self, name: &str, migrations: &[Migration]) -> StoreResult<Arc<dyn OrgStore>> {
        if let Some(store) = self.open.get(name) {
            return Ok(store);
        }
        let path = self.path(name)?;
        let store = SqliteOrg::open(&path, migrations, &self.options, &self.shared)?;
        Ok(self.open.keep(name, store))
    }

    fn exists(&self, name: &str) -> StoreResult<bool> {
        Ok(self.path(name)?.exists())
    }

    fn names(&self) -> StoreResult<Vec<String>> {
        let unreadable = |error: std::io::Error| {
            let what = format!("cannot look into `{}`: {error}", self.directory.display());
            StoreError::new(StoreFault::Unavailable, what)
        };
        let mut names = Vec::new();
        for file in std::fs::read_dir(&self.directory).map_err(unreadable)? {
            let name = file.map_err(unreadable)?.file_name();
            let slug = name.to_str().and_then(|name| name.strip_suffix(".sqlite"));
            names.extend(slug.filter(|slug| is_slug(slug)).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Writes of another process on the same file are not heard of.
    fn listen(&self, hear: Hear) {
        self.shared.news.add("", hear);
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }
}

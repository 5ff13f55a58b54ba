//! A throw-away PostgreSQL for tests: one cluster per test process, one database per test.
//!
//! The programs are looked for in `PATH` and in `/usr/lib/postgresql/*/bin`; `MAITRED_TEST_POSTGRES` names a server to
//! use instead (a URL whose role may create databases). Where there is neither, tests say so loudly and do not run, or
//! fail when `CI` or `MAITRED_TEST_POSTGRES_REQUIRED` is set. What does not belong here: anything that knows maitred.
#![allow(clippy::disallowed_methods, reason = "where tests find their server is said by the environment")]
#![allow(clippy::print_stderr, reason = "a test that does not run must say so")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A server of one's own.
pub struct Cluster {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    owner: Option<(u32, u32)>,
    server: Mutex<Option<Child>>,
    durable: bool,
    encrypted: bool,
    /// Ends the server and removes its files when this process ends, in whatever way: its standard input ends then.
    _watch: Child,
}

/// What the watching shell runs: it waits until its input ends.
const WATCH: &str = r#"read -r _; pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null); \
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null; \
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$1/data/postmaster.pid" ] || break; sleep 0.2; done; rm -rf "$1""#;

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    versions.reverse();
    // A `postgres` in PATH may be a link; its neighbours and files are where it leads.
    places.extend(versions);
    places
        .into_iter()
        .filter_map(|place| fs::canonicalize(place.join("initdb")).ok())
        .filter_map(|initdb| initdb.parent().map(Path::to_owned))
        .find(|place| place.join("postgres").exists())
}

/// Somebody who is not root, whom PostgreSQL agrees to run as.
fn somebody() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

impl Cluster {
    /// A new server, started; `None` when its programs are not on this machine.
    pub fn new() -> Option<Self> {
        Self::started(false)
    }

    /// A new server that keeps commits as a server of consequence does: for measurements.
    pub fn durable() -> Option<Self> {
        Self::started(true)
    }

    /// A new server that speaks TLS, for the address `127.0.0.1` and no name, under a certificate that it signed itself;
    /// `None` also when this machine has no `openssl` to make one with.
    pub fn encrypted() -> Option<Self> {
        let mut cluster = Self::place(false)?;
        cluster.make();
        let made = cluster
            .command("/usr/bin/env")
            .args([
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ])
            .args(["-days", "2", "-subj", "/CN=throw-away", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "data/server.key", "-out", "data/server.crt"])
            .output()
            .ok()?;
        if !made.status.success() {
            return None;
        }
        cluster.encrypted = true;
        cluster.start();
        Some(cluster)
    }

    /// The certificate of an [encrypted](Cluster::encrypted) server.
    pub fn certificate(&self) -> PathBuf {
        self.directory.join("data/server.crt")
    }

    fn started(durable: bool) -> Option<Self> {
        let cluster = Self::place(durable)?;
        cluster.make();
        cluster.start();
        Some(cluster)
    }

    /// A place for a server, without one.
    fn place(durable: bool) -> Option<Self> {
        let programs = programs()?;
        let directory = tempfile::Builder::new().prefix("maitred-pg-").tempdir().expect("a directory").keep();
        let watch = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in the process group that an interrupt from the keyboard ends.
            .process_group(0)
            .spawn()
            .expect("a shell");
        let root = fs::metadata(&directory).expect("the directory").uid() == 0;
        let owner = if root { somebody() } else { None };
        if let Some((user, group)) = owner {
            chown(&directory, Some(user), Some(group)).expect("the directory changes hands");
        }
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        Some(Self {
            programs,
            directory,
            port,
            owner,
            server: Mutex::new(None),
            durable,
            encrypted: false,
            _watch: watch,
        })
    }

    /// A second server that follows this one, which from now on acknowledges a commit only when both have it.
    pub fn standby(&self) -> Self {
        let standby = Self::place(self.durable).expect("the programs of the first");
        let made = standby
            .command("pg_basebackup")
            .args(["-D", "data", "-R", "-X", "stream", "-c", "fast", "-d", &self.url("postgres")])
            .output()
            .expect("pg_basebackup");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        standby.start();
        for sql in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
            run(&self.url("postgres"), sql).expect("a setting");
        }
        let begun = Instant::now();
        let follows = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
        while run(&self.url("postgres"), follows).is_ok_and(|rows| rows.is_empty()) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the standby does not follow");
            std::thread::sleep(Duration::from_millis(20));
        }
        standby
    }

    /// Makes a standby the server.
    pub fn promote(&self) {
        run(&self.url("postgres"), "SELECT pg_promote()").expect("a promotion");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(&self.directory).env("LC_ALL", "C").stdin(Stdio::null()).process_group(0);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn make(&self) {
        // A locale that sorts as people do, so that a column which depends on it shows.
        let as_people: &[&str] = &["--locale-provider=icu", "--icu-locale=en-US", "--locale=C.UTF-8"];
        for locale in [as_people, &["--locale=C.UTF-8"], &["--locale=C"]] {
            let made = self
                .command("initdb")
                .args(["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
                .args(locale)
                .output()
                .expect("initdb");
            if made.status.success() {
                return;
            }
            eprintln!("initdb {locale:?}: {}", String::from_utf8_lossy(&made.stderr));
            drop(fs::remove_dir_all(self.directory.join("data")));
        }
        panic!("initdb failed");
    }

    /// Starts the server again after [`Cluster::stop`].
    pub fn start(&self) {
        let log = File::options().create(true).append(true).open(self.directory.join("log")).expect("a log");
        let server = self
            .command("postgres")
            .args(["-D", "data", "-p", &self.port.to_string(), "-k"])
            .arg(&self.directory)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
            .args(if self.encrypted { ["-c", "ssl=on"].as_slice() } else { &[] })
            .args(if self.durable {
                ["-c", "shared_buffers=256MB", "-c", "max_locks_per_transaction=256"].as_slice()
            } else {
                &["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB"]
            })
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("postgres");
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        let begun = Instant::now();
        while let Err(error) = run(&self.url("postgres"), "SELECT 1") {
            if begun.elapsed() > Duration::from_secs(60) {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                panic!("PostgreSQL does not start: {error}\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server, ending whatever runs on it.
    pub fn stop(&self) {
        self.signal("INT");
    }

    /// Ends the server as a crash would.
    pub fn crash(&self) {
        self.signal("QUIT");
    }

    fn signal(&self, signal: &str) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut server) = server {
            let word = format!("kill -{signal} {}", server.id());
            assert!(Command::new("sh").args(["-c", &word]).status().expect("a shell").success());
            server.wait().expect("the server ends");
        }
    }

    /// Where a database of this server is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Where a database of this server or of another is, whichever takes writes.
    pub fn url_of_either(&self, other: &Self, database: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/{database}?target_session_attrs=read-write",
            self.port, other.port
        )
    }

    /// Where a database of this server is, by its socket.
    pub fn socket_url(&self, database: &str) -> String {
        let directory = self.directory.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{directory}:{}/{database}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
        // The files go with the watching shell.
    }
}

/// Runs statements on a database, on a connection of their own.
///
/// # Errors
/// What the server, or the way to it, says.
pub fn run(url: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    // On a thread of its own: the caller's may belong to a runtime.
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .map_err(|error| format!("{error}"))?;
            let driven = tokio::spawn(connection);
            let rows = client.simple_query(&sql).await.map_err(|error| match error.as_db_error() {
                Some(told) => told.message().to_owned(),
                None => error.to_string(),
            })?;
            drop(client);
            drop(driven.await);
            Ok(rows
                .into_iter()
                .filter_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => {
                        Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
                    }
                    _ => None,
                })
                .collect())
        })
    })
    .join()
    .map_err(|_| "the thread panicked".to_owned())?
}

enum Server {
    Own(Box<Cluster>),
    Given(String),
}

impl Server {
    fn url(&self, database: &str) -> String {
        match self {
            Self::Own(cluster) => cluster.url(database),
            Self::Given(url) => {
                let (base, query) = url
                    .split_once('?')
                    .map_or((url.as_str(), String::new()), |(base, query)| (base, format!("?{query}")));
                let after = base.find("://").map_or(0, |at| at + 3);
                let end = base[after..].find('/').map_or(base.len(), |at| after + at);
                format!("{}/{database}{query}", &base[..end])
            }
        }
    }

    fn admin(&self) -> String {
        match self {
            Self::Own(cluster) => cluster.url("postgres"),
            Self::Given(url) => url.clone(),
        }
    }
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| match std::env::var("MAITRED_TEST_POSTGRES") {
    Ok(url) if !url.is_empty() => Some(Server::Given(url)),
    _ => Cluster::new().map(|cluster| Server::Own(Box::new(cluster))),
});

/// True when tests may not be passed over for want of a server.
fn required() -> bool {
    ["CI", "MAITRED_TEST_POSTGRES_REQUIRED"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Says loudly that a test does not run, or fails where that may not be.
pub fn missing() {
    assert!(!required(), "no PostgreSQL: install it, or name a server in `MAITRED_TEST_POSTGRES`");
    eprintln!(
        "\n*** PostgreSQL was NOT tested: no initdb here, and `MAITRED_TEST_POSTGRES` is not set ***\n"
    );
}

/// A database of one's own, empty; dropped at the end.
pub struct Database {
    name: String,
    url: String,
    admin: String,
}

impl Database {
    /// A new database on the process' server. `None` when there is no server, which was said by [`missing`] then.
    ///
    /// # Panics
    /// When there is no server and one is required, or when the database cannot be made.
    pub fn new() -> Option<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let Some(server) = &*SERVER else {
            missing();
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("maitred_test_{}_{number}", std::process::id());
        let admin = server.admin();
        run(&admin, &format!("CREATE DATABASE {name}")).expect("a database");
        Some(Self { url: server.url(&name), name, admin })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements on it, as somebody who is not maitred; rows as text.
    ///
    /// # Panics
    /// When a statement fails.
    pub fn run(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        run(&self.url, sql).expect("the statement runs")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that is gone has no databases to drop.
        drop(run(&self.admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)));
    }
}

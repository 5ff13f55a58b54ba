//! maitred under test: its demo data, the HTTP server, and the command line for stdio.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use maitred_testkit_postgres::Database;

use super::board::Board;
use super::process::{must, start, wait};

const BOOT: Duration = Duration::from_secs(30);
const SHUTDOWN: Duration = Duration::from_secs(10);

/// The demo organisation, once for HTTP and once for stdio.
///
/// Two data directories, so that what one transport does is not seen by the other.
pub struct Demo {
    maitred: PathBuf,
    work: PathBuf,
    stdio: Data,
    http: Data,
    server: Option<Server>,
}

struct Data {
    dir: PathBuf,
    /// Where the organisations are, if not in `dir`; kept until the run is over.
    database: Option<Database>,
    key: String,
    /// What `maitred demo --json` printed: everybody's keys.
    said: serde_json::Value,
}

impl Data {
    /// The arguments of maitred that name it.
    fn place(&self) -> Vec<String> {
        place(&self.dir, self.database.as_ref())
    }
}

fn place(dir: &Path, database: Option<&Database>) -> Vec<String> {
    let mut args = vec!["--data".to_owned(), dir.display().to_string()];
    args.extend(
        database.into_iter().flat_map(|database| ["--database-url", database.url()].map(str::to_owned)),
    );
    args
}

impl Demo {
    /// Makes both data directories under `work`, each with a database of its own on PostgreSQL where `postgres` says so.
    ///
    /// # Errors
    /// `maitred demo` fails or does not print its object, or there is no PostgreSQL.
    pub fn new(maitred: &Path, work: &Path, postgres: bool) -> Result<Self> {
        let make = |name: &str| -> Result<Data> {
            let dir = work.join(format!("data-{name}"));
            let database = postgres.then(|| Database::new().context("find PostgreSQL")).transpose()?;
            let place = place(&dir, database.as_ref());
            let mut demo = Command::new(maitred);
            demo.args(["demo", "--no-serve", "--json"]).args(&place).current_dir(work);
            let said =
                must(&mut demo, &work.join("servers"), &format!("demo-{name}"), Duration::from_secs(120))?;
            let object: serde_json::Value =
                serde_json::from_str(&said).context("read what `demo --json` printed")?;
            let key = object["keys"]["sales"].as_str().context("`demo --json` has no `keys.sales`")?;
            // Behind an open door a wrong key still gets a stranger's menu; here it has to be refused.
            let org = object["org"].as_str().context("`demo --json` has no `org`")?;
            let mut door = Command::new(maitred);
            door.args(["org", "door", org, "closed"]).args(&place).current_dir(work);
            must(&mut door, &work.join("servers"), &format!("door-{name}"), Duration::from_secs(30))?;
            Ok(Data { key: key.to_owned(), dir, database, said: object })
        };
        Ok(Self {
            stdio: make("stdio")?,
            http: make("http")?,
            maitred: maitred.to_owned(),
            work: work.to_owned(),
            server: None,
        })
    }

    /// Starts the HTTP server; a failure is a failed check and leaves [`Demo::http`] empty.
    pub fn start_http(&mut self, board: &mut Board) {
        match self.boot() {
            Ok((server, took)) => {
                board.check(true, "maitred", "http", "start", &format!("{} ms", took.as_millis()));
                self.server = Some(server);
            }
            Err(error) => {
                board.fail("maitred", "http", "start", &format!("{error:#}"));
                board.show(&self.work.join("servers/http.err"));
            }
        }
    }

    fn boot(&self) -> Result<(Server, Duration)> {
        let listen = free_address()?;
        let mut serve = Command::new(&self.maitred);
        serve
            .args(["serve", "--transport", "http", "--listen", &listen.to_string()])
            .args(self.http.place())
            .current_dir(&self.work);
        let started = Instant::now();
        let mut server = Server::start(&mut serve, &self.work.join("servers"), "http", listen)?;
        server.until(live)?;
        Ok((server, started.elapsed()))
    }

    /// Ends the HTTP server by SIGTERM, which has to lead to exit 0.
    pub fn stop_http(&mut self, board: &mut Board) {
        let Some(server) = self.server.take() else { return };
        let err = server.err.clone();
        match server.terminate() {
            Ok(took) => {
                board.check(true, "maitred", "http", "stop on SIGTERM", &format!("{} ms", took.as_millis()))
            }
            Err(error) => {
                board.fail("maitred", "http", "stop on SIGTERM", &format!("{error:#}"));
                board.show(&err);
            }
        }
    }

    /// Endpoint and key over HTTP, when the server is up.
    pub fn http(&self) -> Option<(String, &str)> {
        let server = self.server.as_ref()?;
        Some((format!("http://{}/mcp", server.address), &self.http.key))
    }

    /// Keys of the roles and the channel, and the contact that the channel vouches for, on the data of one transport.
    pub fn parties(&self, transport: &str) -> serde_json::Value {
        let said = if transport == "stdio" { &self.stdio.said } else { &self.http.said };
        let mut keys = said["keys"].clone();
        keys["channel"] = said["channel_key"].clone();
        serde_json::json!({"keys": keys, "contact": said["contact_id"]})
    }

    /// File with what the HTTP server wrote to standard error.
    pub fn http_log(&self) -> PathBuf {
        self.work.join("servers/http.err")
    }

    /// The command line that serves stdio, recorded in `records`.
    pub fn stdio(&self, python: &Path, recorder: &Path, records: &Path) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let mut line =
            vec![text(python), text(recorder), text(records), "--".to_owned(), text(&self.maitred)];
        line.extend(["serve", "--transport", "stdio"].map(str::to_owned));
        line.extend(self.stdio.place());
        line
    }

    /// The key for `MAITRED_KEY` over stdio.
    pub fn stdio_key(&self) -> &str {
        &self.stdio.key
    }
}

/// A listening child process, killed when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    err: PathBuf,
}

impl Server {
    /// Starts a server that was told to listen at `address`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(command: &mut Command, logs: &Path, name: &str, address: SocketAddr) -> Result<Self> {
        let (child, _, err) = start(command, logs, name)?;
        Ok(Self { child, address, err })
    }

    /// Waits until `up` holds.
    ///
    /// # Errors
    /// The process ends before, or half a minute passes.
    pub fn until(&mut self, up: impl Fn(SocketAddr) -> bool) -> Result<()> {
        let deadline = Instant::now() + BOOT;
        while !up(self.address) {
            if let Some(status) = self.child.try_wait().context("watch the server")? {
                bail!("the server ended with {status} before it was up");
            }
            ensure!(Instant::now() < deadline, "not up after {} s", BOOT.as_secs());
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn terminate(mut self) -> Result<Duration> {
        let started = Instant::now();
        let pid = self.child.id().to_string();
        // The standard library can only kill outright.
        let sent = Command::new("kill").args(["-TERM", &pid]).status().context("run `kill`")?;
        ensure!(sent.success(), "`kill` failed");
        match wait(&mut self.child, SHUTDOWN)? {
            Some(Some(0)) => Ok(started.elapsed()),
            Some(Some(code)) => bail!("exit {code}"),
            Some(None) => bail!("died of the signal instead of shutting down"),
            None => bail!("still running after {} s", SHUTDOWN.as_secs()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address nobody listens at right now.
///
/// # Errors
/// The loopback interface has no free port.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?;
    listener.local_addr().context("find a free port")
}

fn live(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        Ok(said)
    };
    ask().is_ok_and(|said| said.starts_with("HTTP/1.1 200"))
}

//! Who comes in and who does not, over real database files. Two processes are two sets of engines on the same files.

mod identity;
mod keys;
mod rights;
mod secrets;
mod sessions;
mod store;
mod tokens;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use maitred_core::caller::{Caller, ClaimedIdentity, Policy};
use maitred_core::clock::{FixedClock, RandomIds};
use maitred_core::door::Door as _;
use maitred_core::mcp::{Credentials, Refusal, Transport};
use maitred_core::mode::{CallerKind, Mode, ModeSet};
use maitred_store::sqlite::{SqliteEngine, SqliteOptions};
use tempfile::TempDir;

use crate::{Directory, DirectoryDoor, DirectoryParts, DoorSettings, Holder, KeySpec, Secrets};
use store::{HOUSE, House};

const MORNING: i64 = 1_772_355_600;

struct Town {
    files: TempDir,
    clock: Arc<FixedClock>,
}

/// One process: engines, directory and door of its own.
struct Process {
    directory: Arc<Directory>,
    door: DirectoryDoor,
}

fn at(unix: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(unix).unwrap()
}

impl Town {
    /// An organisation `acme` with members and contacts, its door as said.
    fn new(door_open: bool) -> (Self, Process) {
        let town =
            Self { files: tempfile::tempdir().unwrap(), clock: Arc::new(FixedClock::new(at(MORNING))) };
        let process = town.process();
        process.directory.create_org("acme", "Acme", door_open).unwrap();
        store::settle(&process, "acme");
        (town, process)
    }

    fn path(&self) -> &Path {
        self.files.path()
    }

    fn process(&self) -> Process {
        self.process_with(DoorSettings::default())
    }

    fn process_with(&self, settings: DoorSettings) -> Process {
        let options = || SqliteOptions { report_threads: 1, ..SqliteOptions::default() };
        let directory = Directory::open(DirectoryParts {
            own: Arc::new(SqliteEngine::new(self.path(), options()).unwrap()),
            orgs: Arc::new(SqliteEngine::new(&self.path().join("orgs"), options()).unwrap()),
            org_migrations: HOUSE.to_vec(),
            secrets: Secrets::load_or_create(self.path()).unwrap(),
            clock: Arc::clone(&self.clock) as _,
            ids: Arc::new(RandomIds::default()),
        });
        let directory = Arc::new(directory.unwrap());
        let door = DirectoryDoor::new(Arc::clone(&directory), Arc::new(House), settings);
        Process { directory, door }
    }

    fn pass(&self, seconds: i64) {
        use maitred_core::clock::Clock as _;
        self.clock.set(at(self.clock.now().as_second() + seconds));
    }
}

impl Process {
    fn mint(&self, spec: &KeySpec) -> String {
        self.directory.mint(spec, store::is_member).unwrap().token.expose().to_owned()
    }

    fn teammate_key(&self, member: &str) -> String {
        self.mint(&spec(member))
    }

    fn admit(&self, bearer: Option<&str>) -> Result<Arc<Caller>, Refusal> {
        self.door.admit(&Credentials {
            bearer,
            address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
            transport: Transport::Http,
        })
    }

    fn identify(&self, caller: &Arc<Caller>, json: &str) -> Result<Arc<Caller>, Refusal> {
        self.door.identify(caller, ClaimedIdentity(json))
    }
}

fn spec(member: &str) -> KeySpec {
    KeySpec {
        org: "acme".to_owned(),
        holder: Holder::Teammate(member.to_owned()),
        label: "laptop".to_owned(),
        modules: None,
        modes: None,
        read_only: false,
        policy: Policy::Direct,
        expires_at: None,
    }
}

fn channel_spec(channel: &str) -> KeySpec {
    KeySpec { holder: Holder::Channel(channel.to_owned()), label: "gateway".to_owned(), ..spec("") }
}

/// Asks until the answer is yes; says how long that took, and fails after a second.
fn within_a_second(mut happened: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < Duration::from_secs(1), "it did not happen within a second");
        std::thread::sleep(Duration::from_millis(10));
    }
    started.elapsed()
}

/// Holds what every stranger must look like: the smallest menu, whatever the reason.
fn assert_stranger(answer: Result<Arc<Caller>, Refusal>, reason: Option<&str>) {
    let caller = answer.unwrap_or_else(|refusal| panic!("refused with {refusal:?} instead of {reason:?}"));
    assert_eq!(caller.kind(), CallerKind::Stranger);
    assert_eq!(caller.rights, crate::roles::stranger());
    assert_eq!(caller.rights.modes(), ModeSet::of(&[Mode::ClientOnboard]));
    assert_eq!(caller.fallen, reason);
    assert!(caller.channel.is_none() && caller.module_keys.is_empty());
}

fn refusal(answer: Result<Arc<Caller>, Refusal>) -> Refusal {
    match answer {
        Ok(caller) => panic!("{} came in with {:?}", caller.principal, caller.rights),
        Err(refusal) => refusal,
    }
}

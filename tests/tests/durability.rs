//! Bad luck: power cuts, locks, full disks, read-only disks, damage. Nothing acknowledged is lost, nothing is half.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{BINARY, Client, House, Server, text_of};

fn note(client: &mut Client, person: &str, summary: &str) -> Option<Value> {
    client.try_call("crm_activity_log", json!({"kind": "note", "about": [person], "summary": summary}))
}

fn done(answer: &Option<Value>) -> bool {
    answer.as_ref().is_some_and(|answer| answer.get("result").is_some() && !text_of(answer).1)
}

/// Writes from `workers` callers until `enough` are acknowledged, then runs `accident` and answers what was
/// acknowledged and what was attempted.
fn busy(
    house: &House,
    servers: &[&Server],
    workers: usize,
    enough: usize,
    accident: impl FnOnce(),
) -> (BTreeSet<String>, BTreeSet<String>) {
    let answered = AtomicUsize::new(0);
    let (key, person) = (house.org().key("sales"), &house.org().contacts[0]);
    let addresses: Vec<_> = servers.iter().map(|server| server.address).collect();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let results: Vec<(Vec<String>, Vec<String>)> = thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker| {
                let (address, answered, stop) = (addresses[worker % addresses.len()], &answered, &stop);
                scope.spawn(move || {
                    let mut client = Client::new(address, Some(key));
                    client.initialize();
                    let (mut acknowledged, mut tried) = (Vec::new(), Vec::new());
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let summary = format!("w{worker:02} n{number:05}");
                        tried.push(summary.clone());
                        let answer = note(&mut client, person, &summary);
                        if answer.is_none() {
                            break;
                        }
                        if done(&answer) {
                            acknowledged.push(summary);
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    (acknowledged, tried)
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < enough {
            assert!(running.iter().any(|worker| !worker.is_finished()), "every writer gave up");
            thread::sleep(Duration::from_millis(1));
        }
        accident();
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let (acknowledged, tried): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    (acknowledged.concat().into_iter().collect(), tried.concat().into_iter().collect())
}

/// Every activity has its link, its lines in the change log and in the audit trail: none is half.
fn assert_whole(house: &House) {
    let db = rusqlite::Connection::open(house.database("acme")).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    let activities = count("SELECT COUNT(*) FROM activity");
    assert_eq!(count("SELECT COUNT(*) FROM activity_link"), activities, "each with its link");
    let missing = "SELECT COUNT(*) FROM activity a WHERE NOT EXISTS \
                   (SELECT 1 FROM change_log c WHERE c.entity_id = a.id)";
    assert_eq!(count(missing), 0, "each in the change log");
}

fn assert_survived(house: &House, acknowledged: &BTreeSet<String>, tried: &BTreeSet<String>) {
    let all = house.summaries("acme");
    let stored: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(stored.len(), all.len(), "nothing is there twice");
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let invented: Vec<&String> = stored.difference(tried).collect();
    assert!(invented.is_empty(), "never asked for: {invented:?}");
    assert_whole(house);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let house = House::new();
    let (mut acknowledged, mut tried) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..3 {
        let server = Server::start_with(&house.data(), &["--writes-per-second", "100000"]);
        let pid = rustix::process::Pid::from_raw(i32::try_from(server.child.id()).unwrap()).unwrap();
        let (now_acknowledged, now_tried) = busy(&house, &[&server], 8, 60, || {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        });
        drop(server);
        // Summaries repeat from round to round: what was there before is told apart by renaming.
        let db = rusqlite::Connection::open(house.database("acme")).unwrap();
        let prefix = format!("r{round} ");
        db.execute("UPDATE activity SET summary = ?1 || summary WHERE summary LIKE 'w%'", [&prefix]).unwrap();
        drop(db);
        acknowledged.extend(now_acknowledged.into_iter().map(|summary| format!("{prefix}{summary}")));
        tried.extend(now_tried.into_iter().map(|summary| format!("{prefix}{summary}")));
        assert_survived(&house, &acknowledged, &tried);
    }
    let server = Server::start(&house.data());
    let mut client = server.session(Some(house.org().key("sales")));
    assert!(done(&note(&mut client, &house.org().contacts[0], "and on it goes")));
}

#[test]
fn two_servers_share_one_directory() {
    let house = House::new();
    let servers = [Server::start(&house.data()), Server::start(&house.data())];
    let (acknowledged, tried) = busy(&house, &[&servers[0], &servers[1]], 6, 80, || {});
    assert_survived(&house, &acknowledged, &tried);
    // What one wrote the other reads.
    let (key, person) = (house.org().key("sales"), &house.org().contacts[1]);
    assert!(done(&note(&mut servers[0].session(Some(key)), person, "from next door")));
    let seen = servers[1]
        .session(Some(key))
        .call("crm_contact_get", json!({"contact": person, "include": ["activities"]}));
    assert!(seen.to_string().contains("from next door"), "{seen}");
    for server in servers {
        assert!(server.stop().success());
    }
}

#[test]
fn a_lock_held_by_another_process_is_waited_for_or_named() {
    let house = House::new();
    let server = Server::start(&house.data());
    let (key, person) = (house.org().key("sales"), &house.org().contacts[0]);
    let mut client = server.session(Some(key));
    let db = rusqlite::Connection::open(house.database("acme")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = note(&mut client, person, "while it is locked").unwrap();
    let (text, failed) = text_of(&answer);
    assert!(failed, "{text}");
    assert_eq!(text["error"]["category"], "infrastructure", "{text}");
    assert_eq!(text["error"]["code"], "storage_busy", "{text}");
    assert_eq!(text["error"]["retryable"], true, "{text}");
    let read = client.call("crm_contact_get", json!({"contact": person}));
    assert!(!text_of(&read).1, "reads do not wait for a writer: {read}");
    db.execute_batch("ROLLBACK").unwrap();
    assert!(done(&note(&mut client, person, "when it is free")));
    assert_eq!(house.summaries("acme"), ["when it is free"]);
}

/// A file system of its own that is as small as it needs to be, where this machine lets one be mounted.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path, kilobytes: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={kilobytes}k");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output().ok()?;
        mounted.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server may still be ending.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn copy(from: &Path, to: &Path) -> u64 {
    fs::create_dir_all(to).unwrap();
    let mut bytes = 0;
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        bytes += if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else {
            fs::copy(entry.path(), target).unwrap()
        };
    }
    bytes
}

/// Fills what is left and makes sure that every answer is true. The server is at `data` and cannot grow for ever.
fn fill(house: &House, server: &Server, codes: &[&str]) -> BTreeSet<String> {
    let (key, person) = (house.org().key("sales"), &house.org().contacts[0]);
    let mut client = server.session(Some(key));
    let (mut stored, mut refusals) = (BTreeSet::new(), 0);
    for number in 0..3_000 {
        let summary = format!("n{number:05} {}", "x".repeat(3_000));
        let answer = note(&mut client, person, &summary).expect("the server lives");
        let (text, failed) = text_of(&answer);
        if failed {
            assert_eq!(text["error"]["category"], "infrastructure", "{text}");
            assert!(codes.contains(&text["error"]["code"].as_str().unwrap()), "{text}");
            refusals += 1;
            if refusals == 5 {
                break;
            }
        } else {
            stored.insert(summary);
        }
    }
    assert_eq!(refusals, 5, "the disk was never full");
    assert!(!stored.is_empty(), "the disk was full from the beginning");
    let read = client.call("crm_contact_get", json!({"contact": person}));
    assert!(!text_of(&read).1, "a full disk can be read: {read}");
    stored
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let house = House::new();
    let small = house.beside("small");
    let bytes = copy(&house.data(), &house.beside("probe"));
    let kilobytes = u32::try_from(bytes / 1024).unwrap() + 3_072;
    let Some(disk) = SmallDisk::mount(&small, kilobytes) else {
        // Nothing may be mounted here: the limit on file sizes, below, stands for it.
        return;
    };
    let data = small.join("data");
    copy(&house.data(), &data);
    let server = Server::start_with(&data, &["--writes-per-second", "100000"]);
    let stored = fill(&house, &server, &["storage_full"]);
    server.kill();
    // With room again everything that was acknowledged is there.
    let rescued = house.beside("rescued");
    copy(&data, &rescued);
    drop(disk);
    assert_stored(&rescued, &stored);
}

#[test]
fn a_limit_on_file_sizes_is_named_and_loses_nothing() {
    let house = House::new();
    // Without the trap the signal that comes with the limit would end the process: no more than a kill.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\"", BINARY]);
    let server = Server::boot(&mut shell, &house.data(), &["--writes-per-second", "100000"])
        .unwrap_or_else(|log| panic!("the server did not start:\n{log}"));
    let stored = fill(&house, &server, &["storage_full", "storage_unavailable"]);
    server.kill();
    assert_stored(&house.data(), &stored);
}

fn assert_stored(data: &Path, stored: &BTreeSet<String>) {
    let db = rusqlite::Connection::open(data.join("orgs/acme.sqlite")).unwrap();
    let mut statement = db.prepare("SELECT summary FROM activity").unwrap();
    let found: BTreeSet<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let lost = stored.difference(&found).count();
    assert_eq!(lost, 0, "acknowledged and lost");
    assert_eq!(db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}

fn set_modes(path: &Path, directory: u32, file: u32) {
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            set_modes(&entry.path(), directory, file);
        } else {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(file)).unwrap();
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(directory)).unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_starts_no_server() {
    let house = House::new();
    let data = house.data();
    set_modes(&data, 0o555, 0o444);
    // For root no file is read-only: then as nobody, with a copy of the program that nobody can reach.
    let mut command = if rustix::process::geteuid().is_root() {
        let program = house.beside("maitred");
        fs::copy(BINARY, &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(data.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(program);
        command.uid(65_534).gid(65_534);
        command
    } else {
        Command::new(BINARY)
    };
    let started = Server::boot(&mut command, &data, &[]);
    set_modes(&data, 0o755, 0o644);
    let log = started.err().expect("a server that cannot write does not start");
    assert!(log.contains("data"), "it says where: {log}");
    assert!(house.summaries("acme").is_empty());
}

#[test]
fn a_damaged_database_starts_no_server() {
    let house = House::new();
    let path = house.database("acme");
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&[0x5a; 4096]).unwrap();
    drop(file);
    let mut command = Command::new(BINARY);
    let log = Server::boot(&mut command, &house.data(), &[]).err().expect("no server over a damaged file");
    assert!(log.contains("acme"), "it names the organisation: {log}");
}

#[test]
fn a_directory_of_something_else_starts_no_server() {
    let house = House::new();
    let data = house.beside("other");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("directory.sqlite"), "this is no database, however one looks at it").unwrap();
    let mut command = Command::new(BINARY);
    let log = Server::boot(&mut command, &data, &[]).err().expect("no server over no database");
    assert!(log.contains("directory"), "{log}");
    assert_eq!(
        fs::read_to_string(data.join("directory.sqlite")).unwrap(),
        "this is no database, however one looks at it",
        "what was there is still there"
    );
}

//! The generator against the references, each in a process of its own. What is asserted is that every answer is
//! right and counted, never how quick it was.

// Helpers beside the tests unwrap as the tests do; the lint's exemption covers the test functions only.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use maitred_bench::client::{self, Client};
use maitred_bench::load::{self, Outcome, Plan, Request, Session};
use maitred_bench::process::{self, Server};
use maitred_bench::stdio_load::{Driver, Program};
use maitred_bench::{calls, fixture};
use serde_json::{Value, json};

const HARNESS: &str = env!("CARGO_BIN_EXE_maitred-bench");

struct Fixture {
    directory: tempfile::TempDir,
}

impl Fixture {
    fn new(contacts: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // By a process that ends: threads of this one would still put the database in order while it is copied.
        let made = Command::new(HARNESS)
            .args(["fixture", "--contacts", &contacts.to_string(), "--data"])
            .arg(directory.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { directory }
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn database(&self) -> String {
        self.data().join(fixture::DATABASE).to_str().unwrap().to_owned()
    }
}

fn reference(args: &[&str]) -> Server {
    Server::start_reference(Path::new(HARNESS), args).unwrap()
}

fn stand_in(data: &Path) -> Server {
    let address = process::free_address().unwrap();
    let mut command = Command::new(HARNESS);
    command.args(["serve", "--listen", &address.to_string(), "--data"]).arg(data);
    Server::start(command, address, &data.with_extension("log")).unwrap()
}

fn plan(server: &Server, requests: Vec<Request>) -> Plan {
    Plan {
        address: server.address,
        path: "/mcp".into(),
        key: Some("k".into()),
        session: Session::Pretend,
        connections: 8,
        threads: 2,
        warm_up: Duration::from_millis(20),
        duration: Duration::from_millis(150),
        requests,
        heavy: Vec::new(),
        heavy_connections: 0,
    }
}

fn gets(contacts: usize) -> Vec<Request> {
    (0..contacts)
        .map(|number| {
            let id = fixture::contact_id(number);
            let body = calls::call(number as u64, calls::CONTACT_GET, &calls::contact_get(&id));
            Request { body, expect: id }
        })
        .collect()
}

fn all_right(outcome: &Outcome) {
    assert_eq!((outcome.errors, outcome.first_error.as_deref()), (0, None));
    assert!(outcome.requests > 0);
    assert!(outcome.p50_us <= outcome.p99_us && outcome.p99_us <= outcome.max_us);
}

#[test]
fn bare_hyper_answers_its_constant_whatever_its_size() {
    for size in ["0", "1", "100000"] {
        let server = reference(&["hyper-const", "--size", size]);
        let body = "x".repeat(70_000);
        let expect = " ".repeat(size.parse().unwrap());
        all_right(&load::run(plan(&server, vec![Request { body, expect }])).unwrap());
    }
}

#[test]
fn wrong_answers_are_counted_and_the_first_is_kept() {
    let server = reference(&["hyper-const", "--size", "10"]);
    let request = Request { body: "{}".into(), expect: "result".into() };
    let outcome = load::run(plan(&server, vec![request])).unwrap();
    assert_eq!(outcome.requests, 0);
    assert!(outcome.errors > 0);
    assert!(outcome.first_error.unwrap().contains("status 200"));
}

#[test]
fn a_refusal_of_a_tool_is_a_wrong_answer() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("body");
    std::fs::write(&file, "{\"result\":{\"isError\":true}}").unwrap();
    let server = reference(&["hyper-const", "--file", file.to_str().unwrap()]);
    let request = Request { body: "{}".into(), expect: "result".into() };
    let outcome = load::run(plan(&server, vec![request])).unwrap();
    assert_eq!(outcome.requests, 0);
    assert!(outcome.errors > 0);
}

#[test]
fn a_server_that_goes_away_is_errors_not_a_hang() {
    let server = reference(&["hyper-const", "--size", "10"]);
    let mut plan = plan(&server, vec![Request { body: "{}".into(), expect: " ".into() }]);
    plan.duration = Duration::from_millis(400);
    let running = std::thread::spawn(move || load::run(plan).unwrap());
    std::thread::sleep(Duration::from_millis(150));
    drop(server);
    assert!(running.join().unwrap().errors >= 8);
}

#[test]
fn nobody_listening_is_an_error_before_the_start() {
    let mut plan = plan(&reference(&["hyper-const", "--size", "1"]), vec![]);
    plan.requests = gets(1);
    plan.address = process::free_address().unwrap();
    assert!(load::run(plan).unwrap_err().to_string().contains("connecting"));
}

#[test]
fn the_hand_written_handler_gets_and_searches() {
    let fixture = Fixture::new(400);
    let server = reference(&["hand", "--database", &fixture.database()]);
    all_right(&load::run(plan(&server, gets(200))).unwrap());

    let mut client = Client::connect(server.address, "/mcp", None).unwrap();
    let contact = client.call(calls::CONTACT_GET, &calls::contact_get(&fixture::contact_id(3))).unwrap();
    assert_eq!(contact["name"], "Dario Dohle");
    assert_eq!(contact["companies"][0]["company"]["name"], "Birke & Partner 1");
    assert_eq!(contact["companies"][0]["primary"], true);
    assert_eq!(contact["last_contacted_at"], "2026-01-01T08:00:00.000Z");
    assert!(contact.get("until").is_none());

    let found = client.call(calls::CONTACT_SEARCH, &calls::contact_search("ada")).unwrap();
    let rows = found["contacts"].as_array().unwrap();
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row["name"].as_str().unwrap().starts_with("Ada ")));
    assert!(rows.iter().all(|row| row["company"]["name"].is_string() && row["role"] == "buyer"));
    assert!(found["next_cursor"].is_string());

    assert!(client.call(calls::CONTACT_GET, &calls::contact_get("nobody")).is_err());
    assert!(client.call("unknown", &json!({})).is_err());
}

#[test]
fn a_database_with_other_tables_starts_no_reference() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("other.db");
    std::fs::write(&file, b"").unwrap();
    for kind in ["hand", "write-each"] {
        let args = [kind, "--database", file.to_str().unwrap()];
        let error = Server::start_reference(Path::new(HARNESS), &args).unwrap_err();
        assert!(error.to_string().contains("no such table"), "{error}");
    }
}

#[test]
fn each_acknowledged_write_is_in_the_database() {
    let fixture = Fixture::new(10);
    let server = reference(&["write-each", "--database", &fixture.database()]);
    let requests = (0..10)
        .map(|number| Request {
            body: calls::call(
                number as u64,
                calls::ACTIVITY_LOG,
                &calls::activity_log(&fixture::contact_id(number), number),
            ),
            expect: "note".into(),
        })
        .collect();
    let outcome = load::run(Plan { warm_up: Duration::ZERO, ..plan(&server, requests) }).unwrap();
    all_right(&outcome);
    drop(server);
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    for table in ["activity WHERE kind = 'note'", "audit", "change_log"] {
        let count: i64 =
            connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(count >= outcome.requests as i64, "{table}: {count} of {}", outcome.requests);
    }
}

#[test]
fn scans_run_beside_keyed_reads_and_are_counted_apart() {
    let fixture = Fixture::new(60);
    let server = stand_in(&fixture.data());
    let mut plan = plan(&server, gets(60));
    plan.session = Session::Open;
    let body = calls::call(1, calls::HEAVY, &calls::heavy());
    plan.heavy = vec![Request { body, expect: "pairs".into() }];
    plan.heavy_connections = 2;
    let outcome = load::run(plan).unwrap();
    all_right(&outcome);
    assert!(outcome.heavy_requests > 0);
}

#[test]
fn the_stdio_loop_answers_one_at_a_time_and_pipelined() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("result.json");
    std::fs::write(&file, "{\n  \"content\": []\n}").unwrap();
    let args = ["hand-stdio", "--tool", calls::WHOAMI, "--answer", file.to_str().unwrap()];
    let program = Program {
        path: HARNESS.into(),
        args: args.iter().map(std::ffi::OsString::from).collect(),
        env: Vec::new(),
    };
    let mut driver = Driver::start(&program).unwrap();
    let request = calls::call(7, calls::WHOAMI, &json!({}));
    assert_eq!(driver.ask(&request).unwrap(), "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[]}}");
    let listed: Value = serde_json::from_str(&driver.ask(&calls::list(8)).unwrap()).unwrap();
    assert_eq!(listed["result"]["tools"][0]["name"], calls::WHOAMI);
    let right = Request { body: request.clone(), expect: "\"id\":7,".into() };
    // Counts below, at and above what is in flight, and none of its multiples.
    for count in [1, 63, 64, 65, 1_000] {
        assert!(driver.pipelined(&right, count).unwrap() > 0.0);
    }
    assert!(driver.sequential(&right, 100).unwrap() > 0.0);
    assert_eq!(driver.growth(&right, 500).unwrap().calls, 500);
    // Nothing of the above was left unread.
    assert!(driver.ask(&calls::list(9)).unwrap().contains("\"id\":9,"));
    let wrong = Request { body: request, expect: "other".into() };
    assert!(driver.sequential(&wrong, 1).unwrap_err().to_string().contains("was answered with"));
}

#[test]
fn sessions_are_opened_and_weighed() {
    let fixture = Fixture::new(1);
    let server = stand_in(&fixture.data());
    let output = Command::new(HARNESS)
        .args(["sessions", "--count", "50", "--pid", &server.pid().to_string()])
        .args(["--address", &server.address.to_string()])
        .output()
        .unwrap();
    let cost: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(cost["sessions"], 50);
    assert!(cost["after"]["rss"].as_u64().unwrap() > 0);
    let answer = Client::connect(server.address, "/mcp", None).unwrap().post(&calls::initialize()).unwrap();
    assert!(answer.session.is_some());
    assert_eq!(client::result_of(&answer).unwrap()["protocolVersion"], calls::PROTOCOL);
}

#[test]
fn a_whole_run_against_the_stand_in_measures_everything_and_leaves_the_data_alone() {
    let fixture = Fixture::new(450);
    let before = std::fs::read(fixture.database()).unwrap();
    let output = Command::new(HARNESS)
        .args(["run", "--maitred", HARNESS, "--key", "k", "--json", "--only"])
        .args(["memory,whoami,list,get,search,scans,writes", "--rounds", "1", "--seconds", "0.1"])
        .args(["--warm-up", "0.01", "--connections", "4", "--sessions", "20", "--data"])
        .arg(fixture.data())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 12, "{report:#}");
    for row in rows {
        assert!(row["maitred"].is_number(), "{row:#}");
    }
    assert_eq!(rows.last().unwrap()["maitred"], 0.0, "{report:#}");
    // Whether the machine is left alone by its host is not for this test to say.
    let disturbed = |warning: &&Value| !warning.as_str().unwrap().contains("the machine's host took");
    let warnings: Vec<_> = report["warnings"].as_array().unwrap().iter().filter(disturbed).collect();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(std::fs::read(fixture.database()).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(fixture.directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn check_fails_when_something_cannot_be_measured() {
    let fixture = Fixture::new(1);
    let empty = fixture.directory.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    // Without data the stand-in does not start; the run says so and is no success.
    let output = Command::new(HARNESS)
        .args(["run", "--maitred", HARNESS, "--key", "k", "--check", "--only", "stdio", "--data"])
        .arg(&empty)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("MISSED") && table.contains("not measured"), "{table}");
}

//! The product with its databases on a PostgreSQL server: several nodes are one, and a server that goes away is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use maitred_testkit_postgres::{Cluster, Database, missing};

use crate::machine::{Served, fails, json, maitred, ok, organisation, posted};

/// A second is promised; a machine that runs other tests as well may take longer to look.
const SOON: Duration = Duration::from_secs(5);

/// A machine of its own, whose `maitred.toml` names the database; answers its data directory.
fn node(place: &Path, url: &str) -> PathBuf {
    fs::write(place.join("maitred.toml"), format!("database-url = \"{url}\"\n")).unwrap();
    place.join("data")
}

/// Another machine, with the secret of the first.
fn beside(place: &Path, url: &str, first: &Path) -> PathBuf {
    let data = node(place, url);
    fs::create_dir(&data).unwrap();
    fs::copy(first.join("secret.key"), data.join("secret.key")).unwrap();
    data
}

fn until(what: &str, patience: Duration, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < patience, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nodes_on_one_database_are_one_server() {
    let Some(database) = Database::new() else { return };
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let data = node(places[0].path(), database.url());
    let key = organisation(&data);
    assert!(!data.join("orgs").exists() && !data.join("directory.sqlite").exists());
    let other = beside(places[1].path(), database.url(), &data);
    let [one, two] = [Served::start(&data, &[]), Served::start(&other, &[])];

    let session = one.open(&key);
    let (status, body) = two.call_in(&key, &session, "crm_contact_search");
    assert!(status == 200 && body.contains("contacts"), "{body}");
    assert_eq!(two.end(&key, &session), 204);
    until("a session that was ended elsewhere lives on", SOON, || {
        one.call_in(&key, &session, "account_whoami").0 == 404
    });

    ok(&other, &["key", "revoke", &key]);
    for served in [&one, &two] {
        until("a revoked key still opens", SOON, || served.knock(&key).0 == 401);
    }
    assert_eq!(json(&other, &["org", "list"])[0]["slug"], "acme");

    // A third machine makes a secret of its own, which is not theirs.
    let stranger = node(places[2].path(), database.url());
    fs::create_dir(&stranger).unwrap();
    let said = fails(maitred(&stranger).args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(said.contains("is not the secret that this data was made with"), "{said}");
    let said = fails(maitred(&data).args(["restore", "--all", "copy"]));
    assert!(said.contains("pg_restore"), "{said}");
}

#[test]
fn a_database_server_that_goes_away_is_named_and_welcome_back() {
    let Some(cluster) = Cluster::new() else { return missing() };
    let place = tempfile::tempdir().unwrap();
    let data = node(place.path(), &cluster.url("postgres"));
    let key = organisation(&data);
    let served = Served::start(&data, &[]);
    let session = served.open(&key);
    assert!(served.call_in(&key, &session, "crm_contact_search").1.contains("contacts"));

    cluster.stop();
    until("nobody notices", SOON, || {
        let (status, body) = served.call_in(&key, &session, "crm_contact_search");
        status == 503 || body.contains("\"category\\\":\\\"network")
    });
    until("/health stays green", Duration::from_secs(20), || served.get("/health").0 == 503);
    let said = fails(maitred(&data).args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(said.contains("cannot use the database server"), "{said}");

    cluster.start();
    until("/health stays red", Duration::from_secs(20), || served.get("/health").0 == 200);
    assert!(served.call_in(&key, &session, "crm_contact_search").1.contains("contacts"));
}

#[test]
fn a_changed_menu_reaches_the_node_that_holds_the_stream() {
    let Some(database) = Database::new() else { return };
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let data = node(places[0].path(), database.url());
    let key = organisation(&data);
    let [one, two] =
        [Served::start(&data, &[]), Served::start(&beside(places[1].path(), database.url(), &data), &[])];
    let session = one.open(&key);
    let lines = two.listen(&key, &session);
    ok(&data, &["member", "set-roles", "ada@acme.example", "--org", "acme", "--role", "service"]);
    until("nobody says that the menu has changed", Duration::from_secs(10), || {
        lines.recv_timeout(Duration::from_secs(10)).unwrap().contains("notifications/tools/list_changed")
    });
    assert!(!one.call_in(&key, &session, "crm_deal_search").1.contains("deals"), "sales' tools are gone");
}

#[test]
fn an_organisation_moves_to_the_server_and_back_even_after_an_interruption() {
    let Some(database) = Database::new() else { return };
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (data, back) = (places[0].path().join("data"), places[1].path().join("data"));
    let shown = json(&data, &["demo", "--no-serve", "--data", data.to_str().unwrap()]);
    let (org, key) = (shown["org"].as_str().unwrap(), shown["keys"]["sales"].as_str().unwrap());
    let copy = ["org", "copy", org, "--to", database.url(), "--from", data.to_str().unwrap()];
    // Cut short at moments that are early, in the middle, or too late.
    for millis in [30, 200, 500] {
        let mut cut = maitred(&data).args(copy).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        cut.kill().unwrap();
        cut.wait().unwrap();
    }
    let on_server = maitred(&data).args(["org", "list", "--database-url", database.url()]).output().unwrap();
    if !String::from_utf8_lossy(&on_server.stdout).contains(org) {
        assert!(ok(&data, &copy).contains("rows in"));
    }
    let said = fails(maitred(&data).args(copy));
    assert!(said.contains("there is an organisation"), "{said}");
    ok(&data, &["org", "copy", org, "--from", database.url(), "--to", back.to_str().unwrap()]);
    let server = ["--database-url", database.url()];
    for (tool, arguments) in [
        ("crm_pipeline_report", "{}"),
        ("crm_contact_search", "{\"q\":\"ma\"}"),
        ("account_menu_explain", "{}"),
    ] {
        let call = ["call", tool, arguments, "--key", key];
        let here = ok(&data, &call);
        assert_eq!(here, ok(&data, &[&call[..], &server].concat()), "{tool} on the server");
        assert_eq!(here, ok(&back, &call), "{tool} back in files");
    }
    assert!(ok(&back, &["audit", "verify", "--org", org]).contains("whole"));
}

/// Callers who do not give up, against nodes in turn.
struct Script<'s> {
    nodes: &'s [String],
    key: &'s str,
    session: &'s str,
    turn: AtomicUsize,
}

impl Script<'_> {
    /// Calls until some node has answered what is no failure of the network; answers the body.
    fn call(&self, name: &str, arguments: &str, once: &str) -> String {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments},"_meta":{{"idempotencyKey":"{once}"}}}}}}"#
        );
        let session = format!("mcp-session-id: {}\r\n", self.session);
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(120), "`{once}` never got an answer");
            let node = &self.nodes[self.turn.fetch_add(1, Ordering::Relaxed) % self.nodes.len()];
            match posted(node, self.key, &session, &body) {
                Ok((200, _, body)) if !body.contains("\"isError\":true") => return body,
                Ok((_, _, body)) if body.contains("\\\"category\\\":\\\"validation") => panic!("{body}"),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

const CALLERS: usize = 6;
const WRITES: usize = 40;

/// Lets callers write through all nodes while `bad_luck` happens; it is given a way to wait until so many writes were
/// acknowledged. Then everything acknowledged must be in the database, once, and nothing else.
fn nothing_is_lost(
    nodes: &[String],
    key: &str,
    session: &str,
    bad_luck: impl FnOnce(&dyn Fn(usize)),
    url: &str,
) {
    let script = Script { nodes, key, session, turn: AtomicUsize::new(0) };
    let acknowledged = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (script, acknowledged) = (&script, &acknowledged);
            scope.spawn(move || {
                for number in 0..WRITES {
                    let name = format!("Company {caller} {number}");
                    let arguments = format!(
                        r#"{{"name":"{name}","country":"FR","domain":"c{caller}n{number}.example"}}"#
                    );
                    script.call("crm_company_create", &arguments, &name);
                    acknowledged.lock().unwrap().push(name);
                    if number % 4 == 0 {
                        script.call("crm_company_search", "{\"q\":\"company\"}", "");
                    }
                }
            });
        }
        bad_luck(&|count| {
            until("the callers stand still", Duration::from_secs(100), || {
                acknowledged.lock().unwrap().len() >= count
            });
        });
    });
    let mut wanted = acknowledged.into_inner().unwrap();
    wanted.sort();
    assert_eq!(wanted.len(), CALLERS * WRITES);
    let rows = maitred_testkit_postgres::run(url, "SELECT name FROM m_acme.company").unwrap();
    let mut stored: Vec<String> = rows.into_iter().filter_map(|mut row| row.remove(0)).collect();
    stored.sort();
    assert_eq!(stored, wanted);
}

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_when_a_node_and_the_database_fall() {
    let Some(cluster) = Cluster::new() else { return missing() };
    let url = cluster.url("postgres");
    let places: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let data = node(places[0].path(), &url);
    let key = organisation(&data);
    let mut nodes = vec![Served::start(&data, &[])];
    nodes.extend(places[1..].iter().map(|place| Served::start(&beside(place.path(), &url, &data), &[])));
    let addresses: Vec<String> = nodes.iter().map(|node| node.address.clone()).collect();
    let session = nodes[0].open(&key);
    let bad_luck = |wait_for: &dyn Fn(usize)| {
        wait_for(CALLERS * WRITES / 4);
        nodes[1].kill();
        wait_for(CALLERS * WRITES / 2);
        cluster.stop();
        std::thread::sleep(Duration::from_millis(500));
        cluster.start();
    };
    nothing_is_lost(&addresses, &key, &session, bad_luck, &url);
    assert!(ok(&data, &["audit", "verify", "--org", "acme"]).contains("whole"));
}

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_when_the_standby_takes_over_in_mid_write() {
    let Some(first) = Cluster::new() else { return missing() };
    let second = first.standby();
    let url = first.url_of_either(&second, "postgres");
    let places = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let data = node(places[0].path(), &url);
    let key = organisation(&data);
    let nodes = [Served::start(&data, &[]), Served::start(&beside(places[1].path(), &url, &data), &[])];
    let addresses: Vec<String> = nodes.iter().map(|node| node.address.clone()).collect();
    let session = nodes[0].open(&key);
    let bad_luck = |wait_for: &dyn Fn(usize)| {
        wait_for(CALLERS * WRITES / 3);
        first.crash();
        second.promote();
        // The new server would wait for a standby of its own.
        for sql in ["ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"] {
            maitred_testkit_postgres::run(&second.url("postgres"), sql).unwrap();
        }
    };
    nothing_is_lost(&addresses, &key, &session, bad_luck, &second.url("postgres"));
    assert!(ok(&data, &["audit", "verify", "--org", "acme"]).contains("whole"));
}

#[test]
fn a_role_without_rights_is_told_what_to_ask_for_and_needs_no_more_than_that() {
    let Some(cluster) = Cluster::new() else { return missing() };
    let admin = |database: &str, sql: &str| {
        maitred_testkit_postgres::run(&cluster.url(database), sql).unwrap();
    };
    for sql in [
        "CREATE ROLE keeper LOGIN",
        "CREATE ROLE server LOGIN",
        "CREATE DATABASE house OWNER keeper",
        "REVOKE ALL ON DATABASE house FROM PUBLIC",
        "CREATE DATABASE neighbour",
        "REVOKE ALL ON DATABASE neighbour FROM PUBLIC",
    ] {
        admin("postgres", sql);
    }
    let url = |role: &str, database: &str| {
        let url = cluster.url(database);
        let (_, place) = url.rsplit_once('@').unwrap();
        format!("postgres://{role}@{place}")
    };
    let place = tempfile::tempdir().unwrap();
    let data = node(place.path(), &url("keeper", "house"));
    let key = organisation(&data);
    let server = url("server", "house");
    let serve = |url: &str| {
        let mut command = maitred(&data);
        command.args(["serve", "--listen", "127.0.0.1:0", "--database-url", url]);
        command
    };
    assert!(fails(&mut serve(&server)).contains("permission denied for database"));
    admin("house", "GRANT CONNECT ON DATABASE house TO server");
    let said = fails(&mut serve(&server));
    assert!(said.contains("GRANT USAGE ON SCHEMA \"maitred_directory\" TO \"server\""), "{said}");
    for schema in ["maitred_directory", "m_acme"] {
        admin("house", &format!("GRANT USAGE ON SCHEMA {schema} TO server"));
        admin(
            "house",
            &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO server"),
        );
    }
    let served = Served::start(&data, &["--database-url", &server]);
    assert!(served.call(&key, "crm_contact_search").contains("contacts"));
    let company = ["call", "crm_company_create", r#"{"name": "Berg", "country": "FR"}"#, "--key", &key];
    assert!(ok(&data, &[&company[..], &["--database-url", &server]].concat()).contains("Berg"));
    // What it was not given it cannot do: make organisations, or look at the neighbours.
    let said = fails(maitred(&data).args(["org", "create", "x", "--name", "X", "--database-url", &server]));
    assert!(said.contains("GRANT CREATE ON DATABASE \"house\" TO \"server\""), "{said}");
    assert!(maitred_testkit_postgres::run(&url("server", "neighbour"), "SELECT 1").is_err());
}

#[test]
fn tables_of_a_newer_release_are_left_alone() {
    let Some(database) = Database::new() else { return };
    let place = tempfile::tempdir().unwrap();
    let data = node(place.path(), database.url());
    organisation(&data);
    database.run("INSERT INTO m_acme.migration (domain, number, name, at) VALUES ('crm', 999, 'later', 'x')");
    let said = fails(maitred(&data).args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(said.contains("the tables of `crm` are at version 999, this binary knows"), "{said}");
}

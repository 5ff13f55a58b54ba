//! The product with its databases on a PostgreSQL server: several nodes are one, and a server that goes away is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use maitred_testkit_postgres::{Cluster, Database, missing};

use crate::machine::{Served, fails, json, maitred, ok, organisation};

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

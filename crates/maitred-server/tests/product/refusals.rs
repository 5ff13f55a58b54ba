//! What the binary refuses to start with, each in a sentence that says why.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::machine::{fails, maitred, ok, organisation};

fn serve(data: &Path) -> std::process::Command {
    let mut command = maitred(data);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command
}

#[test]
fn an_address_beyond_loopback_without_host_names() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let said = fails(maitred(&data).args(["serve", "--listen", "0.0.0.0:0"]));
    assert!(said.contains("not a loopback address") && said.contains("--allowed-host"), "{said}");
    assert!(!data.exists(), "nothing is made before it is refused");
}

#[test]
fn a_port_that_is_taken() {
    let place = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let said = fails(maitred(&place.path().join("data")).args(["serve", "--listen", &address]));
    assert!(said.contains(&address) && said.contains("another program listens there"), "{said}");
}

#[test]
fn a_secret_that_is_damaged_open_or_no_secret() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    organisation(&data);
    let secret = data.join("secret.key");
    let good = fs::read(&secret).unwrap();
    fs::write(&secret, &good[..31]).unwrap();
    assert!(fails(&mut serve(&data)).contains("has not exactly 32 bytes"));
    for typed in [[0_u8; 32], *b"change-me-change-me-change-me-00"] {
        fs::write(&secret, typed).unwrap();
        let said = fails(&mut serve(&data));
        assert!(said.contains("was not made by chance"), "{said}");
    }
    fs::write(&secret, &good).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(fails(&mut serve(&data)).contains("is open to everybody on this machine"));
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::remove_file(&secret).unwrap();
    fs::create_dir(&secret).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert!(fails(&mut serve(&data)).contains("cannot read"));
}

#[test]
fn a_secret_that_is_another_than_the_datas() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    organisation(&data);
    let secret = data.join("secret.key");
    let right = fs::read(&secret).unwrap();
    // Lost: the next start makes a new one, which is another.
    fs::remove_file(&secret).unwrap();
    for _ in 0..2 {
        let said = fails(&mut serve(&data));
        assert!(said.contains("is not the secret that this data was made with"), "{said}");
    }
    fs::write(&secret, right).unwrap();
    ok(&data, &["org", "list"]);
}

#[test]
fn a_database_that_is_damaged() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    organisation(&data);
    ok(&data, &["backup", "--all", place.path().join("copy").to_str().unwrap()]);
    let file = data.join("orgs/acme.sqlite");
    let _ = fs::remove_file(data.join("orgs/acme.sqlite-wal"));
    let mut bytes = fs::read(&file).unwrap();
    bytes[..100].fill(0x55);
    fs::write(&file, bytes).unwrap();
    let said = fails(&mut serve(&data));
    assert!(said.contains("acme") && said.contains("Corrupt"), "{said}");
    assert!(fails(maitred(&data).arg("doctor")).contains("checks failed"));
}

#[test]
fn a_database_that_a_newer_release_has_written() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    organisation(&data);
    let newer = maitred_store::Migration {
        domain: "party",
        number: 999,
        name: "of a later release",
        sql: "CREATE TABLE of_a_later_release (id TEXT NOT NULL)",
    };
    let engine = maitred_store::sqlite::SqliteEngine::new(&data.join("orgs"), Default::default()).unwrap();
    let all: Vec<_> = maitred_party::MIGRATIONS.iter().copied().chain([newer]).collect();
    drop(maitred_store::Engine::open(&engine, "acme", &all).unwrap());
    drop(engine);
    let said = fails(&mut serve(&data));
    assert!(said.contains("acme") && said.contains("version 999"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;

    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = serve(&data);
    if fs::write(data.join("probe"), b"").is_ok() {
        // Nothing is read-only to the superuser: the binary runs as nobody, from a place that nobody can reach.
        fs::remove_file(data.join("probe")).unwrap();
        const NOBODY: u32 = 65_534;
        let binary = place.path().join("maitred");
        fs::copy(env!("CARGO_BIN_EXE_maitred"), &binary).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        chown(&data, Some(NOBODY), None).unwrap();
        command = std::process::Command::new(binary);
        command.env_clear().current_dir(place.path()).uid(NOBODY);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    }
    let said = fails(&mut command);
    assert!(said.contains("cannot be written"), "{said}");
}

#[test]
fn a_data_directory_whose_files_are_being_replaced() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    organisation(&data);
    let held = fs::File::open(data.join(".in-use")).unwrap();
    held.lock().unwrap();
    assert!(fails(&mut serve(&data)).contains("maitred restore"));
    held.unlock().unwrap();
    held.lock_shared().unwrap();
    let copy = place.path().join("copy");
    ok(&data, &["backup", "--all", copy.to_str().unwrap()]);
    let said = fails(maitred(&data).args(["restore", "--org", "acme", "--replace", copy.to_str().unwrap()]));
    assert!(said.contains("stop it first"), "{said}");
}

#[test]
fn settings_that_nobody_understands() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    fs::write(place.path().join("maitred.toml"), "lisen = \"127.0.0.1:1\"\n").unwrap();
    let said = fails(&mut serve(&data));
    assert!(said.contains("maitred.toml") && said.contains("lisen"), "{said}");
    fs::remove_file(place.path().join("maitred.toml")).unwrap();
    #[cfg(feature = "sentry")]
    assert!(fails(serve(&data).args(["--sentry-dsn", "nowhere"])).contains("the Sentry DSN cannot be read"));
}

//! The file with the server's secret.

use std::fs;

use crate::Secrets;
use crate::secrets::FILE;

#[test]
fn it_is_made_once_and_kept() {
    let files = tempfile::tempdir().unwrap();
    let data = files.path().join("data");
    let first = Secrets::load_or_create(&data).unwrap();
    let again = Secrets::load_or_create(&data).unwrap();
    assert_eq!(first.session, again.session);
    assert_eq!(fs::read(data.join(FILE)).unwrap().len(), 32);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left behind");
    let other = Secrets::load_or_create(&files.path().join("other")).unwrap();
    assert_ne!(first.session, other.session);
}

#[test]
fn every_purpose_has_a_key_of_its_own() {
    let secrets = Secrets::from_master(&[7; 32]);
    let dispatch = secrets.for_dispatch();
    let keys = [secrets.key_hash, secrets.session, secrets.handle, dispatch.confirm, dispatch.audit, [7; 32]];
    for (position, key) in keys.iter().enumerate() {
        assert!(!keys[position + 1..].contains(key));
    }
    assert_eq!(secrets.audit(), &dispatch.audit);
}

#[test]
fn a_wrong_length_is_refused() {
    for length in [0, 31, 33, 4096] {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join(FILE);
        fs::write(&path, vec![1; length]).unwrap();
        close(&path, 0o600);
        let error = Secrets::load_or_create(files.path()).unwrap_err().to_string();
        assert!(error.contains("not exactly 32 bytes"), "{error}");
        assert_eq!(fs::read(&path).unwrap().len(), length, "it is left as it was");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_open_to_everybody_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = tempfile::tempdir().unwrap();
    Secrets::load_or_create(files.path()).unwrap();
    let path = files.path().join(FILE);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    close(&path, 0o644);
    let error = Secrets::load_or_create(files.path()).unwrap_err().to_string();
    assert!(error.contains("open to everybody"), "{error}");
    close(&path, 0o600);
    assert!(Secrets::load_or_create(files.path()).is_ok());
}

#[cfg(unix)]
fn close(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn close(_: &std::path::Path, _: u32) {}

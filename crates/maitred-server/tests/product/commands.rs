//! The commands, as an operator and a script use them.

use std::fs;

use crate::machine::{fails, json, maitred, ok, organisation};

#[test]
fn operators_leave_their_line_in_the_audit_trail() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    organisation(&data);
    ok(&data, &["member", "set-roles", "--org", "acme", "ada@acme.example", "--role", "sales,viewer"]);
    let lines = json(&data, &["audit", "show"]);
    let tools: Vec<_> = lines.as_array().unwrap().iter().map(|line| line["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, ["member add", "member set-roles"]);
    assert_eq!(lines[1]["actor_kind"], "operator");
    assert_eq!(lines[1]["changes"], 1);
    // The same roles once more change nothing and are no line.
    ok(&data, &["member", "set-roles", "--org", "acme", "ada@acme.example", "--role", "sales,viewer"]);
    assert_eq!(json(&data, &["audit", "verify"])[0]["lines"], 2);
    assert_eq!(json(&data, &["audit", "show", "--tool", "member add"]).as_array().unwrap().len(), 1);
    assert_eq!(json(&data, &["audit", "show", "--since", "2999-01-01"]).as_array().unwrap().len(), 0);
}

#[test]
fn members_and_roles_are_checked() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    organisation(&data);
    let again =
        ["member", "add", "--org", "acme", "--name", "A", "--email", "ADA@acme.example", "--role", "owner"];
    assert!(fails(maitred(&data).args(again)).contains("has the address"));
    let output = maitred(&data)
        .args([
            "member",
            "add",
            "--org",
            "acme",
            "--name",
            "A",
            "--email",
            "b@acme.example",
            "--role",
            "boss",
        ])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("there is no role `boss`; the roles are owner")
    );
    assert_eq!(json(&data, &["member", "list", "--org", "acme"]).as_array().unwrap().len(), 1);
}

#[test]
fn keys_are_narrowed_listed_rotated_and_revoked() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let key = organisation(&data);
    let listed = json(&data, &["key", "list"]);
    assert!(!listed.to_string().contains(&key), "a list shows no key");
    assert_eq!(listed[0]["holder_name"], "ada@acme.example");
    assert!(
        !listed[0]["modules"].as_array().unwrap().is_empty(),
        "the modules of the build are named, so that later ones add nothing"
    );
    let call = |key: &str| {
        maitred(&data).args(["call", "crm_contact_search", "--key", key]).output().unwrap().status.success()
    };
    assert!(call(&key));
    let prefix = listed[0]["prefix"].as_str().unwrap();
    let rotated = json(&data, &["key", "rotate", prefix])["key"].as_str().unwrap().to_owned();
    assert!(!call(&key) && call(&rotated));
    ok(&data, &["key", "revoke", &rotated]);
    assert!(!call(&rotated));
    let narrow = [
        "key",
        "mint",
        "--org",
        "acme",
        "--member",
        "ada@acme.example",
        "--label",
        "r",
        "--read-only",
        "--expires",
        "1h",
        "--policy",
        "preview-first",
    ];
    let narrow = json(&data, &narrow);
    assert_eq!((&narrow["read_only"], &narrow["policy"]), (&true.into(), &"preview-first".into()));
    let menu = json(&data, &["menu", "--key", narrow["key"].as_str().unwrap()]);
    assert!(menu["tools"].as_array().unwrap().iter().all(|tool| tool["writes"] == false));
    assert_eq!(menu["count"], narrow["tools"]);
}

#[test]
fn a_write_is_previewed_confirmed_and_told_in_json() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let key = organisation(&data);
    let output =
        maitred(&data).args(["call", "crm_contact_get", r#"{"contact":"nobody"}"#, "--key", &key]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let refusal: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(refusal["error"]["code"], "not_found");
    assert!(fails(maitred(&data).args(["call", "crm_nothing", "--key", &key])).contains("unknown tool"));
    assert!(
        fails(maitred(&data).args(["call", "crm_contact_get", "[1]", "--key", &key]))
            .contains("no JSON object")
    );
    assert!(
        fails(maitred(&data).args(["call", "crm_contact_get", "--key", "mk_x"])).contains("opens nothing")
    );
}

#[test]
fn copies_come_back() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let key = organisation(&data);
    let copy = place.path().join("copy");
    let copied = copy.to_str().unwrap();
    ok(&data, &["backup", "--all", copied]);
    assert!(!copy.join("secret.key").exists(), "the secret is copied only when asked for");
    assert!(fails(maitred(&data).args(["backup", "--all", copied])).contains("exists already"));
    ok(
        &data,
        &["member", "add", "--org", "acme", "--name", "B", "--email", "b@acme.example", "--role", "viewer"],
    );
    let members = || json(&data, &["member", "list", "--org", "acme"]).as_array().unwrap().len();
    assert_eq!(members(), 2);
    assert!(fails(maitred(&data).args(["restore", "--org", "acme", copied])).contains("--replace"));
    let restored = json(&data, &["restore", "--org", "acme", "--replace", copied]);
    assert_eq!(members(), 1);
    assert!(fs::exists(restored["replaced_kept_as"].as_str().unwrap()).unwrap());
    assert!(json(&data, &["doctor"])["well"].as_bool().unwrap());

    let other = place.path().join("other");
    let said = fails(maitred(&other).args(["restore", "--all", copied]));
    assert!(said.contains("has the secret"), "{said}");
    fs::copy(data.join("secret.key"), other.join("secret.key")).unwrap();
    ok(&other, &["restore", "--all", copied]);
    assert!(ok(&other, &["call", "crm_contact_search", "--key", &key]).contains("contacts"));

    fs::write(copy.join("orgs/acme.sqlite"), b"SQLite format 3\0 and no more").unwrap();
    let said = fails(maitred(&data).args(["restore", "--org", "acme", "--replace", copied]));
    assert!(said.contains("nothing was restored"), "{said}");
    assert_eq!(members(), 1);
}

#[test]
fn every_command_teaches_with_an_example() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let commands: &[&[&str]] = &[
        &["serve"],
        &["org", "create"],
        &["org", "list"],
        &["org", "door"],
        &["member", "add"],
        &["member", "set-roles"],
        &["member", "list"],
        &["key", "mint"],
        &["key", "rotate"],
        &["key", "revoke"],
        &["key", "list"],
        &["channel", "create"],
        &["channel", "rotate"],
        &["channel", "list"],
        &["menu"],
        &["call"],
        &["doctor"],
        &["backup"],
        &["restore"],
        &["audit", "show"],
        &["audit", "verify"],
        &["client-config"],
        &["completions"],
    ];
    for command in commands {
        let args: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = ok(&data, &args);
        assert!(help.contains("Example") && help.contains("maitred "), "{command:?}: {help}");
    }
    assert!(ok(&data, &["completions", "bash"]).contains("maitred"));
    assert!(!data.exists(), "reading makes nothing");
    assert!(fails(maitred(&data).args(["org", "list"])).contains("there is no data directory"));
    assert!(!data.exists());
}

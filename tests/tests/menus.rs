//! Who sees what: the menu is what can be called, and nothing that is taken away ever adds to it.

use expect_test::expect_file;
use maitred_core::mode::{Mode, ModeSet, Module, Rights};
use serde_json::{Value, json};
use xtask::codegen::registry;
use xtask::surface::profiles;

use crate::support::{House, Server, TEAM};

#[test]
fn every_role_has_its_menu() {
    let registry = registry().unwrap();
    let mut out = String::new();
    for profile in profiles() {
        let menu = registry.menu(&profile.rights);
        out.push_str(&format!("{} - {} tools\n", profile.name, menu.tools().len()));
        for tool in menu.tools() {
            out.push_str(&format!("  {}\n", tool.entry.name));
        }
    }
    expect_file!["../data/menus.txt"].assert_eq(&out);
}

/// Over the wire, for every caller and every tool there is: what is listed answers as a tool, what is not answers byte
/// for byte like a name that nobody ever gave.
#[test]
fn what_is_listed_is_what_can_be_called() {
    let house = House::new();
    let server = Server::start_with(&house.data(), &["--calls-per-second", "100000"]);
    let org = house.org();
    let all: Vec<&str> = registry().unwrap().tools().iter().map(|tool| tool.entry.name).collect();
    let mut callers: Vec<(String, Option<String>, Option<String>)> =
        TEAM.iter().map(|role| ((*role).to_owned(), Some(org.key(role).to_owned()), None)).collect();
    callers.push(("stranger".to_owned(), None, None));
    callers.push(("channel without a contact".to_owned(), Some(org.channel_key.clone()), None));
    callers.push(("client".to_owned(), Some(org.channel_key.clone()), Some(org.contacts[0].clone())));
    for (who, key, contact) in callers {
        let mut client = server.session(key.as_deref());
        let meta = contact.map(|contact| json!({"_identity": {"contact": contact}}));
        let mut ask = |method: &str, mut params: Value| {
            if let Some(meta) = &meta {
                params["_meta"] = meta.clone();
            }
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
            let reply = client.post(&body);
            (reply.body.clone(), reply.answer(1))
        };
        let (mut listed, mut page) = (Vec::new(), json!({}));
        loop {
            let (_, list) = ask("tools/list", page);
            let tools = list["result"]["tools"].as_array().unwrap();
            listed.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
            match list["result"].get("nextCursor") {
                Some(cursor) => page = json!({"cursor": cursor}),
                None => break,
            }
        }
        let call = |name: &str| json!({"name": name, "arguments": {}});
        assert!(
            !listed.is_empty() || all.iter().all(|name| !name.starts_with("account_")),
            "{who} sees nothing"
        );
        let mut strict = all.clone();
        strict.retain(|name| !listed.iter().any(|known| known == name));
        for name in &listed {
            let (_, answer) = ask("tools/call", call(name));
            assert!(answer.get("result").is_some(), "{who}: {name} is listed and answers {answer}");
        }
        for name in strict {
            // A name of the same length that no tool has.
            let other: String = "x".repeat(name.len());
            let (hidden, answer) = ask("tools/call", call(name));
            let (unknown, _) = ask("tools/call", call(&other));
            assert_eq!(hidden, unknown.replace(&other, name), "{who}: {name}");
            assert_eq!(answer["error"]["code"], -32602, "{who}: {name}: {answer}");
        }
    }
}

#[test]
fn taking_a_right_away_never_adds_a_tool() {
    let registry = registry().unwrap();
    let names = |rights: &Rights| -> Vec<&str> {
        registry.menu(rights).tools().iter().map(|tool| tool.entry.name).collect()
    };
    for profile in profiles() {
        let before = names(&profile.rights);
        let mut narrowed: Vec<(String, Rights)> = vec![
            ("read only".to_owned(), profile.rights.read_only()),
            ("no admin".to_owned(), profile.rights.without_admin()),
            ("nothing".to_owned(), profile.rights.only_modules(&[])),
        ];
        for module in Module::ALL {
            narrowed.push((format!("only {module}"), profile.rights.only_modules(&[*module])));
        }
        for bits in 0..1_u32 << Mode::ALL.len() {
            let modes: Vec<Mode> =
                Mode::ALL.iter().copied().filter(|mode| bits & (1 << *mode as u32) != 0).collect();
            let rights = profile.rights.only_modes(ModeSet::of(&modes));
            narrowed.push((format!("modes {modes:?}"), rights));
            narrowed.push((format!("modes {modes:?}, read only"), rights.read_only()));
        }
        for (how, rights) in narrowed {
            let after = names(&rights);
            let added: Vec<&&str> = after.iter().filter(|name| !before.contains(name)).collect();
            assert!(added.is_empty(), "{}, {how}: adds {added:?}", profile.name);
        }
        assert!(names(&profile.rights.only_modules(&[])).is_empty());
        let writes = registry.menu(&profile.rights.read_only());
        assert!(writes.tools().iter().all(|tool| tool.entry.effect.read), "{}", profile.name);
    }
}

//! Standard input and output: every line is the protocol's, whatever happens, and the process ends when it should.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{House, Stdio, text_of};

/// Every line that came is one valid JSON-RPC message (or a batch of them).
fn assert_clean(stdio: &Stdio) {
    assert!(!stdio.seen.is_empty());
    for line in &stdio.seen {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let messages = match value {
            Value::Array(messages) => messages,
            message => vec![message],
        };
        for message in messages {
            assert_eq!(message["jsonrpc"], "2.0", "{line}");
            let kinds =
                ["method", "result", "error"].iter().filter(|kind| message.get(**kind).is_some()).count();
            assert_eq!(kinds, 1, "{line}");
        }
    }
}

#[test]
fn every_line_is_the_protocols_even_when_everything_is_logged() {
    let house = House::new();
    let env = [("RUST_LOG", "trace"), ("MAITRED_LOG", "trace"), ("RUST_BACKTRACE", "1")];
    let mut stdio = Stdio::start_with(&house.data(), Some(house.org().key("sales")), &env);
    stdio.initialize();
    let person = house.org().contacts[0].clone();
    for _ in 0..20 {
        let (text, failed) = text_of(&stdio.call("crm_contact_get", json!({"contact": person})));
        assert!(!failed, "{text}");
    }
    let logged = stdio
        .call("crm_activity_log", json!({"kind": "call", "about": [person], "summary": "a\nb\u{2028}c"}));
    assert!(!text_of(&logged).1, "{logged}");
    for bad in ["", "   ", "{", "[]", "null", "\u{fffd}", "[1,2]", "{\"jsonrpc\":\"2.0\"}", "\t{}\r"] {
        stdio.send(bad);
    }
    stdio.send_bytes(b"\xff\xfe{\"jsonrpc\"\n");
    stdio.call("no_such_tool", json!({}));
    assert!(text_of(&stdio.call("crm_contact_get", json!({"contact": "nobody@nowhere.example"}))).1);
    assert_eq!(stdio.ask("ping", json!({}))["result"], json!({}));
    assert!(stdio.close().success());
    assert_clean(&stdio);
    assert!(stdio.log.lock().unwrap().contains("DEBUG"), "there was something to keep off standard output");
}

#[test]
fn the_end_of_input_ends_the_process_after_the_last_answer() {
    let house = House::new();
    let mut stdio = Stdio::start(&house.data(), Some(house.org().key("sales")));
    stdio.initialize();
    let person = &house.org().contacts[0];
    for number in 0..50 {
        let call = json!({"jsonrpc": "2.0", "id": format!("w{number}"), "method": "tools/call", "params": {
            "name": "crm_activity_log",
            "arguments": {"kind": "note", "about": [person], "summary": format!("last words {number:02}")},
        }});
        stdio.send(&call.to_string());
    }
    let started = Instant::now();
    assert!(stdio.close().success());
    assert!(started.elapsed() < Duration::from_secs(30));
    for number in 0..50 {
        let id = format!("\"w{number}\"");
        assert_eq!(stdio.seen.iter().filter(|line| line.contains(&id)).count(), 1, "{id} is answered once");
    }
    assert_eq!(house.summaries("acme").len(), 50);
    assert_clean(&stdio);
}

#[test]
fn a_signal_ends_the_process_in_order() {
    let house = House::new();
    let mut stdio = Stdio::start(&house.data(), Some(house.org().key("sales")));
    stdio.initialize();
    assert!(stdio.stop().success(), "{}", stdio.log.lock().unwrap());
    assert_clean(&stdio);
}

#[test]
fn without_a_key_the_menu_is_a_strangers() {
    let house = House::new();
    for key in [None, Some("mk_nobody_0000"), Some("")] {
        let mut stdio = Stdio::start(&house.data(), key);
        let answer = stdio.initialize();
        if answer.get("error").is_some() {
            continue;
        }
        let list = stdio.ask("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().unwrap();
        assert!(tools.iter().all(|tool| !tool["name"].as_str().unwrap().starts_with("crm_")), "{list}");
        let call = stdio.call("crm_contact_search", json!({}));
        assert_eq!(call["error"]["code"], -32602, "{call}");
    }
}

#[test]
fn two_servers_start_at_once_on_one_directory() {
    let house = House::new();
    let mut both: Vec<Stdio> =
        (0..2).map(|_| Stdio::start(&house.data(), Some(house.org().key("sales")))).collect();
    for stdio in &mut both {
        let answer = stdio.initialize();
        assert_eq!(answer["result"]["protocolVersion"], "2025-03-26", "{answer}");
    }
    for stdio in &mut both {
        let found = stdio.call("crm_contact_get", json!({"contact": house.org().contacts[1]}));
        assert!(!text_of(&found).1, "{found}");
        assert!(stdio.close().success());
    }
}

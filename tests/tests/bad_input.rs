//! Everything a request can be but right: refused with words, in the right category, and nothing is done.

use serde_json::{Value, json};

use crate::support::{Client, House, Reply, Server, text_of};

fn quiet(house: &House) {
    assert!(house.summaries("acme").is_empty(), "something was written");
}

fn post(client: &mut Client, body: &[u8]) -> Reply {
    let headers = client.headers();
    client.request("POST", "/mcp", &headers, body)
}

#[test]
fn bodies_that_are_no_request() {
    let house = House::new();
    let server = Server::start(&house.data());
    let mut client = server.session(Some(house.org().key("sales")));
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}1{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("truncated", br#"{"jsonrpc":"2.0","id":1,"method":"tools/li"#.to_vec()),
        ("no JSON", b"hello".to_vec()),
        ("no object", b"17".to_vec()),
        ("empty batch", b"[]".to_vec()),
        ("deep", deep.into_bytes()),
        (
            "Latin-1",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"x\":\"\xe9\"}}".to_vec(),
        ),
        (
            "UTF-16",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        ("NUL", b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\0ng\"}".to_vec()),
        ("key twice", br#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#.to_vec()),
        (
            "key in another case",
            br#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/list"}"#.to_vec(),
        ),
        ("half a surrogate", br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\ud800"}}"#.to_vec()),
        (
            "two values",
            br#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}"#.to_vec(),
        ),
        ("id null", br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.to_vec()),
        ("wrong version", br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#.to_vec()),
        ("method no string", br#"{"jsonrpc":"2.0","id":1,"method":1}"#.to_vec()),
    ];
    for (what, body) in bad {
        let reply = post(&mut client, &body);
        assert!((200..500).contains(&reply.status), "{what}: {} {}", reply.status, reply.body);
        let message = reply.messages().into_iter().next().unwrap_or_else(|| panic!("{what}: {}", reply.body));
        let code = message["error"]["code"].as_i64();
        assert!(matches!(code, Some(-32700 | -32600)), "{what}: {message}");
        assert!(message.get("result").is_none(), "{what}: {message}");
    }
    // The connection and the session are as good as before.
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    quiet(&house);
}

#[test]
fn bodies_that_are_too_much() {
    let house = House::new();
    let server = Server::start(&house.data());
    let key = Some(house.org().key("sales"));
    let mut client = server.session(key);
    let large =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "x".repeat(5 << 20));
    assert_eq!(post(&mut client, large.as_bytes()).status, 413);
    let batch: Vec<Value> =
        (0..5_000).map(|id| json!({"jsonrpc": "2.0", "id": id, "method": "ping"})).collect();
    let mut client = server.session(key);
    let reply = post(&mut client, json!(batch).to_string().as_bytes());
    let message = reply.messages().into_iter().next().unwrap();
    assert!(message["error"]["code"].is_i64(), "a batch too long: {message}");
    let mut client = server.session(key);
    let long = client.call(
        "crm_activity_log",
        json!({"kind": "note", "about": [house.org().contacts[0]], "summary": "x".repeat(100_000)}),
    );
    assert_eq!(text_of(&long).0["error"]["category"], "validation", "{long}");
    quiet(&house);
}

#[test]
fn calls_that_fit_no_tool() {
    let house = House::new();
    let server = Server::start(&house.data());
    let mut client = server.session(Some(house.org().key("sales")));
    let person = &house.org().contacts[0];
    for params in [
        json!({"name": "no_such_tool", "arguments": {}}),
        json!({"name": "", "arguments": {}}),
        json!({"name": "CRM_CONTACT_GET", "arguments": {"contact": person}}),
        json!({"name": 7}),
        json!({"arguments": {}}),
        json!({"name": "crm_contact_get", "arguments": [person]}),
        json!({"name": "crm_contact_get", "arguments": "text"}),
        json!([1, 2]),
    ] {
        let answer = client.ask("tools/call", params.clone());
        assert!(matches!(answer["error"]["code"].as_i64(), Some(-32602 | -32600)), "{params}: {answer}");
    }
    for (arguments, code, field) in [
        (json!({}), "missing", "contact"),
        (json!({"contact": null}), "missing", "contact"),
        (json!({"contact": true}), "invalid", "contact"),
        (json!({"contact": {}}), "invalid", "contact"),
        (json!({"contact": ["a"]}), "invalid", "contact"),
        (json!({"contact": ""}), "", "contact"),
        (json!({"contact": person, "who": 1}), "unknown_field", "who"),
        (json!({"contact": person, "include": ["everything"]}), "invalid", "include"),
        (json!({"contact": person, "fields": ["shoe_size"]}), "unknown_field", "fields"),
        (json!({"contact": person, "dry_run": true}), "unknown_field", "dry_run"),
    ] {
        let (text, failed) = text_of(&client.call("crm_contact_get", arguments.clone()));
        assert!(failed, "{arguments}: {text}");
        assert_eq!(text["error"]["category"], "validation", "{arguments}: {text}");
        let said = text["error"]["code"].as_str().unwrap();
        assert!(code.is_empty() || said == code, "{arguments}: {text}");
        let named = text["error"]["field"].as_str().unwrap_or_default();
        assert!(named.starts_with(field), "{arguments}: {text}");
    }
    // What models do write and what can only mean one thing is taken.
    for arguments in [
        json!({"contact": person, "include": null}),
        json!({"contact": person, "include": "consents"}),
        json!({"contact": format!(" {person} ")}),
    ] {
        let (text, failed) = text_of(&client.call("crm_contact_get", arguments.clone()));
        assert!(!failed, "{arguments}: {text}");
    }
    quiet(&house);
}

#[test]
fn writes_that_are_not_meant_so() {
    let house = House::new();
    let server = Server::start(&house.data());
    let mut client = server.session(Some(house.org().key("sales")));
    let person = &house.org().contacts[0];
    let note = |more: Value| {
        let mut arguments = json!({"kind": "note", "about": [person], "summary": "never written"});
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        arguments
    };
    for more in [
        json!({"dry_run": "yes"}),
        json!({"dry_run": 1}),
        json!({"confirm": ["x"]}),
        json!({"confirm": "x".repeat(500)}),
        json!({"kind": "telepathy"}),
        json!({"about": []}),
        json!({"about": {"id": 1}}),
        json!({"at": "yesterday"}),
        json!({"at": "2026-02-30T10:00:00Z"}),
        json!({"duration_min": -5}),
        json!({"duration_min": 1.5}),
        json!({"duration_min": 1e30}),
        json!({"tenant": "berg"}),
        json!({"next_todo": {"title": "x"}}),
        json!({"next_todo": {"title": "x", "due_at": "2099-01-01T00:00:00Z", "colour": "red"}}),
    ] {
        let answer = client.call("crm_activity_log", note(more.clone()));
        let (text, failed) = text_of(&answer);
        assert!(failed, "{more}: {text}");
        assert_eq!(text["error"]["category"], "validation", "{more}: {text}");
    }
    let (outdated, failed) =
        text_of(&client.call("crm_activity_log", note(json!({"confirm": "0".repeat(32)}))));
    assert!(failed && outdated["error"]["category"] == "domain", "a confirm nobody gave: {outdated}");
    let (preview, failed) = text_of(&client.call("crm_activity_log", note(json!({"dry_run": true}))));
    assert!(!failed && preview["dry_run"] == true, "{preview}");
    quiet(&house);
}

#[test]
fn foreign_hosts_and_origins() {
    let house = House::new();
    let server = Server::start(&house.data());
    let session = server.session(Some(house.org().key("sales")));
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "crm_activity_log",
        "arguments": {"kind": "note", "about": [house.org().contacts[0]], "summary": "from afar"}}})
    .to_string();
    let port = server.address.port();
    let with = |replace: &[(&str, String)], drop: &[&str]| {
        let mut client = server.client(session.key.as_deref());
        client.session.clone_from(&session.session);
        let mut headers = client.headers();
        headers.retain(|(name, _)| !drop.contains(&name.as_str()));
        headers.extend(replace.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        ["POST", "GET", "DELETE", "OPTIONS"].map(|method| {
            let body = if method == "POST" { call.as_bytes() } else { b"" };
            // A connection each: a refusal may close it.
            let mut client = server.client(None);
            client.request(method, "/mcp", &headers, body).status
        })
    };
    for host in ["evil.example", "evil.example:8808", "127.0.0.1.evil.example", "localhost.evil.example"] {
        assert_eq!(with(&[("Host", host.to_owned())], &["Host"]), [403; 4], "{host}");
    }
    assert_eq!(with(&[("Host", format!("127.0.0.1:{}", port.wrapping_add(1)))], &["Host"]), [403; 4]);
    for origin in [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", port.wrapping_add(1)),
        "http://127.0.0.1".to_owned(),
    ] {
        assert_eq!(with(&[("Origin", origin.clone())], &[]), [403; 4], "{origin}");
    }
    for statuses in [with(&[], &["Host"]), with(&[("Host", "evil.example".to_owned())], &[])] {
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "no Host, or two: {statuses:?}");
    }
    quiet(&house);
}

#[test]
fn keys_that_open_nothing() {
    let house = House::closed();
    let server = Server::start(&house.data());
    let good = house.org().key("sales");
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let wrong = [
        "mk_unknown".to_owned(),
        format!("{good}x"),
        good[..good.len() - 1].to_owned(),
        good.to_uppercase(),
        "::".to_owned(),
        format!("::{good}"),
    ];
    let mut answers = Vec::new();
    for key in &wrong {
        let reply = server.client(Some(key)).post(initialize);
        assert!((400..500).contains(&reply.status), "{key}: {} {}", reply.status, reply.body);
        assert!(!reply.body.contains(good), "{key}");
        answers.push((reply.status, reply.body.clone()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "every wrong key is answered alike: {answers:?}");
    let huge = server.client(Some(&"x".repeat(60_000))).post(initialize);
    assert!((400..500).contains(&huge.status), "{}", huge.status);
    let log = server.log.lock().unwrap().clone();
    // Behind the mark and the key's public part; it may itself hold underscores.
    let secret = good.splitn(3, '_').nth(2).unwrap();
    assert_eq!(secret.len(), 43, "the secret part of a key");
    assert!(!log.contains(secret), "no key is logged");
}

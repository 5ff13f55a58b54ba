//! Callers never see each other: not their answers, not their records, not their sessions.

use std::thread;

use serde_json::json;

use crate::support::{House, Server};

/// Calls of each caller.
const ROUNDS: usize = 160;

#[test]
fn sixty_four_callers_with_one_id_get_their_own_answers() {
    let house = House::with(&["acme", "berg"]);
    let server = Server::start_with(
        &house.data(),
        &["--calls-per-second", "100000", "--writes-per-second", "100000", "--in-flight", "1000"],
    );
    let (server, house) = (&server, &house);
    thread::scope(|scope| {
        for caller in 0..64 {
            scope.spawn(move || {
                let (own, foreign) = (&house.orgs()[caller % 2], &house.orgs()[(caller + 1) % 2]);
                let mut client = server.session(Some(own.key(["sales", "service", "owner"][caller % 3])));
                for round in 0..ROUNDS {
                    let (tool, arguments) = match round % 4 {
                        0 => ("crm_contact_get", json!({"contact": own.contacts[round % 3]})),
                        1 => ("crm_contact_search", json!({"q": own.canary})),
                        2 if round % 16 == 2 => {
                            let summary = format!("{} {caller} {round}", own.canary);
                            (
                                "crm_activity_log",
                                json!({"kind": "note", "about": [own.contacts[0]], "summary": summary}),
                            )
                        }
                        // Another organisation's id is nobody's here.
                        _ => ("crm_contact_get", json!({"contact": foreign.contacts[0]})),
                    };
                    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                                      "params": {"name": tool, "arguments": arguments}});
                    let reply = client.post(&call.to_string());
                    let mine: Vec<_> =
                        reply.messages().into_iter().filter(|message| message["id"] == 1).collect();
                    assert_eq!(mine.len(), 1, "{}", reply.body);
                    assert!(!reply.body.contains(&foreign.canary), "{tool}: {}", reply.body);
                    if arguments["contact"] == json!(foreign.contacts[0]) {
                        assert!(reply.body.contains("not_found"), "{}", reply.body);
                    } else {
                        let own_answer = reply.body.contains(&own.canary) || tool == "crm_activity_log";
                        assert!(own_answer && mine[0]["result"]["isError"] != true, "{}", reply.body);
                    }
                }
            });
        }
    });
}

#[test]
fn another_organisations_id_is_like_one_that_never_was() {
    let house = House::with(&["acme", "berg"]);
    let server = Server::start(&house.data());
    let (own, foreign) = (&house.orgs()[0], &house.orgs()[1]);
    let mut client = server.session(Some(own.key("owner")));
    let real = &foreign.contacts[0];
    // The same form, another end.
    let never: String = real.chars().rev().collect::<String>().replace('-', "");
    let never = format!(
        "{}-{}-7{}-8{}-{}",
        &never[..8],
        &never[8..12],
        &never[13..16],
        &never[17..20],
        &never[20..32]
    );
    for (tool, arguments) in [
        ("crm_contact_get", json!({"contact": "ID"})),
        ("crm_activity_log", json!({"kind": "note", "about": ["ID"], "summary": "s"})),
    ] {
        let mut ask = |id: &str| {
            let arguments = arguments.to_string().replace("ID", id);
            let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
            let answer = client.call(tool, arguments);
            answer["result"].to_string().replace(id, "ID")
        };
        assert_eq!(ask(real), ask(&never), "{tool}");
    }
}

#[test]
fn a_session_of_somebody_else_is_like_one_that_was_made_up() {
    let house = House::with(&["acme", "berg"]);
    let server = Server::start(&house.data());
    let victim = server.session(Some(house.orgs()[0].key("sales")));
    let stolen = victim.session.clone().unwrap();
    let mut made_up = stolen.clone();
    let last = made_up.pop().unwrap();
    made_up.push(if last == 'A' { 'B' } else { 'A' });
    let thieves = [
        Some(house.orgs()[0].key("owner")),
        Some(house.orgs()[1].key("sales")),
        Some(house.orgs()[0].key("service")),
        None,
    ];
    for thief in thieves {
        for method in ["POST", "GET", "DELETE"] {
            let ask = |session: &str| {
                let mut client = server.client(thief);
                client.session = Some(session.to_owned());
                let headers = client.headers();
                let body: &[u8] =
                    if method == "POST" { br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"# } else { b"" };
                let reply = client.request(method, "/mcp", &headers, body);
                (reply.status, reply.body)
            };
            let (stolen, made_up) = (ask(&stolen), ask(&made_up));
            assert_eq!(stolen, made_up, "{method}");
            assert_eq!(stolen.0, 404, "{method}: {}", stolen.1);
        }
    }
    let mut victim = victim;
    assert_eq!(victim.ask("ping", json!({}))["result"], json!({}), "the owner's session is untouched");
}

#[test]
fn a_contact_named_without_authority_is_a_stranger() {
    let house = House::new();
    let server = Server::start(&house.data());
    let org = house.org();
    let menu = |key: Option<&str>, identity: serde_json::Value| {
        let mut client = server.session(key);
        let params = json!({"_meta": {"_identity": identity}});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params});
        client.post(&body.to_string()).answer(1)["result"].to_string()
    };
    let stranger = server.session(None).ask("tools/list", json!({}))["result"].to_string();
    let claim = json!({"contact": org.contacts[0]});
    assert_eq!(menu(None, claim), stranger, "a claim without a channel key");
    let forged = json!({"contact": org.contacts[0], "org": org.slug, "channel": "whatsapp", "message_id": "m1",
                        "expires": 4_000_000_000_i64, "signature": "00".repeat(32)});
    assert_eq!(menu(None, forged), stranger, "a forged signature");
    assert_eq!(menu(Some(&org.channel_key), json!({"contact": "nobody"})), stranger, "an unknown contact");
    assert_eq!(
        menu(Some(&org.channel_key), json!({"contact": org.contacts[1]})),
        stranger,
        "one who may not order"
    );
}

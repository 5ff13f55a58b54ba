//! The HTTP server as a process: its pages, its sessions, and how it stops.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, House, Server, text_of};

fn get(client: &mut Client, path: &str) -> (u16, String) {
    let headers = client.headers();
    let reply = client.request("GET", path, &headers, b"");
    (reply.status, reply.body)
}

#[test]
fn it_says_how_it_is() {
    let house = House::new();
    let server = Server::start(&house.data());
    let mut client = server.client(None);
    assert_eq!(get(&mut client, "/live"), (200, r#"{"live":true}"#.to_owned()));
    let (status, health) = get(&mut client, "/health");
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!((status, health["status"].as_str()), (200, Some("ok")));
    assert!(health["modules"].as_array().unwrap().iter().any(|module| module["module"] == "crm"), "{health}");
    let mut sales = server.session(Some(house.org().key("sales")));
    sales.call("crm_contact_get", json!({"contact": house.org().contacts[0]}));
    let (status, metrics) = get(&mut client, "/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("crm_contact_get"), "{metrics}");
    assert!(!metrics.contains(&house.org().canary), "metrics name no customer");
    assert_eq!(get(&mut client, "/elsewhere").0, 404);
    assert!(server.stop().success());
}

#[test]
fn a_session_lives_as_long_as_it_should() {
    let house = House::new();
    let server = Server::start(&house.data());
    let mut client = server.session(Some(house.org().key("sales")));
    let session = client.session.clone().unwrap();
    // A restart does not end it.
    assert!(server.stop().success());
    let server = Server::start(&house.data());
    client = server.client(Some(house.org().key("sales")));
    client.session = Some(session);
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    let headers = client.headers();
    assert!(matches!(client.request("DELETE", "/mcp", &headers, b"").status, 200 | 204));
    assert_eq!(client.post(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).status, 404);
}

#[test]
fn a_signal_loses_no_write_that_was_answered() {
    let house = House::new();
    let server = Server::start(&house.data());
    let answered = AtomicUsize::new(0);
    let (address, key) = (server.address, house.org().key("sales").to_owned());
    let person = house.org().contacts[0].clone();
    let acknowledged: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let (key, person, answered) = (&key, &person, &answered);
                scope.spawn(move || {
                    let mut client = Client::new(address, Some(key));
                    client.initialize();
                    let mut done = Vec::new();
                    for number in 0..10_000 {
                        let summary = format!("w{worker} n{number}");
                        let call = json!({"kind": "note", "about": [person], "summary": summary});
                        match client.try_call("crm_activity_log", call) {
                            Some(answer) if answer.get("result").is_some() && !text_of(&answer).1 => {
                                done.push(summary)
                            }
                            _ => return done,
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    done
                })
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 40 {
            thread::sleep(Duration::from_millis(2));
        }
        assert!(server.stop().success(), "it ends in order");
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let mut acknowledged = acknowledged;
    acknowledged.sort();
    // It was asked to stop, not killed: what it did is exactly what it said.
    assert_eq!(house.summaries("acme"), acknowledged);
}

#[test]
fn it_does_not_start_where_it_would_be_in_danger() {
    let house = House::new();
    let mut command = crate::support::maitred(&house.data(), &["serve", "--listen", "0.0.0.0:0"]);
    let output = command.output().unwrap();
    assert!(!output.status.success(), "an open address without a list of hosts");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--allowed-host"));
}

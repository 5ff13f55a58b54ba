//! A key that was revoked is out of every running server within a second, sessions and all.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Client, House, Server};

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

/// Uses a key on two servers, revokes it by a third process' hand, and goes on using it until it is out.
fn revoke_in_use(house: &House, servers: &[Server; 2]) -> Vec<Client> {
    let key = house.org().key("sales");
    let mut clients: Vec<_> = servers.iter().map(|server| server.session(Some(key))).collect();
    let mut others: Vec<_> =
        servers.iter().map(|server| server.session(Some(house.org().key("service")))).collect();
    for client in &mut clients {
        assert!(client.tools().iter().any(|name| name == "crm_contact_get"));
    }
    let operator = house.operator();
    let listed = operator.directory.keys(Some("acme")).unwrap();
    let id = listed.iter().find(|key| key.label == "sales").unwrap().id.clone();
    operator.directory.revoke(&id).unwrap();
    let revoked = Instant::now();
    for client in &mut clients {
        // In use all the time: remembering the caller must not keep it in.
        loop {
            let asked = revoked.elapsed();
            if !client.post(&call(house)).body.contains(&house.org().canary) {
                break;
            }
            assert!(asked < Duration::from_secs(1), "still in after {asked:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }
    for other in &mut others {
        assert!(other.tools().iter().any(|name| name == "crm_contact_get"), "others are not touched");
    }
    clients
}

fn call(house: &House) -> String {
    let params = json!({"name": "crm_contact_get", "arguments": {"contact": house.org().contacts[0]}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string()
}

#[test]
fn a_revoked_key_is_out_within_a_second() {
    let house = House::closed();
    let servers = [Server::start(&house.data()), Server::start(&house.data())];
    for mut client in revoke_in_use(&house, &servers) {
        assert_eq!(client.post(&call(&house)).status, 401, "its session is over");
        let mut fresh = Client::new(client.address, client.key.as_deref());
        assert_eq!(fresh.post(INITIALIZE).status, 401, "and it opens no other");
    }
}

#[test]
fn where_the_door_is_open_a_revoked_key_is_a_strangers() {
    let house = House::new();
    let servers = [Server::start(&house.data()), Server::start(&house.data())];
    for mut client in revoke_in_use(&house, &servers) {
        assert_eq!(client.post(&call(&house)).status, 404, "the session was somebody else's");
        client.session = None;
        client.initialize();
        let mut stranger = Client::new(client.address, None);
        stranger.initialize();
        assert_eq!(client.tools(), stranger.tools());
        assert_eq!(
            client.call("crm_contact_get", json!({"contact": house.org().contacts[0]}))["error"]["code"],
            -32602
        );
    }
}

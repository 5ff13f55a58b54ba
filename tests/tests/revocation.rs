//! A key that was revoked is out of every running server within a second, sessions and all.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{House, Server};

#[test]
fn a_revoked_key_is_out_within_a_second() {
    let house = House::new();
    let servers = [Server::start(&house.data()), Server::start(&house.data())];
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
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "crm_contact_get", "arguments": {"contact": house.org().contacts[0]}}})
    .to_string();
    for client in &mut clients {
        // In use all the time: remembering the caller must not keep it in.
        loop {
            let reply = client.post(&call);
            let inside = reply.body.contains(&house.org().canary);
            if !inside {
                assert!(matches!(reply.status, 401 | 404), "{} {}", reply.status, reply.body);
                break;
            }
            assert!(revoked.elapsed() < Duration::from_secs(1), "still in after {:?}", revoked.elapsed());
            thread::sleep(Duration::from_millis(10));
        }
    }
    let took = revoked.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    for (client, server) in clients.iter_mut().zip(&servers) {
        let mut fresh = server.client(client.key.as_deref());
        let reply = fresh.post(
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
        );
        assert_eq!(reply.status, 401, "{}", reply.body);
        assert_eq!(client.post(&call).status, 401);
    }
    for other in &mut others {
        assert!(other.tools().iter().any(|name| name == "crm_contact_get"), "others are not touched");
    }
}

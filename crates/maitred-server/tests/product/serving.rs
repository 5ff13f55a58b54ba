//! The running server: readiness, metrics, revocation by another process, the end.

use std::time::{Duration, Instant};

use crate::machine::{Served, ok, organisation};

#[test]
fn a_server_says_how_it_is_and_stops_when_asked() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let key = organisation(&data);
    let served = Served::start(&data, &[]);
    let (status, body) = served.get("/health");
    let health: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, health["status"].as_str()), (200, Some("ok")));
    assert!(health["modules"].as_array().unwrap().iter().any(|module| module["module"] == "crm"));
    assert_eq!(served.get("/live").0, 200);

    assert_eq!(served.rpc(&key, "tools/list").0, 200);
    assert_eq!(served.rpc("mk_abcdefgh_no", "tools/list").0, 401);
    let metrics = served.get("/metrics").1;
    for name in [
        "mcp_server_operation_duration_seconds",
        "maitred_tool_calls_in_flight",
        "maitred_door_refusals_total",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    assert!(!metrics.contains("abcdefgh"), "a bad key is no label");

    // Another process takes the key away.
    ok(&data, &["key", "revoke", &key]);
    let revoked = Instant::now();
    while served.rpc(&key, "tools/list").0 != 401 {
        assert!(revoked.elapsed() < Duration::from_secs(1), "a revoked key still opens");
    }
    #[cfg(unix)]
    {
        let (code, took) = served.stop();
        assert_eq!(code, Some(0));
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn whoever_tries_keys_is_told_to_wait() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let key = organisation(&data);
    let served = Served::start(&data, &[]);
    let mut last = 0;
    for _ in 0..130 {
        last = served.rpc("mk_abcdefgh_no", "tools/list").0;
    }
    assert_eq!(last, 429);
    assert_eq!(served.rpc(&key, "tools/list").0, 200, "a good key from the same address is let in");
}

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

    let answer = served.call(&key, "crm_contact_search");
    assert!(answer.contains("contacts"), "{answer}");
    assert!(served.call(&key, "crm_contact_get").contains("isError"));
    assert_eq!(served.knock("mk_abcdefgh_no").0, 401);
    let metrics = served.get("/metrics").1;
    for line in [
        r#"maitred_tool_calls_total{tool="crm_contact_search",outcome="ok"} 1"#,
        r#"maitred_tool_calls_total{tool="crm_contact_get",outcome="validation"} 1"#,
        r#"maitred_tool_calls_in_flight{tool="crm_contact_get"} 0"#,
        r#"gen_ai_tool_name="crm_contact_search",le="+Inf"} 1"#,
        r#"maitred_door_refusals_total{reason="malformed_token"} 1"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("abcdefgh"), "a bad key is no label");

    // Another process takes the key away.
    ok(&data, &["key", "revoke", &key]);
    let revoked = Instant::now();
    while served.knock(&key).0 != 401 {
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
        last = served.knock("mk_abcdefgh_no").0;
    }
    assert_eq!(last, 429);
    assert_eq!(served.knock(&key).0, 200, "a good key from the same address is let in");
}

//! The first thing a new user does: the demo, and everything that is promised about it.

use serde_json::{Value, json};

use crate::support::{House, Server, maitred, text_of};

#[test]
fn a_new_user_gets_from_nothing_to_a_confirmed_write() {
    let place = House::new();
    let data = place.beside("demo");
    let output = maitred(&data, &["demo", "--no-serve", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    for role in ["owner", "sales", "service", "success"] {
        assert!(said["keys"][role].is_string(), "a key for {role}: {said}");
    }
    assert!(said["url"].as_str().unwrap().ends_with("/mcp"));
    let (key, contact) = (said["keys"]["sales"].as_str().unwrap(), said["contact_id"].as_str().unwrap());
    let server = Server::start(&data);
    let mut sales = server.session(Some(key));
    let (found, failed) = text_of(&sales.call("crm_contact_get", json!({"contact": contact})));
    assert!(!failed, "{found}");
    let (forecast, failed) = text_of(&sales.call("crm_forecast_report", json!({"period": "quarter"})));
    assert!(!failed || forecast["error"]["category"] == "validation", "{forecast}");
    let note = json!({"kind": "note", "about": [contact], "summary": "wants the old vines"});
    let mut dry = note.clone();
    dry["dry_run"] = true.into();
    let (preview, failed) = text_of(&sales.call("crm_activity_log", dry));
    assert!(!failed, "{preview}");
    let mut real = note;
    real["confirm"] = preview["confirm"].clone();
    let (done, failed) = text_of(&sales.call("crm_activity_log", real));
    assert!(!failed, "{done}");
    // The gateway of the channel, with and without somebody to speak for.
    let mut gateway = server.session(said["channel_key"].as_str());
    let params = json!({"_meta": {"_identity": {"contact": contact}}});
    let client = gateway.ask("tools/list", params)["result"]["tools"].clone();
    let stranger = gateway.tools();
    assert!(client.as_array().is_some_and(|tools| !tools.is_empty()));
    assert!(stranger.iter().all(|name| !name.starts_with("crm_")), "{stranger:?}");
    assert!(!client.to_string().contains("crm_contact_search"), "a client sees a client's menu");
}

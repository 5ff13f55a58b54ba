//! The demo and the importer, as a new user meets them.

use std::fs;

use crate::machine::{fails, json, maitred, ok};

#[test]
fn the_demo_is_made_once_and_its_keys_open_it() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let first = json(&data, &["demo", "--no-serve"]);
    let members: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["channel_key", "contact_id", "keys", "org", "url"]);
    assert_eq!(first["url"], "http://127.0.0.1:8808/mcp");
    assert_eq!(json(&data, &["demo", "--no-serve"]), first, "a second run shows the same");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(data.join("demo-keys.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let keys = first["keys"].as_object().unwrap();
    assert_eq!(keys.len(), 9);
    for (role, key) in keys {
        let menu = json(&data, &["menu", "--key", key.as_str().unwrap()]);
        let expected = json(&data, &["menu", "--role", role]);
        assert_eq!(menu["count"], expected["count"], "{role}");
    }
    let owner = keys["owner"].as_str().unwrap();
    let found = ok(&data, &["call", "crm_contact_search", r#"{"limit":3}"#, "--key", owner]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&found).unwrap()["contacts"].as_array().unwrap().len(),
        3
    );
    let words = ok(&data, &["demo", "--no-serve"]);
    for part in
        [owner, "claude mcp add", "inspector", "three things to try", first["contact_id"].as_str().unwrap()]
    {
        assert!(words.contains(part), "{part} in {words}");
    }
    let contact = ["menu", "--contact", first["contact_id"].as_str().unwrap()];
    assert!(json(&data, &contact)["count"].as_u64().unwrap() > 0);
    assert!(json(&data, &["doctor"])["well"].as_bool().unwrap());

    fs::remove_file(data.join("demo-keys.json")).unwrap();
    assert!(fails(maitred(&data).args(["demo", "--no-serve"])).contains("was cut short"));
}

#[test]
fn customers_are_imported_once() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    ok(&data, &["org", "create", "retail", "--name", "Retail"]);
    let file = place.path().join("rows.csv");
    fs::write(&file, "no,such,columns\n1,2,3\n").unwrap();
    let import = ["import", "online-retail", file.to_str().unwrap(), "--org", "retail"];
    assert!(fails(maitred(&data).args(import)).contains("not the Online Retail file"));
    assert!(
        fails(maitred(&data).args(["import", "online-retail", "absent.csv", "--org", "retail"]))
            .contains("absent.csv")
    );
    fs::write(
        &file,
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
         536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n\
         536370,22728,CLOCK,24,2010-12-01 08:45:00,3.75,12583,France\n",
    )
    .unwrap();
    assert_eq!(json(&data, &import)["customers"]["created"], 2);
    let again = json(&data, &import);
    assert_eq!(
        (&again["customers"]["created"], &again["customers"]["already_there"]),
        (&0.into(), &2.into())
    );
    assert_eq!(json(&data, &["audit", "verify"])[0]["whole"], true);
}

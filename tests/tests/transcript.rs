//! One script, over stdio and HTTP, on files and on a PostgreSQL server: the same answers, to the letter.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use maitred_testkit_postgres::Database;
use serde_json::{Value, json};

use crate::support::{House, Server, Stdio, maitred};

/// What is asked, in order: reads, searches, reports, refusals, and writes that are only shown.
fn script(contact: &str) -> Vec<(&'static str, Value)> {
    let call = |tool: &str, arguments: Value| ("tools/call", json!({"name": tool, "arguments": arguments}));
    vec![
        ("tools/list", json!({})),
        ("ping", json!({})),
        call("account_whoami", json!({})),
        call("account_record_search", json!({"q": "vin"})),
        call("account_menu_explain", json!({"topic": "crm_contact_merge"})),
        call("crm_contact_get", json!({"contact": contact})),
        call("crm_contact_search", json!({"q": "ma", "limit": 7})),
        call("crm_contact_search", json!({"q": "no such person"})),
        call("crm_company_search", json!({"q": "restaurant", "limit": 30})),
        call("crm_company_search", json!({"limit": 3, "count": true})),
        call("crm_deal_search", json!({"limit": 20})),
        call("crm_pipeline_report", json!({})),
        call("crm_forecast_report", json!({"period": "2026-Q4"})),
        call("crm_duplicate_search", json!({"kind": "contact", "limit": 10})),
        call("crm_todo_list", json!({"limit": 10})),
        call("crm_action_suggest", json!({"limit": 10})),
        call("crm_timeline_get", json!({"contact": contact, "limit": 10})),
        call("crm_contact_get", json!({"contact": "01900000-0000-7000-8000-000000000000"})),
        call("crm_contact_get", json!({})),
        call("crm_contact_search", json!({"limit": 100_000})),
        call("crm_contact_search", json!({"cursor": "made up"})),
        call("invented_tool", json!({})),
        call(
            "crm_activity_log",
            json!({"kind": "note", "about": [contact], "summary": "wants the old vines", "dry_run": true}),
        ),
        call("crm_company_create", json!({"name": "Bergmann", "country": "DE", "dry_run": true})),
        call("crm_company_create", json!({"name": "Bergmann", "country": "Atlantis"})),
        call(
            "crm_todo_create",
            json!({"title": "call back", "about": contact, "due_at": "2030-01-02T09:00:00Z", "dry_run": true}),
        ),
        ("resources/list", json!({})),
        ("prompts/list", json!({})),
    ]
}

/// The parameters of what is refused.
const REFUSED: &[&str] = &[
    r#"{"arguments":{"contact":"01900000-0000-7000-8000-000000000000"},"name":"crm_contact_get"}"#,
    r#"{"arguments":{},"name":"crm_contact_get"}"#,
    r#"{"arguments":{"limit":100000},"name":"crm_contact_search"}"#,
    r#"{"arguments":{"cursor":"made up"},"name":"crm_contact_search"}"#,
    r#"{"arguments":{},"name":"invented_tool"}"#,
    r#"{"arguments":{"country":"Atlantis","name":"Bergmann"},"name":"crm_company_create"}"#,
];

/// What of an answer is said: not the time of the day, nor ids that were made for it.
fn said(answer: &Value, known: &mut BTreeMap<String, usize>) -> String {
    let text = answer["result"].to_string() + &answer["error"].to_string();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) =
        rest.char_indices().map(|(at, _)| at).find(|at| is_id(&rest[*at..]) || is_time(&rest[*at..]))
    {
        out.push_str(&rest[..at]);
        if is_id(&rest[at..]) {
            let next = known.len();
            out.push_str(&format!("<{}>", known.entry(rest[at..at + 36].to_owned()).or_insert(next)));
            rest = &rest[at + 36..];
        } else {
            out.push_str("<now>");
            rest = rest[at..].split_once('Z').unwrap().1;
        }
    }
    out + rest
}

fn is_id(text: &str) -> bool {
    text.len() >= 36
        && text.as_bytes()[..36].iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A moment of today, with its milliseconds.
fn is_time(text: &str) -> bool {
    let pattern = b"0000-00-00T00:00:00.000Z";
    text.len() >= pattern.len()
        && text
            .bytes()
            .zip(pattern)
            .all(|(byte, wanted)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == *wanted })
}

fn over_stdio(data: &Path, key: &str, script: &[(&str, Value)]) -> Vec<String> {
    let mut client = Stdio::start(data, Some(key));
    client.initialize();
    let mut known = BTreeMap::new();
    script.iter().map(|(method, params)| said(&client.ask(method, params.clone()), &mut known)).collect()
}

fn over_http(data: &Path, key: &str, script: &[(&str, Value)]) -> Vec<String> {
    let server = Server::start(data);
    let mut client = server.session(Some(key));
    let mut known = BTreeMap::new();
    script.iter().map(|(method, params)| said(&client.ask(method, params.clone()), &mut known)).collect()
}

#[test]
fn the_same_script_gives_the_same_answers_on_both_transports_and_both_engines() {
    let files = House::new();
    let data = files.beside("demo");
    let output = maitred(&data, &["demo", "--no-serve", "--json"]).output().unwrap();
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (org, key) = (shown["org"].as_str().unwrap(), shown["keys"]["sales"].as_str().unwrap());
    let script = script(shown["contact_id"].as_str().unwrap());
    let first = over_stdio(&data, key, &script);
    for (answer, (method, params)) in first.iter().zip(&script) {
        let refused = answer.contains("\"isError\":true") || answer.contains("\"code\":-32602");
        assert_eq!(refused, REFUSED.contains(&params.to_string().as_str()), "{method} {params}: {answer}");
    }
    let same = |place: &str, answers: Vec<String>| {
        for ((answer, expected), (method, params)) in answers.iter().zip(&first).zip(&script) {
            assert_eq!(answer, expected, "{method} {params} {place}");
        }
    };
    same("over HTTP", over_http(&data, key, &script));

    let Some(database) = Database::new() else { return };
    let copied = maitred(&data, &["org", "copy", org, "--to", database.url()])
        .arg("--from")
        .arg(&data)
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let other = tempfile::tempdir().unwrap();
    let on_server = other.path().join("data");
    fs::create_dir(&on_server).unwrap();
    fs::copy(data.join("secret.key"), on_server.join("secret.key")).unwrap();
    fs::write(other.path().join("maitred.toml"), format!("database-url = \"{}\"\n", database.url())).unwrap();
    same("over HTTP on PostgreSQL", over_http(&on_server, key, &script));
    same("over stdio on PostgreSQL", over_stdio(&on_server, key, &script));
}

//! The official Rust SDK as a client, over both transports: the same script, the same answers.

use std::future::Future;

use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use serde_json::{Value, json};

use crate::support::{House, Server, maitred};

type Peer = RunningService<RoleClient, ()>;

async fn call(peer: &Peer, tool: &'static str, arguments: Value) -> Result<(Value, bool), String> {
    let arguments = arguments.as_object().unwrap().clone();
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    let result = peer.call_tool(params).await.map_err(|error| error.to_string())?;
    let text = result.content[0].as_text().unwrap().text.clone();
    Ok((serde_json::from_str(&text).unwrap(), result.is_error == Some(true)))
}

/// What an agent does on a first day; everything that was said, in order.
async fn script(peer: Peer, person: &str) -> Vec<Value> {
    let mut said = Vec::new();
    let tools = peer.list_all_tools().await.unwrap();
    said.push(json!(tools));
    said.push(json!(peer.peer_info().map(|info| json!(info))));
    for arguments in [json!({"contact": person}), json!({"contact": person, "include": ["consents"]})] {
        let (answer, failed) = call(&peer, "crm_contact_get", arguments).await.unwrap();
        assert!(!failed, "{answer}");
        said.push(answer);
    }
    let note = json!({"kind": "note", "about": [person], "summary": "seen from both sides",
                      "at": "2026-01-05T09:00:00Z"});
    let mut dry = note.clone();
    dry["dry_run"] = true.into();
    let (preview, failed) = call(&peer, "crm_activity_log", dry).await.unwrap();
    assert!(!failed && preview["dry_run"] == true, "{preview}");
    let confirm = preview["confirm"].as_str().unwrap().to_owned();
    said.push(preview);
    let mut real = note.clone();
    real["confirm"] = confirm.into();
    let (done, failed) = call(&peer, "crm_activity_log", real.clone()).await.unwrap();
    assert!(!failed, "{done}");
    said.push(done);
    let (again, failed) = call(&peer, "crm_activity_log", real).await.unwrap();
    assert!(!failed && again["replayed"] == true, "the same confirm twice is one write: {again}");
    said.push(again);
    let (unfit, failed) = call(&peer, "crm_contact_search", json!({"limit": "many"})).await.unwrap();
    assert!(failed && unfit["error"]["category"] == "validation", "{unfit}");
    said.push(unfit);
    let (absent, failed) =
        call(&peer, "crm_contact_get", json!({"contact": "nobody@nowhere.example"})).await.unwrap();
    assert!(failed && absent["error"]["code"] == "not_found", "{absent}");
    said.push(absent);
    said.push(json!(call(&peer, "no_such_tool", json!({})).await.unwrap_err()));
    peer.cancel().await.unwrap();
    said
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn over_stdio(house: &House) -> Vec<Value> {
    let (org, data) = (house.org(), house.data());
    run(async {
        let mut command = tokio::process::Command::from(maitred(&data, &["serve", "--transport", "stdio"]));
        command.env("MAITRED_KEY", org.key("sales"));
        let peer = ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap();
        script(peer, &org.contacts[0]).await
    })
}

fn over_http(house: &House) -> Vec<Value> {
    let org = house.org();
    let server = Server::start(&house.data());
    // The SDK's HTTP client wants one even where it speaks without encryption. Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(async {
        let config = StreamableHttpClientTransportConfig::with_uri(format!("http://{}/mcp", server.address))
            .auth_header(org.key("sales"));
        let peer = ().serve(StreamableHttpClientTransport::from_config(config)).await.unwrap();
        script(peer, &org.contacts[0]).await
    })
}

/// Ids, times and digests differ from house to house and from run to run; their places do not.
fn redacted(value: &Value, known: &[String]) -> Value {
    match value {
        Value::String(text) => {
            let mut text = text.clone();
            for (number, id) in known.iter().enumerate() {
                text = text.replace(id, &format!("<known {number}>"));
            }
            if is_id(&text) {
                return "<id>".into();
            }
            if text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
                return "<time>".into();
            }
            text.into()
        }
        Value::Array(list) => list.iter().map(|value| redacted(value, known)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let hidden = name == "confirm" && value.is_string();
                (name.clone(), if hidden { "<digest>".into() } else { redacted(value, known) })
            })
            .collect(),
        other => other.clone(),
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[test]
fn both_transports_give_the_same_answers() {
    let (one, other) = (House::new(), House::new());
    let known = |house: &House| {
        let mut known = house.org().contacts.clone();
        known.push(house.org().company.clone());
        known
    };
    let stdio: Vec<Value> = over_stdio(&one).iter().map(|value| redacted(value, &known(&one))).collect();
    let http: Vec<Value> = over_http(&other).iter().map(|value| redacted(value, &known(&other))).collect();
    assert_eq!(stdio.len(), http.len());
    for (stdio, http) in stdio.iter().zip(&http) {
        assert_eq!(stdio, http);
    }
}

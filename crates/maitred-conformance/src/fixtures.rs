//! The tools, resources and prompts that the suite's scenarios call by name.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use maitred_core::jsonrpc::RpcError;
use maitred_core::mcp::{
    Answer, Credentials, Features, Handled, LogLevel, Refusal, Request, ServerInfo, Service, Ticket,
    Transport,
};
use serde_json::{Map, Value, json};

/// The service; everybody is let in.
#[derive(Default)]
pub struct Fixtures {
    /// Sessions ended by DELETE. A test run ends few of them.
    ended: Mutex<HashSet<String>>,
}

/// Code of "resource not found" in this revision.
const RESOURCE_NOT_FOUND: i32 = -32002;

/// A PNG of one pixel.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A WAV of eight silent samples, mono, 8 bits, 8 kHz.
fn silence() -> String {
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&8000u32.to_le_bytes());
    wav.extend_from_slice(&8000u32.to_le_bytes());
    wav.extend_from_slice(b"\x01\0\x08\0data\x08\0\0\0");
    wav.extend_from_slice(&[128; 8]);
    BASE64.encode(wav)
}

impl Service for Fixtures {
    type Guest = ();

    fn info(&self, (): &()) -> ServerInfo {
        ServerInfo {
            name: "maitred-conformance",
            version: env!("CARGO_PKG_VERSION"),
            instructions: None,
            features: Features {
                tools: true,
                logging: true,
                completions: true,
                resources: true,
                prompts: true,
            },
        }
    }

    fn admit(&self, _: &Credentials<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn principal<'g>(&self, (): &'g ()) -> &'g str {
        "anybody"
    }

    fn menu_version(&self, (): &()) -> u64 {
        1
    }

    fn handle(
        &self,
        (): &(),
        request: Request<'_>,
        _: Transport,
        make_ticket: &mut dyn FnMut() -> Ticket,
    ) -> Handled {
        let params: Value = match serde_json::from_str(request.params.unwrap_or("{}")) {
            Ok(params) => params,
            Err(_) => return Handled::Now(Err(RpcError::invalid_params("`params` cannot be read"))),
        };
        let result = match request.method {
            "tools/list" => Ok(json!({"tools": tools()})),
            "tools/call" => match call(&params, make_ticket) {
                Some(result) => result,
                None => return Handled::Later,
            },
            "resources/list" => Ok(json!({"resources": resources()})),
            "resources/templates/list" => Ok(json!({"resourceTemplates": [{
                "uriTemplate": "test://template/{id}/data",
                "name": "template",
                "description": "Data by id.",
                "mimeType": "application/json",
            }]})),
            "resources/read" => read(&params),
            "resources/subscribe" | "resources/unsubscribe" => text_of(&params, "uri").map(|_| json!({})),
            "prompts/list" => Ok(json!({"prompts": prompts()})),
            "prompts/get" => prompt(&params),
            "completion/complete" => complete(&params),
            _ => return Handled::UnknownMethod,
        };
        Handled::Now(result.map(|value| value.to_string().into()))
    }

    fn session_secret(&self) -> [u8; 32] {
        [7; 32]
    }

    fn end_session(&self, session: &str, _: i64) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(session.to_owned());
    }

    fn session_ended(&self, session: &str) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(session)
    }

    fn unix_now(&self) -> i64 {
        1_800_000_000
    }
}

fn text_of<'a>(params: &'a Value, name: &str) -> Result<&'a str, RpcError> {
    params[name].as_str().ok_or_else(|| RpcError::invalid_params(format!("`{name}` is not a string")))
}

fn tools() -> Value {
    let plain = [
        ("test_simple_text", "Answers with one text."),
        ("test_image_content", "Answers with an image."),
        ("test_audio_content", "Answers with a sound."),
        ("test_embedded_resource", "Answers with an embedded resource."),
        ("test_multiple_content_types", "Answers with text, an image and a resource."),
        ("test_tool_with_logging", "Logs three lines while it works."),
        ("test_tool_with_progress", "Reports progress three times while it works."),
        ("test_error_handling", "Fails, always."),
        ("test_reconnection", "Answers after a moment, so that a client may lose its stream meanwhile."),
    ];
    let mut list: Vec<Value> = plain
        .iter()
        .map(|(name, about)| {
            json!({"name": name, "description": about, "inputSchema": {"type": "object", "properties": {}}})
        })
        .collect();
    list.push(json!({
        "name": "json_schema_2020_12_tool",
        "description": "Has a schema with keywords of JSON Schema 2020-12, which must arrive unchanged.",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {"address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }},
            "properties": {
                "name": {"type": "string"},
                "address": {"$ref": "#/$defs/address"},
                "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                "phone": {"type": "string"},
                "email": {"type": "string"},
            },
            "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
            "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
            "then": {"required": ["phone"]},
            "else": {"required": ["email"]},
            "additionalProperties": false,
        },
    }));
    list.into()
}

/// `None` when the answer comes later.
fn call(params: &Value, make_ticket: &mut dyn FnMut() -> Ticket) -> Option<Result<Value, RpcError>> {
    let image = json!({"type": "image", "data": PIXEL, "mimeType": "image/png"});
    let embedded = |uri: &str, mime: &str, text: &str| json!({"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": text}});
    let name = match text_of(params, "name") {
        Ok(name) => name,
        Err(error) => return Some(Err(error)),
    };
    let content = match name {
        "test_simple_text" => json!([text("This is a simple text response for testing.")]),
        "json_schema_2020_12_tool" => json!([text("The schema is what is tested.")]),
        "test_image_content" => json!([image]),
        "test_audio_content" => json!([{"type": "audio", "data": silence(), "mimeType": "audio/wav"}]),
        "test_embedded_resource" => {
            json!([embedded(
                "test://embedded-resource",
                "text/plain",
                "This is an embedded resource content."
            )])
        }
        "test_multiple_content_types" => json!([
            text("Multiple content types test:"),
            image,
            embedded("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
        ]),
        "test_error_handling" => {
            let content = [text("This tool intentionally returns an error for testing")];
            return Some(Ok(json!({"content": content, "isError": true})));
        }
        "test_tool_with_logging" => return later(make_ticket(), logging),
        "test_tool_with_progress" => return later(make_ticket(), progress),
        "test_reconnection" => return later(make_ticket(), |_| thread::sleep(Duration::from_millis(500))),
        _ => return Some(Err(RpcError::invalid_params(format!("unknown tool `{name}`")))),
    };
    Some(Ok(json!({"content": content})))
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn later(ticket: Ticket, work: fn(&Ticket)) -> Option<Result<Value, RpcError>> {
    thread::spawn(move || {
        work(&ticket);
        let answer: Answer = Ok(json!({"content": [text("Done.")]}).to_string().into());
        ticket.done.answer(answer);
    });
    None
}

/// Time between two notifications.
const STEP: Duration = Duration::from_millis(50);

fn logging(ticket: &Ticket) {
    for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        ticket.outlet.log(LogLevel::Info, "conformance", &Value::from(line).to_string());
        thread::sleep(STEP);
    }
}

fn progress(ticket: &Ticket) {
    for done in [0, 50, 100] {
        ticket.outlet.progress(done, Some(100), Some(&format!("Completed step {done} of 100")));
        thread::sleep(STEP);
    }
}

fn resources() -> Value {
    json!([
        {"uri": "test://static-text", "name": "static-text", "description": "A text.", "mimeType": "text/plain"},
        {"uri": "test://static-binary", "name": "static-binary", "description": "An image.", "mimeType": "image/png"},
        {"uri": "test://watched-resource", "name": "watched-resource", "description": "A text to subscribe to.", "mimeType": "text/plain"},
    ])
}

fn read(params: &Value) -> Result<Value, RpcError> {
    let uri = text_of(params, "uri")?;
    let content = match uri {
        "test://static-text" => {
            json!({"uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource."})
        }
        "test://static-binary" => json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL}),
        "test://watched-resource" => json!({"uri": uri, "mimeType": "text/plain", "text": "Watched."}),
        _ => {
            let id = uri
                .strip_prefix("test://template/")
                .and_then(|rest| rest.strip_suffix("/data"))
                .filter(|id| !id.is_empty() && !id.contains('/'))
                .ok_or_else(|| RpcError::new(RESOURCE_NOT_FOUND, format!("resource `{uri}` not found")))?;
            let data = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            json!({"uri": uri, "mimeType": "application/json", "text": data.to_string()})
        }
    };
    Ok(json!({"contents": [content]}))
}

fn prompts() -> Value {
    let argument = |name: &str, about: &str| json!({"name": name, "description": about, "required": true});
    json!([
        {"name": "test_simple_prompt", "description": "A prompt without arguments."},
        {
            "name": "test_prompt_with_arguments",
            "description": "A prompt that repeats its arguments.",
            "arguments": [argument("arg1", "First argument."), argument("arg2", "Second argument.")],
        },
        {
            "name": "test_prompt_with_embedded_resource",
            "description": "A prompt that embeds a resource.",
            "arguments": [argument("resourceUri", "Address of the resource.")],
        },
        {"name": "test_prompt_with_image", "description": "A prompt with an image."},
    ])
}

fn prompt(params: &Value) -> Result<Value, RpcError> {
    let none = Map::new();
    let arguments = params["arguments"].as_object().unwrap_or(&none);
    let argument = |name: &str| {
        arguments
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| RpcError::invalid_params(format!("argument `{name}` is missing")))
    };
    let user = |content: Value| json!({"role": "user", "content": content});
    let messages = match text_of(params, "name")? {
        "test_simple_prompt" => json!([user(text("This is a simple prompt for testing."))]),
        "test_prompt_with_arguments" => {
            let said =
                format!("Prompt with arguments: arg1='{}', arg2='{}'", argument("arg1")?, argument("arg2")?);
            json!([user(text(&said))])
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({
                "uri": argument("resourceUri")?,
                "mimeType": "text/plain",
                "text": "Embedded resource content for testing.",
            });
            json!([
                user(json!({"type": "resource", "resource": resource})),
                user(text("Please process the embedded resource above.")),
            ])
        }
        "test_prompt_with_image" => json!([
            user(json!({"type": "image", "data": PIXEL, "mimeType": "image/png"})),
            user(text("Please analyze the image above.")),
        ]),
        name => return Err(RpcError::invalid_params(format!("unknown prompt `{name}`"))),
    };
    Ok(json!({"messages": messages}))
}

fn complete(params: &Value) -> Result<Value, RpcError> {
    let begun = text_of(&params["argument"], "value")?;
    let argument = text_of(&params["argument"], "name")?;
    let known = match (text_of(&params["ref"], "type")?, params["ref"]["name"].as_str()) {
        ("ref/prompt", Some("test_prompt_with_arguments")) => matches!(argument, "arg1" | "arg2"),
        ("ref/prompt", Some(name)) => {
            return Err(RpcError::invalid_params(format!("unknown prompt `{name}`")));
        }
        ("ref/resource", _) => false,
        _ => return Err(RpcError::invalid_params("`ref` is neither a prompt nor a resource")),
    };
    let values: Vec<_> =
        ["test", "testing", "paris"].into_iter().filter(|value| known && value.starts_with(begun)).collect();
    Ok(json!({"completion": {"total": values.len(), "values": values, "hasMore": false}}))
}

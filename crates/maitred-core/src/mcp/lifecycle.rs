//! `initialize` and the other methods the protocol answers by itself.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::service::{LogLevel, ServerInfo};
use crate::jsonrpc::{RpcError, write};

/// The one revision served. A client that asks for another decides for itself whether it stays.
pub const PROTOCOL_VERSION: &str = "2025-03-26";

/// Checks the parameters of `initialize`. Unknown members are a newer client's and are nobody's fault.
pub(super) fn check_initialize(params: Option<&str>) -> Result<(), RpcError> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(rename = "protocolVersion", borrow)]
        protocol_version: Option<&'a RawValue>,
        #[serde(borrow)]
        capabilities: Option<&'a RawValue>,
        #[serde(rename = "clientInfo", borrow)]
        client_info: Option<&'a RawValue>,
    }
    let params = params.ok_or_else(|| RpcError::invalid_params("`params` is missing"))?;
    let params: Params<'_> = serde_json::from_str(params)
        .map_err(|_| RpcError::invalid_params("`params` gives a member twice"))?;
    let starts = |value: Option<&RawValue>, with: char| value.is_some_and(|raw| raw.get().starts_with(with));
    if !starts(params.protocol_version, '"') {
        return Err(RpcError::invalid_params("`protocolVersion` is not a string"));
    }
    if !starts(params.capabilities, '{') {
        return Err(RpcError::invalid_params("`capabilities` is not an object"));
    }
    if !starts(params.client_info, '{') {
        return Err(RpcError::invalid_params("`clientInfo` is not an object"));
    }
    Ok(())
}

/// The result of `initialize`.
pub(super) fn initialize_result(info: &ServerInfo) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + info.instructions.as_ref().map_or(0, String::len));
    out.extend_from_slice(br#"{"protocolVersion":""#);
    out.extend_from_slice(PROTOCOL_VERSION.as_bytes());
    out.extend_from_slice(br#"","capabilities":{"#);
    let features = &info.features;
    let mut first = true;
    for (offered, text) in [
        (features.tools, r#""tools":{"listChanged":true}"#),
        (features.logging, r#""logging":{}"#),
        (features.completions, r#""completions":{}"#),
        (features.resources, r#""resources":{}"#),
        (features.prompts, r#""prompts":{}"#),
    ] {
        if offered {
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(text.as_bytes());
        }
    }
    out.extend_from_slice(br#"},"serverInfo":{"name":"#);
    write::string(&mut out, info.name);
    out.extend_from_slice(br#","version":"#);
    write::string(&mut out, info.version);
    out.push(b'}');
    if let Some(instructions) = &info.instructions {
        out.extend_from_slice(br#","instructions":"#);
        write::string(&mut out, instructions);
    }
    out.push(b'}');
    out
}

/// The member that holds the items of a list method which clients call without its capability being declared.
/// An empty list is the answer they understand; "method not found" they show as a failure.
pub(super) fn undeclared_list(method: &str) -> Option<&'static str> {
    match method {
        "resources/list" => Some("resources"),
        "resources/templates/list" => Some("resourceTemplates"),
        "prompts/list" => Some("prompts"),
        _ => None,
    }
}

/// Refuses a cursor for a list that has no second page.
pub(super) fn check_no_cursor(params: Option<&str>) -> Result<(), RpcError> {
    #[derive(Deserialize)]
    struct Params {
        cursor: Option<IgnoredAny>,
    }
    match params.map(serde_json::from_str::<Params>) {
        None | Some(Ok(Params { cursor: None })) => Ok(()),
        Some(_) => Err(RpcError::invalid_params("`cursor` is not one that this server gave")),
    }
}

/// The level asked for by `logging/setLevel`.
pub(super) fn level_of(params: Option<&str>) -> Result<LogLevel, RpcError> {
    #[derive(Deserialize)]
    struct Params {
        level: String,
    }
    params
        .and_then(|params| serde_json::from_str::<Params>(params).ok())
        .and_then(|params| LogLevel::from_name(&params.level))
        .ok_or_else(|| RpcError::invalid_params("`level` is none of the eight syslog severities"))
}

/// The id named by `notifications/cancelled`, as raw JSON.
pub(super) fn cancelled_id(params: Option<&str>) -> Option<&str> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(rename = "requestId", borrow)]
        request_id: &'a RawValue,
    }
    serde_json::from_str::<Params<'_>>(params?).ok().map(|params| params.request_id.get())
}

/// Longest progress token accepted, in bytes of JSON text.
const MAX_TOKEN_BYTES: usize = 1024;

/// The progress token of a request, as raw JSON; `None` when there is none or it is neither string nor number.
pub(super) fn progress_token(params: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(rename = "_meta", borrow)]
        meta: Option<Meta<'a>>,
    }
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(rename = "progressToken", borrow)]
        token: Option<&'a RawValue>,
    }
    memchr::memmem::find(params.as_bytes(), b"progressToken")?;
    let token = serde_json::from_str::<Params<'_>>(params).ok()?.meta?.token?.get();
    let typed = token.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
    (typed && token.len() <= MAX_TOKEN_BYTES).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::Features;

    #[test]
    fn initialize_wants_three_members_and_ignores_the_rest() {
        let good =
            r#"{"protocolVersion":"2099-01-01","capabilities":{"x":1},"clientInfo":{"name":"a"},"y":null}"#;
        assert_eq!(check_initialize(Some(good)), Ok(()));
        for bad in [
            "{}",
            r#"{"protocolVersion":1,"capabilities":{},"clientInfo":{}}"#,
            r#"{"protocolVersion":"a","capabilities":[],"clientInfo":{}}"#,
            r#"{"protocolVersion":"a","capabilities":{},"clientInfo":"b"}"#,
            r#"{"protocolVersion":"a","protocolVersion":"a","capabilities":{},"clientInfo":{}}"#,
        ] {
            assert_eq!(check_initialize(Some(bad)).unwrap_err().code, RpcError::INVALID_PARAMS, "{bad}");
        }
        assert!(check_initialize(None).is_err());
    }

    #[test]
    fn only_what_is_offered_is_declared() {
        let mut info =
            ServerInfo { name: "n", version: "1", instructions: None, features: Features::default() };
        let bare = String::from_utf8(initialize_result(&info)).unwrap();
        assert_eq!(
            bare,
            r#"{"protocolVersion":"2025-03-26","capabilities":{},"serverInfo":{"name":"n","version":"1"}}"#
        );
        info.features = Features { tools: true, completions: true, ..Features::default() };
        info.instructions = Some("say \"hi\"".to_owned());
        let full: serde_json::Value = serde_json::from_slice(&initialize_result(&info)).unwrap();
        assert_eq!(
            full["capabilities"],
            serde_json::json!({"tools": {"listChanged": true}, "completions": {}})
        );
        assert_eq!(full["instructions"], "say \"hi\"");
    }

    #[test]
    fn tokens_are_strings_or_numbers_of_the_meta_object_only() {
        assert_eq!(progress_token(r#"{"_meta":{"progressToken":"a"}}"#), Some("\"a\""));
        assert_eq!(progress_token(r#"{"x":1,"_meta":{"progressToken":7}}"#), Some("7"));
        for none in [
            "{}",
            r#"{"progressToken":1}"#,
            r#"{"_meta":{"progressToken":null}}"#,
            r#"{"_meta":{"progressToken":{}}}"#,
            r#"{"_meta":null,"a":"progressToken"}"#,
        ] {
            assert_eq!(progress_token(none), None, "{none}");
        }
    }
}

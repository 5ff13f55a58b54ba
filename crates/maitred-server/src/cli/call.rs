//! `maitred call`.

use std::io::Read as _;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use maitred_core::caller::Via;
use maitred_core::door::Door as _;
use maitred_core::mcp::{Credentials, Transport};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::common::{open, print, remark};
use crate::config::DataArgs;

/// `call`.
#[derive(Args, Debug)]
pub struct CallArgs {
    /// The tool
    tool: String,
    /// Its arguments as a JSON object; `-` reads them from standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true)]
    arguments: String,
    /// The key to call with; there is no calling without one
    #[arg(long, env = "MAITRED_KEY", value_name = "KEY", hide_env_values = true)]
    key: String,
    /// Speak for this contact; the key must be a channel's
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// Show what a write would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Carry out what a dry run has shown
    #[arg(long, value_name = "CONFIRM", conflicts_with = "dry_run")]
    confirm: Option<String>,
}

/// The part of a result that is printed.
#[derive(Deserialize)]
struct ToolResult {
    content: Vec<Content>,
    #[serde(rename = "isError", default)]
    failed: bool,
}

#[derive(Deserialize)]
struct Content {
    text: String,
}

/// Runs the command.
pub fn run(data: &DataArgs, args: &CallArgs) -> anyhow::Result<()> {
    let mut arguments = arguments(&args.arguments)?;
    if args.dry_run {
        arguments.insert("dry_run".to_owned(), true.into());
    }
    if let Some(confirm) = &args.confirm {
        arguments.insert("confirm".to_owned(), confirm.as_str().into());
    }
    let mut params = json!({"name": args.tool, "arguments": arguments});
    if let Some(contact) = &args.contact {
        params["_meta"] = json!({"_identity": {"contact": contact}});
    }
    let product = open(data)?;
    let credentials = Credentials { bearer: Some(&args.key), address: None, transport: Transport::Stdio };
    let caller = product.door.admit(&credentials).map_err(|_| anyhow!("this key opens nothing"))?;
    if let Some(reason) = caller.fallen {
        remark(&format!("this key opens nothing ({reason}); calling as a stranger"));
    }
    let dispatch = product.dispatch(None);
    let guest = dispatch.guest(caller);
    let answer = dispatch
        .call_and_wait(&guest, Via::CommandLine, &params.to_string())
        .map_err(|error| anyhow!("{}", error.message))?;
    let result: ToolResult =
        serde_json::from_slice(&answer).context("the answer is not what was expected")?;
    for content in &result.content {
        print(&content.text)?;
    }
    if result.failed {
        bail!("`{}` refused", args.tool);
    }
    Ok(())
}

fn arguments(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut piped = String::new();
    let text = if text == "-" {
        std::io::stdin().read_to_string(&mut piped).context("cannot read standard input")?;
        &piped
    } else {
        text
    };
    serde_json::from_str(text).map_err(|error| anyhow!("the arguments are no JSON object: {error}"))
}

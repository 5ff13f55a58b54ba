//! `maitred client-config`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::common::{self, print};
use crate::config::DataArgs;

/// `client-config`.
#[derive(Args, Debug)]
pub struct ClientConfigArgs {
    /// The client
    client: Client,
    /// Over HTTP, to a server that is running [default, except for Claude Desktop]
    #[arg(long, conflicts_with = "stdio")]
    http: bool,
    /// Over stdio: the client starts maitred by itself
    #[arg(long)]
    stdio: bool,
    /// The key to put in [default: a placeholder]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Address of the running server [default: the one serve would listen on]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// What the client calls the server
    #[arg(long, default_value = "maitred")]
    name: String,
}

/// The clients for which there is a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Client {
    /// Claude Desktop: a part of claude_desktop_config.json.
    ClaudeDesktop,
    /// Claude Code: a command.
    ClaudeCode,
    /// VS Code: .vscode/mcp.json.
    #[value(name = "vscode")]
    VsCode,
    /// Cursor: .cursor/mcp.json.
    Cursor,
    /// The MCP Inspector: commands.
    Inspector,
}

/// How a client reaches the server.
pub enum Reach<'a> {
    /// A running server.
    Http {
        /// Its `/mcp`.
        url: &'a str,
    },
    /// A process of its own.
    Stdio {
        /// The binary.
        binary: &'a Path,
        /// The data directory.
        data: &'a Path,
        /// The database server, where the databases are on one. It goes into the environment: arguments can be seen by
        /// other users of the machine.
        database: Option<&'a str>,
    },
}

/// Runs the command.
pub fn run(data: &DataArgs, args: &ClientConfigArgs) -> anyhow::Result<()> {
    let config = common::config(data)?;
    let key = args.key.as_deref().unwrap_or("mk_YOUR_KEY");
    let stdio = args.stdio || (args.client == Client::ClaudeDesktop && !args.http);
    if stdio {
        let binary = std::env::current_exe().context("cannot tell where this binary is")?;
        let data = absolute(&config.place.data)?;
        let database = config.place.database.as_ref().map(|url| url.0.as_str());
        print(&snippet(
            args.client,
            &Reach::Stdio { binary: &binary, data: &data, database },
            key,
            &args.name,
        )?)
    } else {
        let url = format!("http://{}/mcp", args.listen.unwrap_or(config.listen));
        print(&snippet(args.client, &Reach::Http { url: &url }, key, &args.name)?)
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot tell where `{}` is", path.display()))
}

/// What to paste, and where.
///
/// # Errors
/// When the client cannot reach a server this way, or a path cannot be written down.
pub fn snippet(client: Client, reach: &Reach<'_>, key: &str, name: &str) -> anyhow::Result<String> {
    let bearer = format!("Bearer {key}");
    let process = |binary: &Path, data: &Path| -> anyhow::Result<(String, Vec<String>)> {
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a path is not UTF-8");
        let args = ["serve", "--transport", "stdio", "--data"].map(str::to_owned);
        Ok((text(binary)?, args.into_iter().chain([text(data)?]).collect()))
    };
    let variables = |database: Option<&str>| {
        let url = database.map(|url| ("MAITRED_DATABASE_URL", url.to_owned()));
        [("MAITRED_KEY", key.to_owned())].into_iter().chain(url)
    };
    let env = |database| {
        let members = variables(database).map(|(name, value)| (name.to_owned(), value.into()));
        serde_json::Value::Object(members.collect())
    };
    let flags = |flag: &str, database| {
        let words =
            variables(database).map(|(name, value)| format!("{flag} {}", quoted(&format!("{name}={value}"))));
        words.collect::<Vec<_>>().join(" ")
    };
    let shell = |binary: &Path, data: &Path| -> anyhow::Result<String> {
        let (binary, args) = process(binary, data)?;
        let words: Vec<String> = std::iter::once(binary).chain(args).map(|word| quoted(&word)).collect();
        Ok(words.join(" "))
    };
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).context("cannot print JSON");
    Ok(match (client, reach) {
        (Client::ClaudeDesktop, Reach::Http { .. }) => {
            bail!("Claude Desktop's configuration file starts processes only: use --stdio")
        }
        (Client::ClaudeDesktop, Reach::Stdio { binary, data, database }) => {
            let (command, args) = process(binary, data)?;
            let server = json!({"command": command, "args": args, "env": env(*database)});
            format!(
                "# claude_desktop_config.json (Settings, Developer, Edit Config)\n{}",
                pretty(&json!({"mcpServers": {name: server}}))?
            )
        }
        (Client::ClaudeCode, Reach::Http { url }) => {
            format!(
                "claude mcp add --transport http {} {url} --header {}",
                quoted(name),
                quoted(&format!("Authorization: {bearer}"))
            )
        }
        (Client::ClaudeCode, Reach::Stdio { binary, data, database }) => {
            format!(
                "claude mcp add {} --transport stdio {} -- {}",
                flags("--env", *database),
                quoted(name),
                shell(binary, data)?
            )
        }
        (Client::VsCode, Reach::Http { url }) => {
            let server = json!({"type": "http", "url": url, "headers": {"Authorization": bearer}});
            format!("# .vscode/mcp.json\n{}", pretty(&json!({"servers": {name: server}}))?)
        }
        (Client::VsCode, Reach::Stdio { binary, data, database }) => {
            let (command, args) = process(binary, data)?;
            let server = json!({"type": "stdio", "command": command, "args": args, "env": env(*database)});
            format!("# .vscode/mcp.json\n{}", pretty(&json!({"servers": {name: server}}))?)
        }
        (Client::Cursor, Reach::Http { url }) => {
            let server = json!({"url": url, "headers": {"Authorization": bearer}});
            format!("# .cursor/mcp.json\n{}", pretty(&json!({"mcpServers": {name: server}}))?)
        }
        (Client::Cursor, Reach::Stdio { binary, data, database }) => {
            let (command, args) = process(binary, data)?;
            let server = json!({"command": command, "args": args, "env": env(*database)});
            format!("# .cursor/mcp.json\n{}", pretty(&json!({"mcpServers": {name: server}}))?)
        }
        (Client::Inspector, Reach::Http { url }) => {
            let header = quoted(&format!("Authorization: {bearer}"));
            format!(
                "npx @modelcontextprotocol/inspector --cli {url} --transport http --header {header} \
                 --method tools/list"
            )
        }
        (Client::Inspector, Reach::Stdio { binary, data, database }) => {
            format!("npx @modelcontextprotocol/inspector {} {}", flags("-e", *database), shell(binary, data)?)
        }
    })
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_has_the_key_and_the_way_to_the_server() {
        let http = Reach::Http { url: "http://127.0.0.1:8808/mcp" };
        let (binary, data) = (Path::new("/opt/mait red/maitred"), Path::new("/srv/o'data"));
        let stdio = Reach::Stdio { binary, data, database: None };
        let on_server = Reach::Stdio { binary, data, database: Some("postgres://a:p w@db/x") };
        for client in Client::value_variants() {
            if *client != Client::ClaudeDesktop {
                let text = snippet(*client, &http, "mk_k", "maitred").unwrap();
                assert!(text.contains("Bearer mk_k") && text.contains("http://127.0.0.1:8808/mcp"), "{text}");
            }
            let text = snippet(*client, &on_server, "mk_k", "maitred").unwrap();
            assert!(
                text.contains("MAITRED_DATABASE_URL") && text.contains("postgres://a:p w@db/x"),
                "{text}"
            );
            let text = snippet(*client, &stdio, "mk_k", "maitred").unwrap();
            assert!(!text.contains("MAITRED_DATABASE_URL"), "{text}");
            assert!(text.contains("mk_k") && text.contains("mait red/maitred"), "{text}");
            if let Some((_, json)) = text.split_once(".json").and_then(|(_, rest)| rest.split_once('\n')) {
                let _: serde_json::Value = serde_json::from_str(json).unwrap();
            } else {
                assert!(
                    text.contains("'/opt/mait red/maitred'") && text.contains("'/srv/o'\\''data'"),
                    "{text}"
                );
            }
        }
        assert!(snippet(Client::ClaudeDesktop, &http, "k", "m").is_err());
    }
}

//! `maitred menu`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use maitred_core::door::Door as _;
use maitred_core::mcp::{Credentials, Transport};
use maitred_core::menu::{Menu, Registered, admits};
use maitred_core::mode::Rights;
use maitred_core::registry::Registry;
use maitred_directory::roles;
use serde_json::json;

use super::common::{Format, open, print, remark, table};
use super::member;
use crate::boot::{self, Product};
use crate::config::DataArgs;

/// `menu`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("whose").args(["key", "role", "contact", "stranger", "diff"]).required(true))]
pub struct MenuArgs {
    /// Of this key, as a server would admit it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Of this role
    #[arg(long, value_name = "ROLE", value_parser = member::role)]
    role: Option<String>,
    /// Of this contact, as a channel would vouch for it
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// Of somebody without a key
    #[arg(long)]
    stranger: bool,
    /// The organisation of --contact and --stranger [default: the only one]
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    /// Say of one tool, or of all, why it is on the menu or not
    #[arg(long, value_name = "TOOL", num_args = 0..=1, default_missing_value = "")]
    explain: Option<String>,
    /// Estimate what the definitions cost a model, at 4.2 bytes per token
    #[arg(long)]
    tokens: bool,
    /// Show what differs between two menus, each a role, `mk_..`, `contact:ID` or `stranger`
    #[arg(long, value_names = ["A", "B"], num_args = 2)]
    diff: Option<Vec<String>>,
    #[command(flatten)]
    format: Format,
}

/// Bytes of a tool's definition per token of the o200k vocabulary, over all tools; single ones lie between 4.0 and 4.8.
/// A test holds it against the vocabulary itself.
pub const BYTES_PER_TOKEN: f64 = 4.26;

/// Whose menu.
enum Subject {
    Role(String),
    Key(String),
    Contact(String),
    Stranger,
}

impl Subject {
    fn parse(text: &str) -> anyhow::Result<Self> {
        if text == "stranger" {
            return Ok(Self::Stranger);
        }
        if text.starts_with("mk_") {
            return Ok(Self::Key(text.to_owned()));
        }
        if let Some(contact) = text.strip_prefix("contact:") {
            return Ok(Self::Contact(contact.to_owned()));
        }
        member::role(text)
            .map(Self::Role)
            .map_err(|why| anyhow!("{why}; or write `mk_..`, `contact:ID` or `stranger`"))
    }
}

/// Opened only when somebody asks for more than a role.
struct Source<'a> {
    data: &'a DataArgs,
    org: Option<&'a str>,
    product: Option<Arc<Product>>,
    registry: Arc<Registry>,
}

impl Source<'_> {
    fn product(&mut self) -> anyhow::Result<Arc<Product>> {
        if let Some(product) = &self.product {
            return Ok(Arc::clone(product));
        }
        let product = open(self.data)?;
        self.registry = Arc::clone(&product.registry);
        self.product = Some(Arc::clone(&product));
        Ok(product)
    }

    fn rights(&mut self, subject: &Subject) -> anyhow::Result<Rights> {
        let caller = match subject {
            Subject::Role(word) => {
                return roles::rights(&[word]).map_err(|_| anyhow!("there is no role `{word}`"));
            }
            Subject::Key(key) => {
                let product = self.product()?;
                let credentials =
                    Credentials { bearer: Some(key), address: None, transport: Transport::Stdio };
                let caller =
                    product.door.admit(&credentials).map_err(|_| anyhow!("this key opens nothing"))?;
                if let Some(reason) = caller.fallen {
                    remark(&format!("this key opens nothing ({reason}); this is the menu that is left"));
                }
                caller
            }
            Subject::Contact(id) => {
                let product = self.product()?;
                let org = only_org(&product, self.org)?;
                product.door.client_of(&org, id, None)?
            }
            Subject::Stranger => {
                let product = self.product()?;
                let org = only_org(&product, self.org)?;
                product.door.stranger_of(&org)?
            }
        };
        Ok(caller.rights)
    }
}

/// The organisation named, or the only one there is.
pub fn only_org(product: &Product, named: Option<&str>) -> anyhow::Result<String> {
    if let Some(slug) = named {
        return Ok(slug.to_owned());
    }
    let orgs = product.directory.orgs()?;
    match orgs.as_slice() {
        [org] => Ok(org.slug.clone()),
        [] => bail!("there is no organisation yet"),
        several => {
            let slugs: Vec<&str> = several.iter().map(|org| org.slug.as_str()).collect();
            bail!("name one of the organisations with --org: {}", slugs.join(", "))
        }
    }
}

/// Runs the command.
pub fn run(data: &DataArgs, args: &MenuArgs) -> anyhow::Result<()> {
    let registry = Arc::new(boot::registry()?);
    let mut source = Source { data, org: args.org.as_deref(), product: None, registry };
    if let Some([a, b]) = args.diff.as_deref() {
        let (left, right) = (source.rights(&Subject::parse(a)?)?, source.rights(&Subject::parse(b)?)?);
        return diff(args.format, &source.registry, [(a, &left), (b, &right)]);
    }
    let subject = if let Some(key) = &args.key {
        Subject::Key(key.clone())
    } else if let Some(role) = &args.role {
        Subject::Role(role.clone())
    } else if let Some(contact) = &args.contact {
        Subject::Contact(contact.clone())
    } else {
        Subject::Stranger
    };
    let rights = source.rights(&subject)?;
    match &args.explain {
        Some(tool) => explain(args.format, &source.registry, &rights, tool),
        None => list(args, &source.registry.menu(&rights)),
    }
}

fn tokens(bytes: usize) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an estimate of some thousands"
    )]
    let tokens = (bytes as f64 / BYTES_PER_TOKEN).round() as u64;
    tokens
}

fn list(args: &MenuArgs, menu: &Menu) -> anyhow::Result<()> {
    let tools = menu.tools();
    let bytes: usize = tools.iter().map(|tool| tool.definition.len()).sum();
    let values: Vec<_> = tools
        .iter()
        .map(|tool| {
            let entry = &tool.entry;
            let mut value = json!({"name": entry.name, "title": entry.title, "module": tool.module.as_str(),
                "writes": !entry.effect.read});
            if args.tokens {
                value["bytes"] = tool.definition.len().into();
                value["tokens_estimated"] = tokens(tool.definition.len()).into();
            }
            value
        })
        .collect();
    let whole =
        json!({"tools": values, "count": tools.len(), "bytes": bytes, "tokens_estimated": tokens(bytes)});
    args.format.show(&whole, || {
        let rows: Vec<_> = tools
            .iter()
            .map(|tool| {
                let effect = if tool.entry.effect.read { "read" } else { "write" };
                let mut row =
                    vec![tool.entry.name.to_owned(), effect.to_owned(), tool.entry.title.to_owned()];
                if args.tokens {
                    row.insert(2, tokens(tool.definition.len()).to_string());
                }
                row
            })
            .collect();
        let headings: &[&str] =
            if args.tokens { &["TOOL", "EFFECT", "TOKENS", "TITLE"] } else { &["TOOL", "EFFECT", "TITLE"] };
        let sum = format!("{} tools, {bytes} bytes, about {} tokens", tools.len(), tokens(bytes));
        format!("{}\n{sum}", table(headings, &rows))
    })
}

fn explain(format: Format, registry: &Registry, rights: &Rights, name: &str) -> anyhow::Result<()> {
    let verdict = |tool: &Registered| admits(&tool.entry, tool.module, rights).map_err(|why| why.words());
    if name.is_empty() {
        let values: Vec<_> = registry
            .tools()
            .iter()
            .map(|tool| {
                let hidden = verdict(tool).err();
                json!({"name": tool.entry.name, "on_menu": hidden.is_none(), "hidden_because": hidden})
            })
            .collect();
        return format.show(&values.into(), || {
            let rows: Vec<_> = registry
                .tools()
                .iter()
                .map(|tool| {
                    let verdict = verdict(tool).err();
                    let mark = if verdict.is_none() { "yes" } else { "no" };
                    vec![tool.entry.name.to_owned(), mark.to_owned(), verdict.unwrap_or_default()]
                })
                .collect();
            table(&["TOOL", "ON MENU", "BECAUSE"], &rows)
        });
    }
    let tool = registry.tools().iter().find(|tool| tool.entry.name == name);
    let tool = tool.with_context(|| format!("this build has no tool `{name}`"))?;
    let modes: Vec<&str> = tool.entry.modes.iter().map(|mode| mode.as_str()).collect();
    let hidden = verdict(tool).err();
    let value = json!({"name": name, "on_menu": hidden.is_none(), "hidden_because": hidden, "modes": modes,
        "module": tool.module.as_str(), "admin": tool.entry.admin, "writes": !tool.entry.effect.read});
    format.show(&value, || {
        let verdict = hidden.map_or_else(|| "is on the menu".to_owned(), |why| format!("is hidden: {why}"));
        let effect = if tool.entry.effect.read { "reads" } else { "writes" };
        let admin = if tool.entry.admin { ", for owners and admins" } else { "" };
        format!("`{name}` {verdict}\nit {effect}, module {}, modes {}{admin}", tool.module, modes.join(", "))
    })
}

fn diff(format: Format, registry: &Registry, sides: [(&String, &Rights); 2]) -> anyhow::Result<()> {
    let names = |rights: &Rights| -> BTreeSet<&'static str> {
        registry.menu(rights).tools().iter().map(|tool| tool.entry.name).collect()
    };
    let [(a, left), (b, right)] = sides;
    let (left, right) = (names(left), names(right));
    let only_a: Vec<_> = left.difference(&right).copied().collect();
    let only_b: Vec<_> = right.difference(&left).copied().collect();
    let both = left.intersection(&right).count();
    if format.json {
        return print(&json!({"only_a": only_a, "only_b": only_b, "both": both}).to_string());
    }
    let mut lines: Vec<String> = only_a.iter().map(|name| format!("- {name}")).collect();
    lines.extend(only_b.iter().map(|name| format!("+ {name}")));
    let shown = |text: &str| text.get(..11).filter(|_| text.starts_with("mk_")).unwrap_or(text).to_owned();
    lines.push(format!(
        "only {} (-): {}, only {} (+): {}, both: {both}",
        shown(a),
        only_a.len(),
        shown(b),
        only_b.len()
    ));
    print(&lines.join("\n"))
}

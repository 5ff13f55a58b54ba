//! `maitred demo`.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use maitred_core::caller::Policy;
use maitred_demo::Target;
use maitred_demo::demo::{DemoFacts, ORG_NAME, ORG_SLUG, SEED, generate_into};
use maitred_directory::{ChannelKind, Holder, KeySpec, roles};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::client_config::{Client, Reach, snippet};
use super::common::{self, print, remark};
use super::{key, serve};
use crate::boot::{self, Product};
use crate::config::{Config, DataArgs, ServeArgs, TransportChoice};
use crate::telemetry;

/// `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Address to listen on [default: 127.0.0.1:8808]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Make the organisation and its keys, and serve nothing
    #[arg(long)]
    no_serve: bool,
    /// Print one JSON object: url, keys by role, channel_key, contact_id, org
    #[arg(long)]
    json: bool,
}

const DEFAULT_DATA: &str = "./maitred-demo";
const CHANNEL: &str = "whatsapp";

/// Keys of the demo, kept so that a second run shows the same. It opens a made-up organisation only.
const KEPT: &str = "demo-keys.json";

/// What a run of the demo shows.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    keys: BTreeMap<String, String>,
    channel_key: String,
    contact_id: String,
    contact_name: String,
    org: String,
    /// Name of the bank's file in the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bank_file: Option<String>,
}

/// Runs the command.
pub fn run(data: &DataArgs, args: &DemoArgs) -> anyhow::Result<()> {
    let listen = ServeArgs { listen: args.listen, ..ServeArgs::default() };
    let mut config = Config::settle(data, &listen, DEFAULT_DATA)?;
    config.transport = TransportChoice::Http;
    telemetry::logs(config.log_format, config.log.as_deref(), "warn")?;
    serve::reachable(&config)?;
    let meters = telemetry::metrics()?;
    let product = Arc::new(boot::open(&config.place, config.door.clone(), config.limits)?);
    let kept = prepare(&product)?;
    if args.no_serve {
        show(args.json, &kept, config.listen, &config.place.data)?;
        remark(&format!(
            "nothing is served yet: maitred serve --listen {} --data {}",
            config.listen,
            config.place.data.display()
        ));
        return Ok(());
    }
    let data = config.place.data.clone();
    serve::serve(&config, product, meters, |address| show(args.json, &kept, address, &data))
}

/// The demo organisation and its keys: of an earlier run, or made now.
fn prepare(product: &Product) -> anyhow::Result<Kept> {
    let place = product.data.join(KEPT);
    if place.exists() {
        let text =
            fs::read_to_string(&place).with_context(|| format!("cannot read `{}`", place.display()))?;
        let kept: Kept =
            serde_json::from_str(&text).with_context(|| format!("`{}` is damaged", place.display()))?;
        ended(product, &kept)?;
        return Ok(kept);
    }
    if product.directory.org(ORG_SLUG)?.is_some() {
        bail!(
            "the first run of the demo was cut short; remove `{}` and start it again",
            product.data.display()
        );
    }
    remark(&format!("making the demo organisation in {} ..", product.data.display()));
    let org = product.directory.create_org(ORG_SLUG, ORG_NAME, true)?;
    let target = target(product, &org.slug, "demo")?;
    let facts = generate_into(&target, product.clock.now(), SEED).map_err(|error| boot::in_words(&error))?;
    let kept = keys(product, &org.slug, &facts)?;
    if let Some(file) = &facts.bank_file {
        let place = product.data.join(&file.name);
        fs::write(&place, &file.content).with_context(|| format!("cannot write `{}`", place.display()))?;
    }
    keep(&place, &kept)?;
    Ok(kept)
}

/// An organisation for the generator and the importers to write into.
pub fn target(product: &Product, slug: &str, command: &str) -> anyhow::Result<Target> {
    let org = product.directory.org(slug)?.with_context(|| format!("there is no organisation `{slug}`"))?;
    let store = product.directory.open_store(slug)?;
    let operator = product.operator(slug, &org.name, Arc::clone(&store), command);
    Ok(Target {
        org: operator.org,
        store,
        registry: Arc::clone(&product.registry),
        ids: Arc::clone(&product.ids),
        audit_key: *product.secrets().audit(),
        build: boot::BUILD.to_owned(),
    })
}

fn keys(product: &Product, slug: &str, facts: &DemoFacts) -> anyhow::Result<Kept> {
    let mint = |holder: Holder, label: String| -> anyhow::Result<String> {
        let spec = KeySpec {
            org: slug.to_owned(),
            holder,
            label,
            modules: Some(product.registry.modules()),
            modes: None,
            read_only: false,
            policy: Policy::Direct,
            expires_at: None,
        };
        Ok(key::mint_key(product, &spec)?.token.expose().to_owned())
    };
    let mut keys = BTreeMap::new();
    for role in roles::ROLES {
        let member = facts.member(role.name);
        let member =
            member.with_context(|| format!("the demo has no member with the role `{}`", role.name))?;
        let minted = mint(Holder::Teammate(member.id.0.clone()), format!("demo {}", role.name))?;
        keys.insert(role.name.to_owned(), minted);
    }
    product.directory.create_channel(slug, CHANNEL, ChannelKind::Whatsapp)?;
    let channel_key = mint(Holder::Channel(CHANNEL.to_owned()), "demo gateway".to_owned())?;
    Ok(Kept {
        keys,
        channel_key,
        contact_id: facts.client.contact.0.clone(),
        contact_name: format!("{} of {}", facts.client.name, facts.client.company_name),
        org: slug.to_owned(),
        bank_file: facts.bank_file.as_ref().map(|file| file.name.clone()),
    })
}

/// Complete or not at all, and readable for its owner only.
fn keep(place: &Path, kept: &Kept) -> anyhow::Result<()> {
    let context = || format!("cannot write `{}`", place.display());
    let draft: PathBuf = place.with_extension("draft");
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = serde_json::to_string_pretty(kept)?;
    options
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .with_context(context)?;
    fs::rename(&draft, place).with_context(context)
}

/// Says which of the keys open nothing any more.
fn ended(product: &Product, kept: &Kept) -> anyhow::Result<()> {
    let known = product.directory.keys(Some(&kept.org))?;
    let all = kept.keys.iter().map(|(role, key)| (role.as_str(), key));
    for (role, text) in all.chain([("channel", &kept.channel_key)]) {
        let prefix = text.split('_').nth(1).unwrap_or_default();
        if known.iter().find(|key| key.prefix == prefix).is_none_or(|key| key.revoked_at.is_some()) {
            remark(&format!(
                "the demo key `{role}` was revoked or rotated: mint a new one with maitred key mint"
            ));
        }
    }
    Ok(())
}

fn show(as_json: bool, kept: &Kept, address: SocketAddr, data: &Path) -> anyhow::Result<()> {
    let url = format!("http://{address}/mcp");
    if as_json {
        let object = json!({"url": url, "keys": kept.keys, "channel_key": kept.channel_key,
            "contact_id": kept.contact_id, "org": kept.org});
        return print(&object.to_string());
    }
    let owner = kept.keys.get("owner").map_or("mk_YOUR_KEY", String::as_str);
    let reach = Reach::Http { url: &url };
    let claude = snippet(Client::ClaudeCode, &reach, owner, "maitred")?;
    let inspector = snippet(Client::Inspector, &reach, owner, "maitred")?;
    let roles: Vec<Vec<String>> =
        kept.keys.iter().map(|(role, key)| vec![format!("  {role}"), key.clone()]).collect();
    let data = data.display();
    let prefix = owner.get(..11).unwrap_or(owner);
    print(&format!(
        "{ORG_NAME} is at {url}\n\n{}\n\n  WhatsApp gateway, speaks for contacts:  {}\n  a client, {}:  {}\n\n\
         Claude Code:\n  {claude}\n\nMCP Inspector:\n  {inspector}\n\nthree things to try:\n  \
         1. ask: \"what is our forecast, and which deals have gone stale?\"\n  \
         2. ask: \"find two contacts that are the same person, show me what merging them would change, then do it\"\n     \
         and see who did it: maitred audit show --data {data}\n  \
         3. take the key away, and be out within a second: maitred key revoke {prefix} --data {data}\n     \
         and see what a client may order: maitred menu --contact {} --data {data}{}",
        common::table(&["  ROLE", "KEY"], &roles),
        kept.channel_key,
        kept.contact_name,
        kept.contact_id,
        kept.contact_id,
        trade(kept, &data.to_string()),
    ))
}

/// Questions about trade; nothing where the build has none.
fn trade(kept: &Kept, data: &str) -> String {
    let Some(file) = &kept.bank_file else { return String::new() };
    format!(
        "\n\nand about trade, ask:\n  \
         - \"which invoices are overdue, and which customers are in dispute?\"\n  \
         - \"what should be reordered, and from which estate?\"\n  \
         - \"draft a quote for {}: 60 bottles of our three best-selling reds\"\n  \
         - \"import the bank statement {data}/{file} and match what is clear\"",
        kept.contact_name,
    )
}

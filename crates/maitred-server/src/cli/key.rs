//! `maitred key`.

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use maitred_core::caller::Policy;
use maitred_core::door::Membership as _;
use maitred_core::mode::{Mode, ModeSet, Module, Rights};
use maitred_directory::{Holder, KeyInfo, KeySpec, Minted, roles};
use maitred_party::PartyMembership;
use maitred_party::store::members;
use serde_json::json;

use super::common::{Format, moment, open, remark, table};
use crate::boot::Product;
use crate::config::DataArgs;

/// Sizes past which menus get harder for models, with what is known to happen there.
const THRESHOLDS: [(usize, &str); 3] = [
    (128, "some clients refuse more than 128 tools"),
    (100, "several clients cut lists off at 100 tools"),
    (40, "models begin to pick wrong tools past about 40"),
];

/// Keys.
#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// Make a key for a member or a channel; it is shown once
    #[command(
        after_help = "Examples:\n  maitred key mint --org acme --member ada@acme.example --label laptop --expires 90d\n  \
                      maitred key mint --org acme --member ada@acme.example --label report --modules account,crm \
                      --read-only\n  maitred key mint --org acme --channel whatsapp --label gateway"
    )]
    Mint(Mint),
    /// Give a key a new text; the old one opens nothing from now on
    #[command(after_help = "Example:\n  maitred key rotate mk_4x7kq2ab")]
    Rotate(Named),
    /// End a key, in every running server within a second
    #[command(after_help = "Example:\n  maitred key revoke mk_4x7kq2ab")]
    Revoke(Named),
    /// List the keys, never their texts
    #[command(after_help = "Example:\n  maitred key list --org acme --json")]
    List(List),
}

/// `key mint`.
#[derive(Args, Debug)]
pub struct Mint {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    /// The member it stands for: e-mail address, name or id
    #[arg(long, value_name = "EMAIL", conflicts_with = "channel", required_unless_present = "channel")]
    member: Option<String>,
    /// The channel it stands for: such a key may speak for contacts
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// What it is called in lists and in the audit trail
    #[arg(long)]
    label: String,
    /// Only these modules [default: every module of this build; modules of later builds are never added]
    #[arg(long, value_name = "MODULE", value_delimiter = ',', value_parser = module)]
    modules: Option<Vec<Module>>,
    /// Only these modes: sales, service, success, office, client_order, client_onboard
    #[arg(long, value_name = "MODE", value_delimiter = ',', value_parser = mode)]
    modes: Option<Vec<Mode>>,
    /// Let it write nothing
    #[arg(long)]
    read_only: bool,
    /// Whether its writes are carried out at once or need a confirmed preview
    #[arg(long, value_enum, default_value_t = PolicyChoice::Direct)]
    policy: PolicyChoice,
    /// When it ends: 12h, 90d, 8w, or a moment such as 2027-01-31T00:00:00Z [default: never]
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// A key by name.
#[derive(Args, Debug)]
pub struct Named {
    /// The key: its id, or its first characters as `key list` shows them
    key: String,
    #[command(flatten)]
    format: Format,
}

/// `key list`.
#[derive(Args, Debug)]
pub struct List {
    /// Only of this organisation
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// How eagerly a key's writes are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyChoice {
    /// A write is carried out at once, unless its tool is shown first for everybody.
    Direct,
    /// Every write needs the confirm of a preview.
    PreviewFirst,
}

/// A module word, or the list of those there are.
pub fn module(word: &str) -> anyhow::Result<Module> {
    Module::parse(word)
        .ok_or_else(|| anyhow!("there is no module `{word}`; the modules are {}", Module::WORDS.join(", ")))
}

/// A mode word, or the list of those there are.
pub fn mode(word: &str) -> anyhow::Result<Mode> {
    Mode::parse(word)
        .ok_or_else(|| anyhow!("there is no mode `{word}`; the modes are {}", Mode::WORDS.join(", ")))
}

/// Runs the command.
pub fn run(data: &DataArgs, command: &KeyCommand) -> anyhow::Result<()> {
    let product = open(data)?;
    match command {
        KeyCommand::Mint(mint) => {
            let minted = mint_key(&product, &mint.spec(&product)?)?;
            let tools = menu_size(&product, &minted.key)?;
            with_token(mint.format, &minted, Some(tools))?;
            warn_of_size(tools, mint);
            Ok(())
        }
        KeyCommand::Rotate(named) => {
            let minted = product.directory.rotate(lookup(&named.key))?;
            with_token(named.format, &minted, None)
        }
        KeyCommand::Revoke(named) => {
            let key = product.directory.revoke(lookup(&named.key))?;
            named.format.show(&shown(&key, &holder_name(&product, &key)), || {
                format!("the key mk_{} (`{}`) opens nothing any more", key.prefix, key.label)
            })
        }
        KeyCommand::List(list) => {
            let keys = product.directory.keys(list.org.as_deref())?;
            let holders: Vec<String> = keys.iter().map(|key| holder_name(&product, key)).collect();
            let values: Vec<_> = keys.iter().zip(&holders).map(|(key, holder)| shown(key, holder)).collect();
            list.format.show(&values.into(), || {
                let now = maitred_core::clock::stamp(product.clock.now());
                let rows: Vec<_> =
                    keys.iter().zip(&holders).map(|(key, holder)| row(key, holder, &now)).collect();
                table(&["KEY", "ORG", "FOR", "LABEL", "STATE", "NARROWED TO", "LAST USED", "EXPIRES"], &rows)
            })
        }
    }
}

/// Makes a key for a member or a channel that exists.
pub fn mint_key(product: &Product, spec: &KeySpec) -> anyhow::Result<Minted> {
    product.directory.mint(spec, |tx, member| Ok(PartyMembership.member(tx, member)?.is_some()))
}

/// What somebody pastes as the name of a key: the secret behind the prefix is neither needed nor looked at.
fn lookup(text: &str) -> &str {
    let name = text.strip_prefix("mk_").unwrap_or(text);
    name.split('_').next().unwrap_or(name)
}

impl Mint {
    fn spec(&self, product: &Product) -> anyhow::Result<KeySpec> {
        let holder = match (&self.member, &self.channel) {
            (Some(member), _) => {
                let found = product.look(&self.org, |db| members::resolve(db, member, "member"));
                let found = found.with_context(|| format!("no key was made for `{member}`"))?;
                if !found.is_active() {
                    bail!("`{member}` does not work here any more");
                }
                Holder::Teammate(found.id.0)
            }
            (None, Some(channel)) => Holder::Channel(channel.clone()),
            (None, None) => bail!("a key stands for a --member or for a --channel"),
        };
        let built = product.registry.modules();
        if let Some(absent) = self.modules.iter().flatten().find(|module| !built.contains(module)) {
            bail!("the module `{absent}` is not part of this build");
        }
        Ok(KeySpec {
            org: self.org.clone(),
            holder,
            label: self.label.clone(),
            modules: Some(self.modules.clone().unwrap_or(built)),
            modes: self.modes.as_deref().map(ModeSet::of),
            read_only: self.read_only,
            policy: match self.policy {
                PolicyChoice::Direct => Policy::Direct,
                PolicyChoice::PreviewFirst => Policy::PreviewFirst,
            },
            expires_at: self.expires.as_deref().map(|when| end(when, product.clock.now())).transpose()?,
        })
    }
}

/// The moment that `when` names, counted from `now`.
fn end(when: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let unreadable = || format!("`{when}` is no time to end at: write 12h, 90d, 8w or 2027-01-31T00:00:00Z");
    let unit = when.chars().last().with_context(unreadable)?;
    let hours = match unit {
        'h' => 1,
        'd' => 24,
        'w' => 24 * 7,
        _ => return when.parse().ok().with_context(unreadable),
    };
    let count: u32 = when.trim_end_matches(unit).parse().ok().with_context(unreadable)?;
    now.checked_add(SignedDuration::from_hours(i64::from(count) * hours)).ok().with_context(unreadable)
}

/// Rights of the caller that this key makes: for a channel, of the contacts it speaks for.
pub fn rights_of(product: &Product, key: &KeyInfo) -> anyhow::Result<Rights> {
    let rights = match &key.holder {
        Holder::Teammate(id) => {
            let member = product.look(&key.org, |db| members::get(db, id))?;
            let member = member.with_context(|| format!("the key mk_{} stands for nobody", key.prefix))?;
            roles::rights(&member.role_words())
                .map_err(|_| anyhow!("the roles `{}` of {} are not known", member.roles, member.name))?
        }
        Holder::Channel(_) => roles::client(),
    };
    Ok(roles::narrow(rights, key.modules.as_deref(), key.modes, key.read_only))
}

fn menu_size(product: &Product, key: &KeyInfo) -> anyhow::Result<usize> {
    Ok(product.registry.menu(&rights_of(product, key)?).tools().len())
}

fn warn_of_size(tools: usize, mint: &Mint) {
    let Some((_, what)) = THRESHOLDS.iter().find(|(most, _)| tools > *most) else {
        return;
    };
    let mut ways = Vec::new();
    if mint.modules.is_none() {
        ways.push("--modules account,crm");
    }
    if mint.modes.is_none() {
        ways.push("--modes sales");
    }
    if !mint.read_only {
        ways.push("--read-only");
    }
    remark(&format!("warning: this key's menu has {tools} tools; {what}"));
    if !ways.is_empty() {
        remark(&format!("a smaller menu: mint it with {}", ways.join(", or ")));
    }
}

fn with_token(format: Format, minted: &Minted, tools: Option<usize>) -> anyhow::Result<()> {
    let key = &minted.key;
    let mut value = shown(key, "");
    value["key"] = minted.token.expose().into();
    if let Some(tools) = tools {
        value["tools"] = tools.into();
    }
    format.show(&value, || {
        let menu = tools.map_or_else(String::new, |tools| format!(", {tools} tools"));
        let end = key.expires_at.as_deref().map_or_else(String::new, |at| format!(", until {at}"));
        format!(
            "key `{}` of `{}`{menu}{end}\nshown this once:\n{}",
            key.label,
            key.org,
            minted.token.expose()
        )
    })
}

fn holder_name(product: &Product, key: &KeyInfo) -> String {
    match &key.holder {
        Holder::Teammate(id) => match product.look(&key.org, |db| members::get(db, id)) {
            Ok(Some(member)) => member.email,
            // A list of keys is most needed when something is wrong.
            _ => format!("member {id}"),
        },
        Holder::Channel(id) => {
            let channels = product.directory.channels(Some(&key.org)).unwrap_or_default();
            let name = channels.into_iter().find(|channel| channel.id == *id).map(|channel| channel.name);
            format!("channel {}", name.as_deref().unwrap_or(id))
        }
    }
}

fn state(key: &KeyInfo, now: &str) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.as_deref().is_some_and(|end| end <= now) {
        "expired"
    } else {
        "active"
    }
}

fn row(key: &KeyInfo, holder: &str, now: &str) -> Vec<String> {
    let mut narrowed: Vec<&str> = key.modules.iter().flatten().map(|module| module.as_str()).collect();
    narrowed.extend(key.modes.iter().flat_map(|modes| modes.iter()).map(|mode| mode.as_str()));
    if key.read_only {
        narrowed.push("read-only");
    }
    if key.policy == Policy::PreviewFirst {
        narrowed.push("preview-first");
    }
    vec![
        format!("mk_{}", key.prefix),
        key.org.clone(),
        holder.to_owned(),
        key.label.clone(),
        state(key, now).to_owned(),
        if narrowed.is_empty() { "-".to_owned() } else { narrowed.join(" ") },
        moment(key.last_used_at.as_deref()),
        moment(key.expires_at.as_deref()),
    ]
}

fn shown(key: &KeyInfo, holder: &str) -> serde_json::Value {
    let (kind, id) = match &key.holder {
        Holder::Teammate(id) => ("member", id),
        Holder::Channel(id) => ("channel", id),
    };
    let mut value = json!({
        "id": key.id, "org": key.org, "holder": kind, "holder_id": id, "label": key.label,
        "prefix": format!("mk_{}", key.prefix),
        "modules": key.modules.as_ref().map(|list| list.iter().map(|module| module.as_str()).collect::<Vec<_>>()),
        "modes": key.modes.map(|modes| modes.iter().map(Mode::as_str).collect::<Vec<_>>()),
        "read_only": key.read_only,
        "policy": match key.policy { Policy::Direct => "direct", Policy::PreviewFirst => "preview-first" },
        "created_at": key.created_at, "rotated_at": key.rotated_at, "expires_at": key.expires_at,
        "revoked_at": key.revoked_at, "last_used_at": key.last_used_at,
    });
    if !holder.is_empty() {
        value["holder_name"] = holder.into();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_when_it_is_told() {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let at = |when: &str| end(when, now).map(|end| end.to_string()).map_err(|error| error.to_string());
        assert_eq!(at("12h").unwrap(), "2026-03-02T22:00:00Z");
        assert_eq!(at("90d").unwrap(), "2026-05-31T10:00:00Z");
        assert_eq!(at("2w").unwrap(), "2026-03-16T10:00:00Z");
        assert_eq!(at("2027-01-31T00:00:00Z").unwrap(), "2027-01-31T00:00:00Z");
        for bad in ["", "d", "-1d", "1.5d", "90", "soon", "99999999999d", "9d9d"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_named_by_its_first_characters_however_it_is_pasted() {
        for text in ["abcd2345", "mk_abcd2345", "mk_abcd2345_secretsecret"] {
            assert_eq!(lookup(text), "abcd2345");
        }
        assert_eq!(lookup("0190a0b0-0000-7000-8000-000000000001"), "0190a0b0-0000-7000-8000-000000000001");
    }
}

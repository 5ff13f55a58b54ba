//! `maitred org`.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use maitred_core::clock::stamp;
use maitred_core::limits::LimitSettings;
use maitred_directory::{Org, secrets};
use maitred_store::transfer;
use serde_json::json;

use super::common::{Format, config, moment, open, open_or_make, table};
use crate::boot;
use crate::config::{Config, DataArgs, DatabaseUrl, Place};

/// Organisations.
#[derive(Subcommand, Debug)]
pub enum OrgCommand {
    /// Make an organisation and its database
    #[command(after_help = "Example:\n  maitred org create acme --name \"Acme Wines\" --open-door")]
    Create(Create),
    /// List the organisations
    #[command(after_help = "Example:\n  maitred org list --json")]
    List(Format),
    /// Copy an organisation between a data directory and a PostgreSQL server, and prove that the copy is equal
    #[command(after_help = COPY_HELP)]
    Copy(Copy),
    /// Open or close the door to strangers
    #[command(after_help = "Example:\n  maitred org door acme closed")]
    Door(Door),
}

/// `org create`.
#[derive(Args, Debug)]
pub struct Create {
    /// Name of its database: a-z, 0-9 and -, at most 48 characters
    slug: String,
    /// Name for people
    #[arg(long)]
    name: String,
    /// Let strangers in, with the stranger's menu
    #[arg(long)]
    open_door: bool,
    #[command(flatten)]
    format: Format,
}

const COPY_HELP: &str = "Stop the servers that write to the source first. The copy is made in one transaction: one \
that is cut short leaves nothing, and can be begun again. Keys and channels come along, because both sides have the \
same secret. The source stays as it is.

Example:
  maitred org copy acme --from ./maitred-data --to postgres://maitred@db.example/maitred
  maitred org copy acme --from postgres://maitred@db.example/maitred --to ./back";

/// `org copy`.
#[derive(Args, Debug)]
pub struct Copy {
    /// The organisation
    slug: String,
    /// Where it is: a data directory, or postgres://USER:PASSWORD@HOST/NAME [default: where this command's data is]
    #[arg(long, value_name = "DIR|URL")]
    from: Option<Side>,
    /// Where it shall be; a directory is made when it is not there
    #[arg(long, value_name = "DIR|URL")]
    to: Side,
    #[command(flatten)]
    format: Format,
}

/// One side of a copy.
#[derive(Clone, Debug)]
enum Side {
    Directory(PathBuf),
    Server(DatabaseUrl),
}

impl From<String> for Side {
    fn from(text: String) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Server(DatabaseUrl(text))
        } else {
            Self::Directory(PathBuf::from(text))
        }
    }
}

/// `org door`.
#[derive(Args, Debug)]
pub struct Door {
    /// The organisation
    slug: String,
    /// What the door shall be
    state: DoorState,
    #[command(flatten)]
    format: Format,
}

/// Whether strangers may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoorState {
    /// Strangers come in and see the stranger's menu.
    Open,
    /// Nobody comes in without a key.
    Closed,
}

/// Runs the command.
pub fn run(data: &DataArgs, command: &OrgCommand) -> anyhow::Result<()> {
    match command {
        OrgCommand::Create(create) => {
            let product = open_or_make(data)?;
            let org = product.directory.create_org(&create.slug, &create.name, create.open_door)?;
            create.format.show(&shown(&org), || {
                format!(
                    "made the organisation `{slug}` with its door {door}\nnext: maitred member add --org {slug} \
                     --name NAME --email EMAIL --role owner",
                    slug = org.slug,
                    door = if org.door_open { "open" } else { "closed" },
                )
            })
        }
        OrgCommand::List(format) => {
            let orgs = open(data)?.directory.orgs()?;
            let list: Vec<_> = orgs.iter().map(shown).collect();
            format.show(&list.into(), || {
                let rows: Vec<_> = orgs
                    .iter()
                    .map(|org| {
                        let state = if org.archived_at.is_some() { "archived" } else { "active" };
                        let door = if org.door_open { "open" } else { "closed" };
                        let made = moment(Some(&org.created_at));
                        vec![org.slug.clone(), org.name.clone(), door.to_owned(), state.to_owned(), made]
                    })
                    .collect();
                table(&["SLUG", "NAME", "DOOR", "STATE", "MADE"], &rows)
            })
        }
        OrgCommand::Copy(args) => copy(data, args),
        OrgCommand::Door(door) => {
            let org = open(data)?.directory.set_door(&door.slug, door.state == DoorState::Open)?;
            door.format.show(&shown(&org), || {
                format!("the door of `{}` is {}", org.slug, if org.door_open { "open" } else { "closed" })
            })
        }
    }
}

/// A server's databases have their secret in the data directory of this command.
fn side(named: Option<&Side>, config: &Config) -> Place {
    match named {
        Some(Side::Directory(data)) => Place::directory(data),
        Some(Side::Server(url)) => Place { database: Some(url.clone()), ..config.place.clone() },
        None => config.place.clone(),
    }
}

fn copy(data: &DataArgs, args: &Copy) -> anyhow::Result<()> {
    let config = config(data)?;
    let (mut from, mut to) = (side(args.from.as_ref(), &config), side(Some(&args.to), &config));
    // A directory brings its secret to a server.
    match (&args.from, &args.to) {
        (Some(Side::Directory(data)), Side::Server(_)) => to.data.clone_from(data),
        (Some(Side::Server(_)), Side::Directory(data)) if data.join(secrets::FILE).exists() => {
            from.data.clone_from(data);
        }
        _ => {}
    }
    if !from.data.join(secrets::FILE).exists() {
        bail!(
            "there is no `{}`, the secret that the data was made with",
            from.data.join(secrets::FILE).display()
        );
    }
    boot::make(&to.data)?;
    if !to.data.join(secrets::FILE).exists() {
        std::fs::copy(from.data.join(secrets::FILE), to.data.join(secrets::FILE))
            .with_context(|| format!("cannot copy the secret to `{}`", to.data.display()))?;
    }
    let source = boot::open(&from, None, LimitSettings::default()).context("the source")?;
    let target = boot::open(&to, None, LimitSettings::default()).context("the target")?;
    let slug = args.slug.as_str();
    if source.directory.org(slug)?.is_none() {
        bail!("there is no organisation `{slug}` in the source");
    }
    let store = source.directory.open_store(slug)?;
    let empty = target.directory.unlisted_store(slug).context("the target")?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{bar:40} {percent:>3} %  {human_pos} of {human_len} rows  {elapsed}",
    )?);
    let moving = bar.clone();
    let proof = transfer::copy(&store, &*empty, stamp(source.clock.now()), move |done, all| {
        moving.set_length(all);
        moving.set_position(done);
    });
    bar.finish_and_clear();
    let proof = proof.with_context(|| format!("nothing was copied of `{slug}` that stays"))?;
    let keys = target.directory.adopt(&source.directory, slug)?;
    let rows: i64 = proof.iter().map(|table| table.rows).sum();
    let tables: Vec<_> = proof
        .iter()
        .map(|table| json!({"table": table.table, "rows": table.rows, "sha256": table.hash}))
        .collect();
    args.format.show(&json!({"copied": slug, "rows": rows, "keys": keys, "tables": tables}), || {
        let lines: Vec<_> = proof
            .iter()
            .map(|table| {
                vec![table.table.clone(), table.rows.to_string(), table.hash.chars().take(16).collect()]
            })
            .collect();
        format!(
            "{}\n\ncopied `{slug}`: {rows} rows in {} tables are equal on both sides, {keys} keys open both",
            table(&["TABLE", "ROWS", "SHA-256 OF BOTH"], &lines),
            proof.len()
        )
    })
}

fn shown(org: &Org) -> serde_json::Value {
    json!({
        "id": org.id, "slug": org.slug, "name": org.name, "door_open": org.door_open,
        "created_at": org.created_at, "archived_at": org.archived_at,
    })
}

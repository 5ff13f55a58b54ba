//! `maitred org`.

use clap::{Args, Subcommand, ValueEnum};
use maitred_directory::Org;
use serde_json::json;

use super::common::{Format, moment, open, open_or_make, table};
use crate::config::DataArgs;

/// Organisations.
#[derive(Subcommand, Debug)]
pub enum OrgCommand {
    /// Make an organisation and its database
    #[command(after_help = "Example:\n  maitred org create acme --name \"Acme Wines\" --open-door")]
    Create(Create),
    /// List the organisations
    #[command(after_help = "Example:\n  maitred org list --json")]
    List(Format),
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
        OrgCommand::Door(door) => {
            let org = open(data)?.directory.set_door(&door.slug, door.state == DoorState::Open)?;
            door.format.show(&shown(&org), || {
                format!("the door of `{}` is {}", org.slug, if org.door_open { "open" } else { "closed" })
            })
        }
    }
}

fn shown(org: &Org) -> serde_json::Value {
    json!({
        "id": org.id, "slug": org.slug, "name": org.name, "door_open": org.door_open,
        "created_at": org.created_at, "archived_at": org.archived_at,
    })
}

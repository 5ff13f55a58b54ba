//! `maitred channel`.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use maitred_directory::{ChannelInfo, ChannelKind};
use serde_json::json;

use super::common::{Format, moment, open, table};
use crate::config::DataArgs;

/// Channels: gateways that speak for contacts.
#[derive(Subcommand, Debug)]
pub enum ChannelCommand {
    /// Make a channel; the secret that signs its assertions is shown once
    #[command(
        after_help = "Example:\n  maitred channel create --org acme --name whatsapp --kind whatsapp\n  \
                            maitred key mint --org acme --channel whatsapp --label gateway"
    )]
    Create(Create),
    /// Give a channel a new secret; what the old one signed is not believed any more
    #[command(after_help = "Example:\n  maitred channel rotate --org acme whatsapp")]
    Rotate(Named),
    /// Archive a channel: neither its keys nor its signatures are believed any more
    #[command(after_help = "Example:\n  maitred channel archive --org acme whatsapp")]
    Archive(Named),
    /// List the channels
    #[command(after_help = "Example:\n  maitred channel list --org acme --json")]
    List(List),
}

/// `channel create`.
#[derive(Args, Debug)]
pub struct Create {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    /// Name, new in the organisation
    #[arg(long)]
    name: String,
    /// Where its messages come from: whatsapp, telegram, web or email
    #[arg(long, value_parser = kind)]
    kind: ChannelKind,
    #[command(flatten)]
    format: Format,
}

/// A channel by name.
#[derive(Args, Debug)]
pub struct Named {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    /// The channel: name or id
    channel: String,
    #[command(flatten)]
    format: Format,
}

/// `channel list`.
#[derive(Args, Debug)]
pub struct List {
    /// Only of this organisation
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    #[command(flatten)]
    format: Format,
}

fn kind(word: &str) -> anyhow::Result<ChannelKind> {
    ChannelKind::parse(word)
        .ok_or_else(|| anyhow!("there is no kind `{word}`; the kinds are {}", ChannelKind::WORDS.join(", ")))
}

/// Runs the command.
pub fn run(data: &DataArgs, command: &ChannelCommand) -> anyhow::Result<()> {
    let directory = &open(data)?.directory;
    match command {
        ChannelCommand::Create(create) => {
            let (channel, secret) = directory.create_channel(&create.org, &create.name, create.kind)?;
            with_secret(create.format, &channel, secret.expose())
        }
        ChannelCommand::Rotate(named) => {
            let (channel, secret) = directory.rotate_channel(&named.org, &named.channel)?;
            with_secret(named.format, &channel, secret.expose())
        }
        ChannelCommand::Archive(named) => {
            let channel = directory.archive_channel(&named.org, &named.channel)?;
            named.format.show(&shown(&channel), || format!("the channel `{}` is archived", channel.name))
        }
        ChannelCommand::List(list) => {
            let channels = directory.channels(list.org.as_deref())?;
            let values: Vec<_> = channels.iter().map(shown).collect();
            list.format.show(&values.into(), || {
                let rows: Vec<_> = channels
                    .iter()
                    .map(|channel| {
                        let state = if channel.archived_at.is_some() { "archived" } else { "active" };
                        let kind = channel.kind.as_str().to_owned();
                        let rotated = moment(channel.rotated_at.as_deref());
                        vec![channel.org.clone(), channel.name.clone(), kind, state.to_owned(), rotated]
                    })
                    .collect();
                table(&["ORG", "NAME", "KIND", "STATE", "ROTATED"], &rows)
            })
        }
    }
}

fn with_secret(format: Format, channel: &ChannelInfo, secret: &str) -> anyhow::Result<()> {
    let mut value = shown(channel);
    value["secret"] = secret.into();
    format.show(&value, || {
        format!(
            "channel `{}` of `{}`\nsecret, shown this once; the gateway signs assertions with it:\n{secret}",
            channel.name, channel.org
        )
    })
}

fn shown(channel: &ChannelInfo) -> serde_json::Value {
    json!({
        "id": channel.id, "org": channel.org, "name": channel.name, "kind": channel.kind.as_str(),
        "created_at": channel.created_at, "rotated_at": channel.rotated_at, "archived_at": channel.archived_at,
    })
}

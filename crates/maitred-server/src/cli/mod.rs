//! The command line. Each command is a file; what they share is in `common`, `boot` and `config`.

mod channel;
mod common;
mod key;
mod member;
mod org;
mod serve;

use clap::{Parser, Subcommand};

use crate::config::{DataArgs, ServeArgs};

/// The door between AI agents and a business.
#[derive(Parser, Debug)]
#[command(name = "maitred", version, about, propagate_version = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve agents over stdio or HTTP
    #[command(after_help = "Example:\n  maitred serve --listen 127.0.0.1:8808\n  \
                            MAITRED_KEY=mk_.. maitred serve --transport stdio")]
    Serve(ServeArgs),
    /// Make and list organisations, open and close their doors
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// Add members, change their roles
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Make, rotate, revoke and list keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Make and list the channels that speak for contacts
    #[command(subcommand)]
    Channel(channel::ChannelCommand),
}

/// Runs a command.
///
/// # Errors
/// Whatever keeps it from being done, as a chain of sentences for the operator.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(args) => serve::run(&cli.data, &args),
        Command::Org(command) => org::run(&cli.data, &command),
        Command::Member(command) => member::run(&cli.data, &command),
        Command::Key(command) => key::run(&cli.data, &command),
        Command::Channel(command) => channel::run(&cli.data, &command),
    }
}

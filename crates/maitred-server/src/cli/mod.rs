//! The command line. Each command is a file; what they share is in `common`, `boot` and `config`.

mod audit;
mod backup;
mod call;
mod channel;
mod client_config;
mod common;
mod completions;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
#[cfg(feature = "demo")]
mod import;
mod key;
mod member;
mod menu;
mod org;
mod outbox;
mod restore;
mod serve;

use clap::{Parser, Subcommand};

pub use self::menu::BYTES_PER_TOKEN;

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
    /// Make the demo organisation, print its keys, and serve it
    #[cfg(feature = "demo")]
    #[command(after_help = "Examples:\n  maitred demo\n  maitred demo --json --listen 127.0.0.1:0")]
    Demo(demo::DemoArgs),
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
    /// Show what somebody may order, why, and what it costs a model
    #[command(
        after_help = "Examples:\n  maitred menu --role sales --tokens\n  maitred menu --key mk_.. --explain \
                      account_setting_update\n  maitred menu --diff sales viewer"
    )]
    Menu(menu::MenuArgs),
    /// Call one tool, through the same checks as a server
    #[command(after_help = "Examples:\n  maitred call account_member_list '{\"limit\": 5}' --key mk_..\n  \
                            MAITRED_KEY=mk_.. maitred call account_setting_update - --dry-run < call.json")]
    Call(call::CallArgs),
    /// Bring real data sets in
    #[cfg(feature = "demo")]
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Look whether everything is as it should be
    #[command(after_help = "Example:\n  maitred doctor --json")]
    Doctor(common::Format),
    /// Copy live databases, and check the copies
    #[command(
        after_help = "Examples:\n  maitred backup --all /backups/2026-03-02\n  maitred backup --org acme \
                            /backups/acme --with-secret"
    )]
    Backup(backup::BackupArgs),
    /// Bring a copy back
    #[command(
        after_help = "Examples:\n  maitred restore --all /backups/2026-03-02 --data ./maitred-new\n  maitred \
                            restore --org acme --replace /backups/2026-03-02"
    )]
    Restore(restore::RestoreArgs),
    /// See what left the house, and let what failed be tried again
    #[command(subcommand)]
    Outbox(outbox::OutboxCommand),
    /// Show and verify the audit trail
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Print what to paste into a client
    #[command(
        after_help = "Examples:\n  maitred client-config claude-code --key mk_..\n  maitred client-config \
                            claude-desktop --stdio --key mk_.."
    )]
    ClientConfig(client_config::ClientConfigArgs),
    /// Print the completions of a shell
    #[command(
        after_help = "Example:\n  maitred completions bash > ~/.local/share/bash-completion/completions/maitred"
    )]
    Completions(completions::CompletionsArgs),
}

/// Runs a command.
///
/// # Errors
/// Whatever keeps it from being done, as a chain of sentences for the operator.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(args) => serve::run(&cli.data, &args),
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(&cli.data, &args),
        #[cfg(feature = "demo")]
        Command::Import(command) => import::run(&cli.data, &command),
        Command::Org(command) => org::run(&cli.data, &command),
        Command::Member(command) => member::run(&cli.data, &command),
        Command::Key(command) => key::run(&cli.data, &command),
        Command::Channel(command) => channel::run(&cli.data, &command),
        Command::Menu(args) => menu::run(&cli.data, &args),
        Command::Call(args) => call::run(&cli.data, &args),
        Command::Doctor(format) => doctor::run(&cli.data, format),
        Command::Backup(args) => backup::run(&cli.data, &args),
        Command::Restore(args) => restore::run(&cli.data, &args),
        Command::Outbox(command) => outbox::run(&cli.data, &command),
        Command::Audit(command) => audit::run(&cli.data, &command),
        Command::ClientConfig(args) => client_config::run(&cli.data, &args),
        Command::Completions(args) => completions::run(&args),
    }
}

//! `maitred outbox`.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use maitred_core::clock::stamp;
use maitred_store::engine::write_and_wait;
use maitred_store::{Budget, ledger};
use serde_json::json;

use super::common::{Format, moment, open, table};
use crate::config::DataArgs;

/// Time one look at the database may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What left the house, or should have.
#[derive(Subcommand, Debug)]
pub enum OutboxCommand {
    /// List mails and webhooks: waiting, sent in the last 30 days, dead
    #[command(after_help = "Example:\n  maitred outbox list --org acme --state dead")]
    List(List),
    /// Let a dead one be tried again
    #[command(
        after_help = "Example:\n  maitred outbox retry 019a5b3c-7d11-7c05-b7a4-0f5f9d8f4c11 --org acme"
    )]
    Retry(Retry),
}

/// `outbox list`.
#[derive(Args, Debug)]
pub struct List {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    /// Only those in this state
    #[arg(long)]
    state: Option<State>,
    /// How many at most, newest first
    #[arg(long, default_value_t = 50)]
    limit: i64,
    #[command(flatten)]
    format: Format,
}

/// `outbox retry`.
#[derive(Args, Debug)]
pub struct Retry {
    /// Its id
    id: String,
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
}

/// How far an act is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// To be carried out, or to be tried again.
    Waiting,
    /// Carried out.
    Sent,
    /// Given up.
    Dead,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }
}

/// Runs the command.
pub fn run(data: &DataArgs, command: &OutboxCommand) -> anyhow::Result<()> {
    let product = open(data)?;
    match command {
        OutboxCommand::List(args) => {
            let store = product.directory.open_store(&args.org)?;
            let mut acts = Ok(Vec::new());
            let state = args.state.map(State::word);
            store.read(&Budget::of(LIMIT), &mut |tx| acts = ledger::outbox(tx, state, args.limit))?;
            let acts = acts?;
            let value = acts.iter().map(|act| {
                json!({
                    "id": act.id, "topic": act.topic, "state": act.state, "attempts": act.attempts,
                    "due_at": act.due_at, "created_at": act.created_at, "last_error": act.last_error,
                })
            });
            args.format.show(&value.collect::<Vec<_>>().into(), || {
                let rows: Vec<_> = acts
                    .iter()
                    .map(|act| {
                        let why = act.last_error.clone().unwrap_or_default();
                        let (made, due) = (moment(Some(&act.created_at)), moment(Some(&act.due_at)));
                        vec![
                            act.id.clone(),
                            act.topic.clone(),
                            act.state.clone(),
                            act.attempts.to_string(),
                            made,
                            due,
                            why,
                        ]
                    })
                    .collect();
                table(&["ID", "TOPIC", "STATE", "TRIES", "ORDERED", "SENT OR DUE", "LAST FAILURE"], &rows)
            })
        }
        OutboxCommand::Retry(args) => {
            let store = product.directory.open_store(&args.org)?;
            let id = args.id.clone();
            let now = stamp(product.clock.now());
            if !write_and_wait(&*store, now, LIMIT, move |tx| ledger::revive_outbox(tx, &id))? {
                bail!("there is no dead `{}` in the outbox of `{}`", args.id, args.org);
            }
            super::common::print("it is tried again by the next server that looks")
        }
    }
}

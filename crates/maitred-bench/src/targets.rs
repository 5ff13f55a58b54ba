//! What maitred must reach and aims for, each against its reference in the same run.

use clap::ValueEnum;
use serde::Serialize;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// At least the target.
    Higher,
    /// At most the target.
    Lower,
}

/// What is held against the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// maitred's figure divided by the reference's.
    Ratio,
    /// maitred's figure itself: sizes and limits that were promised as such.
    Figure,
}

/// A target.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Target {
    /// What is compared.
    pub judged: Judged,
    /// Which way is better.
    pub better: Better,
    /// What must be reached.
    pub must: f64,
    /// What is aimed for, where it is more than what must be reached.
    pub aim: f64,
}

const fn ratio(must: f64, aim: f64) -> Target {
    Target { judged: Judged::Ratio, better: Better::Higher, must, aim }
}

const fn at_most(must: f64, aim: f64) -> Target {
    Target { judged: Judged::Figure, better: Better::Lower, must, aim }
}

/// Requests a second of the cheapest call, to bare hyper with as large an answer.
pub const WHOAMI: Target = ratio(0.6, 0.75);
/// Requests a second of the tool list's first page, to bare hyper with as large an answer.
pub const LIST: Target = ratio(0.6, 0.8);
/// Requests a second of the keyed read, to the hand-written handler.
pub const GET: Target = ratio(0.75, 0.9);
/// Requests a second of the search, to the hand-written handler.
pub const SEARCH: Target = ratio(0.85, 0.95);
/// Keyed reads a second beside two scans, to the same alone.
pub const SCANS: Target = ratio(0.5, 0.7);
/// 99th percentile of keyed reads beside two scans, in ms.
pub const SCANS_P99: Target = at_most(5.0, 2.0);
/// Durable writes a second of 32 callers, to one commit per call.
pub const WRITES: Target = ratio(4.0, 6.0);
/// 99th percentile of durable writes, to one commit per call.
pub const WRITES_P99: Target = Target { judged: Judged::Ratio, better: Better::Lower, must: 1.0, aim: 1.0 };
/// Start of the process to the first answered `initialize`, in ms.
pub const STDIO_START: Target = at_most(30.0, 15.0);
/// Calls a second over stdio one at a time, to a hand-written loop.
pub const STDIO_SEQUENTIAL: Target = ratio(0.5, 0.5);
/// Calls a second over stdio with 64 in flight, to a hand-written loop.
pub const STDIO_PIPELINED: Target = ratio(0.3, 0.6);
/// Anonymous memory gained over 20,000 calls, in KiB: the allocator's noise, far below a byte kept for each call's bytes.
pub const STDIO_GROWTH: Target = at_most(1_024.0, 256.0);
/// Resident memory at rest, in MiB.
pub const IDLE: Target = at_most(15.0, 15.0);
/// Anonymous memory of 10,000 initialised sessions, in MiB.
pub const SESSIONS: Target = at_most(5.0, 5.0);
/// Requests a second of the keyed read on PostgreSQL, to the hand-written handler with as many connections.
pub const PG_GET: Target = ratio(0.75, 0.9);
/// Requests a second of the search on PostgreSQL, to the hand-written handler with as many connections.
pub const PG_SEARCH: Target = ratio(0.75, 0.95);
/// Durable writes a second of 32 callers on PostgreSQL, to the same statements in one transaction each.
pub const PG_WRITES: Target = ratio(0.8, 1.5);
/// Keyed reads a second of a thousand organisations by a zipf law, to those of one.
pub const PG_ORGS: Target = ratio(0.5, 0.7);
/// The same with every organisation as busy as any other: nothing was promised.
pub const PG_ORGS_UNIFORM: Target = ratio(0.0, 0.5);
/// Time of the import of the Online Retail file, to bare insertions of the same rows.
pub const IMPORT: Target = Target { judged: Judged::Ratio, better: Better::Lower, must: 6.0, aim: 3.0 };
/// The same in seconds.
pub const IMPORT_TIME: Target = at_most(60.0, 45.0);
/// Memory of the import, in MiB.
pub const IMPORT_MEMORY: Target = at_most(300.0, 200.0);
/// An order, a price quote and a search for invoices, to the hand-written handler.
pub const TRADE_READ: Target = ratio(0.5, 0.75);
/// A year's sales by product, in ms.
pub const SALES_REPORT: Target = at_most(500.0, 300.0);
/// Receivables by age, in ms.
pub const AGING: Target = at_most(200.0, 100.0);
/// 99th percentile of keyed reads beside reports, to the same alone.
pub const REPORTS_P99: Target = Target { judged: Judged::Ratio, better: Better::Lower, must: 3.0, aim: 2.0 };
/// Wrong, lost or refused answers under load.
pub const ERRORS: Target = at_most(0.0, 0.0);

/// A part of the run that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Memory at rest and of 10,000 sessions.
    Memory,
    /// `account_whoami` against bare hyper.
    Whoami,
    /// `tools/list` against bare hyper.
    List,
    /// `crm_contact_get` against the hand-written handler.
    Get,
    /// `crm_contact_search` against the hand-written handler.
    Search,
    /// Keyed reads alone and beside two scans.
    Scans,
    /// `crm_activity_log` with 32 callers against one commit per call.
    Writes,
    /// stdio against the hand-written loop.
    Stdio,
    /// Reads, writes and many organisations with the databases on a PostgreSQL server.
    Postgres,
    /// The Online Retail file imported, against bare insertions; orders, prices and invoices against hand-written
    /// handlers; reports, and keyed reads beside them.
    Trade,
}

//! A whole run: maitred and the references side by side, in turns, on scratch copies of a data directory.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::client::{self, Client};
use crate::load::{self, Outcome, Request};
use crate::process::{self, Server};
use crate::reference::hand::Hand;
use crate::reference::write_each::{self, Direct};
use crate::report::{Report, Row, median};
use crate::stdio_load::{self, Driver, Program};
use crate::targets::{self, Scenario, Target};
use crate::{calls, sessions, wire};

/// Name of the variable in which the key reaches a subprocess of this harness.
pub const KEY_VARIABLE: &str = "MAITRED_BENCH_KEY";
pub(crate) const WRITERS: usize = 32;
const SCANS: usize = 2;
/// Callers of the scenario that asks how long one of them waits.
const FEW: usize = 8;
/// Share of the cores that the machine's host may take during a pair of measurements.
const QUIET: f64 = 0.02;
const CONTACTS: usize = 1_000;
const WORDS: usize = 50;
const STARTS: usize = 9;
const STDIO_CALLS: usize = 20_000;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program that is measured.
    pub maitred: PathBuf,
    /// This harness' own program, which holds the references and the generator.
    pub harness: PathBuf,
    /// A data directory that no server has open. It is copied and stays as it is.
    pub data: PathBuf,
    /// Where the copies go, which must be a real disk; beside the data by default.
    pub scratch: Option<PathBuf>,
    /// The organisation's database inside `data`; found by its tables by default.
    pub database: Option<PathBuf>,
    /// A teammate's key which may call the tools of [`calls`].
    pub key: String,
    /// More arguments for `serve`.
    pub args: Vec<String>,
    /// More variables for maitred, `NAME=value`.
    pub env: Vec<(String, String)>,
    /// The endpoint's path.
    pub path: String,
    /// Rounds of each comparison.
    pub rounds: usize,
    /// Time of each measurement.
    pub duration: Duration,
    /// Time before each measurement.
    pub warm_up: Duration,
    /// Connections of the HTTP scenarios.
    pub connections: usize,
    /// Sessions of the memory scenario.
    pub sessions: usize,
    /// The parts to run, all when empty.
    pub only: Vec<Scenario>,
    /// Threads of the generator.
    pub threads: usize,
    /// An empty database on a PostgreSQL server, for the scenario that needs one.
    pub postgres: Option<String>,
    /// The Online Retail file, for the scenario that needs it.
    pub retail: Option<PathBuf>,
}

/// Runs and reports. `progress` is told what happens next.
///
/// # Errors
/// When maitred does not start or the data cannot be copied. A scenario that fails is a row of the report.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    let parent = match &options.scratch {
        Some(scratch) => scratch.clone(),
        None => options.data.canonicalize()?.parent().context("the data directory has no parent")?.to_owned(),
    };
    let scratch = tempfile::Builder::new().prefix("maitred-bench-").tempdir_in(parent)?;
    let mut run =
        Run { options, progress, scratch: scratch.path().to_owned(), warnings: Vec::new(), errors: 0 };
    let mut rows = run.reads()?;
    if run.wants(Scenario::Writes) {
        let written = run.writes();
        rows.extend(rows_or_failure(Scenario::Writes, written));
    }
    if run.wants(Scenario::Stdio) {
        let answered = run.stdio();
        rows.extend(rows_or_failure(Scenario::Stdio, answered));
    }
    if let Some(url) = options.postgres.as_deref().filter(|_| run.wants(Scenario::Postgres)) {
        let measured = run.postgres(url);
        rows.extend(rows_or_failure(Scenario::Postgres, measured));
    }
    if let Some(file) = options.retail.as_deref().filter(|_| run.wants(Scenario::Trade)) {
        let measured = run.trade(file);
        rows.extend(rows_or_failure(Scenario::Trade, measured));
    }
    let errors = run.errors;
    rows.push(Row::figure("wrong, lost or refused answers", "", errors as f64, Some(targets::ERRORS)));
    Ok(Report {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        rounds: options.rounds,
        seconds: options.duration.as_secs_f64(),
        connections: options.connections,
        rows,
        warnings: run.warnings,
    })
}

fn rows_or_failure(scenario: Scenario, rows: Result<Vec<Row>>) -> Vec<Row> {
    rows.unwrap_or_else(|error| vec![Row::failed(&format!("{scenario:?}").to_lowercase(), &error)])
}

pub(crate) struct Run<'a> {
    pub(crate) options: &'a Options,
    progress: &'a mut dyn FnMut(&str),
    scratch: PathBuf,
    warnings: Vec<String>,
    errors: u64,
}

/// A server under load and how requests reach it.
struct Side<'a> {
    server: &'a Server,
    is_maitred: bool,
}

/// The measurements of one scenario in pairs: reference, maitred.
pub(crate) struct Rounds {
    pairs: Vec<(Measured, Measured)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Measured {
    outcome: Outcome,
    cpu_us: f64,
}

impl Rounds {
    fn of(&self, figure: impl Fn(&Outcome) -> f64) -> Vec<(f64, f64)> {
        self.pairs
            .iter()
            .map(|(reference, maitred)| (figure(&reference.outcome), figure(&maitred.outcome)))
            .collect()
    }

    pub(crate) fn details(&self) -> String {
        let both = |figure: &dyn Fn(&Measured) -> f64| {
            let reference = median(self.pairs.iter().map(|pair| figure(&pair.0))).unwrap_or_default();
            let maitred = median(self.pairs.iter().map(|pair| figure(&pair.1))).unwrap_or_default();
            (reference, maitred)
        };
        let cpu = both(&|measured| measured.cpu_us);
        let p50 = both(&|measured| measured.outcome.p50_us / 1e3);
        let p99 = both(&|measured| measured.outcome.p99_us / 1e3);
        let p999 = both(&|measured| measured.outcome.p999_us / 1e3);
        format!(
            "CPU {:.1}/{:.1} us, p50 {:.2}/{:.2} ms, p99 {:.2}/{:.2} ms, p999 {:.2}/{:.2} ms",
            cpu.0, cpu.1, p50.0, p50.1, p99.0, p99.1, p999.0, p999.1
        )
    }
}

impl Run<'_> {
    fn wants(&self, scenario: Scenario) -> bool {
        self.options.only.is_empty() || self.options.only.contains(&scenario)
    }

    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Measures with other options; what went wrong is added up here.
    pub(crate) fn with_options<T>(&mut self, options: &Options, body: impl FnOnce(&mut Run<'_>) -> T) -> T {
        let mut run = Run {
            options,
            progress: &mut *self.progress,
            scratch: self.scratch.clone(),
            warnings: Vec::new(),
            errors: 0,
        };
        let result = body(&mut run);
        let (warnings, errors) = (std::mem::take(&mut run.warnings), run.errors);
        self.warnings.extend(warnings);
        self.errors += errors;
        result
    }

    pub(crate) fn say(&mut self, text: &str) {
        (self.progress)(text);
    }

    /// A copy of the data directory for one server alone.
    pub(crate) fn copy(&self, name: &str) -> Result<PathBuf> {
        let target = self.scratch.join(name);
        copy_directory(&self.options.data, &target)?;
        Ok(target)
    }

    /// The organisation's database in a copy of the data directory.
    pub(crate) fn database(&self, copy: &Path) -> Result<PathBuf> {
        match &self.options.database {
            Some(database) => Ok(copy.join(database.strip_prefix(&self.options.data).unwrap_or(database))),
            None => find_database(copy),
        }
    }

    pub(crate) fn start_maitred(&self, data: &Path) -> Result<Server> {
        let address = process::free_address()?;
        let mut command = Command::new(&self.options.maitred);
        command.args(["serve", "--transport", "http", "--data"]).arg(data);
        command.args(["--listen", &address.to_string()]).args(&self.options.args);
        command.envs(self.options.env.iter().map(|(key, value)| (key, value)));
        Server::start(command, address, &data.with_extension("log")).context("starting maitred")
    }

    pub(crate) fn start_reference(&self, args: &[&str], file: &Path) -> Result<Server> {
        let mut all: Vec<OsString> = args.iter().map(OsString::from).collect();
        all.push(file.into());
        Server::start_reference(&self.options.harness, &all)
    }

    pub(crate) fn client(&self, server: &Server) -> Result<Client> {
        let mut client = Client::connect(server.address, &self.options.path, Some(&self.options.key))?;
        client.open_session()?;
        Ok(client)
    }

    fn reads(&mut self) -> Result<Vec<Row>> {
        let wanted = [
            Scenario::Memory,
            Scenario::Whoami,
            Scenario::List,
            Scenario::Get,
            Scenario::Search,
            Scenario::Scans,
        ];
        if !wanted.into_iter().any(|scenario| self.wants(scenario)) {
            return Ok(Vec::new());
        }
        let data = self.copy("reads")?;
        let hand_database = self
            .database(&data)
            .and_then(|database| write_each::copy_database(&database, &self.scratch.join("hand.db")));
        self.say("starting maitred");
        let maitred = self.start_maitred(&data)?;
        let mut rows = Vec::new();
        if self.wants(Scenario::Memory) {
            rows.extend(rows_or_failure(Scenario::Memory, self.memory(&maitred)));
        }
        if self.wants(Scenario::Whoami) {
            let request = calls::call(1, calls::WHOAMI, &json!({}));
            rows.extend(rows_or_failure(
                Scenario::Whoami,
                self.constant(&maitred, calls::WHOAMI, &request, targets::WHOAMI),
            ));
        }
        if self.wants(Scenario::List) {
            let listed = self.constant(&maitred, "tools/list", &calls::list(1), targets::LIST);
            rows.extend(rows_or_failure(Scenario::List, listed));
        }
        if self.wants(Scenario::Get) {
            let found = match &hand_database {
                Ok(database) => self.get(&maitred, database),
                Err(error) => Err(anyhow::anyhow!("{error:#}")),
            };
            rows.extend(rows_or_failure(Scenario::Get, found));
        }
        if self.wants(Scenario::Search) {
            let found = match &hand_database {
                Ok(database) => self.search(&maitred, database),
                Err(error) => Err(anyhow::anyhow!("{error:#}")),
            };
            rows.extend(rows_or_failure(Scenario::Search, found));
        }
        if self.wants(Scenario::Scans) {
            rows.extend(rows_or_failure(Scenario::Scans, self.scans(&maitred)));
        }
        Ok(rows)
    }

    fn memory(&mut self, maitred: &Server) -> Result<Vec<Row>> {
        self.say("memory: idle and with sessions");
        std::thread::sleep(Duration::from_secs(1));
        // One call opens the organisation, as an idle server that serves someone has it open.
        self.client(maitred)?.ask(&calls::call(1, calls::WHOAMI, &json!({})))?;
        let idle = process::memory(maitred.pid())?;
        let idle_row = Row::figure("idle, data open", "MiB", idle.rss as f64 / 1024.0, Some(targets::IDLE))
            .note(format!("resident; anonymous {:.1} MiB", idle.anonymous as f64 / 1024.0));
        let count = self.options.sessions;
        let cost = sessions::cost(
            maitred.address,
            &self.options.path,
            Some(&self.options.key),
            count,
            maitred.pid(),
        )?;
        let grown = cost.kib_each * count as f64 / 1024.0;
        let name = format!("{count} initialised sessions");
        let row = Row::figure(&name, "MiB", grown, Some(targets::SESSIONS)).note(format!(
            "anonymous, {:.2} KiB each; resident {:.1} to {:.1} MiB",
            cost.kib_each,
            cost.before.rss as f64 / 1024.0,
            cost.after.rss as f64 / 1024.0
        ));
        Ok(vec![idle_row, row])
    }

    fn constant(&mut self, maitred: &Server, name: &str, request: &str, target: Target) -> Result<Vec<Row>> {
        let body = wire::message(&self.client(maitred)?.ask(request)?.body);
        let file = self.scratch.join("constant.json");
        std::fs::write(&file, &body)?;
        let reference = self.start_reference(&["hyper-const", "--file"], &file)?;
        let requests = [Request { body: request.to_owned(), expect: "\"result\"".into() }];
        let rounds = self.compare(name, &reference, maitred, &requests, self.options.connections)?;
        let mut note = format!("{} bytes; {}", body.len(), rounds.details());
        if let Some(tools) = serde_json::from_slice::<Value>(&body)?["result"]["tools"].as_array() {
            note = format!("{} tools, {note}", tools.len());
        }
        Ok(vec![rate_row(name, "bare hyper", &rounds, target).note(note)])
    }

    fn get(&mut self, maitred: &Server, database: &Path) -> Result<Vec<Row>> {
        let requests = get_requests(&contacts(&mut self.client(maitred)?)?);
        let reference = self.start_reference(&["hand", "--database"], database)?;
        self.check_alike(maitred, &reference, &requests, calls::CONTACT_GET)?;
        let rounds =
            self.compare(calls::CONTACT_GET, &reference, maitred, &requests, self.options.connections)?;
        let note = format!("{} ids; {}", requests.len(), rounds.details());
        Ok(vec![rate_row(calls::CONTACT_GET, "by hand", &rounds, targets::GET).note(note)])
    }

    fn search(&mut self, maitred: &Server, database: &Path) -> Result<Vec<Row>> {
        let mut client = self.client(maitred)?;
        let (requests, full) = search_requests(&mut client)?;
        if !full {
            self.warnings.push(format!(
                "no word finds {} contacts: the search answers fewer rows",
                calls::SEARCH_ROWS
            ));
        }
        let reference = self.start_reference(&["hand", "--database"], database)?;
        self.check_alike(maitred, &reference, &requests, calls::CONTACT_SEARCH)?;
        let rounds =
            self.compare(calls::CONTACT_SEARCH, &reference, maitred, &requests, self.options.connections)?;
        let note = format!("{} words; {}", requests.len(), rounds.details());
        Ok(vec![rate_row(calls::CONTACT_SEARCH, "by hand", &rounds, targets::SEARCH).note(note)])
    }

    /// Warns when the reference's answers are not those of maitred, in rows or in size: then `queries.rs` is behind.
    pub(crate) fn check_alike(
        &mut self,
        maitred: &Server,
        hand: &Server,
        requests: &[Request],
        name: &str,
    ) -> Result<()> {
        let mut left = Client::connect(hand.address, &self.options.path, None)?;
        let mut right = self.client(maitred)?;
        let mut sizes = (0, 0);
        for request in requests.iter().take(20) {
            let (left, right) = (left.ask(&request.body)?, right.ask(&request.body)?);
            let rows = (rows_of(&left)?, rows_of(&right)?);
            if rows.0 != rows.1 {
                self.warnings.push(format!(
                    "{name}: the reference answers {} rows where maitred answers {} (`{}`)",
                    rows.0, rows.1, request.body
                ));
                break;
            }
            sizes.0 += left.body.len();
            sizes.1 += right.body.len();
        }
        let factor = sizes.1 as f64 / sizes.0.max(1) as f64;
        if sizes.0 > 0 && !(0.8..=1.25).contains(&factor) {
            self.warnings
                .push(format!("{name}: maitred's answers are {factor:.2} times as long as the reference's"));
        }
        Ok(())
    }

    fn scans(&mut self, maitred: &Server) -> Result<Vec<Row>> {
        let requests = get_requests(&contacts(&mut self.client(maitred)?)?);
        let scan = calls::call(1, calls::HEAVY, &calls::heavy());
        self.client(maitred)?.ask(&scan)?;
        let heavy = [Request { body: scan, expect: "\"result\"".into() }];
        let side = Side { server: maitred, is_maitred: true };
        let name = format!("keyed reads alone and beside {SCANS} scans");
        let connections = self.options.connections;
        let rounds = self.pairs(&name, |run| {
            let alone = run.measure(&side, &requests, &[], connections)?;
            Ok((alone, run.measure(&side, &requests, &heavy, connections)?))
        })?;
        // Few at a time: the more callers stand in line, the more of the time is the line's.
        let few = self.pairs(&format!("{name}, {FEW} callers"), |run| {
            let alone = run.measure(&side, &requests, &[], FEW)?;
            Ok((alone, run.measure(&side, &requests, &heavy, FEW)?))
        })?;
        let finished: u64 = rounds.pairs.iter().map(|pair| pair.1.outcome.heavy_requests).sum();
        if finished == 0 {
            self.warnings.push("no scan ended within a measurement".into());
        }
        let p99 = median(few.pairs.iter().map(|pair| pair.1.outcome.p99_us / 1e3)).unwrap_or(f64::INFINITY);
        Ok(vec![
            rate_row("keyed reads beside 2 scans", "alone", &rounds, targets::SCANS)
                .note(format!("{finished} scans; {}", rounds.details())),
            Row::figure("keyed reads beside 2 scans, p99", "ms", p99, Some(targets::SCANS_P99))
                .note(format!("{FEW} callers; {}", few.details())),
        ])
    }

    /// The 99th percentile of few callers alone and beside others who ask for something heavy all the time.
    pub(crate) fn beside(
        &mut self,
        maitred: &Server,
        requests: &[Request],
        heavy: &[Request],
        name: &str,
    ) -> Result<Row> {
        let side = Side { server: maitred, is_maitred: true };
        let rounds = self.pairs(name, |run| {
            let alone = run.measure(&side, requests, &[], FEW)?;
            Ok((alone, run.measure(&side, requests, heavy, FEW)?))
        })?;
        let finished: u64 = rounds.pairs.iter().map(|pair| pair.1.outcome.heavy_requests).sum();
        if finished == 0 {
            self.warnings.push(format!("{name}: nothing heavy ended within a measurement"));
        }
        let p99 = rounds.of(|outcome| outcome.p99_us / 1e3);
        let row = Row::compared(name, "ms", "alone", &p99, targets::REPORTS_P99);
        Ok(row.note(format!("{FEW} callers, {finished} reports; {}", rounds.details())))
    }

    fn writes(&mut self) -> Result<Vec<Row>> {
        let data = self.copy("writes")?;
        let database = self.database(&data)?;
        let each = write_each::copy_database(&database, &self.scratch.join("write-each.db"))?;
        let alone = write_each::copy_database(&database, &self.scratch.join("write-direct.db"))?;
        let maitred = self.start_maitred(&data)?;
        let reference = self.start_reference(&["write-each", "--database"], &each)?;
        let requests = write_requests(&contacts(&mut self.client(&maitred)?)?);
        let rounds = self.compare(calls::ACTIVITY_LOG, &reference, &maitred, &requests, WRITERS)?;
        let name = format!("{}, {WRITERS} callers", calls::ACTIVITY_LOG);
        let p99 = rounds.of(|outcome| outcome.p99_us / 1e3);
        let mut rows = vec![
            rate_row(&name, "commit each", &rounds, targets::WRITES).note(rounds.details()),
            Row::compared(&format!("{name}, p99"), "ms", "commit each", &p99, targets::WRITES_P99),
        ];
        drop((maitred, reference));
        self.say("the same writes without HTTP");
        let output = Command::new(&self.options.harness)
            .args(["write-each", "--direct"])
            .arg(self.options.duration.as_secs_f64().to_string())
            .arg("--database")
            .arg(&alone)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("write-each: `{}`", String::from_utf8_lossy(&output.stderr).trim());
        }
        let direct: Direct = serde_json::from_slice(&output.stdout)?;
        let row = Row::figure("commit each without HTTP", "/s", direct.rate, None);
        rows.push(
            row.note(format!("{WRITERS} threads, p99 {:.2} ms; the reference itself", direct.p99_us / 1e3)),
        );
        Ok(rows)
    }

    fn stdio(&mut self) -> Result<Vec<Row>> {
        let data = self.copy("stdio")?;
        let mut args: Vec<OsString> =
            ["serve", "--transport", "stdio", "--data"].map(OsString::from).to_vec();
        args.push(data.into());
        args.extend(self.options.args.iter().map(OsString::from));
        let mut env = self.options.env.clone();
        env.push(("MAITRED_KEY".into(), self.options.key.clone()));
        let maitred = Program { path: self.options.maitred.clone(), args, env };

        let request =
            Request { body: calls::call(1, calls::WHOAMI, &json!({})), expect: "\"result\"".into() };
        // The first start of a fresh copy may have work to do that later ones find done.
        let answer = Driver::start(&maitred)?.ask(&request.body)?;
        let result = serde_json::from_str::<Value>(&answer)?["result"].to_string();
        let file = self.scratch.join("result.json");
        std::fs::write(&file, &result)?;
        let args = [
            OsString::from("hand-stdio"),
            "--tool".into(),
            calls::WHOAMI.into(),
            "--answer".into(),
            file.into(),
        ];
        let hand = Program { path: self.options.harness.clone(), args: args.to_vec(), env: Vec::new() };

        self.say("stdio: start to answered initialize");
        let mut starts = Vec::new();
        for _ in 0..STARTS {
            let milliseconds = |program| -> Result<f64> {
                let start = stdio_load::starts(program, 1)?.first().copied().context("no start")?;
                Ok(start.as_secs_f64() * 1e3)
            };
            starts.push((milliseconds(&hand)?, milliseconds(&maitred)?));
        }
        let (mut left, mut right) = (Driver::start(&hand)?, Driver::start(&maitred)?);
        let (mut sequential, mut pipelined) = (Vec::new(), Vec::new());
        for driver in [&mut left, &mut right] {
            driver.pipelined(&request, 2_000)?;
        }
        for round in 1..=self.options.rounds {
            self.say(&format!("stdio: one at a time and {} in flight, round {round}", stdio_load::PIPELINE));
            sequential.push((
                left.sequential(&request, STDIO_CALLS / 2)?,
                right.sequential(&request, STDIO_CALLS / 2)?,
            ));
            // The hand-written loop is so quick that the same count would be over in a blink.
            pipelined.push((
                left.pipelined(&request, STDIO_CALLS * 5)?,
                right.pipelined(&request, STDIO_CALLS * 2)?,
            ));
        }
        let growth = Driver::start(&maitred)?.growth(&request, STDIO_CALLS)?;
        let grown = growth.after.anonymous as f64 - growth.before.anonymous as f64;
        Ok(vec![
            Row::compared("stdio, start to initialize", "ms", "by hand", &starts, targets::STDIO_START)
                .note(format!("median of {STARTS}")),
            Row::compared("stdio, one at a time", "/s", "by hand", &sequential, targets::STDIO_SEQUENTIAL)
                .note(format!("{} bytes of result", result.len())),
            Row::compared("stdio, 64 in flight", "/s", "by hand", &pipelined, targets::STDIO_PIPELINED),
            Row::figure("stdio, growth over 20,000 calls", "KiB", grown, Some(targets::STDIO_GROWTH)).note(
                format!(
                    "anonymous; resident {:.1} to {:.1} MiB",
                    growth.before.rss as f64 / 1024.0,
                    growth.after.rss as f64 / 1024.0
                ),
            ),
        ])
    }

    pub(crate) fn compare(
        &mut self,
        name: &str,
        reference: &Server,
        maitred: &Server,
        requests: &[Request],
        connections: usize,
    ) -> Result<Rounds> {
        self.pairs(name, |run| {
            let left = Side { server: reference, is_maitred: false };
            let right = Side { server: maitred, is_maitred: true };
            let left = run.measure(&left, requests, &[], connections)?;
            Ok((left, run.measure(&right, requests, &[], connections)?))
        })
    }

    /// The rounds of one comparison. Pairs during which the machine's host kept the cores for others are measured
    /// again, as often as there are rounds; of all pairs the least disturbed are taken.
    fn pairs(
        &mut self,
        name: &str,
        mut pair: impl FnMut(&mut Self) -> Result<(Measured, Measured)>,
    ) -> Result<Rounds> {
        let rounds = self.options.rounds;
        let mut measured: Vec<(f64, (Measured, Measured))> = Vec::new();
        let quiet = |measured: &[(f64, _)]| measured.iter().filter(|(stolen, _)| *stolen <= QUIET).count();
        while quiet(&measured) < rounds && measured.len() < 2 * rounds {
            self.say(&format!("{name}, round {}", measured.len() + 1));
            let before = process::Cores::now();
            let figures = pair(self)?;
            measured.push((process::Cores::now().stolen_since(before), figures));
        }
        measured.sort_by(|one, other| one.0.total_cmp(&other.0));
        measured.truncate(rounds);
        let stolen = measured.last().map_or(0.0, |(stolen, _)| *stolen);
        if stolen > QUIET {
            self.warnings.push(format!(
                "{name}: the machine's host took up to {:.0} % of the cores; the ratios are worth little",
                stolen * 100.0
            ));
        }
        Ok(Rounds { pairs: measured.into_iter().map(|(_, pair)| pair).collect() })
    }

    /// One measurement by the generator in a process of its own.
    fn measure(
        &mut self,
        side: &Side<'_>,
        requests: &[Request],
        heavy: &[Request],
        connections: usize,
    ) -> Result<Measured> {
        let file = self.scratch.join("requests.jsonl");
        load::write_requests(&file, requests)?;
        let mut command = Command::new(&self.options.harness);
        command.arg("load").arg("--requests").arg(&file);
        command.args(["--address", &side.server.address.to_string(), "--path", &self.options.path]);
        command.args(["--connections", &connections.to_string()]);
        command.args(["--threads", &self.options.threads.to_string()]);
        command.args(["--seconds", &self.options.duration.as_secs_f64().to_string()]);
        command.args(["--warm-up", &self.options.warm_up.as_secs_f64().to_string()]);
        if side.is_maitred {
            command.arg("--sessions");
        }
        if !heavy.is_empty() {
            let file = self.scratch.join("heavy.jsonl");
            load::write_requests(&file, heavy)?;
            command.arg("--heavy").arg(file).args(["--heavy-connections", &SCANS.to_string()]);
        }
        // Not as an argument: those can be read by every user of the machine.
        command.env(KEY_VARIABLE, &self.options.key);
        let before = process::cpu_seconds(side.server.pid())?;
        let output = command.stdin(Stdio::null()).output()?;
        let cpu = process::cpu_seconds(side.server.pid())? - before;
        if !output.status.success() {
            bail!("the generator failed: `{}`", String::from_utf8_lossy(&output.stderr).trim());
        }
        let outcome: Outcome = serde_json::from_slice(&output.stdout)?;
        if let Some(error) = &outcome.first_error {
            if !side.is_maitred {
                bail!("the reference answered wrongly, {} times: {error}", outcome.errors);
            }
            self.warnings.push(format!("{} wrong answers, the first: {error}", outcome.errors));
        }
        self.errors += outcome.errors;
        // Warm-up included on both sides of the division, at the measured rate.
        let seconds = outcome.seconds + self.options.warm_up.as_secs_f64();
        let cpu_us = cpu * 1e6 / (outcome.rate * seconds).max(1.0);
        Ok(Measured { outcome, cpu_us })
    }
}

pub(crate) fn rate_row(name: &str, reference: &str, rounds: &Rounds, target: Target) -> Row {
    Row::compared(name, "/s", reference, &rounds.of(|outcome| outcome.rate), target)
}

pub(crate) fn get_requests(contacts: &[String]) -> Vec<Request> {
    contacts
        .iter()
        .enumerate()
        .map(|(number, contact)| Request {
            body: calls::call(number as u64 + 1, calls::CONTACT_GET, &calls::contact_get(contact)),
            expect: contact.clone(),
        })
        .collect()
}

/// A write about each contact.
pub(crate) fn write_requests(contacts: &[String]) -> Vec<Request> {
    contacts
        .iter()
        .enumerate()
        .map(|(number, contact)| Request {
            body: calls::call(number as u64 + 1, calls::ACTIVITY_LOG, &calls::activity_log(contact, number)),
            expect: "note".into(),
        })
        .collect()
}

/// Searches for different words, and whether one of them fills a page.
pub(crate) fn search_requests(client: &mut Client) -> Result<(Vec<Request>, bool)> {
    let (words, full) = search_words(client)?;
    let requests = words
        .iter()
        .enumerate()
        .map(|(number, word)| Request {
            body: calls::call(number as u64 + 1, calls::CONTACT_SEARCH, &calls::contact_search(word)),
            expect: calls::CONTACTS_FIELD.into(),
        })
        .collect();
    Ok((requests, full))
}

/// Ids of contacts, page by page, up to a thousand.
pub(crate) fn contacts(client: &mut Client) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for page in Pages::new(client) {
        for row in page? {
            if let Some(id) = row[calls::ID_FIELD].as_str() {
                found.push(id.to_owned());
            }
        }
        if found.len() >= CONTACTS {
            break;
        }
    }
    if found.is_empty() {
        bail!("`{}` lists no contact", calls::CONTACT_SEARCH);
    }
    found.truncate(CONTACTS);
    Ok(found)
}

/// Words of contacts' texts that find a full page each; if there is none, those that find most, and `false`.
fn search_words(client: &mut Client) -> Result<(Vec<String>, bool)> {
    let mut words = std::collections::BTreeSet::new();
    let rows = match Pages::new(client).next() {
        Some(page) => page?,
        None => Vec::new(),
    };
    for row in rows {
        for text in row.as_object().into_iter().flatten().filter(|(key, _)| *key != calls::ID_FIELD) {
            let text = text.1.as_str().unwrap_or_default();
            let word = text.split(|character: char| !character.is_alphabetic()).next().unwrap_or_default();
            if word.chars().count() >= 3 {
                words.insert(word.to_lowercase());
            }
        }
    }
    let mut found = Vec::new();
    for word in words.into_iter().take(400) {
        let answer = client.call(calls::CONTACT_SEARCH, &calls::contact_search(&word))?;
        found.push((answer[calls::CONTACTS_FIELD].as_array().map_or(0, Vec::len), word));
    }
    found.sort_by(|left, right| right.cmp(left));
    let most = found.first().map_or(0, |(rows, _)| *rows);
    if most == 0 {
        bail!("no word of the first contacts finds a contact");
    }
    let best: Vec<_> =
        found.into_iter().filter(|(rows, _)| *rows == most).map(|(_, word)| word).take(WORDS).collect();
    Ok((best, most >= calls::SEARCH_ROWS))
}

struct Pages<'a> {
    client: &'a mut Client,
    next: Option<Option<String>>,
}

impl<'a> Pages<'a> {
    fn new(client: &'a mut Client) -> Self {
        Self { client, next: Some(None) }
    }

    fn page(&mut self, cursor: Option<&str>) -> Result<Vec<Value>> {
        let mut answer = self.client.call(calls::CONTACT_SEARCH, &calls::contact_listing(cursor))?;
        self.next = answer[calls::NEXT_CURSOR_FIELD].as_str().map(|next| Some(next.to_owned()));
        match answer[calls::CONTACTS_FIELD].take() {
            Value::Array(rows) => Ok(rows),
            _ => bail!("`{}` answered without `{}`", calls::CONTACT_SEARCH, calls::CONTACTS_FIELD),
        }
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Vec<Value>>;

    fn next(&mut self) -> Option<Self::Item> {
        let cursor = self.next.take()?;
        Some(self.page(cursor.as_deref()))
    }
}

/// Rows of a search's answer; 1 for any other.
fn rows_of(answer: &client::Answer) -> Result<usize> {
    let result = client::result_of(answer)?;
    let text = result["content"][0]["text"].as_str().context("the answer has no text")?;
    let value: Value = serde_json::from_str(text)?;
    Ok(value[calls::CONTACTS_FIELD].as_array().map_or(1, Vec::len))
}

fn copy_directory(source: &Path, target: &Path) -> Result<()> {
    std::fs::create_dir_all(target).with_context(|| format!("creating `{}`", target.display()))?;
    for entry in std::fs::read_dir(source).with_context(|| format!("reading `{}`", source.display()))? {
        let entry = entry?;
        let to = target.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &to)?;
        } else if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), &to)
                .with_context(|| format!("copying `{}`", entry.path().display()))?;
        }
    }
    Ok(())
}

/// The largest file below `directory` on which the reference's statements can be prepared.
fn find_database(directory: &Path) -> Result<PathBuf> {
    let mut candidates = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if is_sqlite(&entry.path()) {
                candidates.push((entry.metadata()?.len(), entry.path()));
            }
        }
    }
    candidates.sort();
    let mut reason = "there is no SQLite file".to_owned();
    for (_, path) in candidates.into_iter().rev() {
        match Hand::new(&path) {
            Ok(_) => return Ok(path),
            Err(error) => reason = format!("{error:#}"),
        }
    }
    bail!("no database in the data directory fits the statements of `queries.rs`: {reason}")
}

fn is_sqlite(path: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0u8; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && &magic == b"SQLite format 3\0"
}

//! The binary: references, generator, and the run that sets them against maitred.

// Its answers are read from stdout, its progress and faults from stderr; no protocol of the product runs here.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use maitred_bench::orgs::{self, Spread};
use maitred_bench::reference::{bare_import, hand, hand_postgres, hand_stdio, hyper_const, write_each};
use maitred_bench::run::{self, Options};
use maitred_bench::stdio_load::{Driver, Program};
use maitred_bench::targets::Scenario;
use maitred_bench::{fixture, inside, load, process, sessions, stand_in, stdio_load};

#[derive(Parser)]
#[command(version, about = "Load generator and reference servers that maitred is measured against")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure maitred against the references, in turns.
    #[command(
        after_help = "Example: maitred-bench run --maitred target/release/maitred --data maitred-demo --key K"
    )]
    Run(Box<RunArgs>),
    /// Load an HTTP server and print what was measured as JSON.
    Load(LoadArgs),
    /// Drive a stdio server and print what was measured as JSON. Give the command after `--`.
    StdioLoad(StdioLoadArgs),
    /// Open many sessions and print what they cost the server as JSON.
    Sessions(SessionArgs),
    /// Print the memory of a process as JSON.
    Memory {
        /// The process.
        pid: u32,
    },
    /// Bare hyper which reads the body and answers a constant.
    HyperConst(HyperConstArgs),
    /// hyper, serde_json and rusqlite by hand.
    Hand(HandArgs),
    /// hyper, serde_json and tokio-postgres by hand.
    HandPostgres(HandPostgresArgs),
    /// Keyed reads of many organisations through the PostgreSQL engine; prints reads a second.
    Orgs(OrgsArgs),
    /// One durable commit per call, on a database that may be spoiled.
    WriteEach(WriteEachArgs),
    /// Insert the rows of a database into a new one by hand and print what it took as JSON.
    BareImport {
        /// The database that is read.
        source: PathBuf,
        /// The one that is made.
        target: PathBuf,
    },
    /// A hand-written stdio loop.
    HandStdio(HandStdioArgs),
    /// Make a data directory with contacts and print a key of its owner.
    Fixture {
        /// The directory; made if need be.
        #[arg(long)]
        data: PathBuf,
        /// How many contacts.
        #[arg(long, default_value_t = 1_000)]
        contacts: usize,
    },
    /// Answer one request over and over inside this process and print the time of each as JSON: for profilers.
    Inside {
        /// The data directory.
        #[arg(long)]
        data: PathBuf,
        /// A teammate's key.
        #[arg(long, env = run::KEY_VARIABLE, hide_env_values = true)]
        key: String,
        /// The message, JSON-RPC.
        #[arg(long)]
        request: String,
        /// How many times.
        #[arg(long, default_value_t = 100_000)]
        calls: usize,
    },
    /// A stand-in for maitred made of the references, to try a run without it.
    Serve(ServeArgs),
}

#[derive(Args)]
struct RunArgs {
    /// The program that is measured, a release build.
    #[arg(long)]
    maitred: PathBuf,
    /// A data directory that no server has open; it is copied and stays as it is.
    #[arg(long)]
    data: PathBuf,
    /// A teammate's key.
    #[arg(long, env = run::KEY_VARIABLE, hide_env_values = true)]
    key: String,
    /// Where the copies go, a real disk; beside the data by default.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// The organisation's database inside the data directory; found by its tables by default.
    #[arg(long)]
    database: Option<PathBuf>,
    /// One more argument for `serve`; may be repeated.
    #[arg(long = "arg", allow_hyphen_values = true)]
    args: Vec<String>,
    /// One more variable for maitred; may be repeated.
    #[arg(long = "env", value_parser = variable, value_name = "NAME=VALUE")]
    env: Vec<(String, String)>,
    /// The endpoint's path.
    #[arg(long, default_value = "/mcp")]
    path: String,
    /// Rounds of each comparison.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Seconds before each measurement.
    #[arg(long, default_value_t = 0.5)]
    warm_up: f64,
    /// Connections of the HTTP scenarios.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Sessions of the memory scenario.
    #[arg(long, default_value_t = 10_000)]
    sessions: usize,
    /// Threads of the generator.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// An empty database on a PostgreSQL server, which may be spoiled, for the scenario `postgres`.
    #[arg(long, env = "MAITRED_BENCH_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// The Online Retail file, for the scenario `trade`.
    #[arg(long, env = "MAITRED_RETAIL_FILE")]
    retail: Option<PathBuf>,
    /// Only these parts, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// End with 1 when something that must be reached was missed.
    #[arg(long)]
    check: bool,
}

#[derive(Args)]
struct LoadArgs {
    /// The server.
    #[arg(long)]
    address: SocketAddr,
    /// The endpoint's path.
    #[arg(long, default_value = "/mcp")]
    path: String,
    /// The bearer key.
    #[arg(long, env = run::KEY_VARIABLE, hide_env_values = true)]
    key: Option<String>,
    /// A file of requests, an object with `body` and `expect` a line.
    #[arg(long)]
    requests: PathBuf,
    /// Open a session on each connection.
    #[arg(long)]
    sessions: bool,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Threads.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Seconds of the measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Seconds before it.
    #[arg(long, default_value_t = 0.5)]
    warm_up: f64,
    /// A file of requests of connections that are not measured.
    #[arg(long)]
    heavy: Option<PathBuf>,
    /// How many such connections.
    #[arg(long, default_value_t = 2)]
    heavy_connections: usize,
}

#[derive(Args)]
struct StdioLoadArgs {
    /// A file with one request, as `load` takes it.
    #[arg(long)]
    requests: PathBuf,
    /// Starts to take the median of.
    #[arg(long, default_value_t = 9)]
    starts: usize,
    /// Calls of each measurement.
    #[arg(long, default_value_t = 20_000)]
    calls: usize,
    /// One more variable; may be repeated.
    #[arg(long = "env", value_parser = variable, value_name = "NAME=VALUE")]
    env: Vec<(String, String)>,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

#[derive(Args)]
struct SessionArgs {
    /// The server.
    #[arg(long)]
    address: SocketAddr,
    /// The endpoint's path.
    #[arg(long, default_value = "/mcp")]
    path: String,
    /// The bearer key.
    #[arg(long, env = run::KEY_VARIABLE, hide_env_values = true)]
    key: Option<String>,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// How many sessions.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
}

#[derive(Args)]
struct Ending {
    /// End when stdin is closed.
    #[arg(long)]
    until_stdin_closes: bool,
}

impl Ending {
    fn listen(&self) -> Result<TcpListener> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        if self.until_stdin_closes {
            process::end_when_stdin_closes();
        }
        Ok(listener)
    }
}

fn announce(listener: &TcpListener) -> Result<()> {
    println!("{}", listener.local_addr()?);
    Ok(std::io::stdout().flush()?)
}

#[derive(Args)]
struct HyperConstArgs {
    /// A file that holds the body.
    #[arg(long, conflicts_with = "size", required_unless_present = "size")]
    file: Option<PathBuf>,
    /// The size of a body of spaces.
    #[arg(long)]
    size: Option<usize>,
    /// Workers of the runtime.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    #[command(flatten)]
    ending: Ending,
}

#[derive(Args)]
struct HandArgs {
    /// The database; it is only read.
    #[arg(long)]
    database: PathBuf,
    /// Workers of the runtime.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    #[command(flatten)]
    ending: Ending,
}

#[derive(Args)]
struct HandPostgresArgs {
    /// The database.
    #[arg(long)]
    url: String,
    /// Schema of the organisation.
    #[arg(long)]
    schema: String,
    /// Connections to it.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Workers of the runtime.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    #[command(flatten)]
    ending: Ending,
}

#[derive(Args)]
struct OrgsArgs {
    /// The database, in which the organisations are made at the first run.
    #[arg(long)]
    url: String,
    /// How many there are.
    #[arg(long, default_value_t = 1_000)]
    count: usize,
    /// Which are read.
    #[arg(long, value_enum)]
    spread: Spread,
    /// Connections, and threads.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Seconds of the measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

#[derive(Args)]
struct WriteEachArgs {
    /// The database. A copy: what is written stays in it.
    #[arg(long)]
    database: PathBuf,
    /// Write for so many seconds without HTTP, print the figures and end.
    #[arg(long, value_name = "SECONDS")]
    direct: Option<f64>,
    /// Callers of `--direct`; over HTTP each connection has a thread.
    #[arg(long, default_value_t = 32)]
    threads: usize,
    #[command(flatten)]
    ending: Ending,
}

#[derive(Args)]
struct HandStdioArgs {
    /// A file that holds the JSON of the tool's result.
    #[arg(long)]
    answer: PathBuf,
    /// The tool's name.
    #[arg(long)]
    tool: String,
}

#[derive(Args)]
struct ServeArgs {
    /// A directory made by `fixture`.
    #[arg(long)]
    data: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The transport.
    #[arg(long, value_enum, default_value_t = Transport::Http)]
    transport: Transport,
}

#[derive(Clone, Copy, ValueEnum)]
enum Transport {
    Http,
    Stdio,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("`NAME=VALUE` is expected")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn seconds(value: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(value).with_context(|| format!("`{value}` seconds"))
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn execute(task: Task) -> Result<ExitCode> {
    match task {
        Task::Run(args) => return run_all(*args),
        Task::Load(args) => println!("{}", serde_json::to_string(&load_once(args)?)?),
        Task::StdioLoad(args) => println!("{}", stdio_once(args)?),
        Task::Sessions(args) => {
            let cost = sessions::cost(args.address, &args.path, args.key.as_deref(), args.count, args.pid)?;
            println!("{}", serde_json::to_string(&cost)?);
        }
        Task::Memory { pid } => println!("{}", serde_json::to_string(&process::memory(pid)?)?),
        Task::HyperConst(args) => {
            let body = match (args.file, args.size) {
                (Some(file), _) => {
                    std::fs::read(&file).with_context(|| format!("reading `{}`", file.display()))?
                }
                (None, size) => vec![b' '; size.unwrap_or_default()],
            };
            let listener = args.ending.listen()?;
            announce(&listener)?;
            match hyper_const::run(listener, args.workers, body.into())? {}
        }
        Task::Hand(args) => {
            hand::Hand::new(&args.database)?;
            let listener = args.ending.listen()?;
            announce(&listener)?;
            match hand::run(listener, args.workers, &args.database)? {}
        }
        Task::HandPostgres(args) => {
            let listener = args.ending.listen()?;
            announce(&listener)?;
            let settings =
                hand_postgres::Settings { url: args.url, schema: args.schema, connections: args.connections };
            match hand_postgres::run(listener, args.workers, &settings)? {}
        }
        Task::Orgs(args) => {
            let time = seconds(args.seconds)?;
            println!("{}", orgs::rate(&args.url, args.connections, args.count, args.spread, time)?);
        }
        Task::WriteEach(args) => {
            let writer = write_each::Writer::open(&args.database)?;
            if let Some(time) = args.direct {
                let measured = write_each::direct(&writer, args.threads, seconds(time)?)?;
                println!("{}", serde_json::to_string(&measured)?);
                return Ok(ExitCode::SUCCESS);
            }
            let listener = args.ending.listen()?;
            announce(&listener)?;
            match write_each::run(&listener, writer)? {}
        }
        Task::BareImport { source, target } => {
            println!("{}", serde_json::to_string(&bare_import::run(&source, &target)?)?);
        }
        Task::HandStdio(args) => {
            let result = std::fs::read_to_string(&args.answer)
                .with_context(|| format!("reading `{}`", args.answer.display()))?;
            // The bare pipes: the library's stdin and stdout would add a buffer and a lock of their own.
            let input = std::fs::File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
            let output = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
            let answerer = hand_stdio::Constant::new(&args.tool, &result)?;
            hand_stdio::run(BufReader::with_capacity(64 * 1024, input), output, &answerer)?;
        }
        Task::Fixture { data, contacts } => {
            println!("{}", fixture::create(&data, contacts)?);
        }
        Task::Inside { data, key, request, calls } => {
            println!("{}", serde_json::to_string(&inside::run(&data, &key, &request, calls)?)?);
        }
        Task::Serve(args) => match args.transport {
            Transport::Stdio => stand_in::run_stdio(&args.data)?,
            Transport::Http => match stand_in::run(TcpListener::bind(args.listen)?, &args.data)? {},
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn run_all(args: RunArgs) -> Result<ExitCode> {
    if args.rounds == 0 || args.connections == 0 || args.sessions == 0 {
        bail!("rounds, connections and sessions are at least 1");
    }
    let options = Options {
        maitred: args.maitred,
        harness: std::env::current_exe()?,
        data: args.data,
        scratch: args.scratch,
        database: args.database,
        key: args.key,
        args: args.args,
        env: args.env,
        path: args.path,
        rounds: args.rounds,
        duration: seconds(args.seconds)?,
        warm_up: seconds(args.warm_up)?,
        connections: args.connections,
        sessions: args.sessions,
        only: args.only,
        threads: args.threads,
        postgres: args.postgres,
        retail: args.retail,
    };
    let report = run::run(&options, &mut |text| eprintln!("{text}"))?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
    }
    Ok(ExitCode::from(u8::from(args.check && report.missed())))
}

fn load_once(args: LoadArgs) -> Result<load::Outcome> {
    load::run(load::Plan {
        address: args.address,
        path: args.path,
        key: args.key,
        session: if args.sessions { load::Session::Open } else { load::Session::Pretend },
        connections: args.connections,
        threads: args.threads,
        warm_up: seconds(args.warm_up)?,
        duration: seconds(args.seconds)?,
        requests: load::read_requests(&args.requests)?,
        heavy: args.heavy.as_deref().map(load::read_requests).transpose()?.unwrap_or_default(),
        heavy_connections: args.heavy_connections,
    })
}

fn stdio_once(args: StdioLoadArgs) -> Result<serde_json::Value> {
    let requests = load::read_requests(&args.requests)?;
    let request = requests.first().context("no request")?;
    let (path, rest) = args.command.split_first().context("no command")?;
    let program = Program { path: path.into(), args: rest.to_vec(), env: args.env };
    let mut starts: Vec<_> = stdio_load::starts(&program, args.starts.max(1))?;
    starts.sort();
    let mut driver = Driver::start(&program)?;
    let growth = driver.growth(request, args.calls)?;
    Ok(serde_json::json!({
        "start_ms": starts[starts.len() / 2].as_secs_f64() * 1e3,
        "sequential": driver.sequential(request, args.calls)?,
        "pipelined": driver.pipelined(request, args.calls)?,
        "growth": growth,
    }))
}

//! The scenario of a trading business: the Online Retail file is imported, and its orders, prices, invoices and reports
//! are asked for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::client::Client;
use crate::load::Request;
use crate::process;
use crate::reference::bare_import::Written;
use crate::report::{Row, median};
use crate::run::{Options, Run, rate_row};
use crate::{calls, targets};

const SLUG: &str = "retail";
/// Different orders, customers and baskets that are asked for.
const ASKED: usize = 500;
/// Lines of a price quote.
const LINES: usize = 20;
/// How often a report is asked for; the median counts.
const REPORTS: usize = 5;

impl Run<'_> {
    /// Imports `file` into a data directory of its own and measures there.
    pub(crate) fn trade(&mut self, file: &Path) -> Result<Vec<Row>> {
        let data = self.scratch().join("trade");
        let key = self.organisation(&data)?;
        self.say("importing the Online Retail file");
        let import = self.import(&data, file)?;
        let database = data.join("orgs").join(format!("{SLUG}.sqlite"));
        self.say("inserting the same rows by hand");
        let bare = self.bare(&database)?;
        let mut rows = vec![
            Row::compared(
                "import online-retail",
                "s",
                "bare rusqlite",
                &[(bare.seconds, import.seconds)],
                targets::IMPORT,
            )
            .note(format!("{} rows; by hand only the insertions are timed", bare.rows)),
            Row::figure("import online-retail, time", "s", import.seconds, Some(targets::IMPORT_TIME)),
            Row::figure("import online-retail, memory", "MiB", import.peak_mib, Some(targets::IMPORT_MEMORY))
                .note("resident, at most"),
        ];
        let options = Options { key, ..self.options.clone() };
        let asked = self.with_options(&options, |run| run.asked(&data, &database));
        rows.extend(asked?);
        Ok(rows)
    }

    fn command(&self, data: &Path, args: &[&str]) -> Result<String> {
        let output = Command::new(&self.options.maitred)
            .arg("--data")
            .arg(data)
            .args(args)
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("maitred {}: `{}`", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Makes the organisation and answers a key of its owner.
    fn organisation(&self, data: &Path) -> Result<String> {
        const OWNER: &str = "owner@example.com";
        self.command(data, &["org", "create", SLUG, "--name", "Retail"])?;
        let member = ["member", "add", "--org", SLUG, "--name", "Owner", "--email", OWNER, "--role", "owner"];
        self.command(data, &member)?;
        let mint = ["key", "mint", "--org", SLUG, "--member", OWNER, "--label", "bench", "--json"];
        let minted: Value = serde_json::from_str(&self.command(data, &mint)?)?;
        Ok(minted["key"].as_str().context("`maitred key mint --json` has no `key`")?.to_owned())
    }

    fn import(&self, data: &Path, file: &Path) -> Result<Import> {
        let begun = Instant::now();
        let mut child = Command::new(&self.options.maitred)
            .arg("--data")
            .arg(data)
            .args(["import", "online-retail", "--json", "--org", SLUG])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut peak = 0;
        let status = loop {
            // Gone between two looks is no error: the one before counts.
            peak = process::peak(child.id()).unwrap_or(peak);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let seconds = begun.elapsed().as_secs_f64();
        if !status.success() {
            bail!("the import ended with {status}");
        }
        Ok(Import { seconds, peak_mib: peak as f64 / 1024.0 })
    }

    fn bare(&self, database: &Path) -> Result<Written> {
        let target = self.scratch().join("bare.db");
        let output = Command::new(&self.options.harness)
            .arg("bare-import")
            .arg(database)
            .arg(&target)
            .stdin(Stdio::null())
            .output()?;
        std::fs::remove_file(&target).ok();
        if !output.status.success() {
            bail!("bare-import: `{}`", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn asked(&mut self, data: &Path, database: &Path) -> Result<Vec<Row>> {
        let maitred = self.start_maitred(data)?;
        let hand = self.start_reference(&["hand", "--database"], database)?;
        let requests = Requests::of(database)?;
        let mut rows = Vec::new();
        for (tool, requests) in [
            (calls::ORDER_GET, &requests.orders),
            (calls::PRICE_QUOTE, &requests.quotes),
            (calls::INVOICE_SEARCH, &requests.invoices),
        ] {
            self.check_alike(&maitred, &hand, requests, tool)?;
            let rounds = self.compare(tool, &hand, &maitred, requests, self.options.connections)?;
            let note = format!("{} different; {}", requests.len(), rounds.details());
            rows.push(rate_row(tool, "by hand", &rounds, targets::TRADE_READ).note(note));
        }
        let mut client = self.client(&maitred)?;
        let mut heavy = Vec::new();
        for (name, tool, arguments, target) in reports() {
            self.say(name);
            let call = calls::call(1, tool, &arguments);
            rows.push(Row::figure(name, "ms", time_of(&mut client, &call)?, target).note("median of 5"));
            if target.is_some() {
                heavy.push(Request { body: call, expect: "\"result\"".into() });
            }
        }
        rows.push(self.beside(
            &maitred,
            &requests.orders,
            &heavy,
            "orders by number beside 2 reports, p99",
        )?);
        Ok(rows)
    }
}

struct Import {
    seconds: f64,
    peak_mib: f64,
}

/// Reports of the file's year: name, tool, arguments, target.
fn reports() -> Vec<(&'static str, &'static str, Value, Option<targets::Target>)> {
    let sales = |group: &str| json!({"from": "2010-12-01", "to": "2011-11-30", "group_by": group, "basis": "ordered"});
    vec![
        ("a year's sales by product", calls::SALES_REPORT, sales("product"), Some(targets::SALES_REPORT)),
        ("a year's sales by country", calls::SALES_REPORT, sales("country"), None),
        ("a year's sales by customer", calls::SALES_REPORT, sales("customer"), None),
        ("aging", calls::RECEIVABLES_REPORT, json!({}), Some(targets::AGING)),
    ]
}

/// Milliseconds of a call, the median of some.
fn time_of(client: &mut Client, call: &str) -> Result<f64> {
    let mut times = Vec::with_capacity(REPORTS);
    for _ in 0..REPORTS {
        let begun = Instant::now();
        client.ask(call)?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    median(times).context("no report")
}

struct Requests {
    orders: Vec<Request>,
    quotes: Vec<Request>,
    invoices: Vec<Request>,
}

impl Requests {
    fn of(database: &Path) -> Result<Self> {
        let open = || -> Result<Connection> {
            let path = PathBuf::from(database);
            Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
        };
        let connection = open()?;
        let texts = |sql: &str| -> Result<Vec<String>> {
            let mut statement = connection.prepare(sql)?;
            let texts = statement.query_map([], |row| row.get(0))?;
            Ok(texts.collect::<Result<_, _>>()?)
        };
        let orders = spread(texts("SELECT number FROM sales_order ORDER BY number")?, ASKED);
        let buyers = spread(texts("SELECT DISTINCT company_id FROM invoice ORDER BY company_id")?, ASKED);
        // What is sold, and priced today.
        let skus = spread(
            texts(
                "SELECT v.sku FROM variant v JOIN product p ON p.id = v.product_id WHERE p.kind = 'goods' AND EXISTS \
                 (SELECT 1 FROM price_point q WHERE q.variant_id = v.id AND q.valid_to IS NULL) ORDER BY v.sku_key",
            )?,
            ASKED * 2,
        );
        if orders.is_empty() || buyers.is_empty() || skus.len() < LINES {
            bail!("nothing was imported");
        }
        let request = |number: usize, tool: &str, arguments: &Value, expect: &str| Request {
            body: calls::call(number as u64 + 1, tool, arguments),
            expect: expect.to_owned(),
        };
        let quote = |place: usize, buyer: &String| {
            let lines: Vec<Value> = (0..LINES)
                .map(|line| json!({"product": skus[(place * 7 + line * 13) % skus.len()], "qty": line + 1}))
                .collect();
            let arguments = json!({"lines": lines, "company": buyer, "date": calls::TODAY});
            request(place, calls::PRICE_QUOTE, &arguments, "unit_price")
        };
        Ok(Self {
            quotes: buyers.iter().enumerate().map(|(place, buyer)| quote(place, buyer)).collect(),
            orders: orders
                .iter()
                .enumerate()
                .map(|(place, order)| request(place, calls::ORDER_GET, &json!({"order": order}), order))
                .collect(),
            invoices: buyers
                .iter()
                .enumerate()
                .map(|(place, buyer)| {
                    request(place, calls::INVOICE_SEARCH, &json!({"company": buyer}), "documents")
                })
                .collect(),
        })
    }
}

/// Of many texts some, evenly.
fn spread(all: Vec<String>, some: usize) -> Vec<String> {
    let step = (all.len() / some).max(1);
    all.into_iter().step_by(step).take(some).collect()
}

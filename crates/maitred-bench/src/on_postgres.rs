//! The scenario with the databases on a PostgreSQL server: maitred against a hand-written handler on as many connections,
//! and many organisations against one.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::orgs::Spread;
use crate::process::{self, Server};
use crate::report::Row;
use crate::run::{Run, WRITERS, contacts, get_requests, rate_row, search_requests, write_requests};
use crate::{calls, targets};

/// Connections of each side to the database server.
const CONNECTIONS: usize = 8;
/// Databases of the comparison with one.
const ORGANISATIONS: usize = 1_000;

impl Run<'_> {
    /// Copies the organisation to the server of `url`, a database that may be spoiled, and measures there.
    pub(crate) fn postgres(&mut self, url: &str) -> Result<Vec<Row>> {
        let data = self.copy("postgres")?;
        let slug = self
            .database(&data)?
            .file_stem()
            .and_then(|stem| stem.to_str())
            .context("the organisation's database has no name")?
            .to_owned();
        self.say("copying the organisation to PostgreSQL");
        let copied = Command::new(&self.options.maitred)
            .args(["org", "copy", &slug, "--to", url, "--from"])
            .arg(&data)
            .stdin(Stdio::null())
            .output()?;
        if !copied.status.success() {
            bail!("maitred org copy: `{}`", String::from_utf8_lossy(&copied.stderr).trim());
        }
        let address = process::free_address()?;
        let mut command = Command::new(&self.options.maitred);
        command.args(["serve", "--transport", "http", "--data"]).arg(&data);
        command.args(["--listen", &address.to_string(), "--database-url", url]);
        command.args(["--database-connections", &CONNECTIONS.to_string()]).args(&self.options.args);
        command.envs(self.options.env.iter().map(|(key, value)| (key, value)));
        let maitred =
            Server::start(command, address, &data.with_extension("log")).context("starting maitred")?;
        let args = [
            "hand-postgres",
            "--connections",
            &CONNECTIONS.to_string(),
            "--schema",
            &format!("m_{slug}"),
            "--url",
            url,
        ]
        .map(OsString::from);
        let hand = Server::start_reference(&self.options.harness, &args)?;

        let ids = contacts(&mut self.client(&maitred)?)?;
        let gets = get_requests(&ids);
        self.check_alike(&maitred, &hand, &gets, calls::CONTACT_GET)?;
        let many = self.options.connections;
        let name = |tool: &str| format!("{tool} on PostgreSQL");
        let get = self.compare(&name(calls::CONTACT_GET), &hand, &maitred, &gets, many)?;
        let searches = search_requests(&mut self.client(&maitred)?)?.0;
        self.check_alike(&maitred, &hand, &searches, calls::CONTACT_SEARCH)?;
        let search = self.compare(&name(calls::CONTACT_SEARCH), &hand, &maitred, &searches, many)?;
        let writes =
            self.compare(&name(calls::ACTIVITY_LOG), &hand, &maitred, &write_requests(&ids), WRITERS)?;
        drop((maitred, hand));
        let mut rows = vec![
            rate_row(&name(calls::CONTACT_GET), "by hand", &get, targets::PG_GET).note(get.details()),
            rate_row(&name(calls::CONTACT_SEARCH), "by hand", &search, targets::PG_SEARCH)
                .note(search.details()),
            rate_row(&name(calls::ACTIVITY_LOG), "by hand", &writes, targets::PG_WRITES)
                .note(writes.details()),
        ];
        let (mut zipf, mut uniform) = (Vec::new(), Vec::new());
        for round in 1..=self.options.rounds {
            self.say(&format!("{ORGANISATIONS} organisations, round {round}"));
            let one = self.orgs(url, Spread::One)?;
            zipf.push((one, self.orgs(url, Spread::Zipf)?));
            uniform.push((one, self.orgs(url, Spread::Uniform)?));
        }
        let name = |law: &str| format!("keyed reads of {ORGANISATIONS} organisations, {law}");
        let warm = "after as long again to warm up";
        rows.push(Row::compared(&name("zipf"), "/s", "one", &zipf, targets::PG_ORGS).note(warm));
        rows.push(
            Row::compared(&name("uniform"), "/s", "one", &uniform, targets::PG_ORGS_UNIFORM).note(warm),
        );
        Ok(rows)
    }

    /// Keyed reads a second, straight through the engine.
    fn orgs(&self, url: &str, spread: Spread) -> Result<f64> {
        let output = Command::new(&self.options.harness)
            .args(["orgs", "--url", url, "--spread", spread.word(), "--count", &ORGANISATIONS.to_string()])
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--seconds", &self.options.duration.as_secs_f64().to_string()])
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("orgs: `{}`", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

//! `bench`: a release build with the demo's data, set against the reference servers.

use std::process::Command;

use anyhow::{Context as _, Result};

use maitred_testkit_postgres::Cluster;

use crate::run;

/// Builds, makes the demo's data, and hands everything else on to `maitred-bench run`.
pub fn run(args: impl Iterator<Item = String>) -> Result<()> {
    run::cargo(&["build", "--release", "-p", "maitred-server", "-p", "maitred-bench"])?;
    let release = run::target()?.join("release");
    // On the disk of the target directory: a memory file system would make every commit free.
    let data = tempfile::Builder::new().prefix("bench-").tempdir_in(run::target()?)?;
    let place = data.path().join("data");
    let mut demo = Command::new(release.join("maitred"));
    demo.args(["demo", "--no-serve", "--json", "--data"]).arg(&place);
    let said: serde_json::Value =
        serde_json::from_str(&run::output(&mut demo)?).context("`maitred demo --json` printed no JSON")?;
    let key = said["keys"]["sales"].as_str().context("`maitred demo --json` has no `keys.sales`")?;
    let mut bench = Command::new(release.join("maitred-bench"));
    bench.arg("run").arg("--maitred").arg(release.join("maitred")).arg("--data").arg(&place);
    // The rate limits stay in the path and count, but a load generator has to get past them.
    bench.args(["--env", "MAITRED_CALLS_PER_SECOND=1000000", "--env", "MAITRED_WRITES_PER_SECOND=1000000"]);
    // Kept until the run is over.
    let cluster = Cluster::durable();
    match &cluster {
        Some(cluster) => drop(bench.args(["--postgres", &cluster.url("postgres")])),
        None => eprintln!("no programs of PostgreSQL on this machine: its scenario is left out"),
    }
    bench.args(args);
    // By the environment: other users of the machine can read arguments.
    bench.env("MAITRED_BENCH_KEY", key);
    run::must(&mut bench)
}

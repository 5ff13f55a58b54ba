//! Keyed reads of many organisations on one PostgreSQL server, through maitred's engine and without HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::ValueEnum;
use maitred_store::engine::write_and_wait;
use maitred_store::postgres::{PostgresEngine, PostgresOptions};
use maitred_store::{Budget, Engine as _, Migration, OrgStore, params};

/// Which organisation a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Spread {
    /// Always the same.
    One,
    /// The n-th as often as 1/n of the first.
    Zipf,
    /// Each as often as any other.
    Uniform,
}

impl Spread {
    /// As on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Zipf => "zipf",
            Self::Uniform => "uniform",
        }
    }
}

const TABLES: &[Migration] = &[Migration {
    domain: "bench",
    number: 1,
    name: "rows to read",
    sql: "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT, note TEXT)",
}];
/// Rows of an organisation.
const ROWS: i64 = 100;
/// Time that the making of one organisation may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads for a while from as many threads as there are connections; answers reads a second. The organisations are made
/// at the first run. For as long again it reads before, so that connections and server know whom they serve.
///
/// # Errors
/// When the server cannot be used or a read fails.
pub fn rate(url: &str, connections: usize, count: usize, spread: Spread, duration: Duration) -> Result<f64> {
    let engine = PostgresEngine::new(url, PostgresOptions::of(connections))?.beside("bench_");
    let mut stores = Vec::new();
    for number in 0..count {
        let name = format!("org-{number}");
        stores.push(if engine.exists(&name)? { engine.open(&name, TABLES)? } else { made(&engine, &name)? });
    }
    let stores = Arc::new(stores);
    // Sums of 1/n, to look up a uniform draw in.
    let mut sums = Vec::with_capacity(count);
    let mut sum = 0.0;
    for number in 1..=count {
        sum += 1.0 / number as f64;
        sums.push(sum);
    }
    let (sums, total) = (Arc::new(sums), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now() + duration;
    let until = begun + duration;
    let threads: Vec<_> = (0..connections)
        .map(|thread| {
            let (stores, sums, total) = (Arc::clone(&stores), Arc::clone(&sums), Arc::clone(&total));
            std::thread::spawn(move || -> Result<()> {
                let mut chance = fastrand::Rng::with_seed(thread as u64);
                while Instant::now() < until {
                    let org = match spread {
                        Spread::One => 0,
                        Spread::Uniform => chance.usize(0..stores.len()),
                        Spread::Zipf => {
                            let drawn = chance.f64() * sums.last().copied().unwrap_or_default();
                            sums.partition_point(|sum| *sum < drawn).min(stores.len() - 1)
                        }
                    };
                    let id = chance.i64(0..ROWS).to_string();
                    let mut found = Ok(None);
                    stores[org].read(&Budget::of(Duration::from_secs(10)), &mut |tx| {
                        found = tx.one::<(String, Option<String>)>(
                            "SELECT name, email FROM thing WHERE id = $1",
                            params![id],
                        );
                    })?;
                    if found?.is_none() {
                        bail!("a row is missing");
                    }
                    if Instant::now() >= begun {
                        total.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(())
            })
        })
        .collect();
    for thread in threads {
        match thread.join() {
            Ok(ended) => ended?,
            Err(_) => bail!("a reading thread panicked"),
        }
    }
    Ok(total.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

fn made(engine: &PostgresEngine, name: &str) -> Result<Arc<dyn OrgStore>> {
    let store = engine.create(name, TABLES)?;
    write_and_wait(&*store, "2026-03-02T10:00:00.000Z".to_owned(), PATIENCE, |tx| {
        for number in 0..ROWS {
            tx.execute(
                "INSERT INTO thing (id, name, email, phone, note) VALUES ($1, $2, 'a@b.example', '+49301234', 'x')",
                params![number.to_string(), format!("Thing {number}")],
            )?;
        }
        Ok(())
    })?;
    Ok(store)
}

//! Every way to build the server compiles, and what is left out of a build does not occur in it.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::run;

/// Domains that can be left out.
const DOMAINS: &[&str] = &["account", "crm", "catalog", "orders", "invoicing"];

/// Checks no domain, each alone, and all; then looks into a binary for the names of a domain left out.
pub fn run() -> Result<()> {
    let mut builds = vec!["sqlite".to_owned()];
    builds.extend(DOMAINS.iter().map(|domain| format!("sqlite,{domain}")));
    builds.push(format!("sqlite,{}", DOMAINS.join(",")));
    builds.push("sqlite,demo".to_owned());
    builds.push("sqlite,postgres".to_owned());
    builds.push("sqlite,sentry".to_owned());
    builds.push("sqlite,outward".to_owned());
    for features in &builds {
        println!("features: {features}");
        run::cargo(&[
            "check",
            "--quiet",
            "-p",
            "maitred-server",
            "--no-default-features",
            "--features",
            features,
        ])?;
    }
    println!("features: default");
    run::cargo(&["check", "--quiet", "-p", "maitred-server"])?;
    left_out()
}

/// A binary without crm contains none of its tools' names, and one with crm does: else the search proves nothing.
fn left_out() -> Result<()> {
    let names: Vec<&str> = xtask::codegen::registry()?
        .tools()
        .iter()
        .map(|tool| tool.entry.name)
        .filter(|name| name.starts_with("crm_"))
        .collect();
    ensure!(!names.is_empty(), "this build has no crm tool to look for");
    for (features, expected) in [("sqlite,account", false), ("sqlite,crm", true)] {
        // A directory of its own: the ordinary binary stays what it was.
        let target = run::target()?.join("features");
        let target_text = target.to_string_lossy().into_owned();
        run::cargo(&[
            "build",
            "--quiet",
            "-p",
            "maitred-server",
            "--no-default-features",
            "--features",
            features,
            "--target-dir",
            &target_text,
        ])?;
        let binary = fs::read(target.join("debug/maitred")).context("read the binary that was just built")?;
        // Names that other modules' texts cite are allowed to occur only as words of a sentence, never as a whole
        // string; a definition always holds the name in quotes.
        let found: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| binary.windows(name.len()).any(|w| w == name.as_bytes()))
            .collect();
        if expected {
            ensure!(
                found.len() == names.len(),
                "a build with crm lacks {} of its tools",
                names.len() - found.len()
            );
        } else {
            ensure!(found.is_empty(), "a build without crm contains {}", found.join(", "));
        }
        println!("features: with {features}, {} of {} crm tools occur", found.len(), names.len());
    }
    Ok(())
}

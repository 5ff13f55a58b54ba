//! Puts the pinned clients into a cache, once for each set of pins.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::process::must;

/// The Inspector and the conformance suite do not start on an older one.
const NODE_AT_LEAST: (u32, u32) = (22, 19);
const LIMIT: Duration = Duration::from_secs(600);
const STAMP: &str = ".pins";

/// Installed clients, under `target/clients/`.
pub struct Store {
    cache: PathBuf,
    scripts: PathBuf,
    logs: PathBuf,
    python: PathBuf,
    node: Option<PathBuf>,
}

impl Store {
    /// A store in `cache` for the manifests in `scripts`, logging to `logs`.
    ///
    /// # Errors
    /// There is no `python3`, which also runs the stdio recorder.
    pub fn new(cache: PathBuf, scripts: PathBuf, logs: PathBuf) -> Result<Self> {
        // Asked for its path, because clients start servers with a short PATH.
        let mut ask = Command::new("python3");
        ask.args(["-c", "import sys; print(sys.executable)"]);
        let python = must(&mut ask, &logs, "python3", LIMIT)?.trim().into();
        std::fs::create_dir_all(&cache).context("make the cache")?;
        let cache = cache.canonicalize().context("find the cache")?;
        Ok(Self { cache, scripts, logs, python, node: None })
    }

    /// Absolute path of the machine's Python.
    pub fn python3(&self) -> &Path {
        &self.python
    }

    /// A Node that is new enough: the machine's, else the pinned one.
    ///
    /// # Errors
    /// It cannot be installed, or there is none for this machine.
    pub fn node(&mut self) -> Result<PathBuf> {
        if let Some(node) = &self.node {
            return Ok(node.clone());
        }
        let mut ask = Command::new("node");
        ask.args(["-p", "process.versions.node + '\\n' + process.execPath"]);
        let own = must(&mut ask, &self.logs, "node", LIMIT).unwrap_or_default();
        let mut lines = own.lines();
        let node = match (lines.next(), lines.next()) {
            (Some(version), Some(path)) if new_enough(version) => path.into(),
            _ => {
                let folder = self.npm("node")?;
                let os = match std::env::consts::OS {
                    "macos" => "darwin",
                    other => other,
                };
                let arch = match std::env::consts::ARCH {
                    "x86_64" => "x64",
                    "aarch64" => "arm64",
                    other => other,
                };
                let node = folder.join(format!("node_modules/node-{os}-{arch}/bin/node"));
                ensure!(node.exists(), "no pinned Node for {os} {arch}: put Node 22.19 or later on the PATH");
                node
            }
        };
        self.node = Some(node.clone());
        Ok(node)
    }

    /// The folder holding `node_modules` for `tests/clients/NAME/package.json`.
    ///
    /// # Errors
    /// npm is missing or fails.
    pub fn npm(&self, name: &str) -> Result<PathBuf> {
        let from = self.scripts.join(name);
        let mut pins = String::new();
        for file in ["package.json", "package-lock.json"] {
            pins +=
                &std::fs::read_to_string(from.join(file)).with_context(|| format!("read `{name}/{file}`"))?;
        }
        self.once(name, &pins, |folder| {
            for file in ["package.json", "package-lock.json"] {
                std::fs::copy(from.join(file), folder.join(file)).context("copy a manifest")?;
            }
            // No install scripts: none of the clients needs one, and they are other people's code.
            let mut npm = Command::new("npm");
            npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
            must(&mut npm, &self.logs, &format!("npm-{name}"), LIMIT).map(drop)
        })
    }

    /// The interpreter of a virtual environment with `tests/clients/python/requirements-LINE.txt`.
    ///
    /// # Errors
    /// `venv` or pip fails.
    pub fn venv(&self, line: &str) -> Result<PathBuf> {
        let list = self.scripts.join(format!("python/requirements-{line}.txt"));
        let pins = std::fs::read_to_string(&list).with_context(|| format!("read `{}`", list.display()))?;
        let mut ask = Command::new(&self.python);
        ask.arg("--version");
        let version = must(&mut ask, &self.logs, "python-version", LIMIT)?;
        let name = format!("python-{line}");
        let folder = self.once(&name, &format!("{version}{pins}"), |folder| {
            let mut venv = Command::new(&self.python);
            venv.args(["-m", "venv"]).arg(folder);
            must(&mut venv, &self.logs, &format!("venv-{line}"), LIMIT)?;
            let mut pip = Command::new(folder.join("bin/python"));
            pip.args(["-m", "pip", "install", "--disable-pip-version-check", "-r"]).arg(&list);
            must(&mut pip, &self.logs, &format!("pip-{line}"), LIMIT).map(drop)
        })?;
        Ok(folder.join("bin/python"))
    }

    /// Runs `make` on an empty folder, unless an earlier run did so with the same pins.
    fn once(&self, name: &str, pins: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.cache.join(name);
        let stamp = folder.join(STAMP);
        if std::fs::read_to_string(&stamp).is_ok_and(|old| old == pins) {
            return Ok(folder);
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder).context("empty a stale cache")?;
        }
        std::fs::create_dir_all(&folder).context("make a cache folder")?;
        println!("     installing {name}");
        make(&folder).with_context(|| format!("install `{name}`"))?;
        // Last, so that a half-done installation is done again.
        std::fs::write(&stamp, pins).context("note the pins")?;
        Ok(folder)
    }
}

/// The version in `node_modules/PACKAGE/package.json`.
///
/// # Errors
/// The package is not there.
pub fn package_version(folder: &Path, package: &str) -> Result<String> {
    let path = folder.join("node_modules").join(package).join("package.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read `{}`", path.display()))?;
    let value: serde_json::Value = serde_json::from_str(&text).context("parse a package.json")?;
    Ok(value["version"].as_str().context("a package without version")?.to_owned())
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= NODE_AT_LEAST
}

#[cfg(test)]
mod tests {
    use super::new_enough;

    #[test]
    fn node_versions_compare_as_numbers() {
        for (version, enough) in
            [("22.19.0", true), ("22.9.0", false), ("20.20.2", false), ("26.1.0", true), ("", false)]
        {
            assert_eq!(new_enough(version), enough, "{version}");
        }
    }
}

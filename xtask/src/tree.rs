//! The repository's text files, read once; or a made-up repository, so that rules can be tried on bad input.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Directories that hold nothing the repository answers for.
const SKIPPED: &[&str] = &[".git", "target", "node_modules", "__pycache__", "maitred-data"];

/// Largest file that is looked at, bytes; larger ones are data.
const LARGEST: u64 = 2 << 20;

/// One text file.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Path from the root, with forward slashes.
    pub path: String,
    /// Contents.
    pub text: String,
}

/// Every text file, sorted by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: Vec<TextFile>,
}

/// The root of this repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

impl Tree {
    /// Reads everything under `root` that is text.
    ///
    /// # Errors
    /// A directory or file that cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, root)?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// A repository that exists in memory only.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| TextFile { path: (*path).into(), text: (*text).into() });
        Self { files: files.collect() }
    }

    fn walk(&mut self, root: &Path, directory: &Path) -> Result<()> {
        let entries =
            fs::read_dir(directory).with_context(|| format!("cannot list `{}`", directory.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            if SKIPPED.iter().any(|skipped| name == *skipped) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // The demo's data lies beside Cargo.toml, the demo's crate does not.
                if directory != root || name != "maitred-demo" {
                    self.walk(root, &path)?;
                }
            } else if kind.is_file() && entry.metadata()?.len() <= LARGEST {
                let bytes = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    let path = path.strip_prefix(root).unwrap_or(&path);
                    self.files.push(TextFile { path: path.to_string_lossy().replace('\\', "/"), text });
                }
            }
        }
        Ok(())
    }

    /// The files.
    pub fn files(&self) -> &[TextFile] {
        &self.files
    }

    /// The text of the file at this path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Names of the crates under `crates/`, sorted.
    pub fn crates(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .files
            .iter()
            .filter_map(|file| file.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
            .filter(|name| !name.contains('/'))
            .collect();
        names.sort_unstable();
        names
    }
}

//! Exported files: `<data>/exports/<organisation>/<name>`, readable for the server's user only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use maitred_core::error::{ToolError, ToolResult};
use maitred_party::sources::{ExportFile, ExportSink, StoredExport};
use maitred_store::engine::is_slug;

/// Name of the directory within the data directory.
pub const EXPORTS: &str = "exports";

/// Keeps exported files in a directory.
pub struct FolderSink {
    root: PathBuf,
    drafts: AtomicU64,
}

impl FolderSink {
    /// A sink in this data directory. Nothing is made before something is exported.
    ///
    /// # Errors
    /// When nobody can tell where the directory is.
    pub fn new(data: &Path) -> anyhow::Result<Self> {
        let root = std::path::absolute(data.join(EXPORTS)).context("cannot tell where exports go")?;
        Ok(Self { root, drafts: AtomicU64::new(0) })
    }

    fn start(&self, org: &str) -> anyhow::Result<Draft> {
        anyhow::ensure!(is_slug(org), "no organisation is called like this");
        let folder = self.root.join(org);
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).context("cannot make the directory of exports")?;
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".draft-{}-{number}", std::process::id()));
        // Of a process that had this number before and did not come to its end.
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).context("cannot make the file of an export")?;
        Ok(Draft { file, path, folder, kept: false })
    }
}

impl ExportSink for FolderSink {
    fn create(&self, org: &str) -> ToolResult<Box<dyn ExportFile>> {
        Ok(Box::new(self.start(org).map_err(ToolError::internal)?))
    }
}

/// A file on its way. Removed when it is dropped before it is whole.
struct Draft {
    file: File,
    path: PathBuf,
    folder: PathBuf,
    kept: bool,
}

impl io::Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Draft {
    fn keep(&mut self, name: &str) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(is_name(name), "an export cannot have this name");
        self.file.sync_all().context("cannot keep an export")?;
        let place = self.folder.join(name);
        fs::rename(&self.path, &place).context("cannot put an export in its place")?;
        self.kept = true;
        Ok(place)
    }
}

impl ExportFile for Draft {
    fn finish(mut self: Box<Self>, name: &str) -> ToolResult<StoredExport> {
        let place = self.keep(name).map_err(ToolError::internal)?;
        Ok(StoredExport { uri: uri(&place), expires_at: None })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // It may be gone already; a draft that stays does no harm and is replaced some time.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    name.len() <= 128
        && name.split_once('.').is_some_and(|(stem, tail)| {
            !stem.is_empty() && !tail.is_empty() && stem.bytes().chain(tail.bytes()).all(letters)
        })
}

/// The path as a `file:` URI.
fn uri(path: &Path) -> String {
    let mut out = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder)
            .map(|files| files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let data = tempfile::tempdir().unwrap();
        let sink = FolderSink::new(data.path()).unwrap();
        let folder = data.path().join("exports/acme");
        let mut file = sink.create("acme").unwrap();
        file.write_all(b"a,b\n").unwrap();
        drop(file);
        assert!(names(&folder).is_empty());
        for _ in 0..2 {
            let mut file = sink.create("acme").unwrap();
            file.write_all(b"a,b\n1,2\n").unwrap();
            let stored = file.finish("crm_contact_search-2026-03-02-abc.csv").unwrap();
            let path = stored.uri.strip_prefix("file://").unwrap();
            assert_eq!(fs::read(path).unwrap(), b"a,b\n1,2\n");
        }
        assert_eq!(names(&folder), ["crm_contact_search-2026-03-02-abc.csv"]);
    }

    #[test]
    fn nothing_leaves_its_directory() {
        let data = tempfile::tempdir().unwrap();
        let sink = FolderSink::new(data.path()).unwrap();
        for org in ["..", "../acme", "a/b", ""] {
            assert!(sink.create(org).is_err(), "{org}");
        }
        for name in ["../x.csv", "a/b.csv", ".csv", "x", "x.", "A.csv", "x.y.csv", "x\0.csv"] {
            assert!(sink.create("acme").unwrap().finish(name).is_err(), "{name}");
        }
        assert!(names(&data.path().join("exports/acme")).is_empty());
        assert_eq!(uri(Path::new("/srv/a b/ü.csv")), "file:///srv/a%20b/%C3%BC.csv");
    }
}

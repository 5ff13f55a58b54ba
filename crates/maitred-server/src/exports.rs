//! Exported files: `<data>/exports/<organisation>/<name>`, readable for the server's user only, and kept for a week.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use maitred_core::clock::Clock;
use maitred_core::error::{ToolError, ToolResult};
use maitred_kernel::Stamp;
use maitred_party::sources::{ExportFile, ExportSink, StoredExport};
use maitred_store::engine::is_slug;

/// Name of the directory within the data directory.
pub const EXPORTS: &str = "exports";

/// How long an exported file is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a draft may take to become whole.
const DRAFTED: SignedDuration = SignedDuration::from_hours(24);
const DRAFT: &str = ".draft-";

/// Keeps exported files in a directory.
pub struct FolderSink {
    root: PathBuf,
    clock: Arc<dyn Clock>,
    drafts: AtomicU64,
}

impl FolderSink {
    /// A sink in this data directory. Nothing is made before something is exported.
    ///
    /// # Errors
    /// When nobody can tell where the directory is.
    pub fn new(data: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let root = std::path::absolute(data.join(EXPORTS)).context("cannot tell where exports go")?;
        Ok(Self { root, clock, drafts: AtomicU64::new(0) })
    }

    /// Removes the files of all organisations that were kept long enough at `now`, and drafts that nobody finished;
    /// answers how many. Files that are not exports stay.
    ///
    /// # Errors
    /// When a directory cannot be read or a file cannot be removed.
    pub fn expire(&self, now: Timestamp) -> io::Result<u64> {
        let mut removed = 0;
        for folder in entries(&self.root)? {
            for file in entries(&folder.path())? {
                let name = file.file_name();
                let name = name.to_string_lossy();
                let kept = match (is_name(&name), name.starts_with(DRAFT)) {
                    (true, _) => KEPT,
                    (_, true) => DRAFTED,
                    _ => continue,
                };
                let written = Timestamp::try_from(file.metadata()?.modified()?).map_err(io::Error::other)?;
                if now.duration_since(written) > kept {
                    fs::remove_file(file.path())?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
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
        let path = folder.join(format!("{DRAFT}{}-{number}", std::process::id()));
        // Of a process that had this number before and did not come to its end.
        let _ = fs::remove_file(&path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).context("cannot make the file of an export")?;
        let expires_at = Stamp::from_timestamp(self.clock.now() + KEPT).ok();
        Ok(Draft { file, path, folder, expires_at, kept: false })
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
    expires_at: Option<Stamp>,
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
        Ok(StoredExport { uri: uri(&place), expires_at: self.expires_at })
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

/// What a directory holds; nothing when it is not there.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
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
    use maitred_core::clock::FixedClock;
    use std::io::Write as _;

    const NOW: i64 = 1_800_000_000;

    fn sink(data: &Path) -> FolderSink {
        FolderSink::new(data, Arc::new(FixedClock::new(at(0)))).unwrap()
    }

    /// So many hours after [`NOW`].
    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(NOW + hours * 3600).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder)
            .map(|files| files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_file_is_whole_or_not_there() {
        let data = tempfile::tempdir().unwrap();
        let sink = sink(data.path());
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
    fn a_file_goes_after_a_week_and_what_is_no_export_stays() {
        let data = tempfile::tempdir().unwrap();
        let sink = sink(data.path());
        assert_eq!(sink.expire(at(0)).unwrap(), 0);
        let mut stored = None;
        for name in ["a.csv", "b.csv"] {
            stored = Some(sink.create("acme").unwrap().finish(name).unwrap());
        }
        assert_eq!(stored.unwrap().expires_at.unwrap().timestamp(), at(7 * 24));
        let folder = data.path().join("exports/acme");
        fs::write(folder.join("README"), "ours").unwrap();
        fs::write(folder.join(".draft-1-1"), "half").unwrap();
        for (name, hours) in [("a.csv", 0), ("b.csv", 1), ("README", 0), (".draft-1-1", 144)] {
            let file = File::options().write(true).open(folder.join(name)).unwrap();
            file.set_modified(at(hours).into()).unwrap();
        }
        assert_eq!(sink.expire(at(168)).unwrap(), 0);
        assert_eq!(sink.expire(at(169)).unwrap(), 2);
        let mut left = names(&folder);
        left.sort();
        assert_eq!(left, ["README", "b.csv"]);
    }

    #[test]
    fn nothing_leaves_its_directory() {
        let data = tempfile::tempdir().unwrap();
        let sink = sink(data.path());
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

//! Exported files in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use maitred_core::error::ToolResult;
use maitred_party::sources::{ExportFile, ExportSink, StoredExport};

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Keeps finished files by their address.
#[derive(Clone, Debug, Default)]
pub struct MemorySink(Files);

impl MemorySink {
    /// The contents under an address; `None` when nothing was finished there.
    pub fn contents(&self, uri: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(uri).cloned()
    }

    /// Every address.
    pub fn uris(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl ExportSink for MemorySink {
    fn create(&self, org: &str) -> ToolResult<Box<dyn ExportFile>> {
        Ok(Box::new(MemoryFile { org: org.to_owned(), bytes: Vec::new(), files: Arc::clone(&self.0) }))
    }
}

struct MemoryFile {
    org: String,
    bytes: Vec<u8>,
    files: Files,
}

impl io::Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ExportFile for MemoryFile {
    fn finish(self: Box<Self>, name: &str) -> ToolResult<StoredExport> {
        let uri = format!("memory:{}/{name}", self.org);
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(uri.clone(), self.bytes);
        Ok(StoredExport { uri, expires_at: None })
    }
}

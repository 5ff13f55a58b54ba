//! Menus: which tools a caller sees and may call, by one predicate.

use std::collections::HashMap;

use bytes::Bytes;

use crate::mode::{Module, Rights};
use crate::tool::ToolEntry;

/// Tools on one page of `tools/list`. Most clients ask for the first page only and cut lists off near this number.
pub const PAGE: usize = 128;

/// The rule that hides a tool, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// The key or the role has nothing to do with this module.
    Module(Module),
    /// The tool is for other modes.
    Mode,
    /// The caller may read here, but not write.
    ReadOnly,
    /// Only for owners and admins.
    Admin,
}

impl Hidden {
    /// In words, for operators.
    pub fn words(self) -> String {
        match self {
            Self::Module(module) => format!("neither key nor role opens the module `{module}`"),
            Self::Mode => "it is for other modes than the caller's".to_owned(),
            Self::ReadOnly => "the caller may only read here".to_owned(),
            Self::Admin => "it is for owners and admins".to_owned(),
        }
    }
}

/// Whether a caller with these rights may see and call this tool: the one predicate behind list, call, completion,
/// `maitred menu` and the documentation.
///
/// # Errors
/// The first rule that hides it.
pub fn admits(tool: &ToolEntry, module: Module, rights: &Rights) -> Result<(), Hidden> {
    let (reads, writes) = (rights.reads(module), rights.writes(module));
    if reads.is_empty() {
        return Err(Hidden::Module(module));
    }
    if !tool.modes.meets(reads) {
        return Err(Hidden::Mode);
    }
    if !tool.effect.read && !tool.modes.meets(writes) {
        return Err(Hidden::ReadOnly);
    }
    if tool.admin && !rights.admin() {
        return Err(Hidden::Admin);
    }
    Ok(())
}

/// A registered tool with what is worked out once at the start.
pub struct Registered {
    /// The tool.
    pub entry: ToolEntry,
    /// Its module.
    pub module: Module,
    /// Its definition as `tools/list` shows it.
    pub definition: String,
    /// Its meters.
    pub meters: crate::meters::ToolMeters,
}

/// What one set of rights may order. Made once, kept serialised.
pub struct Menu {
    rights: Rights,
    tools: Vec<&'static Registered>,
    by_name: HashMap<&'static str, &'static Registered>,
    pages: Vec<Bytes>,
    version: u64,
}

impl Menu {
    /// The menu of these rights over all tools, which are sorted by name.
    pub fn new(all: &'static [Registered], rights: Rights) -> Self {
        let tools: Vec<&'static Registered> =
            all.iter().filter(|tool| admits(&tool.entry, tool.module, &rights).is_ok()).collect();
        let by_name = tools.iter().map(|tool| (tool.entry.name, *tool)).collect();
        let count = tools.len().div_ceil(PAGE).max(1);
        let pages: Vec<Bytes> = (0..count)
            .map(|number| {
                let mut page = String::from("{\"tools\":[");
                for (index, tool) in tools.iter().skip(number * PAGE).take(PAGE).enumerate() {
                    if index > 0 {
                        page.push(',');
                    }
                    page.push_str(&tool.definition);
                }
                page.push(']');
                if number + 1 < count {
                    page.push_str(&format!(",\"nextCursor\":\"{}\"", cursor(number + 1)));
                }
                page.push('}');
                Bytes::from(page)
            })
            .collect();
        // FNV-1a: a fingerprint that is the same on every node.
        let version =
            pages.iter().flat_map(|page| page.iter()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self { rights, tools, by_name, pages, version }
    }

    /// The tool of this name, if it is on the menu.
    pub fn find(&self, name: &str) -> Option<&'static Registered> {
        self.by_name.get(name).copied()
    }

    /// The tools, sorted by name.
    pub fn tools(&self) -> &[&'static Registered] {
        &self.tools
    }

    /// The rights it was made for.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The serialised page for a cursor, the first one without; `None` for a cursor that no page has.
    pub fn page(&self, at: Option<&str>) -> Option<Bytes> {
        let number = match at {
            None => 0,
            Some(at) => (1..self.pages.len()).find(|number| cursor(*number) == at)?,
        };
        self.pages.get(number).cloned()
    }

    /// Changes when the menu does.
    pub fn version(&self) -> u64 {
        self.version
    }
}

fn cursor(page: usize) -> String {
    format!("p{page}")
}

//! The registry: every tool compiled in, the ports between their domains, the menus made so far.

use std::sync::Arc;

use dashmap::DashMap;
use maitred_store::Migration;

use crate::menu::{Menu, Registered};
use crate::meters::ToolMeters;
use crate::mode::{Module, Rights};
use crate::ports::Ports;
use crate::tool::Domain;

/// Menus kept at most; more distinct sets of rights than this are possible only by intent.
const MENUS: usize = 4_096;

/// Why the registry cannot be made: a defect of the build, found at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryFault(pub String);

impl std::fmt::Display for RegistryFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RegistryFault {}

/// Every tool of this binary.
pub struct Registry {
    domains: Vec<&'static Domain>,
    tools: &'static [Registered],
    base: &'static [Migration],
    ports: Ports,
    menus: DashMap<Rights, Arc<Menu>>,
}

impl Registry {
    /// Registers the domains over the tables of `base`, which all of them stand on. The tools live as long as the
    /// process.
    ///
    /// # Errors
    /// A tool whose name has not its module's prefix, a name used twice, a port that nobody provides.
    pub fn new(base: &'static [Migration], domains: Vec<&'static Domain>) -> Result<Self, RegistryFault> {
        Self::with_ports(base, domains, Ports::default())
    }

    /// Like [`Registry::new`], with ports that the server itself gives, such as a place for exported files.
    ///
    /// # Errors
    /// See [`Registry::new`].
    pub fn with_ports(
        base: &'static [Migration],
        domains: Vec<&'static Domain>,
        mut ports: Ports,
    ) -> Result<Self, RegistryFault> {
        for domain in &domains {
            (domain.provides)(&mut ports);
        }
        for domain in &domains {
            for port in domain.requires {
                let port = port();
                if !ports.has(port) {
                    let short = port.rsplit("::").next().unwrap_or(port);
                    return Err(RegistryFault(format!(
                        "the module `{}` needs the port `{short}`, which no module of this build provides",
                        domain.module
                    )));
                }
            }
        }
        let mut tools = Vec::new();
        for domain in &domains {
            for entry in domain.tools {
                if entry.module() != Some(domain.module) {
                    return Err(RegistryFault(format!(
                        "`{}` is not named after `{}`",
                        entry.name, domain.module
                    )));
                }
                let mut definition = String::new();
                entry.write_definition(&mut definition);
                tools.push(Registered {
                    entry: *entry,
                    module: domain.module,
                    definition,
                    meters: ToolMeters::new(entry.name),
                });
            }
        }
        tools.sort_by_key(|tool| tool.entry.name);
        if let Some(pair) = tools.windows(2).find(|pair| pair[0].entry.name == pair[1].entry.name) {
            return Err(RegistryFault(format!("two tools are called `{}`", pair[0].entry.name)));
        }
        Ok(Self { domains, base, tools: Box::leak(tools.into_boxed_slice()), ports, menus: DashMap::new() })
    }

    /// The menu of these rights: the same object for the same rights.
    pub fn menu(&self, rights: &Rights) -> Arc<Menu> {
        if let Some(menu) = self.menus.get(rights) {
            return Arc::clone(&menu);
        }
        let menu = Arc::new(Menu::new(self.tools, *rights));
        if self.menus.len() < MENUS {
            self.menus.insert(*rights, Arc::clone(&menu));
        }
        menu
    }

    /// The domains, in the order given.
    pub fn domains(&self) -> &[&'static Domain] {
        &self.domains
    }

    /// The modules of this binary.
    pub fn modules(&self) -> Vec<Module> {
        self.domains.iter().map(|domain| domain.module).collect()
    }

    /// Every tool, sorted by name.
    pub fn tools(&self) -> &'static [Registered] {
        self.tools
    }

    /// The ports.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The migrations of the base and of all domains, in that order.
    pub fn migrations(&self) -> Vec<Migration> {
        self.base.iter().chain(self.domains.iter().flat_map(|domain| domain.migrations)).copied().collect()
    }
}

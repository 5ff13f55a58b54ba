//! A data directory made through the product's own library: organisations with members, keys, a channel and clients.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use maitred_core::caller::Policy;
use maitred_core::clock::stamp;
use maitred_core::cx::{World, Writer};
use maitred_core::door::Membership as _;
use maitred_core::error::ToolResult;
use maitred_core::limits::LimitSettings;
use maitred_directory::{ChannelKind, Holder, KeySpec};
use maitred_party::PartyMembership;
use maitred_party::model::LinkRole;
use maitred_party::store::{companies, contacts, members};
use maitred_server::boot::{self, Product};
use maitred_server::config::Place;
use maitred_store::StoreError;
use maitred_store::engine::write_and_wait;

/// One member of each role, called like it.
pub const TEAM: &[&str] =
    &["owner", "admin", "finance", "operations", "delivery", "sales", "service", "success", "viewer"];

/// A data directory, removed when dropped.
pub struct House {
    directory: tempfile::TempDir,
    orgs: Vec<Org>,
}

/// An organisation in it.
pub struct Org {
    pub slug: String,
    /// A word that occurs in every record of this organisation and in none of another.
    pub canary: String,
    /// Keys by role.
    pub keys: BTreeMap<String, String>,
    /// The key of the channel `whatsapp`.
    pub channel_key: String,
    /// A company.
    pub company: String,
    /// Contacts of it; the first may order.
    pub contacts: Vec<String>,
}

impl Org {
    /// The key of the member of this role.
    pub fn key(&self, role: &str) -> &str {
        &self.keys[role]
    }
}

impl House {
    /// A house with these organisations; strangers may come into the first.
    pub fn with(slugs: &[&str]) -> Self {
        Self::furnished(slugs, true)
    }

    /// A house with one organisation into which no stranger may come.
    pub fn closed() -> Self {
        Self::furnished(&["acme"], false)
    }

    fn furnished(slugs: &[&str], door: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let product = open(&directory.path().join("data"));
        let orgs = slugs
            .iter()
            .enumerate()
            .map(|(index, slug)| furnish(&product, slug, door && index == 0))
            .collect();
        drop(product);
        settle(&directory.path().join("data"));
        Self { directory, orgs }
    }

    /// A house with one organisation.
    pub fn new() -> Self {
        Self::with(&["acme"])
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A place beside the data directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The database file of an organisation.
    pub fn database(&self, slug: &str) -> PathBuf {
        self.data().join("orgs").join(format!("{slug}.sqlite"))
    }

    /// The first organisation.
    pub fn org(&self) -> &Org {
        &self.orgs[0]
    }

    /// All of them.
    pub fn orgs(&self) -> &[Org] {
        &self.orgs
    }

    /// The product over the same data, in this process: what an operator at the command line has.
    pub fn operator(&self) -> Arc<Product> {
        open(&self.data())
    }

    /// Summaries of all activities in an organisation's database, read past the product.
    pub fn summaries(&self, slug: &str) -> Vec<String> {
        let db = rusqlite::Connection::open(self.database(slug)).unwrap();
        let mut statement = db.prepare("SELECT summary FROM activity ORDER BY summary").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

/// Waits until the engine's threads have closed every file: their logs are gone then.
fn settle(data: &Path) {
    let busy = || {
        [data.to_owned(), data.join("orgs")].iter().any(|directory| {
            fs::read_dir(directory)
                .unwrap()
                .any(|entry| entry.unwrap().file_name().to_string_lossy().ends_with("-wal"))
        })
    };
    let until = Instant::now() + Duration::from_secs(10);
    while busy() && Instant::now() < until {
        thread::sleep(Duration::from_millis(2));
    }
}

fn open(data: &Path) -> Arc<Product> {
    Arc::new(boot::open(&Place::directory(data), None, LimitSettings::default()).unwrap())
}

/// Writes as the operator.
fn write<T: Send + 'static>(
    product: &Arc<Product>,
    slug: &str,
    body: impl Fn(&Writer<'_>) -> ToolResult<T> + Send + 'static,
) -> T {
    let store = product.directory.open_store(slug).unwrap();
    let caller = product.operator(slug, slug, Arc::clone(&store), "test");
    let menu = product.registry.menu(&caller.rights);
    let (registry, ids, now) = (Arc::clone(&product.registry), Arc::clone(&product.ids), product.clock.now());
    write_and_wait(&*store, stamp(now), Duration::from_secs(30), move |tx| {
        let world = World::outside(&caller, &menu, registry.ports(), &*ids, now, &[1; 32]);
        body(&Writer::new(tx, &world)).map_err(|error| StoreError::defect(format!("{error:?}")))
    })
    .unwrap()
}

fn mint(product: &Product, slug: &str, holder: Holder, label: &str) -> String {
    let spec = KeySpec {
        org: slug.to_owned(),
        holder,
        label: label.to_owned(),
        modules: None,
        modes: None,
        read_only: false,
        policy: Policy::Direct,
        expires_at: None,
    };
    let known = |tx: &maitred_store::ReadTx<'_>, id: &str| Ok(PartyMembership.member(tx, id)?.is_some());
    product.directory.mint(&spec, known).unwrap().token.expose().to_owned()
}

fn furnish(product: &Arc<Product>, slug: &str, door: bool) -> Org {
    let canary = format!("canary{}", slug.replace('-', ""));
    product.directory.create_org(slug, &format!("House {canary}"), door).unwrap();
    let mut keys = BTreeMap::new();
    for role in TEAM {
        let (name, email) = (format!("{role} {canary}"), format!("{role}@{canary}.example"));
        let member = write(product, slug, move |db| {
            members::insert(db, &members::NewMember { name: &name, email: &email, roles: &[role] })
        });
        keys.insert((*role).to_owned(), mint(product, slug, Holder::Teammate(member.id.0), role));
    }
    let (channel, _) = product.directory.create_channel(slug, "whatsapp", ChannelKind::Whatsapp).unwrap();
    let channel_key = mint(product, slug, Holder::Channel(channel.id), "gateway");
    let name = format!("Maison {canary}");
    let company = write(product, slug, move |db| {
        let new = companies::NewCompany {
            name: name.clone(),
            kinds: "customer".to_owned(),
            country: "DE".to_owned(),
            ..companies::NewCompany::default()
        };
        companies::insert(db, new)
    })
    .id;
    let mut people = Vec::new();
    for number in 0..4 {
        let (company, canary) = (company.clone(), canary.clone());
        people.push(write(product, slug, move |db| {
            let new = contacts::NewContact {
                given_name: Some(format!("Person{number}")),
                family_name: canary.clone(),
                email: Some(format!("person{number}@{canary}.example")),
                ..contacts::NewContact::default()
            };
            let contact = contacts::insert(db, new)?;
            let before = contacts::link(db, &company, &contact.id, LinkRole::Buyer)?;
            let mut after = before.clone();
            after.can_order = number == 0;
            db.update(&before, &mut after)?;
            Ok(contact.id.0)
        }));
    }
    Org { slug: slug.to_owned(), canary, keys, channel_key, company: company.0, contacts: people }
}

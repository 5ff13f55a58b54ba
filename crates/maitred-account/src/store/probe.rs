//! A small module for tests: gadgets that are found and exported, secrets that only the office reads about, chores
//! that somebody must take over, shelves that can be set.

use std::sync::Arc;

use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_core::tool::{Domain, ToolEntry, entry};
use maitred_kernel::Stamp;
use maitred_macros::Record;
use maitred_party::model::{Member, MemberId, MemberStatus};
use maitred_party::sources::{ExportSource, Hit, OpenWork, SearchSource, SettingSource};
use maitred_party::store::settings;
use maitred_store::{Migration, Record, Sql, params};
use maitred_testkit::Fixture;

/// The module.
pub static PROBE: Domain = Domain {
    module: Module::Probe,
    tools: TOOLS,
    migrations: &[Migration {
        domain: "probe",
        number: 1,
        name: "things",
        sql: "CREATE TABLE gadget (id TEXT NOT NULL PRIMARY KEY, label TEXT NOT NULL);
              CREATE TABLE secret (id TEXT NOT NULL PRIMARY KEY, label TEXT NOT NULL);
              CREATE TABLE chore (id TEXT NOT NULL PRIMARY KEY, member_id TEXT NOT NULL);",
    }],
    requires: &[],
    provides: |ports: &mut Ports| {
        ports.provide::<dyn SearchSource>(Arc::new(Gadgets));
        ports.provide::<dyn ExportSource>(Arc::new(Gadgets));
        ports.provide::<dyn OpenWork>(Arc::new(Chores));
        ports.provide::<dyn SettingSource>(Arc::new(Shelves));
    },
    check: |_| Ok(()),
};

const TOOLS: &[ToolEntry] =
    &[entry::<GadgetCreate>(), entry::<GadgetSearch>(), entry::<MemberCreate>(), entry::<SecretCreate>()];

#[derive(Record, Clone)]
#[record(table = "gadget")]
struct Gadget {
    id: String,
    label: String,
}

#[derive(Record, Clone)]
#[record(table = "secret")]
struct Secret {
    id: String,
    label: String,
}

#[derive(Record, Clone)]
#[record(table = "chore")]
struct Chore {
    id: String,
    member_id: String,
}

#[derive(ToolArgs)]
/// Arguments.
pub struct Args {
    /// Label.
    label: Option<String>,
    /// Cost per hour.
    cost: Option<maitred_kernel::Price>,
}

#[derive(ToolOutput)]
/// Answer.
pub struct Output {
    /// Id.
    id: String,
}

macro_rules! probe_tool {
    ($name:ident, $text:literal, $effect:ident, $body:expr) => {
        struct $name;
        impl Tool for $name {
            const NAME: &str = $text;
            const TITLE: &str = "Probe";
            const ABOUT: &str = "Something for tests to call, described at sufficient length.";
            const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
            const EFFECT: $effect = probe_effect!($effect);
            const EXAMPLE: Example = Example { given: "", args: "{}" };
            type Effect = $effect;
            type Audience = Staff;
            type Args = Args;
            type Output = Output;
            fn call(cx: &mut Cx<'_, $effect>, args: Args) -> ToolResult<Output> {
                let body: fn(&mut Cx<'_, $effect>, Args) -> ToolResult<String> = $body;
                Ok(Output { id: body(cx, args)? })
            }
        }
    };
}

macro_rules! probe_effect {
    (Read) => {
        Read::KEYED
    };
    (Write) => {
        Write::PLAIN
    };
}

probe_tool!(GadgetCreate, "probe_gadget_create", Write, |cx, args| {
    let mut gadget = Gadget { id: cx.fresh_id(), label: args.label.unwrap_or_default() };
    cx.insert(&mut gadget)?;
    Ok(gadget.id)
});
probe_tool!(SecretCreate, "probe_secret_create", Write, |cx, args| {
    let mut secret = Secret { id: cx.fresh_id(), label: args.label.unwrap_or_default() };
    cx.insert(&mut secret)?;
    Ok(secret.id)
});
probe_tool!(MemberCreate, "probe_member_create", Write, |cx, args| {
    let name = args.label.unwrap_or_default();
    let mut member = Member {
        id: MemberId(cx.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        email: format!("{name}@maison.example"),
        name,
        roles: "sales".to_owned(),
        status: MemberStatus::Active,
        weekly_minutes: 2_400,
        cost_rate: args.cost.map(maitred_kernel::Price::micros),
        calendar_id: None,
    };
    cx.insert(&mut member)?;
    Ok(member.id.0)
});
probe_tool!(GadgetSearch, "probe_gadget_search", Read, |_, _| Ok(String::new()));

/// Thirty gadgets that nobody has to make, and rows for files.
struct Gadgets;

impl SearchSource for Gadgets {
    fn module(&self) -> Module {
        Module::Probe
    }
    fn kinds(&self) -> &'static [&'static str] {
        &["gadget"]
    }
    fn search(&self, _: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        let hits = (1..=30).filter(|_| text.contains("gadget")).map(|number| Hit {
            kind: "gadget",
            id: format!("g{number}"),
            number: Some(format!("G-{number:05}")),
            label: format!("Gadget {number}"),
            why: "name",
            // Scores that several share, so that the id decides.
            score: 100 - number / 4,
        });
        Ok(hits.take(limit).collect())
    }
}

impl ExportSource for Gadgets {
    fn dataset(&self) -> &'static str {
        "probe_gadget_search"
    }
    fn export(
        &self,
        _: &Reader<'_>,
        filter: &str,
        _: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let filter: serde_json::Value = serde_json::from_str(filter).map_err(ToolError::internal)?;
        let rows = filter["rows"].as_u64().unwrap_or(3);
        for number in 0..rows {
            let label =
                ["=1+1", "+cmd", "-2+3", "@sum", "\tx", "plain, \"quoted\"\nlines"][number as usize % 6];
            let json = serde_json::json!({
                "id": format!("g{number}"), "label": label, "amount": "-12.50", "count": -3,
                "company": {"id": "c1", "name": "=Acme"}, "tags": ["a", "b"],
            });
            if !row(&json.to_string())? {
                break;
            }
        }
        Ok(())
    }
}

struct Chores;

impl OpenWork for Chores {
    fn kind(&self) -> &'static str {
        "chores"
    }
    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64> {
        Ok(db.count("SELECT COUNT(*) FROM chore WHERE member_id = $1", params![member])?)
    }
    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64> {
        let mut sql = Sql::new(Chore::SELECT);
        sql.push(" WHERE member_id = ").bind(from).push(" ORDER BY id");
        let chores: Vec<Chore> = db.all_of(&sql)?;
        for chore in &chores {
            let mut after = Chore { member_id: to.to_owned(), ..chore.clone() };
            db.update(chore, &mut after)?;
        }
        Ok(chores.len() as i64)
    }
}

/// Gives a member chores.
pub fn give_chores(fixture: &Fixture, member: &str, count: usize) {
    let member = fixture.id(member);
    fixture
        .write(move |db| {
            for _ in 0..count {
                db.insert(&mut Chore { id: db.fresh_id(), member_id: member.clone() })?;
            }
            Ok(())
        })
        .unwrap();
}

/// How many chores a member has.
pub fn chores_of(fixture: &Fixture, member: &str) -> i64 {
    fixture.read(|db| Chores.count(db, &fixture.id(member))).unwrap()
}

/// A section that operations may edit.
struct Shelves;

impl SettingSource for Shelves {
    fn section(&self) -> &'static str {
        "probe.shelves"
    }
    fn about(&self) -> &'static str {
        "How many shelves there are."
    }
    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"shelves":{"type":"integer","minimum":1,"maximum":9}},"required":["shelves"],"additionalProperties":false}"#
    }
    fn editors(&self) -> &'static [&'static str] {
        &["operations"]
    }
    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        Ok(settings::get(db, self.section())?.map_or_else(|| r#"{"shelves":1}"#.to_owned(), |s| s.value))
    }
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        if value.contains('7') {
            return Err(invalid("shelves", "is an unlucky number"));
        }
        settings::put(db, self.section(), value)?;
        Ok(vec!["every shelf".to_owned()])
    }
}

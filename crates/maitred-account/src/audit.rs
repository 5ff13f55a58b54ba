//! The audit trail as callers may see it: for the tool that searches it and for its export.

use maitred_core::args::{Object, parse_object};
use maitred_core::mode::{Mode, ModeSet, Module};
use maitred_core::prelude::*;
use maitred_kernel::wire::at_field;
use maitred_kernel::{Day, Reference, Stamp};
use maitred_party::org;
use maitred_party::sources::{ExportSource, SearchSource, export_rows};
use maitred_party::store::{companies, contacts, members, redirects};

use crate::people::sees_costs;
use crate::store::audit::{self, AuditFilter, Event, Reach};

/// Columns of a member that not everybody who reads about members may read.
const COST: &str = "cost_rate";

/// What events are searched by.
#[derive(ToolArgs, Clone, Debug)]
pub struct Filter {
    /// Kind, such as contact, or id of a record.
    #[arg(min = 1, max = 80)]
    entity: Option<String>,
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Me, member or contact.
    #[arg(max = 200)]
    actor: Option<String>,
    /// Tool.
    #[arg(max = 60)]
    tool: Option<String>,
    /// From.
    from: Option<Day>,
    /// To.
    to: Option<Day>,
}

/// Who did something.
#[derive(ToolOutput, Clone, Debug)]
pub struct ActorView {
    /// teammate, client, stranger or operator.
    kind: String,
    /// Member or contact id.
    id: Option<String>,
    /// Name at the time.
    name: String,
}

/// Values of a record, which may repeat what people outside wrote.
#[derive(ToolOutput, Clone, Debug)]
pub struct ValuesView {
    /// Before.
    before: Option<RawJson>,
    /// After.
    after: Option<RawJson>,
}

/// One changed record.
#[derive(ToolOutput, Clone, Debug)]
pub struct EventView {
    /// Line and place within it.
    id: String,
    /// When.
    #[output(summary)]
    at: Stamp,
    /// Who.
    #[output(summary)]
    actor: ActorView,
    /// Through which tool or command.
    #[output(summary)]
    tool: String,
    /// Kind of record.
    #[output(summary)]
    entity: String,
    /// Id of the record.
    #[output(summary)]
    record: String,
    /// created, updated or deleted.
    #[output(summary)]
    change: String,
    /// Company it is about.
    company: Option<String>,
    /// Contact it is about.
    contact: Option<String>,
    /// Key or channel.
    principal: String,
    /// How the call came in.
    via: String,
    /// Release that wrote it.
    release: String,
    /// Values before and after; what was left out did not change.
    #[output(summary)]
    untrusted: ValuesView,
}

impl EventView {
    /// Shows an event; `costs` when the reader may know what members cost.
    pub fn of(event: Event, costs: bool) -> ToolResult<Self> {
        let hide = event.entity == "member" && !costs;
        let show = |json: Option<String>| -> ToolResult<Option<RawJson>> {
            json.map(|json| RawJson::new(if hide { without_costs(&json)? } else { json })).transpose()
        };
        Ok(Self {
            id: format!("{}.{}", event.seq, event.position),
            at: event.at,
            actor: ActorView { kind: event.actor_kind, id: event.actor_id, name: event.actor_label },
            tool: event.tool,
            entity: event.entity,
            record: event.record,
            change: event.change,
            company: event.company,
            contact: event.contact,
            principal: event.principal,
            via: event.transport,
            release: event.build,
            untrusted: ValuesView { before: show(event.before)?, after: show(event.after)? },
        })
    }
}

fn without_costs(json: &str) -> ToolResult<String> {
    let mut values: serde_json::Value = serde_json::from_str(json).map_err(ToolError::internal)?;
    if let Some(members) = values.as_object_mut() {
        members.remove(COST);
    }
    Ok(values.to_string())
}

/// What a caller sees of the trail: the office everything; others what they did themselves, and what happened to
/// records that their modules let them open.
fn reach(db: &Reader<'_>) -> Option<Reach> {
    let rights = &db.caller().rights;
    if rights.reads(Module::Account).meets(ModeSet::of(&[Mode::Office])) {
        return None;
    }
    let mut entities: Vec<&'static str> = db
        .ports::<dyn SearchSource>()
        .iter()
        .filter(|source| !rights.reads(source.module()).is_empty())
        .flat_map(|source| source.entities().iter().copied())
        .collect();
    entities.sort_unstable();
    entities.dedup();
    let member = db.teammate().map(|teammate| teammate.member.clone()).unwrap_or_default();
    Some(Reach { member, entities })
}

/// Turns arguments into a filter within the caller's reach.
///
/// # Errors
/// `not_found` and `ambiguous_reference` for references, `invalid` for days the wrong way round.
pub fn resolve(db: &Reader<'_>, filter: &Filter) -> ToolResult<AuditFilter> {
    let crm = !db.caller().rights.reads(Module::Crm).is_empty();
    let (entity, records) = match filter.entity.as_deref().map(|text| (text, Reference::parse(text))) {
        Some((_, Reference::Id(id))) => (None, Some(redirects::family(db, &id)?)),
        Some((kind, _)) => (Some(kind.trim().to_lowercase()), None),
        None => (None, None),
    };
    let company = match filter.company.as_deref() {
        Some(text) if crm => Some(companies::resolve(db, text, "company")?.id.0),
        // Who may not open companies learns nothing about which there are.
        Some(text) => Some(text.trim().to_owned()),
        None => None,
    };
    let zone = &org::settings_of(db)?.zone;
    let bounds = |day: Option<Day>, field: &str| day.map(|day| at_field(day.bounds(zone), field)).transpose();
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && to < from
    {
        return Err(invalid("to", "is before `from`"));
    }
    Ok(AuditFilter {
        reach: reach(db),
        entity,
        records,
        companies: company.map(|id| redirects::family(db, &id)).transpose()?,
        actor: filter.actor.as_deref().map(|text| actor(db, text, crm)).transpose()?,
        tool: filter.tool.clone(),
        from: bounds(filter.from, "from")?.map(|(start, _)| start),
        until: bounds(filter.to, "to")?.map(|(_, end)| end),
    })
}

fn actor(db: &Reader<'_>, text: &str, crm: bool) -> ToolResult<String> {
    match members::resolve(db, text, "actor") {
        Err(error) if error.code() == Code::NotFound && crm => {
            // The member's error stands when it is no contact either: members are who acts most.
            contacts::resolve(db, text, "actor")
                .map(|contact| contact.id.0)
                .map_err(|other| if other.code() == Code::NotFound { error } else { other })
        }
        other => other.map(|member| member.id.0),
    }
}

/// The audit trail as an export.
pub struct AuditExport;

impl ExportSource for AuditExport {
    fn dataset(&self) -> &'static str {
        "account_audit_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let mask = FieldMask::of(fields, FieldMask::summary())?;
        let filter = resolve(db, &parse_object::<Filter>(Object::parse(filter)?)?)?;
        let costs = sees_costs(db);
        let read = |page: &Page| audit::search(db, &filter, page.after.as_deref(), page.fetch());
        export_rows(db, audit::KEYS, mask, read, Event::key, |event| EventView::of(event, costs), row)
    }
}

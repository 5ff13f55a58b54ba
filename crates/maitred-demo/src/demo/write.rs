//! Brings what was invented into the tables and the search index.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_crm::model::{ContactProfile, Lead, Profile};
use maitred_crm::store::{deals, leads};
use maitred_party::model::ContactPoint;
use maitred_party::store::{companies, contacts, settings};
use maitred_store::Record;

use super::deals::{Story, Way};
use super::people::{Cast, Firm, Trade};
use super::talk::{Talk, Task};

/// Writes records that nothing else hangs on.
pub fn all<R: Record>(db: &Writer<'_>, records: &[R]) -> ToolResult<()> {
    for record in records {
        db.insert_quietly(record)?;
    }
    Ok(())
}

/// Writes the section `org`.
pub fn settings(db: &Writer<'_>) -> ToolResult<()> {
    let value = serde_json::json!({
        "name": super::ORG_NAME,
        "timezone": super::ZONE,
        "currency": "EUR",
        "country": "FR",
    });
    settings::put(db, "org", &value.to_string())?;
    Ok(())
}

/// Writes members, companies, contacts and what crm keeps beside them. Groups come before their houses in the cast.
pub fn cast(db: &Writer<'_>, cast: &Cast) -> ToolResult<()> {
    all(db, &cast.members)?;
    for firm in &cast.firms {
        db.insert_quietly(&firm.company)?;
        all(db, &firm.addresses)?;
        companies::index(db, &firm.company)?;
        // What crm says of a company is about selling; estates sell to us.
        if firm.trade != Trade::Estate {
            db.insert_quietly(&profile(firm))?;
        }
    }
    for person in &cast.people {
        db.insert_quietly(&person.contact)?;
        db.insert_quietly(&person.link)?;
        for email in &person.other_emails {
            db.insert_quietly(&ContactPoint {
                id: db.fresh_id(),
                contact_id: person.contact.id.clone(),
                kind: "email".to_owned(),
                value: email.clone(),
            })?;
        }
        contacts::index(db, &person.contact)?;
        if let Some(at) = person.last_contacted_at {
            db.insert_quietly(&ContactProfile {
                id: person.contact.id.clone(),
                version: 1,
                created_at: person.contact.created_at,
                updated_at: at,
                last_contacted_at: Some(at),
            })?;
        }
    }
    Ok(())
}

fn profile(firm: &Firm) -> Profile {
    let created = firm.company.created_at;
    Profile {
        id: firm.company.id.clone(),
        version: 1,
        created_at: created,
        updated_at: firm.last_contacted_at.unwrap_or(created),
        lifecycle: firm.lifecycle,
        source: None,
        industry: Some(firm.trade.industry().to_owned()),
        size_band: None,
        last_contacted_at: firm.last_contacted_at,
        next_step_at: firm.next_step_at,
    }
}

/// Writes the pipeline.
pub fn way(db: &Writer<'_>, way: &Way) -> ToolResult<()> {
    db.insert_quietly(&way.pipeline)?;
    all(db, &way.stages)
}

/// Writes the leads and makes them findable.
pub fn leads(db: &Writer<'_>, leads: &[Lead]) -> ToolResult<()> {
    for lead in leads {
        db.insert_quietly(lead)?;
        leads::put_words(db, lead)?;
    }
    Ok(())
}

/// Writes the deals with all that belongs to them and makes them findable.
pub fn stories(db: &Writer<'_>, stories: &[Story]) -> ToolResult<()> {
    for story in stories {
        db.insert_quietly(&story.deal)?;
        all(db, &story.lines)?;
        all(db, &story.steps)?;
        all(db, &story.stakeholders)?;
        deals::put_words(db, &story.deal)?;
    }
    Ok(())
}

/// Writes the activities.
pub fn talks(db: &Writer<'_>, talks: &[Talk]) -> ToolResult<()> {
    for talk in talks {
        db.insert_quietly(&talk.activity)?;
        all(db, &talk.links)?;
    }
    Ok(())
}

/// Writes the to-dos.
pub fn tasks(db: &Writer<'_>, tasks: &[Task]) -> ToolResult<()> {
    for task in tasks {
        db.insert_quietly(&task.todo)?;
        all(db, &task.links)?;
    }
    Ok(())
}

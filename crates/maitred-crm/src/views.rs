//! Records as tools show them.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_party::ContactStatus;
use maitred_party::model::{ConsentBasis, ConsentChannel, ConsentState, LinkRole};

use crate::model::{AboutKind, ActivityKind, Priority};

/// A company or other record, named.
#[derive(ToolOutput, Clone, Debug)]
pub struct Named {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A record that something is about.
#[derive(ToolOutput, Clone, Debug)]
pub struct AboutView {
    /// Kind of record.
    pub kind: AboutKind,
    /// Id.
    pub id: String,
    /// Name or title.
    pub label: String,
}

impl From<crate::about::About> for AboutView {
    fn from(about: crate::about::About) -> Self {
        Self { kind: about.kind, id: about.id, label: about.label }
    }
}

/// A person's place at a company.
#[derive(ToolOutput, Clone, Debug)]
pub struct PlaceView {
    /// The company.
    pub company: Named,
    /// What they do there.
    pub role: LinkRole,
    /// The one to turn to first.
    pub primary: bool,
    /// May order.
    pub can_order: bool,
    /// First day.
    pub since: maitred_kernel::Day,
    /// Last day.
    pub until: Option<maitred_kernel::Day>,
}

/// What a person said about a channel last.
#[derive(ToolOutput, Clone, Debug)]
pub struct ConsentView {
    /// Channel.
    pub channel: ConsentChannel,
    /// What they said.
    pub state: ConsentState,
    /// Legal basis.
    pub basis: ConsentBasis,
    /// Where it comes from.
    pub source: String,
    /// When.
    pub at: Stamp,
}

/// Something that happened.
#[derive(ToolOutput, Clone, Debug)]
pub struct ActivityView {
    /// Id.
    pub id: String,
    /// What.
    pub kind: ActivityKind,
    /// When.
    pub at: Stamp,
    /// What was said.
    pub summary: String,
    /// Who of us.
    pub by: Option<String>,
}

/// A person.
#[derive(ToolOutput, Clone, Debug)]
pub struct ContactView {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Full name.
    #[output(summary)]
    pub name: String,
    /// Job title.
    #[output(summary)]
    pub title: Option<String>,
    /// E-mail address.
    #[output(summary)]
    pub email: Option<String>,
    /// Telephone number, E.164.
    #[output(summary)]
    pub phone: Option<String>,
    /// Company they are mainly at.
    #[output(summary)]
    pub company: Option<Named>,
    /// What they do there.
    #[output(summary)]
    pub role: Option<LinkRole>,
    /// Whether they can be reached.
    pub status: ContactStatus,
}

/// A to-do.
#[derive(ToolOutput, Clone, Debug)]
pub struct TodoView {
    /// Id.
    pub id: String,
    /// What.
    pub title: String,
    /// Until when.
    pub due_at: Stamp,
    /// By whom.
    pub assignee: Named,
    /// How much it matters.
    pub priority: Priority,
}

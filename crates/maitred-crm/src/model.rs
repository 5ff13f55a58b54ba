//! The records of crm and the closed lists in them. Pure rules over them stand in the modules beside this one.

use maitred_core::{ids, words};
use maitred_kernel::{Currency, Day, Stamp};
use maitred_macros::Record;
use maitred_party::{CompanyId, ContactId, MemberId};

ids!(
    /// Id of a lead.
    LeadId,
    /// Id of a deal.
    DealId,
    /// Id of a pipeline.
    PipelineId,
    /// Id of a stage.
    StageId,
    /// Id of an activity.
    ActivityId,
    /// Id of a to-do.
    TodoId,
    /// Id of a segment.
    SegmentId,
);

words! {
    /// Where a company stands with us.
    pub enum Lifecycle {
        /// Might buy.
        Prospect = "prospect",
        /// Buys.
        Customer = "customer",
        /// Bought once.
        Former = "former",
    }
}

words! {
    /// Where a lead came from.
    pub enum LeadSource {
        /// A form.
        Web = "web",
        /// Somebody told them.
        Referral = "referral",
        /// A fair or a tasting.
        Event = "event",
        /// We asked them.
        Outbound = "outbound",
        /// A list.
        Import = "import",
        /// A stranger's enquiry.
        Onboard = "onboard",
        /// A service case.
        Ticket = "ticket",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// How far a lead is.
    pub enum LeadStatus {
        /// Nobody has looked.
        New = "new",
        /// Somebody is at it.
        Working = "working",
        /// Worth a deal.
        Qualified = "qualified",
        /// Became company, contact and deal. Final.
        Converted = "converted",
        /// Not worth it, for a reason.
        Disqualified = "disqualified",
    }
}

words! {
    /// Why a lead is not worth it.
    pub enum DisqualifyReason {
        /// They need nothing.
        NoNeed = "no_need",
        /// They cannot pay.
        NoBudget = "no_budget",
        /// They need something else.
        NoFit = "no_fit",
        /// They do not answer.
        Unreachable = "unreachable",
        /// We know them already.
        Duplicate = "duplicate",
        /// They do not exist.
        Spam = "spam",
    }
}

words! {
    /// What a stage means.
    pub enum StageKind {
        /// Still running.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
    }
}

words! {
    /// Whether a deal is still running.
    pub enum DealStatus {
        /// Running.
        Open = "open",
        /// Won.
        Won = "won",
        /// Lost.
        Lost = "lost",
    }
}

words! {
    /// What a deal counts as in the forecast.
    pub enum Forecast {
        /// Not at all.
        Omitted = "omitted",
        /// Weighted only.
        Pipeline = "pipeline",
        /// If all goes well.
        BestCase = "best_case",
        /// Promised.
        Commit = "commit",
    }
}

words! {
    /// Why a deal was lost.
    pub enum LostReason {
        /// Too expensive.
        Price = "price",
        /// Somebody else got it.
        Competitor = "competitor",
        /// They decided nothing.
        NoDecision = "no_decision",
        /// The wrong moment.
        Timing = "timing",
        /// The wrong thing.
        Fit = "fit",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// A person's part in a deal.
    pub enum StakeholderRole {
        /// Decides.
        DecisionMaker = "decision_maker",
        /// Wants it.
        Champion = "champion",
        /// Compares.
        Evaluator = "evaluator",
        /// Is against it.
        Blocker = "blocker",
        /// Will use it.
        User = "user",
    }
}

words! {
    /// What happened.
    pub enum ActivityKind {
        /// A telephone call.
        Call = "call",
        /// A meeting.
        Meeting = "meeting",
        /// A visit.
        Visit = "visit",
        /// An e-mail.
        Email = "email",
        /// A short message.
        Message = "message",
        /// A note to ourselves.
        Note = "note",
    }
}

words! {
    /// Who spoke first.
    pub enum Direction {
        /// They did.
        In = "in",
        /// We did.
        Out = "out",
        /// Nobody: a note.
        None = "none",
    }
}

words! {
    /// How much a to-do matters.
    pub enum Priority {
        /// Less than others.
        Low = "low",
        /// As much as others.
        Normal = "normal",
        /// More than others.
        High = "high",
    }
}

words! {
    /// Whether a to-do is done.
    pub enum TodoStatus {
        /// Waiting.
        Open = "open",
        /// Done. Final.
        Done = "done",
        /// Not needed any more. Final.
        Cancelled = "cancelled",
    }
}

words! {
    /// What an activity, a to-do or a tag can be about.
    pub enum AboutKind {
        /// A company.
        Company = "company",
        /// A contact.
        Contact = "contact",
        /// A deal.
        Deal = "deal",
        /// A lead.
        Lead = "lead",
    }
}

/// What crm knows about a company; same id as the company.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "crm_profile")]
pub struct Profile {
    /// Id of the company.
    #[record(company)]
    pub id: CompanyId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Where it stands.
    pub lifecycle: Lifecycle,
    /// Where it came from.
    pub source: Option<String>,
    /// Line of business.
    pub industry: Option<String>,
    /// Size.
    pub size_band: Option<String>,
    /// Last two-way contact.
    pub last_contacted_at: Option<Stamp>,
    /// Next planned step.
    pub next_step_at: Option<Stamp>,
}

/// What crm knows about a contact; same id as the contact.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "crm_contact_profile")]
pub struct ContactProfile {
    /// Id of the contact.
    #[record(contact)]
    pub id: ContactId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Last two-way contact.
    pub last_contacted_at: Option<Stamp>,
}

/// A possible customer.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "lead")]
pub struct Lead {
    /// Id.
    pub id: LeadId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// `L-2026-00012`.
    pub number: String,
    /// Who.
    pub name: String,
    /// Their company, as they called it.
    pub company_name: Option<String>,
    /// Folded e-mail address.
    pub email: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Where it came from.
    pub source: LeadSource,
    /// What they want, in their words: text from outside.
    pub need: String,
    /// What it might be worth, minor units.
    pub value_minor: Option<i64>,
    /// Currency of the value.
    pub currency: Option<Currency>,
    /// 0 to 100.
    pub score: i64,
    /// Who works on it.
    pub owner_id: Option<MemberId>,
    /// How far it is.
    pub status: LeadStatus,
    /// Since when.
    pub status_at: Stamp,
    /// Last activity or change by a person.
    pub last_touched_at: Option<Stamp>,
    /// Why it is not worth it.
    pub disqualify_reason: Option<DisqualifyReason>,
    /// Company it became.
    #[record(company)]
    pub company_id: Option<CompanyId>,
    /// Contact it became.
    #[record(contact)]
    pub contact_id: Option<ContactId>,
    /// Deal it became.
    pub deal_id: Option<DealId>,
    /// Request it came from.
    pub request_ref: Option<String>,
    /// Set when put aside.
    pub archived_at: Option<Stamp>,
}

/// A way from interest to order.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "pipeline")]
pub struct Pipeline {
    /// Id.
    pub id: PipelineId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Short stable word, unique.
    pub key_word: String,
    /// Name.
    pub name: String,
    /// Currency of its deals, where fixed.
    pub currency: Option<Currency>,
    /// Order among pipelines; the first is the default.
    pub position: i64,
    /// Takes no new deals since.
    pub retired_at: Option<Stamp>,
}

/// A step of a pipeline.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "stage")]
pub struct Stage {
    /// Id.
    pub id: StageId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Its pipeline.
    pub pipeline_id: PipelineId,
    /// Short stable word, unique in the pipeline.
    pub key_word: String,
    /// Name.
    pub name: String,
    /// Order in the pipeline.
    pub position: i64,
    /// What it means.
    pub kind: StageKind,
    /// Chance of winning, basis points.
    pub probability_bp: i64,
    /// Days after which a deal here is stale.
    pub rot_days: i64,
    /// Deal fields that must be filled to enter, with spaces between.
    pub required_fields: String,
    /// Takes no deals since.
    pub retired_at: Option<Stamp>,
}

/// A sale that may come about.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "deal")]
pub struct Deal {
    /// Id.
    pub id: DealId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// `D-2026-00012`.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// Whom with.
    #[record(company)]
    pub company_id: CompanyId,
    /// Whom there.
    #[record(contact)]
    pub contact_id: Option<ContactId>,
    /// Its pipeline.
    pub pipeline_id: PipelineId,
    /// Its stage; for closed deals the stage of that kind.
    pub stage_id: StageId,
    /// Running, won or lost.
    pub status: DealStatus,
    /// Minor units; the sum of the lines as soon as there is one.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// Chance of winning where it does not follow the stage, basis points.
    pub probability_bp: Option<i64>,
    /// Forecast category.
    pub forecast: Forecast,
    /// Expected day of the decision.
    pub close_date: Option<Day>,
    /// How often the close date was moved.
    pub pushed_count: i64,
    /// When it came into its stage.
    pub stage_entered_at: Stamp,
    /// When won or lost.
    pub closed_at: Option<Stamp>,
    /// Why lost.
    pub lost_reason: Option<LostReason>,
    /// To whom lost.
    pub competitor: Option<String>,
    /// What is to be done next.
    pub next_step: Option<String>,
    /// How often it came back to life.
    pub reopened_count: i64,
    /// Whose it is.
    pub owner_id: MemberId,
    /// Lead it came from.
    pub lead_id: Option<LeadId>,
}

/// A line of a deal.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "deal_line")]
pub struct DealLine {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Its deal.
    pub deal_id: DealId,
    /// Order, from 1.
    pub position: i64,
    /// Variant of the catalogue.
    pub variant_id: Option<String>,
    /// What it is.
    pub description: String,
    /// Thousandths of the unit.
    pub quantity: i64,
    /// Millionths of the major unit.
    pub unit_price: i64,
    /// Discount in basis points.
    pub discount_bp: i64,
}

/// A person's part in a deal.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "deal_contact")]
pub struct DealContact {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The deal.
    pub deal_id: DealId,
    /// The person.
    #[record(contact)]
    pub contact_id: ContactId,
    /// Their part.
    pub role: StakeholderRole,
}

/// A step of a deal from stage to stage. Append-only: reports about the past are rebuilt from it.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "stage_history")]
pub struct StageHistory {
    /// Id.
    pub id: String,
    /// The deal.
    pub deal_id: DealId,
    /// From where; nothing for the first.
    pub from_stage: Option<StageId>,
    /// To where.
    pub to_stage: StageId,
    /// When.
    pub at: Stamp,
    /// By whom.
    pub by_member: Option<MemberId>,
    /// Amount from then on, minor units.
    pub amount_minor: i64,
    /// Chance from then on, basis points.
    pub probability_bp: i64,
    /// Forecast category from then on.
    pub forecast: Forecast,
    /// Why.
    pub reason: Option<String>,
}

/// Something that happened with somebody.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "activity")]
pub struct Activity {
    /// Id.
    pub id: ActivityId,
    /// Version.
    pub version: i64,
    /// When entered.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// What.
    pub kind: ActivityKind,
    /// Who spoke first.
    pub direction: Direction,
    /// When it happened.
    pub at: Stamp,
    /// How long, minutes.
    pub duration_min: Option<i64>,
    /// What was said.
    pub summary: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// Who of us.
    pub by_member: Option<MemberId>,
}

/// What an activity is about.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "activity_link")]
pub struct ActivityLink {
    /// Id.
    pub id: String,
    /// The activity.
    pub activity_id: ActivityId,
    /// Kind of record.
    pub entity_kind: AboutKind,
    /// The record.
    pub entity_id: String,
}

/// Something to be done by somebody.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "todo")]
pub struct Todo {
    /// Id.
    pub id: TodoId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// What.
    pub title: String,
    /// Until when.
    pub due_at: Stamp,
    /// When to remind.
    pub remind_at: Option<Stamp>,
    /// By whom.
    pub assignee_id: MemberId,
    /// How much it matters.
    pub priority: Priority,
    /// Whether it is done.
    pub status: TodoStatus,
    /// What came of it.
    pub outcome: Option<String>,
    /// When done or cancelled.
    pub done_at: Option<Stamp>,
}

/// What a to-do is about.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "todo_link")]
pub struct TodoLink {
    /// Id.
    pub id: String,
    /// The to-do.
    pub todo_id: TodoId,
    /// Kind of record.
    pub entity_kind: AboutKind,
    /// The record.
    pub entity_id: String,
}

words! {
    /// How a segment gets its members.
    pub enum SegmentKind {
        /// By a rule.
        Dynamic = "dynamic",
        /// By a list.
        Static = "static",
    }
}

/// A named set of records.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "segment")]
pub struct Segment {
    /// Id.
    pub id: SegmentId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Name.
    pub name: String,
    /// Folded name, unique per kind of record.
    pub name_key: String,
    /// Of what.
    pub entity: AboutKind,
    /// By a rule or by a list.
    pub kind: SegmentKind,
    /// The rule, JSON.
    pub filter_json: Option<String>,
}

/// A record in a fixed list.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "segment_member")]
pub struct SegmentMember {
    /// Id.
    pub id: String,
    /// The segment.
    pub segment_id: SegmentId,
    /// The record.
    pub entity_id: String,
}

/// A pair that somebody has looked at and found to be two.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "dedupe_verdict")]
pub struct DedupeVerdict {
    /// Id.
    pub id: String,
    /// Of what.
    pub entity: AboutKind,
    /// The smaller id.
    pub a_id: String,
    /// The larger id.
    pub b_id: String,
    /// `not_duplicate`.
    pub verdict: String,
    /// By whom.
    pub by_member: Option<MemberId>,
    /// When.
    pub at: Stamp,
}

/// What a merge did. Append-only.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "merge_log")]
pub struct MergeLog {
    /// Id.
    pub id: String,
    /// Of what.
    pub entity: AboutKind,
    /// The record that stays.
    pub kept_id: String,
    /// The record that is gone.
    pub absorbed_id: String,
    /// Everything it held, JSON.
    pub absorbed_json: String,
    /// Which side each field was taken from, JSON.
    pub choices_json: String,
    /// Rows moved by table, JSON.
    pub moved_json: String,
    /// By whom.
    pub by_member: Option<MemberId>,
    /// When.
    pub at: Stamp,
}

/// What a member, or the team, is to win in a month.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "quota")]
pub struct Quota {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Whose; nobody's for the team.
    pub owner_id: Option<MemberId>,
    /// `2026-03`.
    pub month: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
}

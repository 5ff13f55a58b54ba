//! Deals: their lines, stakeholders and steps, and how they are found.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_kernel::wire::Moment;
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity, Stamp, fold, tokens};
use maitred_party::store::numbers;
use maitred_party::{Company, CompanyId, ContactId, MemberId};
use maitred_store::value::FromRow;
use maitred_store::{Param, Record, Row, Sql, StoreResult, params, search as index};

use crate::deal_rules::{Filled, LineFacts, chance_bp};
use crate::model::AboutKind;
use crate::model::{
    Deal, DealContact, DealId, DealLine, DealStatus, Forecast, LeadId, LostReason, Stage, StageHistory,
    StageId, StakeholderRole,
};
use crate::segments;

/// Kind in the search index.
pub const KIND: &str = "deal";

/// The deal a text refers to: id or number.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Deal> {
    let text = text.trim();
    if let Some(deal) = db.get::<Deal>(text)? {
        return Ok(deal);
    }
    by_number(db, text)?.ok_or_else(|| not_found(KIND, text).field(field).hint("search with crm_deal_search"))
}

/// The deal with this number.
pub fn by_number(db: &Reader<'_>, number: &str) -> ToolResult<Option<Deal>> {
    let mut sql = Sql::new(Deal::SELECT);
    sql.push(" WHERE number = ").bind(number.to_uppercase());
    Ok(db.one_of(&sql)?)
}

/// A line to be written.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// What it is.
    pub description: String,
    /// How much, at what price and discount.
    pub facts: LineFacts,
}

/// A deal to be opened.
#[derive(Clone, Debug)]
pub struct NewDeal {
    /// What it is called.
    pub title: String,
    /// Whom with.
    pub company_id: CompanyId,
    /// Whom there.
    pub contact_id: Option<ContactId>,
    /// Where it begins.
    pub stage: Stage,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// Day of the decision.
    pub close_date: Option<Day>,
    /// Forecast category.
    pub forecast: Forecast,
    /// What is to be done next.
    pub next_step: Option<String>,
    /// Whose it is.
    pub owner_id: MemberId,
    /// Lead it came from.
    pub lead_id: Option<LeadId>,
}

/// Writes a new deal with its number, its first step, and its words in the search index.
pub fn open(db: &Writer<'_>, new: NewDeal) -> ToolResult<Deal> {
    let now = db.stamp();
    let mut deal = Deal {
        id: DealId(db.fresh_id()),
        version: 1,
        created_at: now,
        updated_at: now,
        number: numbers::next(db, "D")?,
        title: new.title,
        company_id: new.company_id,
        contact_id: new.contact_id,
        pipeline_id: new.stage.pipeline_id.clone(),
        stage_id: new.stage.id.clone(),
        status: DealStatus::Open,
        amount_minor: new.amount_minor,
        currency: new.currency,
        probability_bp: None,
        forecast: new.forecast,
        close_date: new.close_date,
        pushed_count: 0,
        stage_entered_at: now,
        closed_at: None,
        lost_reason: None,
        competitor: None,
        next_step: new.next_step,
        reopened_count: 0,
        owner_id: new.owner_id,
        lead_id: new.lead_id,
    };
    db.insert(&mut deal)?;
    note(db, None, &deal, now, None)?;
    put_words(db, &deal)?;
    Ok(deal)
}

/// Writes a changed deal. A step between stages, and a change of amount, chance or forecast category, is entered in
/// the history too, where reports about the past read it; the entry is answered.
pub fn put(
    db: &Writer<'_>,
    before: &Deal,
    after: &mut Deal,
    at: Stamp,
    reason: Option<&str>,
) -> ToolResult<Option<StageHistory>> {
    if !db.update(before, after)? {
        return Ok(None);
    }
    if (&before.title, &before.company_id) != (&after.title, &after.company_id) {
        put_words(db, after)?;
    }
    let counts = |deal: &Deal| {
        (deal.stage_id.clone(), deal.status, deal.amount_minor, deal.probability_bp, deal.forecast)
    };
    if counts(before) == counts(after) {
        return Ok(None);
    }
    note(db, Some(&before.stage_id), after, at, reason).map(Some)
}

/// Enters where a deal stands in its history. `from` equal to the deal's stage says that it did not move.
pub fn note(
    db: &Writer<'_>,
    from: Option<&StageId>,
    deal: &Deal,
    at: Stamp,
    reason: Option<&str>,
) -> ToolResult<StageHistory> {
    let stage_bp = db.get::<Stage>(&deal.stage_id.0)?.map_or(0, |stage| stage.probability_bp);
    let mut entry = StageHistory {
        id: db.fresh_id(),
        deal_id: deal.id.clone(),
        from_stage: from.cloned(),
        to_stage: deal.stage_id.clone(),
        at,
        by_member: db.teammate().map(|teammate| MemberId(teammate.member.clone())),
        amount_minor: deal.amount_minor,
        probability_bp: chance_bp(deal.status, deal.probability_bp, stage_bp),
        forecast: deal.forecast,
        reason: reason.map(str::to_owned),
    };
    db.insert(&mut entry)?;
    Ok(entry)
}

/// Brings the search index up to date with a deal: its number, its title and the name of its company.
pub fn put_words(db: &Writer<'_>, deal: &Deal) -> ToolResult<()> {
    let company = db.get::<Company>(&deal.company_id.0)?;
    let texts = [
        (deal.number.as_str(), 50),
        (deal.title.as_str(), 40),
        (company.as_ref().map_or("", |company| company.name.as_str()), 20),
    ];
    let words: Vec<(String, i64)> = texts
        .into_iter()
        .flat_map(|(text, weight)| tokens(text).into_iter().map(move |token| (token, weight)))
        .collect();
    index::put(db.tx(), KIND, &deal.id.0, &words)?;
    Ok(())
}

/// An open deal of the company whose title is the same but for case, accents and spaces.
pub fn same_title(db: &Reader<'_>, company: &CompanyId, title: &str) -> ToolResult<Option<Deal>> {
    let key = |text: &str| fold(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut sql = Sql::new(Deal::SELECT);
    sql.push(" WHERE company_id = ").bind(company).push(" AND status = 'open' ORDER BY id");
    let wanted = key(title);
    Ok(db.all_of::<Deal>(&sql)?.into_iter().find(|deal| key(&deal.title) == wanted))
}

/// True when the company ever won us a deal.
pub fn any_won(db: &Reader<'_>, company: &CompanyId) -> ToolResult<bool> {
    Ok(db.count("SELECT COUNT(*) FROM deal WHERE company_id = $1 AND status = 'won'", params![company])? > 0)
}

/// The lines of a deal, in order.
pub fn lines(db: &Reader<'_>, deal: &DealId) -> ToolResult<Vec<DealLine>> {
    let mut sql = Sql::new(DealLine::SELECT);
    sql.push(" WHERE deal_id = ").bind(deal).push(" ORDER BY position, id");
    Ok(db.all_of(&sql)?)
}

/// What a stored line's amount is made of.
pub fn facts_of(line: &DealLine) -> LineFacts {
    LineFacts {
        quantity: Quantity::from_thousandths(line.quantity),
        unit_price: Price::from_micros(line.unit_price),
        discount: BasisPoints::from_bp(line.discount_bp),
    }
}

/// Makes these the lines of a deal; lines that stay as they are are not written. Answers whether anything changed.
pub fn set_lines(db: &Writer<'_>, deal: &DealId, new: &[NewLine]) -> ToolResult<bool> {
    let there = lines(db, deal)?;
    let mut changed = there.len() != new.len();
    for (position, line) in (1..).zip(new) {
        let known = there.get(position as usize - 1);
        let same = known.is_some_and(|known| known.description == line.description);
        let mut after = DealLine {
            id: known.map_or_else(|| db.fresh_id(), |known| known.id.clone()),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            deal_id: deal.clone(),
            position,
            // A line that describes something else is no longer that article.
            variant_id: known.filter(|_| same).and_then(|known| known.variant_id.clone()),
            description: line.description.clone(),
            quantity: line.facts.quantity.thousandths(),
            unit_price: line.facts.unit_price.micros(),
            discount_bp: line.facts.discount.bp(),
        };
        match known {
            Some(known) => {
                after.created_at = known.created_at;
                changed |= db.update(known, &mut after)?;
            }
            None => db.insert(&mut after)?,
        }
    }
    for surplus in there.iter().skip(new.len()) {
        db.delete(surplus)?;
    }
    Ok(changed)
}

/// The people who have a part in a deal.
pub fn stakeholders(db: &Reader<'_>, deal: &DealId) -> ToolResult<Vec<DealContact>> {
    let mut sql = Sql::new(DealContact::SELECT);
    sql.push(" WHERE deal_id = ").bind(deal).push(" ORDER BY role, contact_id, id");
    Ok(db.all_of(&sql)?)
}

/// Makes these the people of a deal. Answers whether anything changed.
pub fn set_stakeholders(
    db: &Writer<'_>,
    deal: &DealId,
    new: &[(ContactId, StakeholderRole)],
) -> ToolResult<bool> {
    let there = stakeholders(db, deal)?;
    let mut changed = false;
    for gone in there.iter().filter(|known| new.iter().all(|(contact, _)| *contact != known.contact_id)) {
        db.delete(gone)?;
        changed = true;
    }
    for (contact, role) in new {
        match there.iter().find(|known| known.contact_id == *contact) {
            Some(known) => {
                let mut after = DealContact { role: *role, ..known.clone() };
                changed |= db.update(known, &mut after)?;
            }
            None => {
                let mut person = DealContact {
                    id: db.fresh_id(),
                    version: 1,
                    created_at: Stamp::EPOCH,
                    updated_at: Stamp::EPOCH,
                    deal_id: deal.clone(),
                    contact_id: contact.clone(),
                    role: *role,
                };
                db.insert(&mut person)?;
                changed = true;
            }
        }
    }
    Ok(changed)
}

/// What is filled in on a deal, for the fields that stages require.
pub fn filled(db: &Reader<'_>, deal: &Deal) -> ToolResult<Filled> {
    Ok(Filled {
        amount: deal.amount_minor > 0,
        close_date: deal.close_date.is_some(),
        contact: deal.contact_id.is_some(),
        lines: !lines(db, &deal.id)?.is_empty(),
        next_step: deal.next_step.is_some(),
        decision_maker: stakeholders(db, &deal.id)?
            .iter()
            .any(|person| person.role == StakeholderRole::DecisionMaker),
    })
}

/// The steps of a deal, oldest first.
pub fn history(db: &Reader<'_>, deal: &DealId) -> ToolResult<Vec<StageHistory>> {
    let mut sql = Sql::new(StageHistory::SELECT);
    sql.push(" WHERE deal_id = ").bind(deal).push(" ORDER BY at, id");
    Ok(db.all_of(&sql)?)
}

/// Open deals of a member.
pub fn open_of(db: &Reader<'_>, member: &str) -> ToolResult<Vec<Deal>> {
    let mut sql = Sql::new(Deal::SELECT);
    sql.push(" WHERE owner_id = ").bind(member).push(" AND status = 'open' ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// How many open deals a member has.
pub fn count_open_of(db: &Reader<'_>, member: &str) -> ToolResult<i64> {
    Ok(db.count("SELECT COUNT(*) FROM deal WHERE owner_id = $1 AND status = 'open'", params![member])?)
}

/// Open deals in a stage whose chance follows it.
pub fn following(db: &Reader<'_>, stage: &StageId) -> ToolResult<Vec<Deal>> {
    let mut sql = Sql::new(Deal::SELECT);
    sql.push(" WHERE status = 'open' AND stage_id = ").bind(stage);
    sql.push(" AND probability_bp IS NULL ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// What deals are searched by. Filters that are not given do not narrow.
#[derive(Clone, Debug)]
pub struct DealFilter {
    /// Folded terms, all of which must match.
    pub terms: Vec<String>,
    /// With this status.
    pub status: DealStatus,
    /// Of this company.
    pub company: Option<CompanyId>,
    /// Of this member.
    pub owner: Option<MemberId>,
    /// In one of these stages.
    pub stages: Option<Vec<StageId>>,
    /// In this forecast category.
    pub forecast: Option<Forecast>,
    /// At least this much, minor units, in this currency.
    pub least: Option<(i64, Currency)>,
    /// Decision on this day or later.
    pub close_from: Option<Day>,
    /// Decision on this day or earlier.
    pub close_to: Option<Day>,
    /// In its stage since before this.
    pub entered_before: Option<Stamp>,
    /// Stale: for each number of rot days, the moment before which a deal must have come into its stage.
    pub rotten: Option<Vec<(i64, Stamp)>>,
    /// In this segment: name or id.
    pub segment: Option<String>,
}

/// A deal as a list shows it.
pub struct FoundDeal {
    /// Score of the text match, 0 without one.
    pub score: i64,
    /// Sort key.
    pub sort_key: String,
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// Number.
    pub number: String,
    /// Title.
    pub title: String,
    /// Company.
    pub company: (String, String),
    /// Contact: id, given and family name.
    pub contact: Option<(String, Option<String>, String)>,
    /// Pipeline.
    pub pipeline: String,
    /// Stage.
    pub stage: String,
    /// Chance of the stage.
    pub stage_bp: i64,
    /// Rot days of the stage.
    pub rot_days: i64,
    /// Status.
    pub status: DealStatus,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// Pinned chance.
    pub probability_bp: Option<i64>,
    /// Forecast category.
    pub forecast: Forecast,
    /// Day of the decision.
    pub close_date: Option<Day>,
    /// Moves of the close date.
    pub pushed_count: i64,
    /// In its stage since.
    pub stage_entered_at: Stamp,
    /// Closed at.
    pub closed_at: Option<Stamp>,
    /// Why lost.
    pub lost_reason: Option<LostReason>,
    /// To whom lost.
    pub competitor: Option<String>,
    /// Next step.
    pub next_step: Option<String>,
    /// Times it came back.
    pub reopened_count: i64,
    /// Owner.
    pub owner: (String, String),
    /// Lead it came from.
    pub lead: Option<String>,
    /// Opened.
    pub created_at: Stamp,
}

impl FromRow for FoundDeal {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        let contact: Option<String> = row.get(7)?;
        Ok(Self {
            score: row.get(0)?,
            sort_key: row.get(1)?,
            id: row.get(2)?,
            version: row.get(3)?,
            number: row.get(4)?,
            title: row.get(5)?,
            company: (row.get(6)?, row.get(10)?),
            contact: match contact {
                Some(id) => Some((id, row.get(8)?, row.get::<Option<String>>(9)?.unwrap_or_default())),
                None => None,
            },
            pipeline: row.get(11)?,
            stage: row.get(12)?,
            stage_bp: row.get(13)?,
            rot_days: row.get(14)?,
            status: row.get(15)?,
            amount_minor: row.get(16)?,
            currency: row.get(17)?,
            probability_bp: row.get(18)?,
            forecast: row.get(19)?,
            close_date: row.get(20)?,
            pushed_count: row.get(21)?,
            stage_entered_at: row.get(22)?,
            closed_at: row.get(23)?,
            lost_reason: row.get(24)?,
            competitor: row.get(25)?,
            next_step: row.get(26)?,
            reopened_count: row.get(27)?,
            owner: (row.get(28)?, row.get(29)?),
            lead: row.get(30)?,
            created_at: row.get(31)?,
        })
    }
}

impl FoundDeal {
    /// The key that cursors hold.
    pub fn key(&self) -> Vec<Param<'static>> {
        vec![
            Param::Int(self.score),
            Param::Text(self.sort_key.clone().into()),
            Param::Text(self.id.clone().into()),
        ]
    }
}

/// Values in a cursor of this search.
pub const KEYS: usize = 3;

const COLUMNS: &str = "d.id, d.version, d.number, d.title, d.company_id, d.contact_id, k.given_name, k.family_name, \
                       c.name, p.name, s.name, s.probability_bp, s.rot_days, d.status, d.amount_minor, d.currency, \
                       d.probability_bp, d.forecast, d.close_date, d.pushed_count, d.stage_entered_at, d.closed_at, \
                       d.lost_reason, d.competitor, d.next_step, d.reopened_count, d.owner_id, m.name, l.number, \
                       d.created_at";
const JOINS: &str = " JOIN company c ON c.id = d.company_id JOIN pipeline p ON p.id = d.pipeline_id \
                     JOIN stage s ON s.id = d.stage_id JOIN member m ON m.id = d.owner_id \
                     LEFT JOIN contact k ON k.id = d.contact_id LEFT JOIN lead l ON l.id = d.lead_id";

/// Open deals come by their close date, closed ones newest first: sort key, comparison with the page before, order.
fn order(status: DealStatus) -> (&'static str, &'static str, &'static str) {
    match status {
        DealStatus::Open => ("COALESCE(d.close_date, '9999-12-31')", " > ", ""),
        DealStatus::Won | DealStatus::Lost => ("COALESCE(d.closed_at, d.created_at)", " < ", " DESC"),
    }
}

fn narrow(db: &Reader<'_>, sql: &mut Sql, filter: &DealFilter) -> ToolResult<()> {
    if let Some(segment) = &filter.segment {
        segments::narrow(db, sql, AboutKind::Deal, segment, "d.id")?;
    }
    sql.and("d.status =", filter.status);
    if let Some(company) = &filter.company {
        sql.and("d.company_id =", company);
    }
    if let Some(owner) = &filter.owner {
        sql.and("d.owner_id =", owner);
    }
    if let Some(stages) = &filter.stages {
        sql.push(" AND d.stage_id IN ").bind_list(stages);
    }
    if let Some(forecast) = filter.forecast {
        sql.and("d.forecast =", forecast);
    }
    if let Some((minor, currency)) = filter.least {
        sql.and("d.amount_minor >=", minor).and("d.currency =", currency);
    }
    if let Some(from) = filter.close_from {
        sql.and("d.close_date >=", from);
    }
    if let Some(to) = filter.close_to {
        sql.and("d.close_date <=", to);
    }
    if let Some(before) = filter.entered_before {
        sql.and("d.stage_entered_at <=", before);
    }
    if let Some(rotten) = &filter.rotten {
        sql.push(" AND (1 = 0");
        for (days, before) in rotten {
            sql.push(" OR (d.stage_entered_at < ").bind(*before);
            sql.push(" AND d.stage_id IN (SELECT id FROM stage WHERE rot_days = ").bind(*days).push("))");
        }
        sql.push(")");
    }
    Ok(())
}

/// Deals in order, best match first, after the key of the page before; at most `fetch`.
pub fn search(
    db: &Reader<'_>,
    filter: &DealFilter,
    after: Option<&[Param<'static>]>,
    fetch: i64,
) -> ToolResult<Vec<FoundDeal>> {
    let by_text = !filter.terms.is_empty();
    let (key, beyond, direction) = order(filter.status);
    let mut sql = if by_text { index::hits(KIND, &filter.terms) } else { Sql::default() };
    sql.push(if by_text { "SELECT h.score, " } else { "SELECT 0, " }).push(key).push(", ").push(COLUMNS);
    sql.push(if by_text { " FROM hit h JOIN deal d ON d.id = h.id" } else { " FROM deal d" });
    sql.push(JOINS).push(" WHERE 1 = 1");
    narrow(db, &mut sql, filter)?;
    if let Some([score, sort_key, id]) = after {
        if by_text {
            sql.and("(h.score <", score.clone()).push(" OR (h.score = ").bind(score.clone());
        }
        sql.push(" AND (").push(key).push(", d.id)").push(beyond).push("(").bind(sort_key.clone());
        sql.push(", ").bind(id.clone()).push(if by_text { ")))" } else { ")" });
    }
    sql.push(if by_text { " ORDER BY h.score DESC, " } else { " ORDER BY " });
    sql.push(key).push(direction).push(", d.id").push(direction).push(" LIMIT ").bind(fetch);
    Ok(db.all_of(&sql)?)
}

/// How many deals fit.
pub fn count(db: &Reader<'_>, filter: &DealFilter) -> ToolResult<i64> {
    let by_text = !filter.terms.is_empty();
    let mut sql = if by_text { index::hits(KIND, &filter.terms) } else { Sql::default() };
    sql.push("SELECT COUNT(*) FROM ");
    sql.push(if by_text { "hit h JOIN deal d ON d.id = h.id" } else { "deal d" }).push(" WHERE 1 = 1");
    narrow(db, &mut sql, filter)?;
    Ok(db.count_of(&sql)?)
}

/// One deal as lists show it.
///
/// # Errors
/// `not_found`.
pub fn shown(db: &Reader<'_>, id: &DealId) -> ToolResult<FoundDeal> {
    let mut sql = Sql::new("SELECT 0, d.id, ");
    sql.push(COLUMNS).push(" FROM deal d").push(JOINS).push(" WHERE d.id = ").bind(id);
    db.one_of(&sql)?.ok_or_else(|| not_found(KIND, &id.0))
}

/// A deal that a piece of text finds: score, id, number, title, company.
pub type TextHit = (i64, String, String, String, String);

/// Deals of any status that match all terms, best first.
pub fn text_hits(db: &Reader<'_>, terms: &[String], limit: usize) -> ToolResult<Vec<TextHit>> {
    let mut sql = index::hits(KIND, terms);
    sql.push("SELECT h.score, d.id, d.number, d.title, c.name FROM hit h JOIN deal d ON d.id = h.id ");
    sql.push("JOIN company c ON c.id = d.company_id ORDER BY h.score DESC, d.id DESC LIMIT ")
        .bind(limit as i64);
    Ok(db.all_of(&sql)?)
}

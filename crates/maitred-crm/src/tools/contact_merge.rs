//! `crm_contact_merge`: two records, one person.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_party::model::ConsentState;
use maitred_party::refs::RefKind;
use maitred_party::store::{contacts, merge};
use maitred_party::{Consent, Contact, ContactId, ContactStatus};

use crate::merging::{Choice, Chooser, FieldPolicy};
use crate::model::AboutKind;
use crate::parties::{PersonView, person_view};
use crate::store::merges;
use crate::tools::company_merge::same;
use crate::views::ConsentView;

/// The tool.
pub struct ContactMerge;

impl Tool for ContactMerge {
    const NAME: &str = "crm_contact_merge";
    const TITLE: &str = "Merge contacts";
    const ABOUT: &str = "Merge two records of the same person. Dry-run shows chosen fields and every record that will move. Emails, \
                         phones, tags and links are united; the stricter consent stands.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme email=ada@acme.example; contact ada2 company=acme email=a@home.example; \
                crm_activity_log {\"kind\": \"call\", \"about\": [\"@ada2\"], \"summary\": \"spoke\"} as call",
        args: r#"{"keep": "@ada", "absorb": "@ada2"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let keep = contacts::resolve(cx, &args.keep, "keep")?;
        let absorb = contacts::resolve(cx, &args.absorb, "absorb")?;
        if keep.id == absorb.id {
            return Err(same(&args.absorb));
        }
        refuse_gone(&keep, &absorb)?;
        refuse_two_clients(cx, &keep, &absorb)?;
        let policy = args.field_policy.unwrap_or(FieldPolicy::Kept);
        let mut chooser = Chooser::new(policy.side(absorb.updated_at > keep.updated_at));
        let mut after = chosen(&mut chooser, &keep, &absorb);
        let withdrawn = strictest(cx, &keep.id, &absorb.id)?;
        let moved = merge::repoint_all(cx, RefKind::Contact, &absorb.id.0, &keep.id.0)?;
        let consents = withdraw(cx, &keep.id, withdrawn)?;
        contacts::remove(cx, &absorb)?;
        contacts::update(cx, &keep, &mut after)?;
        for record in [&keep, &absorb] {
            for (kind, value) in [("email", &record.email), ("phone", &record.phone)] {
                if let Some(value) = value {
                    contacts::add_point(cx, &after.id, kind, value)?;
                }
            }
        }
        contacts::tidy_points(cx, &after)?;
        contacts::index(cx, &after)?;
        let choices = chooser.choices;
        merges::put(cx, AboutKind::Contact, &after.id.0, &absorb, &choices, &moved)?;
        Ok(Output {
            contact: person_view(cx, &after)?,
            absorbed: absorb.full_name(),
            also: also(cx, &after)?,
            choices: (!choices.is_empty()).then_some(choices),
            withdrawn: (!consents.is_empty()).then_some(consents),
            moved,
        })
    }
}

fn refuse_gone(keep: &Contact, absorb: &Contact) -> ToolResult<()> {
    for (contact, field) in [(keep, "keep"), (absorb, "absorb")] {
        if contact.status == ContactStatus::Erased {
            return Err(refused(Code::Immutable, "this person was erased").field(field));
        }
    }
    if keep.status == ContactStatus::Archived {
        return Err(refused(Code::Immutable, format!("`{}` is archived", keep.full_name()))
            .field("keep")
            .hint("restore them with crm_record_archive, or keep the other record"));
    }
    Ok(())
}

/// Two people whom channels know for sure, and who order for different companies, are not made one: whoever writes
/// under either handle would act for the other's company.
fn refuse_two_clients(db: &Reader<'_>, keep: &Contact, absorb: &Contact) -> ToolResult<()> {
    if !contacts::is_verified(db, &keep.id)? || !contacts::is_verified(db, &absorb.id)? {
        return Ok(());
    }
    let (mut ours, mut theirs) = (contacts::orders_for(db, &keep.id)?, contacts::orders_for(db, &absorb.id)?);
    ours.sort();
    theirs.sort();
    if ours.is_empty() || theirs.is_empty() || ours == theirs {
        return Ok(());
    }
    Err(refused(
        Code::OpenDependents,
        format!(
            "`{}` and `{}` act as verified clients of different companies",
            keep.full_name(),
            absorb.full_name()
        ),
    )
    .field("absorb")
    .hint("end one's right to order with crm_contact_update first, if they are one person"))
}

fn chosen(chooser: &mut Chooser, keep: &Contact, absorb: &Contact) -> Contact {
    let text = String::clone;
    // A name is one thing: its parts are not taken from two records, unless one has no given name.
    let family_name = chooser.pick_text("family_name", &keep.family_name, &absorb.family_name);
    let given_name = chooser.pick("given_name", &keep.given_name, &absorb.given_name, text);
    let status = if absorb.status == ContactStatus::Active { ContactStatus::Active } else { keep.status };
    Contact {
        given_name,
        family_name,
        email: chooser.pick("email", &keep.email, &absorb.email, text),
        phone: chooser.pick("phone", &keep.phone, &absorb.phone, text),
        language: chooser.pick("language", &keep.language, &absorb.language, text),
        title: chooser.pick("title", &keep.title, &absorb.title, text),
        status,
        ..keep.clone()
    }
}

/// What either of the two has withdrawn and not granted again.
fn strictest(db: &Reader<'_>, keep: &ContactId, absorb: &ContactId) -> ToolResult<Vec<Consent>> {
    let mut withdrawn: Vec<Consent> = Vec::new();
    for contact in [keep, absorb] {
        let mut seen = Vec::new();
        for entry in contacts::consents(db, contact)? {
            // Newest first: only the first entry of a channel is in force.
            if seen.contains(&entry.channel) {
                continue;
            }
            seen.push(entry.channel);
            if entry.state == ConsentState::Withdrawn
                && withdrawn.iter().all(|known| known.channel != entry.channel)
            {
                withdrawn.push(entry);
            }
        }
    }
    Ok(withdrawn)
}

/// Where the united history would let a grant of one record outvote a withdrawal of the other, says the withdrawal
/// once more.
fn withdraw(cx: &Writer<'_>, kept: &ContactId, withdrawn: Vec<Consent>) -> ToolResult<Vec<ConsentView>> {
    let mut said = Vec::new();
    for entry in withdrawn {
        if contacts::consent_in_force(cx, kept, entry.channel)? == Some(ConsentState::Withdrawn) {
            continue;
        }
        let mut again = Consent {
            id: cx.fresh_id(),
            contact_id: kept.clone(),
            source: "merge: withdrawn on the other record".to_owned(),
            at: cx.stamp(),
            recorded_at: cx.stamp(),
            ..entry
        };
        cx.insert(&mut again)?;
        said.push(ConsentView {
            channel: again.channel,
            state: again.state,
            basis: again.basis,
            source: again.source,
            at: again.at,
        });
    }
    Ok(said)
}

fn also(db: &Reader<'_>, contact: &Contact) -> ToolResult<Option<Vec<String>>> {
    let points: Vec<String> =
        contacts::points(db, &contact.id)?.into_iter().map(|point| point.value).collect();
    Ok((!points.is_empty()).then_some(points))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Stays: id, email or phone.
    #[arg(min = 1, max = 200)]
    keep: String,
    /// Folded into it.
    #[arg(min = 1, max = 200)]
    absorb: String,
    /// Whose value stands where both have one (kept).
    field_policy: Option<FieldPolicy>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The person that stays.
    contact: PersonView,
    /// Name on the record that went.
    absorbed: String,
    /// Further emails and phones.
    also: Option<Vec<String>>,
    /// Fields in which they differed.
    choices: Option<Vec<Choice>>,
    /// Permissions that are withdrawn because one record had withdrawn them.
    withdrawn: Option<Vec<ConsentView>>,
    /// Records that pointed to the absorbed one, by table.
    moved: Counts,
}

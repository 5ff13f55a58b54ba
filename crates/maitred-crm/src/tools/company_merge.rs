//! `crm_company_merge`: two records, one company.

use maitred_core::prelude::*;
use maitred_party::Company;
use maitred_party::model::CompanyKind;
use maitred_party::refs::RefKind;
use maitred_party::store::{companies, merge};

use crate::merging::{Choice, Chooser, FieldPolicy};
use crate::model::AboutKind;
use crate::parties::{CompanyView, company_view};
use crate::store::{merges, profiles};

/// The tool.
pub struct CompanyMerge;

impl Tool for CompanyMerge {
    const NAME: &str = "crm_company_merge";
    const TITLE: &str = "Merge companies";
    const ABOUT: &str = "Merge a duplicate company into the one to keep. Dry-run first: shows per-field choices and how many \
                         records move. Issued documents keep what they say.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::DESTRUCTIVE;
    const EXAMPLE: Example = Example {
        given: "company acme; company acme2 domain=acme.example; contact ada company=acme2",
        args: r#"{"keep": "@acme", "absorb": "@acme2"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let keep = companies::resolve(cx, &args.keep, "keep")?;
        let absorb = companies::resolve(cx, &args.absorb, "absorb")?;
        if keep.id == absorb.id {
            return Err(same(&args.absorb));
        }
        if keep.archived_at.is_some() {
            return Err(refused(Code::Immutable, format!("`{}` is archived", keep.name))
                .field("keep")
                .hint("restore it with crm_record_archive, or keep the other one"));
        }
        refuse_vat_mismatch(&keep, &absorb, args.accept_vat_mismatch.unwrap_or(false))?;
        let policy = args.field_policy.unwrap_or(FieldPolicy::Kept);
        let mut chooser = Chooser::new(policy.side(absorb.updated_at > keep.updated_at));
        let moved = merge::repoint_all(cx, RefKind::Company, &absorb.id.0, &keep.id.0)?;
        // Folding the chain of parents may have changed the kept company, so it is read again.
        let before = companies::find(cx, &keep.id.0)?.unwrap_or(keep);
        let mut after = chosen(cx, &mut chooser, &before, &absorb)?;
        companies::remove(cx, &absorb)?;
        if !companies::update(cx, &before, &mut after)? {
            companies::index(cx, &after)?;
        }
        let choices = chooser.choices;
        merges::put(cx, AboutKind::Company, &after.id.0, &absorb, &choices, &moved)?;
        let profile = profiles::of_company(cx, &after.id)?;
        Ok(Output {
            company: company_view(cx, &after, &profile)?,
            absorbed: absorb.name,
            choices: (!choices.is_empty()).then_some(choices),
            moved,
        })
    }
}

/// The two references lead to one record: also when it was merged before.
pub(crate) fn same(text: &str) -> ToolError {
    invalid("absorb", format!("`{}` is the record to keep", maitred_core::error::shorten(text)))
        .hint("name the other record; if they were merged before, nothing is left to do")
}

fn refuse_vat_mismatch(keep: &Company, absorb: &Company, accepted: bool) -> ToolResult<()> {
    match (&keep.vat_id, &absorb.vat_id) {
        (Some(a), Some(b)) if a != b && !accepted => {
            Err(refused(Code::Invalid, format!("the two have different VAT ids, `{a}` and `{b}`"))
                .field("accept_vat_mismatch")
                .hint("different ids usually mean different companies; if they are one, repeat with accept_vat_mismatch true"))
        }
        _ => Ok(()),
    }
}

fn chosen(db: &Reader<'_>, chooser: &mut Chooser, keep: &Company, absorb: &Company) -> ToolResult<Company> {
    let text = String::clone;
    let mut after = Company {
        name: chooser.pick_text("name", &keep.name, &absorb.name),
        legal_name: chooser.pick("legal_name", &keep.legal_name, &absorb.legal_name, text),
        domain: chooser.pick("domain", &keep.domain, &absorb.domain, text),
        vat_id: chooser.pick("vat_id", &keep.vat_id, &absorb.vat_id, text),
        registration_no: chooser.pick(
            "registration_no",
            &keep.registration_no,
            &absorb.registration_no,
            text,
        ),
        country: chooser.pick_text("country", &keep.country, &absorb.country),
        currency: chooser.pick("currency", &keep.currency, &absorb.currency, text),
        language: chooser.pick("language", &keep.language, &absorb.language, text),
        phone: chooser.pick("phone", &keep.phone, &absorb.phone, text),
        owner_id: chooser.pick("owner", &keep.owner_id, &absorb.owner_id, |id| id.0.clone()),
        kinds: union(&keep.kinds, &absorb.kinds),
        ..keep.clone()
    };
    if after.vat_id != keep.vat_id {
        after.vat_checked_at = absorb.vat_checked_at;
    }
    // Only a parent outside the kept company's own descendants; the absorbed one is no parent any more.
    if let Some(parent) = absorb.parent_id.as_ref().filter(|parent| **parent != keep.id)
        && after.parent_id.is_none()
        && !companies::would_cycle(db, &keep.id, parent)?
    {
        after.parent_id = chooser.pick("parent", &None, &Some(parent.clone()), |id| id.0.clone());
    }
    Ok(after)
}

fn union(a: &str, b: &str) -> String {
    let mut words: Vec<&str> = CompanyKind::WORDS
        .iter()
        .copied()
        .filter(|word| a.split_whitespace().chain(b.split_whitespace()).any(|known| known == *word))
        .collect();
    words.sort_unstable();
    words.join(" ")
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Stays: id, name, domain or VAT id.
    #[arg(min = 1, max = 200)]
    keep: String,
    /// Folded into it.
    #[arg(min = 1, max = 200)]
    absorb: String,
    /// Whose value stands where both have one (kept).
    field_policy: Option<FieldPolicy>,
    /// Accept VAT mismatch.
    accept_vat_mismatch: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The company that stays.
    company: CompanyView,
    /// Name of the one that went.
    absorbed: String,
    /// Fields in which they differed.
    choices: Option<Vec<Choice>>,
    /// Records that pointed to the absorbed one, by table.
    moved: Counts,
}

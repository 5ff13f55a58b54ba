//! `crm_company_update`: company data, owner, parent, lifecycle.

use maitred_core::args::Bare;
use maitred_core::args::Described;
use maitred_core::prelude::*;
use maitred_party::Company;
use maitred_party::model::CompanyKind;
use maitred_party::sources::Dependents;
use maitred_party::store::{companies, members};

use crate::model::{Lifecycle, Profile};
use crate::parties::{
    self, AddressArg, AddressView, CompanyView, changed, company_view, country_of, currency_of, domain_of,
    language_of, phone_of, text_of, vat_of,
};
use crate::store::profiles;

/// The tool.
pub struct CompanyUpdate;

impl Tool for CompanyUpdate {
    const NAME: &str = "crm_company_update";
    const TITLE: &str = "Update company";
    const ABOUT: &str = "Change a company's data, or give it another default address.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme; company group",
        args: r#"{"company": "@acme", "changes": {"parent": "@group", "owner": "me", "lifecycle": "customer"}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = companies::resolve(cx, &args.company, "company")?;
        if before.archived_at.is_some() {
            return Err(refused(Code::Immutable, format!("`{}` is archived", before.name))
                .hint("restore it with crm_record_archive"));
        }
        let Bare(changes) = args.changes;
        let mut after = changes.applied(cx, &before).map_err(within_changes)?;
        companies::update(cx, &before, &mut after)?;
        let address = match changes.address {
            Some(Described(address)) => {
                let new = address.checked(&after.country, "changes.address")?;
                let added = companies::add_default_address(cx, &after.id, new)?;
                companies::index(cx, &after)?;
                Some(AddressView::from(added))
            }
            None => None,
        };
        let known = profiles::of_company(cx, &after.id)?;
        let mut profile = Profile {
            lifecycle: changes.lifecycle.unwrap_or(known.lifecycle),
            source: changed(changes.source.as_deref(), known.source.clone(), keep)?,
            industry: changed(changes.industry.as_deref(), known.industry.clone(), keep)?,
            size_band: changed(changes.size_band.as_deref(), known.size_band.clone(), keep)?,
            ..known.clone()
        };
        if profile.lifecycle == Lifecycle::Former && known.lifecycle != Lifecycle::Former {
            refuse_former(cx, &after)?;
        }
        if profile != known {
            profiles::put(cx, &known, &mut profile)?;
        }
        Ok(Output { company: company_view(cx, &after, &profile)?, address })
    }
}

fn within_changes(error: ToolError) -> ToolError {
    if error.field_name().is_some() { error.within("changes") } else { error }
}

fn keep(text: &str) -> ToolResult<String> {
    Ok(text.to_owned())
}

fn refuse_former(cx: &Writer<'_>, company: &Company) -> ToolResult<()> {
    let mut open = Vec::new();
    for port in cx.ports::<dyn Dependents>() {
        open.extend(port.of_company(cx, &company.id)?);
    }
    if open.is_empty() {
        return Ok(());
    }
    Err(refused(
        Code::OpenDependents,
        format!("`{}` cannot be a former customer while {}", company.name, open.join(", ")),
    )
    .field("changes.lifecycle")
    .hint("close what is open, then repeat the call"))
}

impl Changes {
    fn applied(&self, db: &Reader<'_>, before: &Company) -> ToolResult<Company> {
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name = text_of(name, "name")?;
        }
        if let Some(country) = &self.country {
            after.country = country_of(country, "country")?;
        }
        after.legal_name = changed(self.legal_name.as_deref(), after.legal_name, keep)?;
        after.registration_no = changed(self.registration_no.as_deref(), after.registration_no, keep)?;
        after.domain = changed(self.domain.as_deref(), after.domain, |text| domain_of(text, "domain"))?;
        after.vat_id = changed(self.vat_id.as_deref(), after.vat_id, |text| vat_of(text, "vat_id"))?;
        after.currency =
            changed(self.currency.as_deref(), after.currency, |text| currency_of(text, "currency"))?;
        after.language =
            changed(self.language.as_deref(), after.language, |text| language_of(text, "language"))?;
        after.phone = changed(self.phone.as_deref(), after.phone, |text| {
            phone_of(db, text, Some(&after.country), "phone")
        })?;
        if let Some(kinds) = &self.kinds {
            let mut words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            words.sort_unstable();
            words.dedup();
            after.kinds = words.join(" ");
        }
        if let Some(owner) = self.owner.as_deref() {
            let owner =
                (!owner.trim().is_empty()).then(|| members::resolve(db, owner, "owner")).transpose()?;
            if owner.as_ref().is_some_and(|owner| !owner.is_active()) {
                return Err(invalid("owner", "is no longer active").hint("account_member_list shows who is"));
            }
            after.owner_id = owner.map(|owner| owner.id);
        }
        if let Some(parent) = self.parent.as_deref() {
            after.parent_id = self.parent_of(db, before, parent)?;
        }
        if after.vat_id != before.vat_id {
            after.vat_checked_at = None;
        }
        let vat_id = after.vat_id.as_deref().filter(|_| after.vat_id != before.vat_id);
        let domain = after.domain.as_deref().filter(|_| after.domain != before.domain);
        parties::refuse_same_identity(db, Some(&before.id.0), vat_id, domain)?;
        Ok(after)
    }

    fn parent_of(
        &self,
        db: &Reader<'_>,
        company: &Company,
        text: &str,
    ) -> ToolResult<Option<maitred_party::CompanyId>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let parent = companies::resolve(db, text, "parent")?;
        if companies::would_cycle(db, &company.id, &parent.id)? {
            return Err(invalid("parent", format!("would make `{}` its own ancestor", company.name))
                .hint("change the parent of the other company first"));
        }
        Ok(Some(parent.id))
    }
}

/// What to change.
#[derive(ToolArgs)]
pub struct Changes {
    /// Name.
    #[arg(max = 200)]
    name: Option<String>,
    /// Registered name.
    #[arg(max = 200)]
    legal_name: Option<String>,
    /// Domain.
    #[arg(max = 253)]
    domain: Option<String>,
    /// VAT id.
    #[arg(max = 30)]
    vat_id: Option<String>,
    /// Register.
    #[arg(max = 60)]
    registration_no: Option<String>,
    /// ISO 3166.
    #[arg(max = 2)]
    country: Option<String>,
    /// ISO 4217.
    #[arg(max = 3)]
    currency: Option<String>,
    /// As fr.
    #[arg(max = 35)]
    language: Option<String>,
    /// Telephone.
    #[arg(max = 40)]
    phone: Option<String>,
    /// All kinds.
    #[arg(min = 1, max = 4)]
    kinds: Option<Vec<CompanyKind>>,
    /// Company.
    #[arg(max = 200)]
    parent: Option<String>,
    /// Member.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Stage.
    lifecycle: Option<Lifecycle>,
    /// Came from.
    #[arg(max = 100)]
    source: Option<String>,
    /// Branch.
    #[arg(max = 100)]
    industry: Option<String>,
    /// As 10-49.
    #[arg(max = 40)]
    size_band: Option<String>,
    /// New default.
    address: Option<Described<AddressArg>>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, name, domain or VAT id.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Fields to set; "" clears. address: {kind, lines[], city, postcode, region, country}.
    changes: Bare<Changes>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The company now.
    company: CompanyView,
    /// The address added.
    address: Option<AddressView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn sets_clears_and_leaves() {
        let fixture =
            Fixture::new(&[&crate::DOMAIN], "company acme domain=acme.example owner=sales phone=+4930123456");
        let args = r#"{"company": "@acme", "changes": {"domain": "", "vat_id": "FR27842733677", "kinds": ["supplier", "customer"],
                       "address": {"kind": "shipping", "lines": ["Am Hafen 1"], "city": "Kiel"}}}"#;
        expect![[r##"{"company":{"id":"@acme","version":2,"name":"Acme","kinds":["customer","supplier"],"lifecycle":"prospect","vat_id":"FR27842733677","country":"DE","city":"Kiel","phone":"+4930123456","owner":{"id":"@sales","name":"Sales"}},"address":{"id":"#1","kind":"shipping","lines":["Am Hafen 1"],"city":"Kiel","country":"DE","default":true}}"##]].assert_eq(&fixture.call("crm_company_update", args).text);
        // Saying the same again changes nothing, but for the address, which is another one.
        let args = r#"{"company": "@acme", "changes": {"vat_id": "FR27842733677", "source": ""}}"#;
        let before = fixture.contents();
        assert!(!fixture.call("crm_company_update", args).failed);
        assert_eq!(before, fixture.contents());
    }

    #[test]
    fn no_company_is_its_own_ancestor() {
        check(
            &crate::DOMAIN,
            "company a; company b; crm_company_update {\"company\": \"@b\", \"changes\": {\"parent\": \"@a\"}} as child=company.id",
            "crm_company_update",
            r#"{"company": "@a", "changes": {"parent": "@b"}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`parent` would make `A` its own ancestor","field":"changes.parent","hint":"change the parent of the other company first","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn two_companies_do_not_share_a_vat_id() {
        check(
            &crate::DOMAIN,
            "company mercier vat=FR27842733677; company other",
            "crm_company_update",
            r#"{"company": "@other", "changes": {"vat_id": "FR27842733677"}}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Mercier` has this VAT id already","field":"changes.vat_id","hint":"if both are one company, fold them with crm_company_merge","retryable":false,"candidates":[{"id":"@mercier","label":"Mercier","score":"1.00","reasons":"same VAT id"}]}}"#
            ]],
        );
    }
}

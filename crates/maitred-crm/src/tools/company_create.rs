//! `crm_company_create`: a company that is not there yet.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::vat;
use maitred_party::model::CompanyKind;
use maitred_party::store::{companies, members};
use maitred_party::{Company, org};

use crate::model::{AboutKind, Lifecycle, Profile};
use crate::parties::{
    self, AddressArg, AddressView, CompanyView, Suspect, company_view, country_of, domain_of, phone_of,
    text_of, vat_of,
};
use crate::store::dedupe::{self, CompanyRow};
use crate::store::profiles;

/// The tool.
pub struct CompanyCreate;

impl Tool for CompanyCreate {
    const NAME: &str = "crm_company_create";
    const TITLE: &str = "Create company";
    const ABOUT: &str = "Create a company. Give domain or VAT id if known; likely duplicates are refused.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"name": "Maison Mercier SARL", "vat_id": "FR 27 842733677", "domain": "https://mercier.example",
                  "addresses": [{"lines": ["1 quai Perrache"], "city": "Lyon", "postcode": "69002"}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let wanted = args.checked(cx)?;
        parties::refuse_same_identity(cx, None, wanted.new.vat_id.as_deref(), wanted.new.domain.as_deref())?;
        let similar = parties::like_company(cx, &wanted.row())?;
        let overruled =
            parties::overruled(&similar, args.allow_duplicate.unwrap_or(false), "crm_company_update")?;
        let kind = args.kind;
        let company = companies::insert(cx, wanted.new)?;
        let mut addresses = Vec::new();
        for address in wanted.addresses {
            addresses.push(AddressView::from(companies::add_address(cx, &company.id, address)?));
        }
        if !addresses.is_empty() {
            companies::index(cx, &company)?;
        }
        for other in &overruled {
            dedupe::judge_different(cx, AboutKind::Company, &company.id.0, other)?;
        }
        let profile = first_profile(cx, &company, kind)?;
        let view = company_view(cx, &company, &profile)?;
        let similar: Vec<Suspect> = similar.into_iter().map(|one| one.shown).collect();
        Ok(Output {
            id: company.id.0,
            company: view,
            addresses: (!addresses.is_empty()).then_some(addresses),
            similar: (!similar.is_empty()).then_some(similar),
        })
    }
}

fn first_profile(cx: &Writer<'_>, company: &Company, kind: Option<CompanyKind>) -> ToolResult<Profile> {
    let before = profiles::of_company(cx, &company.id)?;
    if kind != Some(CompanyKind::Customer) {
        return Ok(before);
    }
    let mut after = Profile { lifecycle: Lifecycle::Customer, ..before.clone() };
    profiles::put(cx, &before, &mut after)?;
    Ok(after)
}

struct Wanted {
    new: companies::NewCompany,
    addresses: Vec<companies::NewAddress>,
}

impl Wanted {
    fn row(&self) -> CompanyRow {
        let address = self.addresses.first();
        CompanyRow {
            id: String::new(),
            name: self.new.name.clone(),
            vat_id: self.new.vat_id.clone(),
            domain: self.new.domain.clone(),
            phone: self.new.phone.clone(),
            postcode: address.and_then(|address| address.postcode.clone()),
            city: address.map(|address| address.city.clone()),
        }
    }
}

impl Args {
    fn checked(&self, db: &Reader<'_>) -> ToolResult<Wanted> {
        let vat_id = self.vat_id.as_deref().map(|text| vat_of(text, "vat_id")).transpose()?;
        let of_vat = vat_id.as_deref().and_then(|id| vat::check(id).ok()).map(|id| id.country().to_owned());
        let country = match (&self.country, of_vat) {
            (Some(text), _) => country_of(text, "country")?,
            (None, Some(country)) if maitred_kernel::country::valid(&country) => country,
            _ => org::settings_of(db)?.country.clone(),
        };
        let owner = self.owner.as_deref().map(|text| members::resolve(db, text, "owner")).transpose()?;
        let mut addresses = Vec::new();
        for (index, address) in self.addresses.iter().flatten().enumerate() {
            addresses.push(address.0.clone().checked(&country, &format!("addresses[{index}]"))?);
        }
        let new = companies::NewCompany {
            name: text_of(&self.name, "name")?,
            kinds: self.kind.unwrap_or(CompanyKind::Prospect).as_str().to_owned(),
            domain: self.domain.as_deref().map(|text| domain_of(text, "domain")).transpose()?,
            vat_id,
            phone: self
                .phone
                .as_deref()
                .map(|text| phone_of(db, text, Some(&country), "phone"))
                .transpose()?,
            country,
            owner_id: owner.map(|owner| owner.id),
            ..companies::NewCompany::default()
        };
        Ok(Wanted { new, addresses })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// With legal form.
    #[arg(min = 1, max = 200)]
    name: String,
    /// Domain.
    #[arg(max = 253)]
    domain: Option<String>,
    /// With country prefix.
    #[arg(max = 30)]
    vat_id: Option<String>,
    /// ISO 3166.
    #[arg(max = 2)]
    country: Option<String>,
    /// prospect.
    kind: Option<CompanyKind>,
    /// Phone.
    #[arg(max = 40)]
    phone: Option<String>,
    /// Member or me.
    #[arg(max = 200)]
    owner: Option<String>,
    /// Addresses.
    #[arg(max = 10)]
    addresses: Option<Vec<Bare<AddressArg>>>,
    /// Though one like it exists.
    allow_duplicate: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id.
    id: String,
    /// The new company.
    company: CompanyView,
    /// Its addresses.
    addresses: Option<Vec<AddressView>>,
    /// Companies that are somewhat like it.
    similar: Option<Vec<Suspect>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn an_exact_match_always_refuses() {
        check(
            &crate::DOMAIN,
            "company mercier vat=FR27842733677 name=Mercier",
            "crm_company_create",
            r#"{"name": "Somebody Else", "vat_id": "FR27842733677", "allow_duplicate": true}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Mercier` has this VAT id already","field":"vat_id","hint":"use the existing company, or change it with crm_company_update","retryable":false,"candidates":[{"id":"@mercier","label":"Mercier","score":"1.00","reasons":"same VAT id"}]}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            "company acme domain=acme.example",
            "crm_company_create",
            r#"{"name": "Other", "domain": "www.ACME.example"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Acme` has this domain already","field":"domain","hint":"use the existing company, or change it with crm_company_update","retryable":false,"candidates":[{"id":"@acme","label":"Acme","score":"0.90","reasons":"same domain"}]}}"#
            ]],
        );
    }

    #[test]
    fn a_likely_duplicate_refuses_until_overruled() {
        let fixture =
            Fixture::new(&[&crate::DOMAIN], "company acme name=Acme_Roofing_GmbH phone=+4930123456");
        let args = r#"{"name": "ACME Roofing", "phone": "030 123456"}"#;
        expect![[r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Acme Roofing GmbH` is likely the same","hint":"use crm_company_update on the existing record, or repeat with allow_duplicate true","retryable":false,"candidates":[{"id":"@acme","label":"Acme Roofing GmbH","score":"0.85","reasons":"same name, same phone"}]}}"#]].assert_eq(&fixture.call("crm_company_create", args).text);
        let made = fixture.call(
            "crm_company_create",
            r#"{"name": "ACME Roofing", "phone": "030 123456", "allow_duplicate": true}"#,
        );
        assert!(!made.failed, "{}", made.raw);
        // Whoever overruled it is not asked again.
        let pairs = fixture.call("crm_duplicate_search", r#"{"kind": "company", "min_score": "0.5"}"#);
        assert_eq!(pairs.text, r#"{"pairs":[],"compared":2}"#);
    }

    #[test]
    fn refuses_what_is_no_identity() {
        for (args, what) in [
            (r#"{"name": "A", "vat_id": "FR28842733677"}"#, "vat_id"),
            (r#"{"name": "A", "domain": "gmail.com"}"#, "domain"),
            (r#"{"name": "A", "country": "XX"}"#, "country"),
            (r#"{"name": "A", "phone": "12"}"#, "phone"),
            (r#"{"name": "  "}"#, "name"),
        ] {
            let answer = Fixture::new(&[&crate::DOMAIN], "").call("crm_company_create", args).json();
            assert_eq!(answer["error"]["field"], what, "{answer}");
        }
    }
}

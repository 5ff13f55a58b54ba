//! What invoicing gives to other modules and to the machinery.

use std::sync::Arc;

use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::prelude::*;
use maitred_kernel::Money;
use maitred_party::commerce::{BillingTerms, DocumentDrafter, Exposed, Exposure, TaxTreatment};
use maitred_party::org::today;
use maitred_party::refs::{PartyRef, PartyRefs};
use maitred_party::{CompanyId, ContactId};

use maitred_party::sources::{Dependents, ExportSource, Hit, SearchSource, SettingSource};
use maitred_party::store::companies;

use crate::bank::ledger::Ledger;
use crate::bank::payments::OwnLedger;
use crate::bank::settings::BankSection;
use crate::bank::sources::BankLineExport;
use crate::drafter::Drafter;
use crate::dunning::DunningSection;
use crate::model::{BillingProfile, DocumentKind};
use crate::seller::{SellerSection, usual_days};
use crate::store::{invoices, party_refs, profiles, rates};
use crate::tools::balance_get::by_currency;

/// Adds invoicing's ports.
pub fn provide(ports: &mut Ports) {
    provide_bank(ports);
    ports.provide::<dyn Ledger>(Arc::new(OwnLedger));
    ports.provide::<dyn SettingSource>(Arc::new(SellerSection));
    ports.provide::<dyn SettingSource>(Arc::new(DunningSection));
    ports.provide::<dyn BillingTerms>(Arc::new(Terms));
    ports.provide::<dyn DocumentDrafter>(Arc::new(Drafter));
    ports.provide::<dyn Dependents>(Arc::new(Open));
    ports.provide::<dyn SearchSource>(Arc::new(Found));
    ports.provide::<dyn Exposure>(Arc::new(Owed));
}

/// Adds the ports of the bank, without the ledger that matching books to.
pub(crate) fn provide_bank(ports: &mut Ports) {
    ports.provide::<dyn PartyRefs>(Arc::new(InvoicingRefs));
    ports.provide::<dyn SettingSource>(Arc::new(BankSection));
    ports.provide::<dyn ExportSource>(Arc::new(BankLineExport));
}

struct InvoicingRefs;

impl PartyRefs for InvoicingRefs {
    fn refs(&self) -> &'static [PartyRef] {
        party_refs::REFS
    }
}

struct Terms;

impl BillingTerms for Terms {
    fn treatment(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<TaxTreatment> {
        let profile = db.get::<BillingProfile>(company.as_ref())?;
        Ok(profile.map_or(TaxTreatment::Auto, |profile| profile.tax_treatment))
    }

    fn net_days(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<i64> {
        match db.get::<BillingProfile>(company.as_ref())? {
            Some(profile) => Ok(profile.net_days),
            None => usual_days(db),
        }
    }
}

struct Owed;

impl Exposure for Owed {
    /// What is open less credit, in the billing currency (F-INV-5); what is owed in another counts at today's rates.
    fn exposed(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Exposed> {
        let known =
            companies::find(db, company.as_ref())?.ok_or_else(|| not_found("company", company.as_ref()))?;
        let (profile, _) = profiles::profile(db, &known)?;
        let today = today(db)?;
        let mut owed = Money::zero(profile.currency);
        for (currency, aging) in by_currency(db, &known.id, today)? {
            let part = Money::new(aging.total(), currency);
            let part = if currency == profile.currency {
                part
            } else {
                rates::convert(db, part, profile.currency, today)?
            };
            owed = owed.plus(part).map_err(ToolError::internal)?;
        }
        let limit = profile.credit_limit.map(|limit| Money::new(limit, profile.currency));
        Ok(Exposed { what: "open invoices", amount: owed, limit })
    }
}

struct Open;

impl Dependents for Open {
    fn of_company(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<String>> {
        let open = invoices::pending_of(db, company)?.into_iter().map(|(number, kind, status)| {
            let what = match kind {
                DocumentKind::Invoice => "invoice",
                DocumentKind::CreditNote => "credit note",
            };
            match number {
                Some(number) => format!("{what} {number} is {status}"),
                None => format!("{what} in draft, without a number yet"),
            }
        });
        Ok(open.collect())
    }

    fn of_contact(&self, _: &Reader<'_>, _: &ContactId) -> ToolResult<Vec<String>> {
        Ok(vec![])
    }
}

struct Found;

impl SearchSource for Found {
    fn module(&self) -> Module {
        Module::Invoicing
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["invoice"]
    }

    fn entities(&self) -> &'static [&'static str] {
        &["invoice", "invoice_line", "invoice_tax"]
    }

    /// By number alone: words are for `invoicing_invoice_search`.
    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>> {
        const EXACT: i64 = 1_000;
        if limit == 0 || db.menu().find("invoicing_invoice_get").is_none() {
            return Ok(vec![]);
        }
        let invoice = match invoices::resolve(db, text, "text") {
            Ok(invoice) => invoice,
            Err(error) if error.code() == Code::NotFound => return Ok(vec![]),
            Err(error) => return Err(error),
        };
        let company = companies::find(db, invoice.company_id.as_ref())?;
        Ok(vec![Hit {
            kind: "invoice",
            id: invoice.id.0,
            number: invoice.number,
            label: company.map_or_else(String::new, |company| company.name),
            why: "number",
            score: EXACT,
        }])
    }
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    #[test]
    fn what_is_open_is_said_and_found_by_its_number() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; company oak; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as one;
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "B", "qty": 1, "unit_price": "10"}]} as two;
               invoicing_invoice_issue {"invoice": "@one"}"#,
        );
        let acme = CompanyId(fixture.id("acme"));
        let open = fixture.read(|db| Open.of_company(db, &acme)).unwrap();
        assert_eq!(open, ["invoice INV-2026-00001 is issued", "invoice in draft, without a number yet"]);
        let owed = fixture.read(|db| Owed.exposed(db, &acme)).unwrap();
        assert_eq!((owed.amount.amount(), owed.limit), ("119.00".to_owned(), None));
        let hits = fixture.read(|db| Found.search(db, "inv-2026-00001", 5)).unwrap();
        assert_eq!((hits.len(), hits[0].label.as_str()), (1, "Acme"));
        assert!(fixture.read(|db| Found.search(db, "acme", 5)).unwrap().is_empty());
        // A merge moves issued documents to the company that stays, though they are final.
        let oak = fixture.id("oak");
        let id = fixture.id("one");
        let moved = fixture.write(move |db| {
            let Some(before) = db.get::<crate::model::Invoice>(&id)? else { return Ok(false) };
            let mut after = crate::model::Invoice { company_id: CompanyId(oak.clone()), ..before.clone() };
            Ok(db.update(&before, &mut after)?)
        });
        assert!(moved.unwrap());
    }
}

//! How a sale is taxed: by the countries, the buyer's VAT id and the class of goods, on the day of supply.
//!
//! Pure but for the table of tax codes and the buyer's terms. What a document must show because of it (both VAT ids for
//! a reverse charge or a supply within the European Union) is for whoever issues the document.

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_kernel::{BasisPoints, Day, country};

use crate::commerce::{BillingTerms, TaxTreatment};
use crate::model::{Company, CompanyId, TaxCategory, TaxClass, TaxCode};
use crate::org;
use crate::store::tax_codes;

/// A sale to a consumer or an unregistered business elsewhere in the European Union: the seller's rate is used, and the
/// rules of the one-stop shop are not looked at.
pub const OSS_NOT_HANDLED: &str = "oss_not_handled";
/// The table of tax codes has no rate for this class in the seller's country on the day.
pub const RATE_MISSING: &str = "tax_rate_missing";

/// The parties of a sale, as far as tax is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// Country of the seller.
    pub seller: &'a str,
    /// Country of the buyer; unset when nobody is named, which is taxed as at home.
    pub buyer: Option<&'a str>,
    /// Whether the buyer has a VAT id that was checked with the authority.
    pub vat_id_checked: bool,
    /// What was agreed on.
    pub treatment: TaxTreatment,
}

/// How something is taxed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taxed {
    /// Category on documents.
    pub category: TaxCategory,
    /// Rate.
    pub rate: BasisPoints,
    /// Reason of an exemption, a code of the VATEX list.
    pub exemption_code: Option<String>,
    /// What somebody should look at: [`OSS_NOT_HANDLED`] or [`RATE_MISSING`].
    pub warning: Option<&'static str>,
}

impl Taxed {
    fn untaxed(category: TaxCategory, exemption_code: Option<&str>) -> Self {
        Self {
            category,
            rate: BasisPoints::default(),
            exemption_code: exemption_code.map(str::to_owned),
            warning: None,
        }
    }
}

/// The treatment of one line, in the order in which the rules apply. `codes` are those of the seller's country and the
/// line's class in force on the day of supply, ordinary taxation first.
pub fn treat(parties: &Parties<'_>, class: TaxClass, service: bool, codes: &[TaxCode]) -> Taxed {
    let (seller, treatment) = (parties.seller, parties.treatment);
    let buyer = parties.buyer.unwrap_or(seller);
    if treatment == TaxTreatment::Exempt {
        let code = codes.iter().find(|code| code.category == TaxCategory::Exempt);
        return Taxed::untaxed(TaxCategory::Exempt, code.and_then(|code| code.exemption_code.as_deref()));
    }
    if treatment == TaxTreatment::ReverseCharge {
        return Taxed::untaxed(TaxCategory::ReverseCharge, Some("VATEX-EU-AE"));
    }
    if treatment == TaxTreatment::Auto && seller == buyer {
        return at_home(class, codes);
    }
    let within_union = country::in_eu(seller) && country::in_eu(buyer);
    if treatment == TaxTreatment::Auto && within_union {
        return match (parties.vat_id_checked, service) {
            (true, false) => Taxed::untaxed(TaxCategory::IntraCommunity, Some("VATEX-EU-IC")),
            (true, true) => Taxed::untaxed(TaxCategory::ReverseCharge, Some("VATEX-EU-AE")),
            (false, _) => Taxed { warning: Some(OSS_NOT_HANDLED), ..at_home(class, codes) },
        };
    }
    if service {
        Taxed::untaxed(TaxCategory::OutOfScope, Some("VATEX-EU-O"))
    } else {
        Taxed::untaxed(TaxCategory::Export, Some("VATEX-EU-G"))
    }
}

fn at_home(class: TaxClass, codes: &[TaxCode]) -> Taxed {
    // Codes of the special categories are for the rules above; at home the ordinary ones speak.
    let ordinary = codes.iter().find(|code| {
        matches!(code.category, TaxCategory::Standard | TaxCategory::Zero | TaxCategory::Exempt)
    });
    match (ordinary, class) {
        (Some(code), _) => Taxed {
            category: code.category,
            rate: BasisPoints::from_bp(code.rate_bp),
            exemption_code: code.exemption_code.clone(),
            warning: None,
        },
        (None, TaxClass::Zero) => Taxed::untaxed(TaxCategory::Zero, None),
        (None, TaxClass::Exempt) => Taxed::untaxed(TaxCategory::Exempt, None),
        (None, _) => Taxed { warning: Some(RATE_MISSING), ..Taxed::untaxed(TaxCategory::Standard, None) },
    }
}

/// Taxes the lines of one document.
#[derive(Debug)]
pub struct Taxation {
    seller: String,
    buyer: Option<String>,
    vat_id_checked: bool,
    treatment: TaxTreatment,
    day: Day,
    known: Vec<(TaxClass, Vec<TaxCode>)>,
}

impl Taxation {
    /// For a sale to this company, supplied on this day.
    pub fn new(db: &Reader<'_>, buyer: Option<&Company>, day: Day) -> ToolResult<Self> {
        let treatment = match buyer {
            Some(company) => treatment_of(db, &company.id)?,
            None => TaxTreatment::Auto,
        };
        Ok(Self {
            seller: org::settings_of(db)?.country.clone(),
            buyer: buyer.map(|company| company.country.clone()),
            vat_id_checked: buyer
                .is_some_and(|company| company.vat_id.is_some() && company.vat_checked_at.is_some()),
            treatment,
            day,
            known: Vec::new(),
        })
    }

    /// How a line is taxed.
    pub fn of(&mut self, db: &Reader<'_>, class: TaxClass, service: bool) -> ToolResult<Taxed> {
        let at = match self.known.iter().position(|(known, _)| *known == class) {
            Some(at) => at,
            None => {
                self.known.push((class, tax_codes::in_force(db, &self.seller, class, self.day)?));
                self.known.len() - 1
            }
        };
        let parties = Parties {
            seller: &self.seller,
            buyer: self.buyer.as_deref(),
            vat_id_checked: self.vat_id_checked,
            treatment: self.treatment,
        };
        Ok(treat(&parties, class, service, &self.known[at].1))
    }
}

/// What was agreed with a buyer: what the first module that keeps billing terms says, else [`TaxTreatment::Auto`].
pub fn treatment_of(db: &Reader<'_>, company: &CompanyId) -> ToolResult<TaxTreatment> {
    match db.port::<dyn BillingTerms>() {
        Some(terms) => terms.treatment(db, company),
        None => Ok(TaxTreatment::Auto),
    }
}

#[cfg(test)]
mod tests {
    use maitred_kernel::Stamp;

    use super::*;

    fn code(class: TaxClass, category: TaxCategory, rate_bp: i64) -> TaxCode {
        TaxCode {
            id: "t".to_owned(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            country: "DE".to_owned(),
            class,
            category,
            rate_bp,
            exemption_code: None,
            valid_from: Day::parse("2020-01-01").unwrap(),
            valid_to: None,
        }
    }

    fn said(
        buyer: &str,
        vat: bool,
        treatment: TaxTreatment,
        service: bool,
    ) -> (TaxCategory, i64, Option<&str>) {
        let codes = [code(TaxClass::Standard, TaxCategory::Standard, 1900)];
        let parties = Parties { seller: "DE", buyer: Some(buyer), vat_id_checked: vat, treatment };
        let taxed = treat(&parties, TaxClass::Standard, service, &codes);
        (taxed.category, taxed.rate.bp(), taxed.warning)
    }

    #[test]
    fn the_rules_apply_in_their_order() {
        use TaxCategory as C;
        use TaxTreatment as T;
        assert_eq!(said("DE", true, T::Auto, false), (C::Standard, 1900, None));
        assert_eq!(said("FR", true, T::Auto, false), (C::IntraCommunity, 0, None));
        assert_eq!(said("FR", true, T::Auto, true), (C::ReverseCharge, 0, None));
        assert_eq!(said("FR", false, T::Auto, false), (C::Standard, 1900, Some(OSS_NOT_HANDLED)));
        assert_eq!(said("CH", true, T::Auto, false), (C::Export, 0, None));
        assert_eq!(said("CH", false, T::Auto, true), (C::OutOfScope, 0, None));
        assert_eq!(said("DE", false, T::Exempt, false), (C::Exempt, 0, None));
        assert_eq!(said("DE", false, T::ReverseCharge, false), (C::ReverseCharge, 0, None));
        assert_eq!(said("DE", false, T::Export, false), (C::Export, 0, None));
    }

    #[test]
    fn a_missing_rate_is_said_and_a_zero_class_needs_none() {
        let parties =
            Parties { seller: "DE", buyer: None, vat_id_checked: false, treatment: TaxTreatment::Auto };
        let taxed = |class| treat(&parties, class, false, &[]);
        assert_eq!(taxed(TaxClass::Reduced).warning, Some(RATE_MISSING));
        assert_eq!(
            (taxed(TaxClass::Zero).category, taxed(TaxClass::Zero).warning),
            (TaxCategory::Zero, None)
        );
        assert_eq!(taxed(TaxClass::Exempt).category, TaxCategory::Exempt);
    }
}

//! `invoicing_tax_code_list`: the VAT codes in force.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Day, country};
use maitred_party::model::{TaxCategory, TaxClass};
use maitred_party::org::{settings_of, today};
use maitred_party::store::tax_codes;

/// The tool.
pub struct TaxCodeList;

impl Tool for TaxCodeList {
    const NAME: &str = "invoicing_tax_code_list";
    const TITLE: &str = "List VAT codes";
    const ABOUT: &str = "VAT codes in force on a day: product class, category, rate, exemption reason.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example =
        Example { given: "tax DE standard S 1900; tax DE reduced S 700", args: r#"{"country": "DE"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let country = match &args.country {
            Some(text) => country::parse(text).map_err(|fault| invalid("country", fault))?.to_owned(),
            None => settings_of(cx)?.country.clone(),
        };
        let as_of = match args.as_of {
            Some(day) => day,
            None => today(cx)?,
        };
        let mut codes = Vec::new();
        for class in TaxClass::ALL {
            for code in tax_codes::in_force(cx, &country, *class, as_of)? {
                codes.push(CodeView {
                    id: code.id,
                    class: code.class,
                    category: code.category,
                    rate: BasisPoints::from_bp(code.rate_bp),
                    exemption_code: code.exemption_code,
                    valid_from: code.valid_from,
                    valid_to: code.valid_to,
                });
            }
        }
        Ok(Output { country, as_of, codes })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// ISO code; default ours.
    #[arg(max = 2)]
    country: Option<String>,
    /// Default today.
    as_of: Option<Day>,
}

/// A VAT code.
#[derive(ToolOutput)]
pub struct CodeView {
    /// Id.
    id: String,
    /// Class of goods and services.
    class: TaxClass,
    /// Category: S, Z, E, AE, K, G or O.
    category: TaxCategory,
    /// Percent.
    rate: BasisPoints,
    /// Reason of an exemption, a VATEX code.
    exemption_code: Option<String>,
    /// First day.
    valid_from: Day,
    /// Last day.
    valid_to: Option<Day>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Country.
    country: String,
    /// The day.
    as_of: Day,
    /// By class.
    codes: Vec<CodeView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn only_what_is_in_force_is_shown() {
        check(
            &crate::DOMAIN,
            "tax DE standard S 1900",
            "invoicing_tax_code_list",
            r#"{"as_of": "2019-12-31"}"#,
            expect![[r#"{"country":"DE","as_of":"2019-12-31","codes":[]}"#]],
        );
        check(
            &crate::DOMAIN,
            "",
            "invoicing_tax_code_list",
            r#"{"country": "XX"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`country` `XX` is not an ISO 3166-1 country code","field":"country","retryable":false}}"#
            ]],
        );
    }
}

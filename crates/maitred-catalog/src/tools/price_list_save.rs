//! `catalog_price_list_save`: the header of a price list, and who is charged by it.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Stamp};
use maitred_party::store::companies;

use crate::model::{ListKind, PriceList, PriceListId};
use crate::store::prices;
use crate::store::products::name_key;
use crate::views::{ListView, list_view};

/// The tool.
pub struct PriceListSave;

impl Tool for PriceListSave {
    const NAME: &str = "catalog_price_list_save";
    const TITLE: &str = "Save price list";
    const ABOUT: &str = "Create or change a price list header and which customers use it. \
                         Put prices on it with catalog_price_set.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme kind=customer",
        args: r#"{"code": "TRADE", "name": "Trade 2026", "kind": "assigned", "currency": "EUR", "assign_to": ["@acme"]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = ListView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<ListView> {
        let known = prices::list_by_code(cx, &args.code)?;
        let mut after = match &known {
            Some(known) => args.changed(cx, known)?,
            None => args.new_list(cx)?,
        };
        if let (Some(from), Some(to)) = (after.valid_from, after.valid_to)
            && to < from
        {
            return Err(invalid("valid_to", "lies before `valid_from`"));
        }
        if after.kind == ListKind::Promotion {
            alone(cx, &after)?;
        }
        match &known {
            Some(before) => drop(cx.update(before, &mut after)?),
            None => cx.insert(&mut after)?,
        }
        let assign = args.assign_to.as_deref().unwrap_or_default();
        if !assign.is_empty() && after.kind != ListKind::Assigned {
            return Err(invalid("assign_to", format!("is for assigned lists; this one is {}", after.kind)));
        }
        for (index, text) in assign.iter().enumerate() {
            let company = companies::resolve(cx, text, &format!("assign_to[{index}]"))?;
            prices::set_terms(cx, &company.id, Some(&after.id), None)?;
        }
        for (index, text) in args.unassign.as_deref().unwrap_or_default().iter().enumerate() {
            let company = companies::resolve(cx, text, &format!("unassign[{index}]"))?;
            if prices::terms(cx, &company.id)?
                .is_some_and(|terms| terms.price_list_id.as_ref() == Some(&after.id))
            {
                prices::set_terms(cx, &company.id, None, None)?;
            }
        }
        list_view(cx, after)
    }
}

/// Two promotions that hold at the same time need a rank, or nobody could say which one lowers a price.
fn alone(db: &Reader<'_>, list: &PriceList) -> ToolResult<()> {
    let overlaps = |other: &PriceList| {
        let starts = |one: &PriceList, other: &PriceList| match (one.valid_from, other.valid_to) {
            (Some(from), Some(to)) => from <= to,
            _ => true,
        };
        starts(list, other) && starts(other, list)
    };
    let rival = prices::lists(db)?.into_iter().find(|other| {
        other.id != list.id
            && other.kind == ListKind::Promotion
            && other.currency == list.currency
            && other.priority == list.priority
            && overlaps(other)
    });
    match rival {
        Some(rival) => Err(refused(
            Code::DuplicateSuspect,
            format!("the promotion `{}` has the same priority and holds on the same days", rival.code),
        )
        .field("priority")
        .hint("give one of them another `priority`, or other days")),
        None => Ok(()),
    }
}

impl Args {
    fn new_list(&self, db: &Writer<'_>) -> ToolResult<PriceList> {
        let code = self.code.trim().to_owned();
        Ok(PriceList {
            id: PriceListId(db.fresh_id()),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            code_key: name_key(&code),
            name: self.name.clone().unwrap_or_else(|| code.clone()),
            code,
            kind: self.kind.ok_or_else(|| missing("kind"))?,
            currency: self.currency.ok_or_else(|| missing("currency"))?,
            prices_include_tax: self.prices_include_tax.unwrap_or(false),
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            priority: self.priority.unwrap_or(0),
        })
    }

    fn changed(&self, db: &Reader<'_>, known: &PriceList) -> ToolResult<PriceList> {
        let after = PriceList {
            name: self.name.clone().unwrap_or_else(|| known.name.clone()),
            kind: self.kind.unwrap_or(known.kind),
            currency: self.currency.unwrap_or(known.currency),
            prices_include_tax: self.prices_include_tax.unwrap_or(known.prices_include_tax),
            valid_from: self.valid_from.or(known.valid_from),
            valid_to: self.valid_to.or(known.valid_to),
            priority: self.priority.unwrap_or(known.priority),
            ..known.clone()
        };
        let frozen = if after.currency != known.currency {
            "currency"
        } else if after.prices_include_tax != known.prices_include_tax {
            "prices_include_tax"
        } else if after.kind != known.kind {
            "kind"
        } else {
            return Ok(after);
        };
        if prices::has_points(db, &known.id)? {
            return Err(refused(
                Code::Immutable,
                format!("`{}` has prices, so its {frozen} stays", known.code),
            )
            .field(frozen)
            .hint("make another list under another code"));
        }
        Ok(after)
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Unique code; a known one is changed.
    #[arg(min = 1, max = 40)]
    code: String,
    /// Name.
    #[arg(min = 1, max = 120)]
    name: Option<String>,
    /// Kind; new lists need it.
    kind: Option<ListKind>,
    /// New lists need it.
    currency: Option<Currency>,
    /// false.
    prices_include_tax: Option<bool>,
    /// First day.
    valid_from: Option<Day>,
    /// Last day.
    valid_to: Option<Day>,
    /// Larger goes first (0).
    #[arg(min = -1000, max = 1000)]
    priority: Option<i64>,
    /// Companies charged by it from now on.
    #[arg(max = 100)]
    assign_to: Option<Vec<String>>,
    /// Companies no longer.
    #[arg(max = 100)]
    unassign: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn a_list_with_prices_keeps_its_currency() {
        check(
            &crate::DOMAIN,
            r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]};
               catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
               catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}]}"#,
            "catalog_price_list_save",
            r#"{"code": "base", "currency": "USD"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"immutable","message":"`BASE` has prices, so its currency stays","field":"currency","hint":"make another list under another code","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn promotions_do_not_tie() {
        check(
            &crate::DOMAIN,
            r#"catalog_price_list_save {"code": "SPRING", "kind": "promotion", "currency": "EUR", "valid_from": "2026-03-01", "valid_to": "2026-03-31"}"#,
            "catalog_price_list_save",
            r#"{"code": "EASTER", "kind": "promotion", "currency": "EUR", "valid_from": "2026-03-31", "valid_to": "2026-04-06"}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"the promotion `SPRING` has the same priority and holds on the same days","field":"priority","hint":"give one of them another `priority`, or other days","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_new_list_says_its_kind() {
        check(
            &crate::DOMAIN,
            "",
            "catalog_price_list_save",
            r#"{"code": "BASE", "currency": "EUR"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`kind` is required","field":"kind","retryable":false}}"#
            ]],
        );
    }
}

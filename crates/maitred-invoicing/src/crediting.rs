//! What a credit note takes back: never more than is left of a line, at its price and tax, and to the cent.

use maitred_core::prelude::*;
use maitred_kernel::fault::ArithmeticFault;
use maitred_kernel::round::{div_rha, line_net_per, mul_div_rha, narrow, share_of};
use maitred_kernel::{BasisPoints, Currency, Price, Quantity};

use crate::model::InvoiceLine;

/// What is left of an invoice's line after the credit notes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Of its quantity.
    pub quantity: Quantity,
    /// Of its net amount.
    pub net: i64,
}

/// How much of a line is to be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// All that is left.
    Rest,
    /// So many units.
    Units(Quantity),
    /// So much money without tax; the goods stay.
    Net(i64),
}

/// A line of a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many units it shows.
    pub quantity: Quantity,
    /// At this price without tax.
    pub unit_price: Price,
    /// For so many units.
    pub base_qty: Quantity,
    /// With this discount.
    pub discount: BasisPoints,
    /// Without tax.
    pub net: i64,
    /// How much of the line's quantity it takes back.
    pub credited_qty: Quantity,
}

/// What a credit of a line comes to; `None` when nothing is left of it and only the rest was asked for.
///
/// # Errors
/// `over_credit` and `invalid`, at `qty` or `amount`.
pub fn take(
    line: &InvoiceLine,
    left: Left,
    ask: Ask,
    currency: Currency,
    includes_tax: bool,
) -> ToolResult<Option<Taken>> {
    let nothing = Quantity::default();
    let (credited_qty, net) = match ask {
        Ask::Rest if left.quantity == nothing && left.net == 0 => return Ok(None),
        Ask::Rest => (left.quantity, left.net),
        Ask::Units(units) if units <= nothing => return Err(invalid("qty", "must be more than 0")),
        Ask::Units(units) if units > left.quantity => {
            return Err(more_than(line, "qty", &left.quantity.to_string()));
        }
        Ask::Units(units) if units == left.quantity => (units, left.net),
        Ask::Units(units) => {
            let share = units_net(line, units, currency, includes_tax).map_err(ToolError::internal)?;
            (units, share.min(left.net))
        }
        Ask::Net(net) if net <= 0 => return Err(invalid("amount", "must be more than 0")),
        Ask::Net(net) if net > left.net => {
            return Err(more_than(line, "amount", &maitred_kernel::format_minor(left.net, currency)));
        }
        Ask::Net(net) => (nothing, net),
    };
    shown(line, credited_qty, net, currency, includes_tax).map(Some).map_err(ToolError::internal)
}

fn more_than(line: &InvoiceLine, field: &str, left: &str) -> ToolError {
    refused(Code::OverCredit, format!("only {left} is left to credit of line {}", line.position))
        .field(field)
        .hint("read `creditable` with invoicing_invoice_get")
}

fn units_net(
    line: &InvoiceLine,
    units: Quantity,
    currency: Currency,
    includes_tax: bool,
) -> Result<i64, ArithmeticFault> {
    if includes_tax {
        return mul_div_rha(line.net, units.thousandths(), line.quantity.thousandths());
    }
    line_net_per(units, line.unit_price, line.base_qty, line.discount_bp, currency)
}

/// The line at its own price where that comes to the net amount, else at the price that does.
fn shown(
    line: &InvoiceLine,
    credited_qty: Quantity,
    net: i64,
    currency: Currency,
    includes_tax: bool,
) -> Result<Taken, ArithmeticFault> {
    let own = |quantity| line_net_per(quantity, line.unit_price, line.base_qty, line.discount_bp, currency);
    if !includes_tax && credited_qty > Quantity::default() && own(credited_qty)? == net {
        return Ok(Taken {
            quantity: credited_qty,
            unit_price: line.unit_price,
            base_qty: line.base_qty,
            discount: line.discount_bp,
            net,
            credited_qty,
        });
    }
    let major = i128::from(currency.minor_per_major());
    let price = |units: i64| {
        div_rha(i128::from(net) * 1_000_000_000, major * i128::from(units))
            .and_then(narrow)
            .map(Price::from_micros)
    };
    let quantity = if credited_qty > Quantity::default() { credited_qty } else { Quantity::ONE };
    let per_unit = price(quantity.thousandths())?;
    let exact = line_net_per(quantity, per_unit, Quantity::ONE, BasisPoints::default(), currency)? == net;
    // A price per unit may have too few digits for many units; one for all of them never has.
    let (unit_price, base_qty) = if exact { (per_unit, Quantity::ONE) } else { (price(1_000)?, quantity) };
    Ok(Taken { quantity, unit_price, base_qty, discount: BasisPoints::default(), net, credited_qty })
}

/// What a group of an invoice was taxed, and what credit notes took back of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Taxable.
    pub taxable: i64,
    /// Tax.
    pub tax: i64,
}

/// The tax on what is taken back of a group: whoever takes the last of it takes all the tax that is left.
///
/// # Errors
/// [`ArithmeticFault::Overflow`].
pub fn tax_of(whole: Group, before: Group, net: i64, rate: BasisPoints) -> Result<i64, ArithmeticFault> {
    let left = whole.tax - before.tax;
    if before.taxable + net == whole.taxable {
        return Ok(left);
    }
    Ok(share_of(net, rate)?.min(left))
}

#[cfg(test)]
mod tests {
    use maitred_kernel::Stamp;
    use maitred_party::model::{TaxCategory, TaxClass};
    use proptest::prelude::*;

    use super::*;
    use crate::model::{InvoiceId, InvoiceLineId};

    fn line(quantity: i64, price: i64, discount: i64) -> InvoiceLine {
        let mut line = InvoiceLine {
            id: InvoiceLineId("l".to_owned()),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            invoice_id: InvoiceId("i".to_owned()),
            position: 1,
            variant_id: None,
            sku: None,
            description: "x".to_owned(),
            quantity: Quantity::from_thousandths(quantity),
            unit: "C62".to_owned(),
            unit_price: Price::from_micros(price),
            base_qty: Quantity::ONE,
            discount_bp: BasisPoints::from_bp(discount),
            net: 0,
            service: false,
            tax_class: TaxClass::Standard,
            tax_category: TaxCategory::Standard,
            tax_rate_bp: BasisPoints::from_bp(1900),
            exemption_code: None,
            credited_qty: Quantity::default(),
            corrected_line_id: None,
        };
        line.net =
            line_net_per(line.quantity, line.unit_price, line.base_qty, line.discount_bp, Currency::EUR)
                .unwrap();
        line
    }

    proptest! {
        /// However a line is taken back, in the end exactly it was, each part adds up by its own price, and the tax is
        /// that of the whole.
        #[test]
        fn parts_make_the_whole(
            quantity in 1..50_000_i64,
            price in 0..90_000_000_i64,
            discount in 0..5_000_i64,
            parts in prop::collection::vec(1..20_000_i64, 0..6),
            by_money in prop::collection::vec(any::<bool>(), 6),
            includes_tax in any::<bool>(),
        ) {
            let line = line(quantity, price, discount);
            let rate = line.tax_rate_bp;
            let whole = Group { taxable: line.net, tax: share_of(line.net, rate).unwrap() };
            let mut left = Left { quantity: line.quantity, net: line.net };
            let mut before = Group::default();
            let asks = parts.iter().zip(&by_money).map(|(part, money)| {
                if *money { Ask::Net(*part) } else { Ask::Units(Quantity::from_thousandths(*part)) }
            });
            for ask in asks.chain([Ask::Rest]) {
                let Ok(Some(taken)) = take(&line, left, ask, Currency::EUR, includes_tax) else { continue };
                let shown =
                    line_net_per(taken.quantity, taken.unit_price, taken.base_qty, taken.discount, Currency::EUR);
                prop_assert_eq!(shown.unwrap(), taken.net);
                prop_assert!(taken.net >= 0);
                left.net -= taken.net;
                left.quantity =
                    Quantity::from_thousandths(left.quantity.thousandths() - taken.credited_qty.thousandths());
                prop_assert!(left.net >= 0 && left.quantity >= Quantity::default());
                let tax = tax_of(whole, before, taken.net, rate).unwrap();
                prop_assert!(tax >= 0);
                before = Group { taxable: before.taxable + taken.net, tax: before.tax + tax };
            }
            prop_assert_eq!(left, Left { quantity: Quantity::default(), net: 0 });
            prop_assert_eq!(before, whole);
        }
    }

    #[test]
    fn never_more_than_is_left() {
        let line = line(2_000, 50_000_000, 0);
        let left = Left { quantity: Quantity::ONE, net: 5_000 };
        let asked =
            |ask| take(&line, left, ask, Currency::EUR, false).map(|taken| taken.map(|taken| taken.net));
        assert_eq!(asked(Ask::Rest).unwrap(), Some(5_000));
        assert_eq!(asked(Ask::Net(5_001)).unwrap_err().code(), Code::OverCredit);
        assert_eq!(
            asked(Ask::Units(Quantity::from_thousandths(1_001))).unwrap_err().code(),
            Code::OverCredit
        );
        assert_eq!(asked(Ask::Units(Quantity::default())).unwrap_err().code(), Code::Invalid);
        let gone = Left { quantity: Quantity::default(), net: 0 };
        assert_eq!(take(&line, gone, Ask::Rest, Currency::EUR, false).unwrap(), None);
    }
}

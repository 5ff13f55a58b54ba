//! Business words without tables: money, quantity, rounding, business time, names, references, duplicates.
//!
//! Everything here is a pure function of its arguments: no clock, no database, no configuration, no float in
//! anything stored or shown as money. Tables belong to `maitred-party` and the domains, tools to the domains.

pub mod calendar;
pub mod country;
pub mod currency;
pub mod dedupe;
pub mod domain;
pub mod email;
pub mod fault;
mod log_table;
pub mod money;
pub mod period;
pub mod phone;
pub mod reference;
pub mod round;
pub mod text;
pub mod time;
pub mod totals;
pub mod vat;
pub mod wire;

pub use calendar::{BusinessCalendar, OpenHours};
pub use currency::Currency;
pub use dedupe::{CompanyFacts, ContactFacts, Likeness, company_likeness, contact_likeness};
pub use fault::{ArithmeticFault, ContactFault, MoneyFault, TimeFault, VatFault};
pub use money::{BasisPoints, Money, Price, Quantity, Rate, format_minor, parse_minor};
pub use period::Period;
pub use reference::Reference;
pub use round::{
    div_rha, largest_remainder, line_net, line_net_per, log10_milli, median, mul_div_rha, narrow, percentile,
    ratio_bp, share_of, tax_within, value_weight_milli,
};
pub use text::{fold, name_key, name_similarity_bp, nearest, person_similarity_bp, tokens};
pub use time::{Day, Stamp, Zone};
pub use totals::{
    Adjustment, AdjustmentAmount, GroupTotal, TaxGroup, TaxRounding, Totals, TotalsLine, TotalsTerms, totals,
};
pub use vat::VatId;

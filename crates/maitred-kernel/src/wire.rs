//! How the business words are stored, taken as arguments and shown: the only module here that knows the core.

use std::borrow::Cow;

use maitred_core::args::{Arg, ArgFault, Limits, number_of, text_of, unfit};
use maitred_core::cx::Reader;
use maitred_core::error::{Code, ToolError, ToolResult};
use maitred_core::output::Output;
use maitred_store::{Column, Param, StoreError, StoreResult};

use crate::{BasisPoints, Currency, Day, MoneyFault, Period, Price, Quantity, Rate, Stamp, parse_minor};

macro_rules! stored_as_text {
    ($($kind:ty),+) => { $(
        impl Column for $kind {
            fn to_param(&self) -> Param<'_> {
                Param::Text(Cow::Owned(self.to_string()))
            }
            fn from_param(value: Param<'_>) -> StoreResult<Self> {
                match value {
                    Param::Text(text) => {
                        <$kind>::parse(&text).map_err(|fault| StoreError::defect(format!("stored value: {fault}")))
                    }
                    _ => Err(StoreError::defect(concat!(stringify!($kind), " column holds no text"))),
                }
            }
        }
        impl Output for $kind {
            fn schema(out: &mut String) {
                out.push_str("\"type\":\"string\"");
            }
        }
    )+ };
}

macro_rules! taken_as_text {
    ($($kind:ty => $what:literal),+ $(,)?) => { $(
        impl Arg for $kind {
            fn schema(_: Limits, out: &mut String) {
                out.push_str("\"type\":\"string\"");
            }
            fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
                let text = text_of(json)?;
                <$kind>::parse(text.trim())
                    .map_err(|fault| unfit(Code::Invalid, format!(concat!("must be ", $what, ": {}"), fault)))
            }
        }
    )+ };
}

stored_as_text!(Day, Stamp, Currency);
taken_as_text! {
    Day => "a day such as 2026-03-01",
    Currency => "a currency code such as EUR",
    Period => "a month, quarter or year such as 2026-03, 2026-Q1 or 2026",
}

impl Arg for Stamp {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"string\"");
    }
    /// Any RFC 3339 moment with an offset; a time without one is refused, because nobody can know which it is.
    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        let text = text_of(json)?;
        text.trim()
            .parse::<jiff::Timestamp>()
            .ok()
            .and_then(|moment| Self::from_timestamp(moment).ok())
            .ok_or_else(|| {
                unfit(Code::Invalid, "must be a moment with its offset, such as 2026-03-01T09:30:00Z")
            })
    }
}

macro_rules! stored_as_integer {
    ($($kind:ty, $from:ident, $get:ident);+ $(;)?) => { $(
        impl Column for $kind {
            fn to_param(&self) -> Param<'_> {
                Param::Int(self.$get())
            }
            fn from_param(value: Param<'_>) -> StoreResult<Self> {
                i64::from_param(value).map(<$kind>::$from)
            }
        }
        impl Arg for $kind {
            fn schema(_: Limits, out: &mut String) {
                out.push_str("\"type\":\"string\"");
            }
            fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
                <$kind>::parse(&number_of(json)?).map_err(money_fault)
            }
        }
    )+ };
}

stored_as_integer! {
    Quantity, from_thousandths, thousandths;
    BasisPoints, from_bp, bp;
    Price, from_micros, micros;
    Rate, from_e8, e8;
}

macro_rules! shown_as_text {
    ($($kind:ty),+) => { $(
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl Output for $kind {
            fn schema(out: &mut String) {
                out.push_str("\"type\":\"string\"");
            }
        }
    )+ };
}

shown_as_text!(Quantity, BasisPoints, Rate);

impl Output for Period {
    fn schema(out: &mut String) {
        out.push_str("\"type\":\"string\"");
    }
}

/// A money fault as the fault of an argument.
pub fn money_fault(fault: MoneyFault) -> ToolError {
    let code = match fault {
        MoneyFault::TooPrecise { .. } => Code::TooPrecise,
        _ => Code::Invalid,
    };
    unfit(code, format!("must be a decimal number: {fault}"))
}

/// An amount of money as it was written, before its currency is known. Read from the digits, never through a float.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount(String);

impl Amount {
    /// The amount in minor units of this currency; `field` is named when it does not fit.
    ///
    /// # Errors
    /// `too_precise` or `invalid`.
    pub fn minor(&self, currency: Currency, field: &str) -> ToolResult<i64> {
        parse_minor(&self.0, currency).map_err(|fault| money_fault(fault).within(field))
    }
}

impl Arg for Amount {
    fn schema(_: Limits, out: &mut String) {
        out.push_str("\"type\":\"string\"");
    }
    fn parse(json: &str, _: Limits) -> Result<Self, ArgFault> {
        let digits = number_of(json)?.into_owned();
        // Three digits is the most any currency keeps; the exact check follows when the currency is known.
        Price::parse(&digits).map_err(money_fault)?;
        Ok(Self(digits))
    }
}

/// The moment of a call as the kernel's type.
pub trait Moment {
    /// The moment of the call.
    fn stamp(&self) -> Stamp;
}

impl Moment for Reader<'_> {
    fn stamp(&self) -> Stamp {
        // The clock gives moments far inside the range; one from a broken clock shows as the epoch.
        Stamp::from_timestamp(self.now()).unwrap_or(Stamp::EPOCH)
    }
}

/// Turns a fault of the kernel into the fault of an argument.
pub fn at_field<T, F: std::fmt::Display>(result: Result<T, F>, field: &str) -> ToolResult<T> {
    result.map_err(|fault| ToolError::new(Code::Invalid, format!("`{field}`: {fault}")).field(field))
}

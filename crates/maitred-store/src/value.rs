//! Values as both engines store them: text, 64-bit integers, null.

use std::borrow::Cow;

use crate::{StoreError, StoreResult};

/// One value on its way into or out of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param<'a> {
    /// SQL null.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(Cow<'a, str>),
}

impl Param<'_> {
    /// The same value without a borrow.
    pub fn into_owned(self) -> Param<'static> {
        match self {
            Param::Null => Param::Null,
            Param::Int(value) => Param::Int(value),
            Param::Text(text) => Param::Text(Cow::Owned(text.into_owned())),
        }
    }
}

/// A type that is stored in one column.
pub trait Column: Sized {
    /// The stored form.
    fn to_param(&self) -> Param<'_>;
    /// Reads the stored form; an unexpected one is a defect, never a default.
    fn from_param(value: Param<'_>) -> StoreResult<Self>;
}

fn unexpected<T>(wanted: &str, value: &Param<'_>) -> StoreResult<T> {
    let found = match value {
        Param::Null => "null",
        Param::Int(_) => "an integer",
        Param::Text(_) => "text",
    };
    Err(StoreError::defect(format!("column holds {found} where {wanted} is expected")))
}

impl Column for String {
    fn to_param(&self) -> Param<'_> {
        Param::Text(Cow::Borrowed(self))
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        match value {
            Param::Text(text) => Ok(text.into_owned()),
            other => unexpected("text", &other),
        }
    }
}

impl Column for &str {
    fn to_param(&self) -> Param<'_> {
        Param::Text(Cow::Borrowed(self))
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        unexpected("an owned type", &value)
    }
}

impl Column for i64 {
    fn to_param(&self) -> Param<'_> {
        Param::Int(*self)
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        match value {
            Param::Int(number) => Ok(number),
            other => unexpected("an integer", &other),
        }
    }
}

impl Column for bool {
    fn to_param(&self) -> Param<'_> {
        Param::Int(i64::from(*self))
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        match value {
            Param::Int(0) => Ok(false),
            Param::Int(1) => Ok(true),
            other => unexpected("0 or 1", &other),
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn to_param(&self) -> Param<'_> {
        match self {
            Some(value) => value.to_param(),
            None => Param::Null,
        }
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        match value {
            Param::Null => Ok(None),
            other => T::from_param(other).map(Some),
        }
    }
}

impl<T: Column> Column for &T {
    fn to_param(&self) -> Param<'_> {
        (**self).to_param()
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        unexpected("an owned type", &value)
    }
}

impl Column for Param<'static> {
    fn to_param(&self) -> Param<'_> {
        match self {
            Param::Null => Param::Null,
            Param::Int(number) => Param::Int(*number),
            Param::Text(text) => Param::Text(Cow::Borrowed(text)),
        }
    }
    fn from_param(value: Param<'_>) -> StoreResult<Self> {
        Ok(value.into_owned())
    }
}

/// Gives a closed list of words its column form: `text_enum!(Status { Open = "open", Done = "done" })` declares the
/// enum with `as_str`, `parse` and `ALL`, stored as TEXT.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$vmeta])* $variant),+ }
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every word, in the order of declaration.
            pub const WORDS: &'static [&'static str] = &[$($text),+];
            /// The stored and spoken word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// The value of a word, if it is one of the list.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl $crate::Column for $name {
            fn to_param(&self) -> $crate::Param<'_> {
                $crate::Param::Text(::std::borrow::Cow::Borrowed(self.as_str()))
            }
            fn from_param(value: $crate::Param<'_>) -> $crate::StoreResult<Self> {
                match value {
                    $crate::Param::Text(text) => Self::parse(&text).ok_or_else(|| {
                        $crate::StoreError::defect(::std::format!("unknown {} in a column", stringify!($name)))
                    }),
                    _ => Err($crate::StoreError::defect(::std::format!("{} column holds no text", stringify!($name)))),
                }
            }
        }
    };
}

/// Access to the columns of one result row, by position.
pub trait RawRow {
    /// The value at `index`, counted from 0.
    fn value(&self, index: usize) -> StoreResult<Param<'_>>;
}

/// One result row, valid while the statement stands on it.
#[derive(Clone, Copy)]
pub struct Row<'a>(&'a dyn RawRow);

impl<'a> Row<'a> {
    /// Wraps an engine's row.
    pub fn new(raw: &'a dyn RawRow) -> Self {
        Self(raw)
    }

    /// The typed value at `index`, counted from 0.
    pub fn get<T: Column>(&self, index: usize) -> StoreResult<T> {
        T::from_param(self.0.value(index)?)
            .map_err(|error| StoreError::new(error.fault, format!("column {index}: {}", error.detail())))
    }

    /// The text at `index` as it lies in the row, `None` for null: for reports, which look at many rows and keep few.
    pub fn text(&self, index: usize) -> StoreResult<Option<Cow<'a, str>>> {
        match self.0.value(index)? {
            Param::Text(text) => Ok(Some(text)),
            Param::Null => Ok(None),
            other => unexpected("text", &other),
        }
    }
}

/// A value made of a whole row.
pub trait FromRow: Sized {
    /// Reads the row from its first column.
    fn from_row(row: &Row<'_>) -> StoreResult<Self>;
}

macro_rules! tuple_from_row {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Column),+> FromRow for ($($name,)+) {
            fn from_row(row: &Row<'_>) -> StoreResult<Self> {
                Ok(($(row.get::<$name>($index)?,)+))
            }
        }
    };
}
tuple_from_row!(A 0);
tuple_from_row!(A 0, B 1);
tuple_from_row!(A 0, B 1, C 2);
tuple_from_row!(A 0, B 1, C 2, D 3);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_from_row!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

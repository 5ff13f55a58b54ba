//! Derives for tool arguments, tool outputs and stored records.
//!
//! They generate plain code over traits of `maitred-core` and `maitred-store`; what they generate is what one would
//! write by hand, field by field. Nothing here decides anything at run time.

mod args;
mod output;
mod record;

use proc_macro::TokenStream;
use syn::{Attribute, DeriveInput, Expr, ExprLit, Lit, Meta, parse_macro_input};

/// Arguments of a tool, or an object inside them: parsing, schema and limits from the fields and their comments.
///
/// On a struct with named fields: every field needs a doc comment (it is what the model reads). `#[arg(min = 1,
/// max = 100)]` bounds a number, the characters of a text or the items of a list; `#[arg(flatten)]` takes in the
/// fields of another arguments struct. On an enum of unit variants: a
/// closed list of words in `snake_case`.
#[proc_macro_derive(ToolArgs, attributes(arg))]
pub fn tool_args(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    args::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Output of a tool, or an object inside it: serialised without nulls, with a schema and a list of fields to select
/// from. `#[output(summary)]` marks what lists show by default.
#[proc_macro_derive(ToolOutput, attributes(output))]
pub fn tool_output(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    output::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// A row of a table: `#[record(table = "contact")]`, optionally `entity = "..."`; `#[record(company)]` or
/// `#[record(contact)]` on the field that says whom the record is about; `#[record(column = "..")]` renames a column.
#[proc_macro_derive(Record, attributes(record))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// The doc comment as one line of text.
fn doc(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        if !attribute.path().is_ident("doc") {
            continue;
        }
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value
        {
            let line = line.value();
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(line.trim());
        }
    }
    text.trim().to_owned()
}

/// `ThisName` as `this_name`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// A field's name without the `r#` of a raw identifier.
fn plain(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

//! `#[derive(Record)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result};

use crate::plain;

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "a record is a struct"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(Error::new_spanned(input, "a record needs named fields"));
    };
    let (mut table, mut entity) = (None::<String>, None::<String>);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("record")) {
        attribute.parse_nested_meta(|meta| {
            let text = meta.value()?.parse::<LitStr>()?.value();
            if meta.path.is_ident("table") {
                table = Some(text);
            } else if meta.path.is_ident("entity") {
                entity = Some(text);
            } else {
                return Err(meta.error("known are `table` and `entity`"));
            }
            Ok(())
        })?;
    }
    let table = table.ok_or_else(|| Error::new_spanned(input, "say `#[record(table = \"..\")]`"))?;
    let entity = entity.unwrap_or_else(|| table.clone());

    let mut columns = Vec::new();
    let mut idents = Vec::new();
    let (mut company, mut contact) = (quote!(None), quote!(None));
    let (mut version, mut updated, mut created) = (false, None, None);
    for field in &named.named {
        let Some(ident) = &field.ident else { continue };
        let mut column = plain(ident);
        let optional = is_option(&field.ty);
        let about = if optional {
            quote!(self.#ident.as_ref().map(|id| id.as_ref()))
        } else {
            quote!(Some(self.#ident.as_ref()))
        };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("company") {
                    company = about.clone();
                } else if meta.path.is_ident("contact") {
                    contact = about.clone();
                } else if meta.path.is_ident("column") {
                    column = meta.value()?.parse::<LitStr>()?.value();
                } else {
                    return Err(meta.error("known are `company`, `contact` and `column`"));
                }
                Ok(())
            })?;
        }
        match column.as_str() {
            "version" => version = true,
            "updated_at" => updated = Some((ident, &field.ty)),
            "created_at" => created = Some((ident, &field.ty)),
            _ => {}
        }
        columns.push(column);
        idents.push(ident);
    }
    if !columns.iter().any(|column| column == "id") {
        return Err(Error::new_spanned(input, "a record needs a field `id`"));
    }
    let list = columns.join(", ");
    let select = format!("SELECT {list} FROM {table}");
    let by_id = format!("{select} WHERE id = $1");
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let insert = format!("INSERT INTO {table} ({list}) VALUES ({})", places.join(", "));
    let id_place = columns.iter().position(|column| column == "id").map_or(1, |place| place + 1);
    let sets: Vec<String> = columns
        .iter()
        .zip(&places)
        .filter(|(column, _)| !matches!(column.as_str(), "id" | "created_at"))
        .map(|(column, place)| format!("{column} = {place}"))
        .collect();
    let mut update = format!("UPDATE {table} SET {} WHERE id = ${id_place}", sets.join(", "));
    if version {
        update.push_str(&format!(" AND version = ${}", columns.len() + 1));
    }
    let delete = format!("DELETE FROM {table} WHERE id = $1");
    let indices = 0..idents.len();

    let set_time = |target: &Option<(&syn::Ident, &syn::Type)>| match target {
        Some((ident, kind)) => quote! {
            self.#ident = <#kind as ::maitred_store::Column>::from_param(
                ::maitred_store::Param::Text(::std::borrow::Cow::Borrowed(at)))?;
        },
        None => quote!(let _ = at;),
    };
    let (touch_time, born_time) = (set_time(&updated), set_time(&created));
    let (touch_version, get_version) = if version {
        (quote!(self.version = version;), quote!(self.version))
    } else {
        (quote!(let _ = version;), quote!(0))
    };

    Ok(quote! {
        impl ::maitred_store::value::FromRow for #name {
            fn from_row(row: &::maitred_store::Row<'_>) -> ::maitred_store::StoreResult<Self> {
                <Self as ::maitred_store::Record>::read(row)
            }
        }
        impl ::maitred_store::Record for #name {
            const TABLE: &'static str = #table;
            const ENTITY: &'static str = #entity;
            const COLUMNS: &'static [&'static str] = &[#(#columns),*];
            const SELECT: &'static str = #select;
            const SELECT_BY_ID: &'static str = #by_id;
            const INSERT: &'static str = #insert;
            const UPDATE: &'static str = #update;
            const DELETE: &'static str = #delete;
            const VERSIONED: bool = #version;
            fn read(row: &::maitred_store::Row<'_>) -> ::maitred_store::StoreResult<Self> {
                Ok(Self { #(#idents: row.get(#indices)?),* })
            }
            fn params(&self) -> ::std::vec::Vec<::maitred_store::Param<'_>> {
                vec![#(::maitred_store::Column::to_param(&self.#idents)),*]
            }
            fn id(&self) -> &str { self.id.as_ref() }
            fn version(&self) -> i64 { #get_version }
            fn touch(&mut self, version: i64, at: &str) -> ::maitred_store::StoreResult<()> {
                #touch_version
                #touch_time
                Ok(())
            }
            fn born(&mut self, at: &str) -> ::maitred_store::StoreResult<()> {
                #born_time
                Ok(())
            }
            fn company(&self) -> Option<&str> { #company }
            fn contact(&self) -> Option<&str> { #contact }
        }
    })
}

fn is_option(kind: &syn::Type) -> bool {
    matches!(kind, syn::Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

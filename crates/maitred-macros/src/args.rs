//! `#[derive(ToolArgs)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::{doc, plain, snake};

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    match &input.data {
        Data::Struct(data) => structure(input, &data.fields),
        Data::Enum(data) => words(input, data),
        Data::Union(_) => Err(Error::new_spanned(input, "a union cannot be arguments")),
    }
}

fn structure(input: &DeriveInput, fields: &Fields) -> Result<TokenStream> {
    let name = &input.ident;
    let none = syn::FieldsNamed { brace_token: Default::default(), named: Default::default() };
    let named = match fields {
        Fields::Named(named) => named,
        Fields::Unit => &none,
        Fields::Unnamed(_) => return Err(Error::new_spanned(input, "arguments need named fields")),
    };
    let mut describe = Vec::new();
    let mut take = Vec::new();
    for field in &named.named {
        let Some(ident) = &field.ident else { continue };
        let wire = plain(ident);
        let about = doc(&field.attrs);
        let kind = &field.ty;
        let (mut min, mut max, mut flatten) = (quote!(None), quote!(None), false);
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("flatten") {
                    flatten = true;
                    return Ok(());
                }
                let value: syn::Expr = meta.value()?.parse()?;
                if meta.path.is_ident("min") {
                    min = quote!(Some(#value));
                } else if meta.path.is_ident("max") {
                    max = quote!(Some(#value));
                } else {
                    return Err(meta.error("known are `min`, `max` and `flatten`"));
                }
                Ok(())
            })?;
        }
        if flatten {
            describe.push(quote!(<#kind as ::maitred_core::args::Arguments>::fields(out);));
            take.push(quote!(#ident: <#kind as ::maitred_core::args::Arguments>::from_object(object)?));
            continue;
        }
        if about.is_empty() {
            return Err(Error::new_spanned(ident, "an argument needs a doc comment: a model reads it"));
        }
        let limits = quote!(::maitred_core::args::Limits { min: #min, max: #max });
        describe.push(quote! {
            out.push(::maitred_core::args::ArgField {
                name: #wire,
                about: #about,
                required: !<#kind as ::maitred_core::args::Arg>::OPTIONAL,
                limits: #limits,
                schema: <#kind as ::maitred_core::args::Arg>::schema,
                words: <#kind as ::maitred_core::args::Arg>::WORDS,
            });
        });
        take.push(quote!(#ident: object.take(#wire, #limits)?));
    }
    let unused = take.is_empty().then(|| quote!(let _ = &object;));
    let unused_out = describe.is_empty().then(|| quote!(let _ = &out;));
    Ok(quote! {
        impl ::maitred_core::args::Arguments for #name {
            fn fields(out: &mut ::std::vec::Vec<::maitred_core::args::ArgField>) {
                #unused_out
                #(#describe)*
            }
            fn from_object(
                object: &mut ::maitred_core::args::Object<'_>,
            ) -> ::core::result::Result<Self, ::maitred_core::args::ArgFault> {
                #unused
                Ok(Self { #(#take),* })
            }
        }
        impl ::maitred_core::args::Arg for #name {
            fn schema(limits: ::maitred_core::args::Limits, out: &mut ::std::string::String) {
                let _ = limits;
                ::maitred_core::args::object_schema::<Self>(&[], out);
            }
            fn parse(
                json: &str,
                limits: ::maitred_core::args::Limits,
            ) -> ::core::result::Result<Self, ::maitred_core::args::ArgFault> {
                let _ = limits;
                ::maitred_core::args::parse_nested(json)
            }
        }
    })
}

fn words(input: &DeriveInput, data: &syn::DataEnum) -> Result<TokenStream> {
    let name = &input.ident;
    let mut list = Vec::new();
    let mut arms = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(variant, "a closed list has plain words only"));
        }
        let ident = &variant.ident;
        let word = snake(&ident.to_string());
        arms.push(quote!(#word => Some(Self::#ident)));
        list.push(word);
    }
    Ok(quote! {
        impl #name {
            /// Every word of the list.
            pub const WORDS: &'static [&'static str] = &[#(#list),*];
        }
        impl ::maitred_core::args::Arg for #name {
            const WORDS: &'static [&'static str] = Self::WORDS;
            fn schema(limits: ::maitred_core::args::Limits, out: &mut ::std::string::String) {
                let _ = limits;
                ::maitred_core::args::words_schema(Self::WORDS, out);
            }
            fn parse(
                json: &str,
                limits: ::maitred_core::args::Limits,
            ) -> ::core::result::Result<Self, ::maitred_core::args::ArgFault> {
                let _ = limits;
                ::maitred_core::args::parse_word(json, Self::WORDS, |word| match word { #(#arms,)* _ => None })
            }
        }
    })
}

//! `#[derive(ToolOutput)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::{doc, plain, snake};

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    match &input.data {
        Data::Struct(data) => structure(input, &data.fields),
        Data::Enum(data) => words(input, data),
        Data::Union(_) => Err(Error::new_spanned(input, "a union cannot be an output")),
    }
}

fn structure(input: &DeriveInput, fields: &Fields) -> Result<TokenStream> {
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let Fields::Named(named) = fields else {
        return Err(Error::new_spanned(input, "an output needs named fields"));
    };
    if named.named.len() > 64 {
        return Err(Error::new_spanned(input, "an output has at most 64 fields"));
    }
    let mut describe = Vec::new();
    let mut write = Vec::new();
    for (position, field) in named.named.iter().enumerate() {
        let Some(ident) = &field.ident else { continue };
        let wire = plain(ident);
        let about = doc(&field.attrs);
        let kind = &field.ty;
        let mut summary = matches!(wire.as_str(), "id" | "number" | "version");
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("output")) {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("summary") {
                    return Err(meta.error("known is `summary`"));
                }
                summary = true;
                Ok(())
            })?;
        }
        describe.push(quote! {
            ::maitred_core::output::OutputField {
                name: #wire,
                about: #about,
                summary: #summary,
                optional: <#kind as ::maitred_core::output::Output>::OPTIONAL,
                schema: <#kind as ::maitred_core::output::Output>::schema,
            }
        });
        let bit = 1_u64 << position;
        write.push(quote! {
            if mask & #bit != 0 && !::maitred_core::output::Output::is_absent(&self.#ident) {
                map.serialize_entry(#wire, &self.#ident)?;
            }
        });
    }
    Ok(quote! {
        impl #impl_generics ::maitred_core::output::Fields for #name #type_generics #where_clause {
            const FIELDS: &'static [::maitred_core::output::OutputField] = &[#(#describe),*];
            fn write_fields<M: ::maitred_core::output::SerializeMap>(
                &self,
                mask: u64,
                map: &mut M,
            ) -> ::core::result::Result<(), M::Error> {
                #(#write)*
                Ok(())
            }
        }
        impl #impl_generics ::maitred_core::output::Serialize for #name #type_generics #where_clause {
            fn serialize<S: ::maitred_core::output::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                ::maitred_core::output::write_object(self, u64::MAX, serializer)
            }
        }
        impl #impl_generics ::maitred_core::output::Output for #name #type_generics #where_clause {
            fn schema(out: &mut ::std::string::String) {
                ::maitred_core::output::object_schema(
                    <Self as ::maitred_core::output::Fields>::FIELDS, false, out);
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
        arms.push(quote!(Self::#ident => #word));
        list.push(word);
    }
    Ok(quote! {
        impl ::maitred_core::output::Serialize for #name {
            fn serialize<S: ::maitred_core::output::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(match self { #(#arms),* })
            }
        }
        impl ::maitred_core::output::Output for #name {
            fn schema(out: &mut ::std::string::String) {
                ::maitred_core::args::words_schema(&[#(#list),*], out);
            }
        }
    })
}

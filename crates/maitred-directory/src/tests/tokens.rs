//! Tokens and their halves.

use maitred_core::mode::Module;

use crate::token::{Presented, TokenError, fresh};

const KEY: &str = "mk_abcdefgh_0123456789012345678901234567890123456789-_x";

fn parse(token: &str) -> Result<Vec<(Module, String)>, TokenError> {
    let presented = Presented::parse(token, Module::Bridge)?;
    assert_eq!(presented.prefix(), "abcdefgh");
    assert_eq!(presented.key(), KEY);
    let keys = Module::ALL
        .iter()
        .filter_map(|module| Some((*module, presented.module_keys.of(*module)?.expose().to_owned())));
    Ok(keys.collect())
}

#[test]
fn tokens_that_can_be_read() {
    let table: &[(&str, &[(Module, &str)])] = &[
        ("", &[]),
        ("::K", &[(Module::Bridge, "K")]),
        ("::a:b", &[(Module::Bridge, "a:b")]),
        ("::crm=K1", &[(Module::Crm, "K1")]),
        ("::crm=K1,erp=K2", &[(Module::Crm, "K1")]),
        ("::crm=K1,desk=K2==", &[(Module::Crm, "K1"), (Module::Desk, "K2==")]),
    ];
    for (rest, expected) in table {
        let expected: Vec<_> = expected.iter().map(|(module, key)| (*module, (*key).to_owned())).collect();
        assert_eq!(parse(&format!("{KEY}{rest}")), Ok(expected), "{rest}");
    }
}

#[test]
fn tokens_that_cannot() {
    let long = format!("{KEY}::{}", "k".repeat(4096));
    let table = [
        (String::new(), TokenError::NoKey),
        ("::".to_owned(), TokenError::NoKey),
        ("::K".to_owned(), TokenError::NoKey),
        (format!("{KEY}::"), TokenError::NoModuleKey),
        (format!("{KEY}::a::b"), TokenError::TooManyParts),
        (format!("{KEY}::crm=a::b"), TokenError::TooManyParts),
        (format!("{KEY}::::"), TokenError::TooManyParts),
        (format!("{KEY}:::a"), TokenError::TooManyParts),
        (long, TokenError::TooLong),
        ("k".repeat(64 * 1024), TokenError::TooLong),
        (format!("{KEY}::a b"), TokenError::BadCharacter),
        (format!("{KEY}\n"), TokenError::BadCharacter),
        (format!("{KEY}::\u{fc}"), TokenError::BadCharacter),
        (format!("{KEY}::crm="), TokenError::BadPiece),
        (format!("{KEY}::=K"), TokenError::BadPiece),
        (format!("{KEY}::crm=K,"), TokenError::BadPiece),
        (format!("{KEY}::crm=K,K2"), TokenError::BadPiece),
        (format!("{KEY}::CRM=K"), TokenError::BadPiece),
        (format!("{KEY}::crm=K,crm=L"), TokenError::NamedTwice),
        ("mk_".to_owned(), TokenError::NotAKey),
        ("crm=K".to_owned(), TokenError::NotAKey),
        (KEY.replace("mk_", "sk_"), TokenError::NotAKey),
        (format!("{KEY}A"), TokenError::NotAKey),
        (KEY.get(..54).unwrap().to_owned(), TokenError::NotAKey),
        (KEY.replace("abcdefgh", "ABCDEFGH"), TokenError::NotAKey),
        (KEY.replace('x', "."), TokenError::NotAKey),
    ];
    for (token, expected) in table {
        assert_eq!(Presented::parse(&token, Module::Bridge).err(), Some(expected), "{token}");
    }
}

#[test]
fn a_fresh_key_can_be_read_and_prints_nothing() {
    let (prefix, token) = fresh().unwrap();
    let whole = format!("{}::hunter2", token.expose());
    let presented = Presented::parse(&whole, Module::Bridge).unwrap();
    assert_eq!(presented.prefix(), prefix);
    let printed = format!("{presented:?} {token:?}");
    assert!(!printed.contains("hunter2") && !printed.contains(&token.expose()[12..]), "{printed}");
}

//! Seals: what they carry, what they refuse, and that no altered byte of one is believed.

use std::borrow::ToOwned as _;
use std::path::Path;
use std::string::ToString as _;
use std::vec;

use super::*;
use crate::digest::sha256;
use crate::party::Role;
use crate::permit::commitment::commit;
use crate::permit::xml;
use crate::testing::{CHAIN, key, office, office_key, party};

fn permit(name: &str) -> Permit {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/permits/good");
    let bytes = std::fs::read(folder.join(name)).expect("a sample");
    let reading = xml::read(&bytes).unwrap_or_else(|error| panic!("{name}:\n{error}"));
    reading.permit
}

fn secret() -> PermitSecret {
    PermitSecret::new([7; 32])
}

fn anchor() -> SealAnchor {
    SealAnchor {
        height: Height(1_057),
        block: BlockId(sha256(b"block 1057")),
    }
}

fn authority() -> SecretKey {
    office_key(party("QS"), office(Role::Management))
}

fn sealed(permit: &Permit) -> Seal {
    let place = (CHAIN, party("QS"));
    Seal::make(place, permit, &secret(), anchor(), &authority()).expect("it fits")
}

/// Reads and verifies a text as any device of this network does.
fn believed(text: &str) -> Option<Sealed> {
    let seal = Seal::read(text).ok()?;
    seal.check(CHAIN, &[authority().public()]).ok()
}

#[test]
fn a_seal_read_back_leads_to_the_commitment_of_its_permit() {
    for name in ["export-skins.xml", "musical-instrument.xml"] {
        let permit = permit(name);
        let text = sealed(&permit).to_text();
        let seal = Seal::read(&text).expect("its own text");
        assert_eq!(seal.to_text(), text);
        assert_eq!(seal.anchor(), anchor());
        assert_eq!(seal.number(), &permit.number);
        let sealed = seal.check(CHAIN, &[key("another").public(), authority().public()]);
        let sealed = sealed.expect("its own key");
        assert_eq!(sealed.commitment(), commit(&permit, &secret()));
        let number = number_hash(CHAIN, party("QS"), permit.number.as_str());
        assert_eq!(sealed.permit().number, number);
        for line in &permit.lines {
            let path = std::format!("11/{}/quantity", line.id);
            let quantity = line.authorised.quantity.to_string();
            assert_eq!(sealed.seal().revealed().value(&path), Some(&*quantity));
        }
    }
}

/// Sizes for `docs/permits.md`: `cargo test -p ledger --lib seal -- --nocapture sizes`.
#[test]
fn sizes_grow_with_the_lines_until_a_code_is_full() {
    let mut permit = permit("export-skins.xml");
    let line = permit.lines.first().expect("a line").clone();
    let mut largest = 0;
    for count in [1_u8, 2, 3, 4, 8, 12] {
        permit.lines = (1..=count)
            .map(|number| crate::permit::Line {
                id: crate::testing::line(number),
                ..line.clone()
            })
            .collect();
        let text = sealed(&permit).to_text();
        std::println!("{count:2} lines: {} characters", text.len());
        assert!(text.len() > largest, "{count}");
        assert!(believed(&text).is_some(), "{count}");
        largest = text.len();
    }
    permit.lines = (1..=100)
        .map(|number| crate::permit::Line {
            id: crate::testing::line(number),
            ..line.clone()
        })
        .collect();
    let place = (CHAIN, party("QS"));
    let refused = Seal::make(place, &permit, &secret(), anchor(), &authority());
    assert_eq!(
        refused.unwrap_err(),
        SealError::Content("the permit is too large for a code")
    );
}

#[test]
fn no_altered_byte_of_a_seal_is_believed() {
    let bytes = sealed(&permit("export-skins.xml")).to_bytes();
    let text = |bytes: &[u8]| std::format!("{PREFIX}{}", base45::encode(bytes));
    assert!(believed(&text(&bytes)).is_some());
    for place in 0..bytes.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut altered = bytes.clone();
            altered[place] ^= flip;
            assert!(
                believed(&text(&altered)).is_none(),
                "byte {place} ^ {flip:#x}"
            );
        }
        assert!(believed(&text(&bytes[..place])).is_none(), "cut at {place}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(believed(&text(&longer)).is_none());
}

#[test]
fn what_is_no_seal_is_told_apart() {
    let text = sealed(&permit("export-skins.xml")).to_text();
    let long = std::format!("{PREFIX}{}", "0".repeat(SEAL_TEXT_CHARS_MAX));
    for (text, expected) in [
        (
            "https://cites.example/QS/26QS000123".to_owned(),
            "the code is a link",
        ),
        ("HTTP://CITES.EXAMPLE/".to_owned(), "the code is a link"),
        ("www.cites.example".to_owned(), "the code is a link"),
        ("HC1:NCF".to_owned(), "the code does not begin with CP1:"),
        (String::new(), "the code does not begin with CP1:"),
        (long, "the code has 4208 characters"),
        (std::format!("{text}\u{1b}[2J"), "the code is not base45"),
        (
            std::format!("{text}\n\r\n").replace("CP1:", "CP1:a"),
            "the code is not base45",
        ),
        ("CP1:".to_owned(), "the code is no seal"),
        ("CP1:00".to_owned(), "the code is no seal"),
    ] {
        let error = Seal::read(&text).expect_err(&text).to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    assert!(
        Seal::read(&std::format!("{text}\r\n")).is_ok(),
        "a line's end is no part of it"
    );
}

#[test]
fn a_seal_of_another_network_key_or_permit_does_not_count() {
    let permit = permit("export-skins.xml");
    let other = ChainId(sha256(b"another network"));
    let read = || Seal::read(&sealed(&permit).to_text()).expect("its own text");
    let fault = |seal: Seal, chain, keys: &[PublicKey]| seal.check(chain, keys).unwrap_err();
    let own = authority().public();
    assert_eq!(fault(read(), other, &[own]), SealFault::OtherNetwork);
    let unknown = SealFault::UnknownKey(party("QS"));
    assert_eq!(fault(read(), CHAIN, &[]), unknown);
    assert_eq!(fault(read(), CHAIN, &[key("a forger").public()]), unknown);
    // The mark of a chain is short: one that shares it is told by the signature.
    let mut near = CHAIN;
    near.0.0[31] ^= 1;
    assert_eq!(fault(read(), near, &[own]), SealFault::Signature);
    // Contents of one permit under the signature of another.
    let mut second = permit.clone();
    second.lines[0].marks.clear();
    let (first, second) = (sealed(&permit), sealed(&second));
    let swapped = Seal {
        signed: first.signed,
        ..second
    };
    let text = std::format!("{PREFIX}{}", base45::encode(&swapped.to_bytes()));
    let again = Seal::read(&text).expect("it is whole");
    assert_eq!(again.number(), &permit.number);
    assert_eq!(again.commitment, commit(&permit, &secret()));
}

#[test]
fn fields_and_hashes_at_other_places_make_no_seal() {
    let permit = permit("export-skins.xml");
    let revealed = Revealed::of(&permit, &secret(), content::is_shown);
    assert_eq!(
        revealed.commitment(&secret()),
        Some(commit(&permit, &secret()))
    );
    let changed: Vec<(&str, fn(&mut Revealed))> = vec![
        ("a field less", |r| drop(r.shown.pop())),
        ("a hash less", |r| r.hidden.truncate(r.hidden.len() - 1)),
        ("a hash more", |r| r.hidden.push(sha256(b"more"))),
        ("no size", |r| r.size = 0),
        ("two fields in one place", |r| r.shown[1].0 = r.shown[0].0),
        ("fields in another order", |r| r.shown.swap(0, 1)),
        ("a place outside", |r| {
            let last = r.shown.len() - 1;
            r.shown[last].0 = r.size;
        }),
    ];
    for (what, change) in changed {
        let mut other = revealed.clone();
        change(&mut other);
        let commitment = other.commitment(&secret());
        assert_ne!(commitment, Some(commit(&permit, &secret())), "{what}");
    }
}

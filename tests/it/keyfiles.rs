//! Key files of the wallet, in every form. The encrypted forms are costly by design.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_validator::keys::keyfile::{self, LoadedKey};
use horde_validator::keys::{Signature, verify};
use proptest::prelude::*;
use serde_json::Value;

use crate::vectors;

/// The optional cases agree as well: more white space is harmless, upper case and a byte order
/// mark are refused as by the reference.
fn check(case: &Value) {
    let note = case["note"].as_str().expect("every case has a note");
    let content = STANDARD
        .decode(case["content_base64"].as_str().expect("content_base64"))
        .expect("content_base64 is base64");
    let path = Path::new(case["path"].as_str().expect("path"));
    let variables = case["environment"].as_object().into_iter().flatten();
    let variables = variables.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    let password = case["password"]
        .as_str()
        .or_else(|| keyfile::password_from(path, variables));

    let loaded = keyfile::decode(&content, password);
    assert_eq!(loaded.is_ok(), case["ok"] == true, "{note}: {loaded:?}");
    let Ok(loaded) = loaded else { return };
    let hotkey = loaded.hotkey();
    assert_eq!(hotkey.to_string(), case["ss58_address"], "{note}");
    assert_eq!(
        format!("0x{}", hex::encode(hotkey.public())),
        case["public_key"],
        "{note}"
    );
    assert_eq!(
        matches!(loaded, LoadedKey::Signing(_)),
        case["can_sign"] == true,
        "{note}"
    );
    if let LoadedKey::Signing(keypair) = loaded {
        let message = case["message"].as_str().expect("message").as_bytes();
        let recorded: Signature = case["signature"]
            .as_str()
            .expect("signature")
            .parse()
            .expect("a signature");
        assert!(verify(&hotkey, message, &recorded), "{note}");
        assert!(verify(&hotkey, message, &keypair.sign(message)), "{note}");
    }
}

fn check_kind(kind: &str) {
    let cases = vectors::cases("wallet_keyfiles");
    let mut of_kind = cases.iter().filter(|case| case["kind"] == kind).peekable();
    assert!(of_kind.peek().is_some(), "no cases of {kind}");
    of_kind.for_each(check);
}

#[test]
fn plain_key_files_load_as_in_the_wallet() {
    check_kind("plain");
    check_kind("coldkeypub");
}

#[test]
fn nacl_key_files_load_as_in_the_wallet() {
    check_kind("nacl");
}

#[test]
fn vault_key_files_load_as_in_the_wallet() {
    check_kind("ansible_vault");
}

#[test]
fn the_oldest_encrypted_key_files_load_as_in_the_wallet() {
    check_kind("legacy_fernet");
}

#[test]
fn no_secret_shows_when_a_loaded_key_is_printed() {
    let seed = "0x6053aa884fbb35fec49cf43dbe0b97955a8a1d10b2f0e42b5af8d7001783fec8";
    let content = format!(r#"{{"secretSeed": "{seed}"}}"#);
    let loaded = keyfile::decode(content.as_bytes(), None).expect("a seed is a key");
    let shown = format!("{loaded:?}");
    assert_eq!(shown, format!("Signing(Keypair({}))", loaded.hotkey()));
}

proptest! {
    #[test]
    fn no_content_makes_the_reader_panic(content in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = keyfile::decode(&content, None);
        let _ = keyfile::decode(&[b"$ANSIBLE_VAULT;1.1;AES256\n", &content[..]].concat(), Some(""));
    }
}

//! Backups: the file itself, its name, and the sum beside it.

use std::io::{Read, Write};

use age::{Encryptor, Identity, x25519};
use horde_validator::backup::{BackupName, database_in, parse_sum_line};

use super::assert_line;

/// So much of a database is read.
const MOST: u64 = 4 << 20;
const KEY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

fn identity() -> x25519::Identity {
    KEY.parse().expect("a key")
}

pub(super) fn container(input: &[u8]) {
    let identities: [Box<dyn Identity>; 1] = [Box::new(identity())];
    for identities in [&identities[..], &[]] {
        match database_in(input, "backup.zst", identities) {
            Ok(database) => {
                let mut bytes = Vec::new();
                // damage may show at any point of it
                let _ = database.take(MOST).read_to_end(&mut bytes);
                let is_plain = input.starts_with(b"SQLite format 3\0");
                assert!(!is_plain || bytes == input[..input.len().min(MOST as usize)]);
            }
            Err(error) => assert_line(&error.to_string()),
        }
    }
}

pub(super) fn container_seeds() -> Vec<Vec<u8>> {
    let mut database = b"SQLite format 3\0".to_vec();
    database.extend((0..2000_u32).flat_map(|i| (i.wrapping_mul(i) >> 9).to_le_bytes()));
    let packed = zstd::encode_all(database.as_slice(), 3).expect("it is compressed");
    let small = zstd::encode_all(&database[..100], 3).expect("it is compressed");
    let sealed = [&packed, &small].map(|plain| encrypted(plain));
    let nothing = zstd::encode_all(vec![0; 8 << 20].as_slice(), 3).expect("it is compressed");
    [vec![database, packed, small, nothing], sealed.to_vec()].concat()
}

fn encrypted(plain: &[u8]) -> Vec<u8> {
    let recipient = identity().to_public();
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let mut sealed = Vec::new();
    let encryptor = Encryptor::with_recipients(recipients).expect("a recipient");
    let mut writer = encryptor.wrap_output(&mut sealed).expect("a head");
    writer.write_all(plain).expect("it is encrypted");
    writer.finish().expect("an end");
    sealed
}

/// A name, the name of a sum's file, and its line.
pub(super) fn names(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(name) = text.parse::<BackupName>() {
        assert_eq!(name.to_string(), text);
        assert_eq!(BackupName::of_sum_file(&name.sum_file()), Some(name));
        assert!(name.encrypted().is_encrypted() && !name.plain().is_encrypted());
    }
    if let Some(name) = BackupName::of_sum_file(text) {
        assert_eq!(name.sum_file(), text);
    }
    let name: BackupName = "db_dump_2026-11-26_003000.sqlite.zst"
        .parse()
        .expect("a name");
    match parse_sum_line(text, name) {
        Ok(sum) => assert!(sum.len() == 64 && text.contains(&name.to_string())),
        Err(error) => assert_line(&error.to_string()),
    }
}

pub(super) fn name_seeds() -> Vec<Vec<u8>> {
    let name = "db_dump_2026-11-26_003000.sqlite.zst";
    let texts = [
        name.to_owned(),
        format!("{name}.age"),
        format!("{name}.age.sha256"),
        format!("{}  {name}\n", "ab".repeat(32)),
        "db_dump_+12026-11-26_003060.sqlite.zst".to_owned(),
    ];
    texts.map(String::into_bytes).to_vec()
}

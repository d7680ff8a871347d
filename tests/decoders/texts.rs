//! Short texts with a meaning: times, numbers, addresses, names.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use chrono::Datelike;
use horde_validator::backup::Wanted;
use horde_validator::chain::{Endpoint, Hash};
use horde_validator::keys::{Hotkey, Signature};
use horde_validator::miner::MinerAddress;
use horde_validator::notify::Unit;
use horde_validator::settings::BucketName;
use horde_validator::wire::ExecutorClass;
use horde_validator::wire::event::{EventSubtype, EventType};
use horde_validator::wire::number::{fixed6, general6};
use horde_validator::wire::time::{from_unix_time, isoformat, parse_iso, time_took_us};

/// A text as a time, and its first bytes as numbers.
pub(super) fn numbers_and_times(input: &[u8]) {
    if let Some(Ok(time)) = std::str::from_utf8(input).ok().map(parse_iso) {
        assert!((1..=9999).contains(&time.year()));
        let text = isoformat(&time);
        let again = parse_iso(&text).expect("what we write can be read");
        assert_eq!(isoformat(&again), text);
        assert_eq!(again.timestamp_micros(), time.timestamp_micros());
    }
    let Some(bytes) = input.first_chunk::<8>() else {
        return;
    };
    let number = f64::from_le_bytes(*bytes);
    if let Some(time) = from_unix_time(number) {
        assert!(number.is_finite());
        isoformat(&time);
    }
    time_took_us(i64::from_le_bytes(*bytes));
    for text in [general6(number), fixed6(number)] {
        let again: f64 = text.parse().expect("a number");
        assert_eq!(again.is_nan(), number.is_nan());
        assert!(
            number.is_nan()
                || again == 0.0
                || again.is_sign_negative() == number.is_sign_negative()
        );
    }
    if number.is_normal() {
        let again: f64 = general6(number).parse().expect("a number");
        assert!(
            ((again - number) / number).abs() < 1e-5 || again.is_infinite(),
            "{number}"
        );
    }
}

pub(super) fn number_seeds() -> Vec<Vec<u8>> {
    let times = [
        "2024-12-07T13:03:02+00:00",
        "2024-12-07 13:03:02.000123Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:60.999999999-23:59",
    ];
    let numbers = [
        0.0,
        -1.5,
        1e300,
        5e-324,
        f64::NAN,
        1_732_768_357.25,
        0.018_867_9,
    ];
    let times = times.iter().map(|text| text.as_bytes().to_vec());
    times
        .chain(numbers.map(|number: f64| number.to_le_bytes().to_vec()))
        .collect()
}

/// Addresses and names: each is written as it was read, and so has one spelling.
pub(super) fn names(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    written_as_read::<Hotkey>(text);
    written_as_read::<BucketName>(text);
    written_as_read::<ExecutorClass>(text);
    written_as_read::<EventType>(text);
    written_as_read::<EventSubtype>(text);
    for same in [again::<Hash>(text), again::<Signature>(text)]
        .into_iter()
        .flatten()
    {
        assert_eq!(same, text.to_ascii_lowercase());
    }
    if let Ok(miner) = text.parse::<MinerAddress>() {
        let url = url::Url::parse(&miner.receipts_url()).expect("an address");
        assert_eq!((url.path(), url.query()), ("/receipts/receipts.csv", None));
        assert_eq!(url.port_or_known_default(), Some(miner.port));
        let ours = miner.url(&Hotkey::new([1; 32]));
        assert!(url::Url::parse(&ours).is_ok_and(|url| url.scheme() == "ws"));
    }
    match text.parse::<Endpoint>() {
        Ok(endpoint) => {
            let address = url::Url::parse(endpoint.address()).expect("an address");
            assert!(matches!(address.scheme(), "ws" | "wss"));
            let shown = endpoint.to_string();
            assert!(!shown.contains('@') && !shown.contains('?'), "{shown}");
        }
        Err(error) => assert!(error.to_string().len() <= 1000),
    }
    let _ = (text.parse::<Unit>(), text.parse::<Wanted>());
}

fn written_as_read<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fn again<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(text: &str) -> Option<String> {
    let value: T = text.parse().ok()?;
    let written = value.to_string();
    assert_eq!(
        written.parse::<T>().expect("what we write can be read"),
        value
    );
    Some(written)
}

pub(super) fn name_seeds() -> Vec<Vec<u8>> {
    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    let texts = [
        ALICE.to_owned(),
        "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5".to_owned(),
        format!("0x{}", "ab".repeat(32)),
        format!("0x{}", "ab".repeat(64)),
        format!("{ALICE}@[2001:db8::7]:8091"),
        format!("{ALICE}@miner-7.example:8091"),
        "my-prompts.2024".to_owned(),
        "always_on.llm.a6000".to_owned(),
        "WEIGHT_SETTING_SUCCESS".to_owned(),
        "GENERIC_ERROR".to_owned(),
        "finney".to_owned(),
        "wss://me:secret@node.example:443/path?key=1".to_owned(),
        "127.0.0.1:9944".to_owned(),
        "set-weights".to_owned(),
        "latest".to_owned(),
        "/var/backups/db_dump_2026-11-26_003000.sqlite.zst".to_owned(),
    ];
    texts.map(String::into_bytes).to_vec()
}

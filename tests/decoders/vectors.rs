//! The golden vectors as a source of valid inputs.

use serde_json::Value;

pub(super) const DYNAMIC_CONFIG: &str = include_str!("../vectors/dynamic_config.json");
pub(super) const HASHCAT_JOB: &str = include_str!("../vectors/hashcat_job.json");
pub(super) const RECEIPTS_CSV: &str = include_str!("../vectors/receipts_csv.json");
pub(super) const STATS_EVENT: &str = include_str!("../vectors/stats_event.json");
pub(super) const WALLET_KEYFILES: &str = include_str!("../vectors/wallet_keyfiles.json");
pub(super) const WIRE_MESSAGES: &str = include_str!("../vectors/wire_messages.json");

/// What `pick` makes of each case of a file of vectors.
pub(super) fn seeds(file: &str, pick: impl Fn(&Value) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let file: Value = serde_json::from_str(file).expect("a vector file is JSON");
    let cases = file["cases"].as_array().expect("it has cases");
    cases.iter().filter_map(pick).collect()
}

/// The text of an entry.
pub(super) fn text(case: &Value, name: &str) -> Option<Vec<u8>> {
    Some(case[name].as_str()?.as_bytes().to_vec())
}

/// Messages of a channel.
pub(super) fn messages(channel: &str) -> Vec<Vec<u8>> {
    seeds(WIRE_MESSAGES, |case| {
        (case["channel"] == channel).then(|| text(case, "json"))?
    })
}

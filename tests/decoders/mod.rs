//! Every decoder of bytes that come from outside, each with valid examples and with what must hold
//! for any input. Shared by the fuzzer (`tests/fuzz`) and by the tests that replay what it has
//! found. Knows nothing of either.
//!
//! A decoder that is added here gets its inputs with `tests/fuzz/run.sh SECONDS NAME`.

mod backup;
mod chain;
mod documents;
mod files;
mod keys;
mod llm;
mod messages;
mod miner;
mod objects;
mod receipts;
mod services;
mod texts;
mod vectors;

/// One decoder and what belongs to it.
pub struct Decoder {
    /// Also of its folder of inputs.
    pub name: &'static str,
    /// Decodes, and panics where a promise does not hold.
    pub run: fn(&[u8]),
    /// Valid inputs, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

const fn decoder(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Decoder {
    Decoder { name, run, seeds }
}

/// Those of strangers first.
pub const ALL: &[Decoder] = &[
    decoder("miner_message", miner::message, miner::message_seeds),
    decoder(
        "miner_connection",
        miner::connection,
        miner::connection_seeds,
    ),
    decoder("receipts_file", receipts::file, receipts::file_seeds),
    decoder(
        "signatures",
        receipts::signatures,
        receipts::signature_seeds,
    ),
    decoder("llm_answers", llm::answers, llm::answer_seeds),
    decoder("hash_job", llm::hash_job, llm::hash_job_seeds),
    decoder(
        "facilitator_message",
        messages::facilitator,
        messages::facilitator_seeds,
    ),
    decoder("published_params", messages::params, messages::params_seeds),
    decoder("event", messages::event, messages::event_seeds),
    decoder("shown_message", messages::shown, messages::shown_seeds),
    decoder(
        "numbers_and_times",
        texts::numbers_and_times,
        texts::number_seeds,
    ),
    decoder("names", texts::names, texts::name_seeds),
    decoder("prompt_series", llm::series, llm::series_seeds),
    decoder("bucket_answer", objects::answer, objects::answer_seeds),
    decoder("b2_answer", objects::b2, objects::b2_seeds),
    decoder("scrape", services::scrape, services::scrape_seeds),
    decoder("mail_server", services::mail_server, services::mail_seeds),
    decoder("chain_metadata", chain::metadata, chain::metadata_seeds),
    decoder("chain_values", chain::values, chain::value_seeds),
    decoder("chain_refusal", chain::refusal, chain::refusal_seeds),
    decoder("timelock", chain::timelock, chain::timelock_seeds),
    decoder("epochs", chain::epochs, chain::epoch_seeds),
    decoder("keyfile", keys::keyfile, keys::keyfile_seeds),
    decoder("settings_file", files::settings, files::settings_seeds),
    decoder("backup", backup::container, backup::container_seeds),
    decoder("backup_names", backup::names, backup::name_seeds),
    decoder("kept_documents", documents::shown, documents::seeds),
];

/// The first byte as a number, and the rest.
fn split_number(input: &[u8]) -> (usize, &[u8]) {
    match input {
        [first, rest @ ..] => (usize::from(*first), rest),
        [] => (0, input),
    }
}

/// What an operator reads in one line: short, and nothing that disturbs a terminal.
fn assert_line(text: &str) {
    assert!(text.len() <= 4096, "{} bytes: {text:.200}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}

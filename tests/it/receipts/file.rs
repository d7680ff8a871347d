//! What in a published file is a receipt of the miner that was asked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_validator::receipts::{Candidate, FileReader, Refusal, check};
use horde_validator::store::SignedReceipt;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::vectors;

/// What is found in a file that comes in these pieces.
fn read<'a>(
    miner: &str,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<Candidate, Refusal>> {
    let mut found = Vec::new();
    let mut reader = FileReader::new(miner);
    for piece in pieces {
        reader.feed(piece, |row| found.push(row));
    }
    reader.end(|row| found.push(row));
    found
}

/// In the form in which the vectors list what is accepted.
fn accepted(miner: &str, file: &[u8]) -> Value {
    let rows = read(miner, [file]).into_iter().filter_map(Result::ok);
    let checked = check(rows.collect());
    let entry = |receipt: &SignedReceipt| json!({"type": receipt.kind.name(), "job_uuid": receipt.job_uuid});
    checked.good.iter().map(entry).collect()
}

fn body(case: &Value) -> Vec<u8> {
    match case["csv"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD
            .decode(case["csv_base64"].as_str().expect("one of the two"))
            .expect("base64"),
    }
}

/// The optional cases are of two kinds. Where the reference gives up on the whole file, only the
/// row is dropped here. Where it takes a row that no validator writes, a time without an offset
/// or without separators, that row is dropped, too.
#[test]
fn receipts_are_accepted_as_recorded() {
    for case in vectors::cases("receipts_csv") {
        if case["error_kind"] == "http" {
            continue;
        }
        let miner = case["miner_hotkey"].as_str().expect("a miner");
        let found = accepted(miner, &body(&case));
        let note = case["note"].as_str().unwrap_or_default();
        let mut expected = match case["fetch_error"] == true {
            true => case["accepted_if_row_dropped"].clone(),
            false => case["accepted"].clone(),
        };
        if note.starts_with("time without offset") || note.starts_with("compact ISO form") {
            assert!(!vectors::is_required(&case), "{note}");
            let rows = expected.as_array_mut().expect("rows");
            let kept = found.as_array().expect("rows");
            rows.retain(|row| kept.contains(row));
            assert_eq!(rows.len(), 2, "{note}");
        }
        assert_eq!(found, expected, "{note}");
    }
}

fn sample() -> (String, Vec<u8>) {
    let cases = vectors::cases("receipts_csv");
    let quoted = cases
        .iter()
        .find(|case| case["note"] == "quoted cells with commas, quotes and a line break")
        .expect("there is one");
    let miner = quoted["miner_hotkey"].as_str().expect("a miner").to_owned();
    let mut file = body(quoted);
    let rows = file.len() - file.iter().position(|byte| *byte == b'\n').expect("lines") - 1;
    let rows = file[file.len() - rows..].to_vec();
    // what is larger than any receipt, in bytes or in cells, with good rows around it
    file.extend(format!("a,\"{}\",b\r\n", "x,\"\"\r\n".repeat(5_000)).bytes());
    file.extend(&rows);
    file.extend(format!("{}\n\n\n", ",".repeat(2_000)).bytes());
    file.extend(b"\xff\xfe,\x00,\r\r\n");
    file.extend(&rows);
    file.truncate(file.len() - 2);
    (miner, file)
}

fn split(mut file: &[u8], cuts: impl IntoIterator<Item = usize>) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = file.split_at(cut.min(file.len()));
        pieces.push(piece);
        file = rest;
    }
    pieces.push(file);
    pieces
}

#[test]
fn a_record_larger_than_any_receipt_costs_itself_only() {
    let (miner, file) = sample();
    let rows = read(&miner, [&file[..]]);
    assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 12);
    let too_large = |row: &&Result<_, _>| matches!(row, Err(Refusal::TooLarge));
    assert_eq!(rows.iter().filter(too_large).count(), 2);
}

#[test]
fn what_a_miner_wrote_is_short_and_on_one_line_in_a_message() {
    let header = "type,validator_signature,miner_signature,job_uuid,miner_hotkey,\
                  validator_hotkey\n";
    let file = format!(
        "{header}\"\u{1b}[31m\r\n{}\",1,2,3,4,5\n",
        "x".repeat(1_000)
    );
    let rows = read("a miner", [file.as_bytes()]);
    let Err(refusal) = &rows[0] else {
        panic!("{rows:?}");
    };
    let text = refusal.to_string();
    assert!(
        text.len() < 120 && !text.contains(char::is_control),
        "{text}"
    );
    assert!(
        text.starts_with("`type` is `\\u{1b}[31m\\r\\nxxx"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn where_a_file_is_cut_into_pieces_does_not_matter(
        cuts in prop::collection::vec(prop_oneof![0_usize..5, 0_usize..20_000], 0..200),
    ) {
        let (miner, file) = sample();
        prop_assert_eq!(read(&miner, [&file[..]]), read(&miner, split(&file, cuts)));
    }

    #[test]
    fn no_file_makes_the_reader_panic(
        rows in prop::collection::vec(any::<u8>(), 0..2_000),
        with_header in any::<bool>(),
        cuts in prop::collection::vec(0_usize..500, 0..10),
    ) {
        let (miner, mut file) = sample();
        let header = file.iter().position(|byte| *byte == b'\n').expect("lines") + 1;
        file.truncate(if with_header { header } else { 0 });
        file.extend(rows);
        let rows = read(&miner, split(&file, cuts));
        check(rows.into_iter().filter_map(Result::ok).collect());
    }
}

//! The file that a miner publishes, and the signatures in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_validator::keys::{Claim, Hotkey, Keypair, Signature, verify, verify_all};
use horde_validator::receipts::{Candidate, FileReader, Refusal, check};
use horde_validator::wire::receipt::Receipt;

use super::{assert_line, split_number, vectors};

/// Whose files most vectors are.
const MINER: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
/// Signatures take their time.
const MOST_CHECKED: usize = 4;

/// The first byte says in which pieces the file comes.
pub(super) fn file(input: &[u8]) {
    let (size, file) = split_number(input);
    let found = rows([file]);
    assert_eq!(rows(file.chunks(size.max(1))), found, "in pieces of {size}");
    for row in &found {
        match row {
            Ok(candidate) => assert_small(&candidate.receipt),
            Err(refusal) => assert_line(&refusal.to_string()),
        }
    }
    let candidates = found.into_iter().filter_map(Result::ok);
    let candidates: Vec<_> = candidates.take(MOST_CHECKED).collect();
    let count = candidates.len();
    let checked = check(candidates);
    assert_eq!(checked.good.len() + checked.refused.len(), count);
    for good in &checked.good {
        let miner: Hotkey = MINER.parse().expect("an address");
        let signature: Signature = good.miner_signature.parse().expect("as it was written");
        assert_eq!(good.miner_hotkey, MINER);
        assert!(verify(&miner, good.payload.as_bytes(), &signature));
        serde_json::from_str::<serde_json::Value>(&good.payload).expect("what is signed is JSON");
    }
}

fn rows<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Result<Candidate, Refusal>> {
    let mut reader = FileReader::new(MINER);
    let mut found = Vec::new();
    for piece in pieces {
        reader.feed(piece, |row| found.push(row));
    }
    reader.end(|row| found.push(row));
    found
}

fn assert_small(receipt: &Receipt) {
    let (job, miner, score) = match receipt {
        Receipt::Started(one) => (&one.job_uuid, &one.miner_hotkey, ""),
        Receipt::Finished(one) => (&one.job_uuid, &one.miner_hotkey, one.score_str.as_str()),
    };
    assert_eq!(miner, MINER);
    assert!(job.len() <= 64 && score.len() <= 256);
}

pub(super) fn file_seeds() -> Vec<Vec<u8>> {
    let files = vectors::seeds(vectors::RECEIPTS_CSV, |case| match case["csv"].as_str() {
        Some(text) => Some(text.as_bytes().to_vec()),
        None => STANDARD.decode(case["csv_base64"].as_str()?).ok(),
    });
    let short = files.into_iter().filter(|file| file.len() < 8 * 1024);
    short
        .map(|file| [&[0xff], file.as_slice()].concat())
        .collect()
}

/// Signer, signature and message of each of a few claims, one after the other: what is found
/// together is what is found one by one.
pub(super) fn signatures(input: &[u8]) {
    let claims: Vec<Claim> = input.chunks(128).take(20).filter_map(claim).collect();
    let one_by_one = claims
        .iter()
        .map(|claim| verify(&claim.signer, claim.message, &claim.signature));
    assert_eq!(verify_all(&claims), one_by_one.collect::<Vec<_>>());
}

fn claim(bytes: &[u8]) -> Option<Claim<'_>> {
    let (signer, rest) = bytes.split_first_chunk::<32>()?;
    let (signature, message) = rest.split_first_chunk::<64>()?;
    Some(Claim {
        signer: Hotkey::new(*signer),
        message,
        signature: Signature::new(*signature),
    })
}

pub(super) fn signature_seeds() -> Vec<Vec<u8>> {
    let keypair = Keypair::from_seed(&[7; 32]);
    let claim = |number: u8| {
        let message = [number; 32];
        let signature = keypair.sign(&message);
        [
            keypair.hotkey().public().as_slice(),
            signature.bytes(),
            &message,
        ]
        .concat()
    };
    let claims = (0..20).map(claim).collect::<Vec<_>>();
    let mut forged = claims.concat();
    forged[1000] ^= 1;
    vec![
        claims[0].clone(),
        claims[..3].concat(),
        claims.concat(),
        forged,
    ]
}

//! Which receipts carry both signatures. CPU work, for threads that may be blocked.

use std::collections::HashMap;

use chrono::Utc;

use super::row::{Candidate, Refusal};
use crate::keys::{Claim, Hotkey, Signature, verify_all};
use crate::store::SignedReceipt;
use crate::wire::receipt::Receipt;

/// What came of checking.
#[derive(Debug, Default)]
pub struct Checked {
    /// In the order in which they were given.
    pub good: Vec<SignedReceipt>,
    /// Of those whose signatures do not hold.
    pub refused: Vec<Refusal>,
}

/// Checks both signatures of each receipt, those of the miner first: where that one does not
/// hold, the other one is not worth the time.
pub fn check(candidates: Vec<Candidate>) -> Checked {
    let mut signers = Signers::default();
    let mut refused = Vec::new();
    let blobbed = candidates.into_iter().map(|one| Blobbed {
        blob: one.receipt.blob(),
        candidate: one,
    });
    let mut rows: Vec<Blobbed> = blobbed.collect();
    for (refusal, signed_by) in [
        (Refusal::MinerSignature, Blobbed::by_miner as SignedBy),
        (Refusal::ValidatorSignature, Blobbed::by_validator),
    ] {
        let before = rows.len();
        rows = signers.keep_signed(rows, signed_by);
        refused.resize(refused.len() + before - rows.len(), refusal);
    }
    let good = rows.into_iter().map(|row| signed(row.candidate, row.blob));
    Checked {
        good: good.collect(),
        refused,
    }
}

/// A receipt with the text that is signed.
struct Blobbed {
    candidate: Candidate,
    blob: String,
}

/// Who is said to have signed it, and the signature.
type SignedBy = fn(&Blobbed) -> (&str, Signature);

impl Blobbed {
    fn by_miner(&self) -> (&str, Signature) {
        let miner = match &self.candidate.receipt {
            Receipt::Started(receipt) => &receipt.miner_hotkey,
            Receipt::Finished(receipt) => &receipt.miner_hotkey,
        };
        (miner, self.candidate.miner_signature)
    }

    fn by_validator(&self) -> (&str, Signature) {
        let validator = match &self.candidate.receipt {
            Receipt::Started(receipt) => &receipt.validator_hotkey,
            Receipt::Finished(receipt) => &receipt.validator_hotkey,
        };
        (validator, self.candidate.validator_signature)
    }
}

/// The hotkeys behind texts: receipts of one miner come from few validators, and reading an
/// address is slow.
#[derive(Default)]
struct Signers(HashMap<String, Option<Hotkey>>);

impl Signers {
    fn keep_signed(&mut self, mut rows: Vec<Blobbed>, signed_by: SignedBy) -> Vec<Blobbed> {
        rows.retain(|row| self.of(signed_by(row).0).is_some());
        let claims = rows.iter().filter_map(|row| {
            let (name, signature) = signed_by(row);
            Some(Claim {
                signer: self.of(name)?,
                message: row.blob.as_bytes(),
                signature,
            })
        });
        let mut verdicts = verify_all(&claims.collect::<Vec<_>>()).into_iter();
        rows.retain(|_| verdicts.next() == Some(true));
        rows
    }

    /// `None`: not an address, so nobody can have signed for it.
    fn of(&mut self, name: &str) -> Option<Hotkey> {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let signer = name.parse().ok();
        self.0.insert(name.to_owned(), signer);
        signer
    }
}

fn signed(candidate: Candidate, payload: String) -> SignedReceipt {
    let kind = candidate.receipt.kind();
    let time = candidate.receipt.time().with_timezone(&Utc);
    let (job_uuid, miner_hotkey, validator_hotkey) = match candidate.receipt {
        Receipt::Started(receipt) => (
            receipt.job_uuid,
            receipt.miner_hotkey,
            receipt.validator_hotkey,
        ),
        Receipt::Finished(receipt) => (
            receipt.job_uuid,
            receipt.miner_hotkey,
            receipt.validator_hotkey,
        ),
    };
    SignedReceipt {
        kind,
        job_uuid,
        miner_hotkey,
        validator_hotkey,
        validator_signature: candidate.validator_signature.to_string(),
        miner_signature: candidate.miner_signature.to_string(),
        time,
        payload,
    }
}

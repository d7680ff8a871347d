//! Receipts that the miner has taken and counter-signed, and the CSV that it publishes.
//! (spec: receipts; vectors: receipts_csv)

use chrono::{DateTime, Utc};

use crate::keys::{Hotkey, Keypair, Signature, verify};
use crate::wire::receipt::{FinishedReceipt, StartedReceipt};
use crate::wire::time::isoformat;
use crate::wire::to_miner::Signed;
use crate::wire::{self, ExecutorClass};

pub(super) const HEADER: &str = "type,validator_signature,miner_signature,job_uuid,miner_hotkey,\
                      validator_hotkey,executor_class,time_accepted,max_timeout,time_started,\
                      time_took_us,score_str";

/// The lines of the published file, in the order in which the receipts came.
#[derive(Debug, Default)]
pub(super) struct PublishedReceipts {
    rows: Vec<String>,
    /// Type and job of each row: a receipt is published once.
    known: std::collections::BTreeSet<(&'static str, String)>,
}

/// Either kind of receipt.
pub(super) trait Receipt {
    const TYPE: &'static str;
    fn text(&self) -> String;
    fn job_uuid(&self) -> &str;
    fn miner(&self) -> &str;
    fn validator(&self) -> &str;
    /// The last six columns.
    fn cells(&self) -> [String; 6];
}

impl Receipt for StartedReceipt {
    const TYPE: &'static str = "JobStartedReceipt";

    fn text(&self) -> String {
        self.blob()
    }

    fn job_uuid(&self) -> &str {
        &self.job_uuid
    }

    fn miner(&self) -> &str {
        &self.miner_hotkey
    }

    fn validator(&self) -> &str {
        &self.validator_hotkey
    }

    fn cells(&self) -> [String; 6] {
        let [class, accepted, timeout] = [
            self.executor_class.to_string(),
            isoformat(&self.time_accepted),
            self.max_timeout.to_string(),
        ];
        [
            class,
            accepted,
            timeout,
            String::new(),
            String::new(),
            String::new(),
        ]
    }
}

impl Receipt for FinishedReceipt {
    const TYPE: &'static str = "JobFinishedReceipt";

    fn text(&self) -> String {
        self.blob()
    }

    fn job_uuid(&self) -> &str {
        &self.job_uuid
    }

    fn miner(&self) -> &str {
        &self.miner_hotkey
    }

    fn validator(&self) -> &str {
        &self.validator_hotkey
    }

    fn cells(&self) -> [String; 6] {
        let [started, took, score] = [
            isoformat(&self.time_started),
            self.time_took_us.to_string(),
            self.score_str.clone(),
        ];
        [
            String::new(),
            String::new(),
            String::new(),
            started,
            took,
            score,
        ]
    }
}

/// Whether the validator of this connection signed a receipt for this miner.
pub(super) fn holds<R: Receipt>(signed: &Signed<R>, validator: &str, miner: &Hotkey) -> bool {
    let receipt = &signed.payload;
    let (Ok(signer), Ok(signature)) = (
        receipt.validator().parse::<Hotkey>(),
        signed.signature.parse::<Signature>(),
    ) else {
        return false;
    };
    receipt.validator() == validator
        && receipt.miner() == miner.to_string()
        && verify(&signer, receipt.text().as_bytes(), &signature)
}

/// Signed as a validator does.
fn signed_by<R: Receipt>(validator: &Keypair, receipt: R) -> Signed<R> {
    let signature = validator.sign(receipt.text().as_bytes());
    Signed::new(receipt, signature)
}

/// Both receipts of a job that was never done.
pub(super) fn receipts_of_job(
    number: u32,
    time: DateTime<Utc>,
    miner: &Hotkey,
    validator: &Hotkey,
) -> [wire::receipt::Receipt; 2] {
    let job_uuid = format!("00000000-0000-4000-8000-{number:012x}");
    let [miner_hotkey, validator_hotkey] = [miner, validator].map(Hotkey::to_string);
    let started = StartedReceipt {
        job_uuid: job_uuid.clone(),
        miner_hotkey: miner_hotkey.clone(),
        validator_hotkey: validator_hotkey.clone(),
        executor_class: ExecutorClass::DEFAULT,
        time_accepted: time.fixed_offset(),
        max_timeout: 60,
    };
    let finished = FinishedReceipt {
        job_uuid,
        miner_hotkey,
        validator_hotkey,
        time_started: time.fixed_offset(),
        time_took_us: 1_234_567,
        score_str: "0.810037".to_owned(),
    };
    [
        wire::receipt::Receipt::Started(started),
        wire::receipt::Receipt::Finished(finished),
    ]
}

impl PublishedReceipts {
    /// Counter-signs a receipt and publishes it, unless one of its kind is there for its job.
    pub(super) fn add<R: Receipt>(&mut self, signed: &Signed<R>, keypair: &Keypair) {
        let receipt = &signed.payload;
        if !self.known.insert((R::TYPE, receipt.job_uuid().to_owned())) {
            return;
        }
        let own_signature = keypair.sign(receipt.text().as_bytes());
        self.rows.push(line(signed, &own_signature));
    }

    /// The same with a receipt that no validator has sent.
    pub(super) fn publish(
        &mut self,
        receipt: wire::receipt::Receipt,
        validator: &Keypair,
        keypair: &Keypair,
    ) {
        match receipt {
            wire::receipt::Receipt::Started(one) => self.add(&signed_by(validator, one), keypair),
            wire::receipt::Receipt::Finished(one) => self.add(&signed_by(validator, one), keypair),
        }
    }

    pub(super) fn csv(&self) -> String {
        format!("{HEADER}\r\n{}", self.lines())
    }

    /// All lines but the header's.
    pub(super) fn lines(&self) -> String {
        let lines = self.rows.iter().map(String::as_str);
        lines.flat_map(|line| [line, "\r\n"]).collect()
    }
}

/// A receipt as a line of the file, without the line's end.
pub(super) fn line<R: Receipt>(signed: &Signed<R>, own_signature: &Signature) -> String {
    let receipt = &signed.payload;
    let own_signature = own_signature.to_string();
    let head = [
        R::TYPE,
        &signed.signature,
        &own_signature,
        receipt.job_uuid(),
        receipt.miner(),
        receipt.validator(),
    ];
    let cells = head.into_iter().map(str::to_owned).chain(receipt.cells());
    let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
    cells.join(",")
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

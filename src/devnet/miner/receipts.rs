//! Receipts that the miner has taken and counter-signed, and the CSV that it publishes.
//! (spec: receipts; vectors: receipts_csv)

use crate::keys::{Hotkey, Keypair, Signature, verify};
use crate::wire::receipt::{FinishedReceipt, StartedReceipt};
use crate::wire::time::isoformat;
use crate::wire::to_miner::Signed;

const HEADER: &str = "type,validator_signature,miner_signature,job_uuid,miner_hotkey,\
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

impl PublishedReceipts {
    /// Counter-signs a receipt and publishes it, unless one of its kind is there for its job.
    pub(super) fn add<R: Receipt>(&mut self, signed: &Signed<R>, keypair: &Keypair) {
        let receipt = &signed.payload;
        if !self.known.insert((R::TYPE, receipt.job_uuid().to_owned())) {
            return;
        }
        let own_signature = keypair.sign(receipt.text().as_bytes()).to_string();
        let head = [
            R::TYPE,
            &signed.signature,
            &own_signature,
            receipt.job_uuid(),
            receipt.miner(),
            receipt.validator(),
        ];
        let cells = head.into_iter().map(str::to_owned).chain(receipt.cells());
        self.rows.push(
            cells
                .map(|cell| quoted(&cell))
                .collect::<Vec<_>>()
                .join(","),
        );
    }

    pub(super) fn csv(&self) -> String {
        let lines = std::iter::once(HEADER).chain(self.rows.iter().map(String::as_str));
        lines.map(|line| line.to_owned() + "\r\n").collect()
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

//! One miner through all batches and weights. What a batch says about all of its miners stands in
//! `evidence`.

use chrono::{DateTime, Utc};
use rusqlite::Row;
use serde_json::Value;

use super::evidence::{OF_MINER, of_miner};
use super::filter::Columns;
use super::{BatchId, Filter, MinerEvidence, NeuronRow, Store, StoreError, WeightsId, time};

/// One batch in which a miner was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerBatch {
    pub batch: BatchId,
    pub started_at: Option<DateTime<Utc>>,
    /// The weights that were made of it.
    pub weights: Option<WeightsId>,
    /// Executors of its (capped) manifest; `None`: it sent none.
    pub claimed: Option<u32>,
    pub miner: MinerEvidence,
}

/// What a miner got in one row of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerWeight {
    pub weights: WeightsId,
    pub state: String,
    pub decided_at: DateTime<Utc>,
    pub uid: Option<u64>,
    /// 0 to 65535.
    pub value: u64,
    /// `None`: not kept (before version 5), or it had none.
    pub score: Option<f64>,
    pub reason: Option<String>,
}

impl Store {
    /// Whether anything is kept that a miner of this hotkey has done or was asked to do.
    pub fn knows_miner(&self, hotkey: &str) -> Result<bool, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM neurons WHERE hotkey = ?1)
                 OR EXISTS (SELECT 1 FROM batch_miners WHERE hotkey = ?1)
                 OR EXISTS (SELECT 1 FROM organic_jobs WHERE hotkey = ?1)
                 OR EXISTS (SELECT 1 FROM receipts WHERE miner_hotkey = ?1)
                 OR EXISTS (SELECT 1 FROM blocked_miners WHERE hotkey = ?1)",
        )?;
        Ok(query.query_row([hotkey], |row| row.get(0))?)
    }

    /// The neuron of this hotkey, as the chain was last read.
    pub fn neuron(&self, hotkey: &str) -> Result<Option<NeuronRow>, StoreError> {
        let neurons = self.neurons()?;
        Ok(neurons.into_iter().find(|neuron| neuron.hotkey == hotkey))
    }

    /// The batches in which a miner was asked, by the time of their start, newest first.
    pub fn batches_of_miner(&self, filter: &Filter) -> Result<Vec<MinerBatch>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "b.started_at",
            miner: Some("m.hotkey"),
            order: "m.batch_id DESC",
            ..Columns::default()
        });
        let mut query = self.db.prepare_cached(&format!(
            "SELECT {OF_MINER}, m.batch_id, m.started_at, m.weights_id, m.claimed
             FROM (SELECT m.*, b.started_at, b.weights_id
                   FROM batch_miners m CROSS JOIN batches b ON b.id = m.batch_id
                   WHERE {condition}) m
             LEFT JOIN jobs j ON j.batch_id = m.batch_id AND j.hotkey = m.hotkey
             GROUP BY m.batch_id ORDER BY m.batch_id DESC"
        ))?;
        let mut rows = query.query(rusqlite::params_from_iter(values))?;
        let mut batches = Vec::new();
        while let Some(row) = rows.next()? {
            batches.push(miner_batch(row)?);
        }
        Ok(batches)
    }

    /// The weights that name this miner, by the time they were decided and by state, newest first.
    pub fn weights_of_miner(
        &self,
        hotkey: &str,
        filter: &Filter,
    ) -> Result<Vec<MinerWeight>, StoreError> {
        // how many are looked at does not follow from how many are wanted
        let unlimited = Filter {
            limit: None,
            ..filter.clone()
        };
        let (condition, mut values) = unlimited.condition(Columns {
            time: "created_at",
            outcome: Some("state"),
            order: "id DESC",
            ..Columns::default()
        });
        values.push(hotkey.to_owned().into());
        let number = values.len();
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id, state, created_at, entries, basis FROM weights
             WHERE (instr(entries, ?{number}) OR instr(basis, ?{number})) AND {condition}"
        ))?;
        let mut rows = query.query(rusqlite::params_from_iter(values))?;
        let wanted = filter.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut weights = Vec::new();
        while weights.len() < wanted {
            let Some(row) = rows.next()? else { break };
            weights.extend(miner_weight(row, hotkey)?);
        }
        Ok(weights)
    }
}

/// After the columns of [`OF_MINER`].
fn miner_batch(row: &Row) -> Result<MinerBatch, StoreError> {
    let id: i64 = row.get(6)?;
    let moment = |text: String| {
        time::from_text(&text).ok_or_else(|| StoreError::Row {
            table: "batches",
            id,
            finding: "not a time".to_owned(),
        })
    };
    Ok(MinerBatch {
        batch: BatchId(id),
        started_at: row.get::<_, Option<String>>(7)?.map(moment).transpose()?,
        weights: row.get::<_, Option<i64>>(8)?.map(WeightsId),
        claimed: row.get(9)?,
        miner: of_miner(row)?,
    })
}

fn miner_weight(row: &Row, hotkey: &str) -> Result<Option<MinerWeight>, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: String| StoreError::Row {
        table: "weights",
        id,
        finding,
    };
    let document = |column: usize| -> Result<Value, StoreError> {
        serde_json::from_str(&row.get::<_, String>(column)?)
            .map_err(|error| damaged(error.to_string()))
    };
    let (entries, basis) = (document(3)?, document(4)?);
    let named = |list: &Value| {
        let mut list = list.as_array().into_iter().flatten();
        list.find(|one| one["hotkey"] == hotkey).cloned()
    };
    let (entry, line) = (named(&entries), named(&basis["miners"]));
    if entry.is_none() && line.is_none() {
        return Ok(None);
    }
    let (entry, line) = (entry.unwrap_or_default(), line.unwrap_or_default());
    let decided_at: String = row.get(2)?;
    Ok(Some(MinerWeight {
        weights: WeightsId(id),
        state: row.get(1)?,
        decided_at: time::from_text(&decided_at).ok_or_else(|| damaged("not a time".to_owned()))?,
        uid: entry["uid"].as_u64().or(line["uid"].as_u64()),
        value: entry["value"].as_u64().unwrap_or(0),
        score: line["score"].as_f64(),
        reason: line["reason"].as_str().map(str::to_owned),
    }))
}

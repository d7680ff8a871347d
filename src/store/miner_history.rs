//! One miner through all batches and weights. What a batch says about all of its miners stands in
//! `evidence`.

use chrono::{DateTime, Utc};
use rusqlite::Row;

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
    pub uid: Option<u16>,
    pub value: u16,
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
                 OR EXISTS (SELECT 1 FROM miner_weights WHERE hotkey = ?1)
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
    pub fn weights_of_miner(&self, filter: &Filter) -> Result<Vec<MinerWeight>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "w.created_at",
            miner: Some("m.hotkey"),
            outcome: Some("w.state"),
            order: "m.weights_id DESC",
            ..Columns::default()
        });
        let mut query = self.db.prepare_cached(&format!(
            "SELECT m.weights_id, w.state, w.created_at, m.uid, m.value, m.score, m.reason
             FROM miner_weights m CROSS JOIN weights w ON w.id = m.weights_id
             WHERE {condition}"
        ))?;
        let mut rows = query.query(rusqlite::params_from_iter(values))?;
        let mut weights = Vec::new();
        while let Some(row) = rows.next()? {
            weights.push(miner_weight(row)?);
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

fn miner_weight(row: &Row) -> Result<MinerWeight, StoreError> {
    let id: i64 = row.get(0)?;
    let decided_at: String = row.get(2)?;
    Ok(MinerWeight {
        weights: WeightsId(id),
        state: row.get(1)?,
        decided_at: time::from_text(&decided_at).ok_or_else(|| StoreError::Row {
            table: "weights",
            id,
            finding: "not a time".to_owned(),
        })?,
        uid: row.get(3)?,
        value: row.get(4)?,
        score: row.get(5)?,
        reason: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MINER: &str = "a miner";

    fn of_miner(store: &Store) -> Vec<MinerWeight> {
        let filter = Filter {
            miner: Some(MINER.to_owned()),
            ..Filter::default()
        };
        store.weights_of_miner(&filter).expect("read")
    }

    fn insert(store: &Store, entries: &str, basis: &str) {
        let sql =
            "INSERT INTO weights (way, state, netuid, version_key, entries, salt, decided_block,
                                        window_stop, created_at, updated_at, basis)
                   VALUES ('set', 'decided', 12, 2, ?1, '[]', 1, 2,
                           '2026-11-24T12:00:00.000000Z', '2026-11-24T12:00:00.000000Z', ?2)";
        store.db.execute(sql, [entries, basis]).expect("stored");
    }

    #[test]
    fn what_a_miner_got_follows_the_weights() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_or_create(&folder.path().join("horde.db")).expect("made");
        let entry = |value: u16| json!([{"uid": 7, "value": value, "hotkey": MINER}]).to_string();
        insert(&store, &entry(9), "{}");
        let left =
            json!({"miners": [{"hotkey": MINER, "uid": null, "score": 1, "reason": "left"}]});
        insert(&store, "[]", &left.to_string());
        let [left, kept] = &of_miner(&store)[..] else {
            panic!("two rows of weights")
        };
        assert_eq!((kept.uid, kept.value, kept.score), (Some(7), 9, None));
        assert_eq!((left.uid, left.value, left.score), (None, 0, Some(1.0)));
        assert_eq!(left.reason.as_deref(), Some("left"));

        let decide_anew = "UPDATE weights SET entries = ?1 WHERE id = 1";
        store.db.execute(decide_anew, [entry(10)]).expect("changed");
        assert_eq!(of_miner(&store)[1].value, 10);
        store.db.execute("DELETE FROM weights", []).expect("gone");
        assert_eq!(of_miner(&store), []);
    }

    #[test]
    fn a_damaged_document_hides_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_or_create(&folder.path().join("horde.db")).expect("made");
        insert(&store, "[{", "{}");
        let nameless = json!([{"uid": 6, "value": 8}, {"uid": 7, "value": 9, "hotkey": MINER}]);
        insert(&store, &nameless.to_string(), "{}");
        assert_eq!(of_miner(&store).len(), 1);
    }
}

//! Documents inside of the database, which may have come from a backup: shown, whatever they are.

use std::cell::RefCell;

use horde_validator::evidence;
use horde_validator::store::{Filter, Store};
use rusqlite::Connection;
use tempfile::TempDir;

const MINER: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const TIME: &str = "2026-11-26T00:30:00.000000Z";

/// One row of each kind; the documents in them are put in later.
const ROWS: &str = "
    INSERT INTO weights (id, way, state, netuid, version_key, entries, salt, decided_block,
                         window_stop, created_at, updated_at)
        VALUES (1, 'hash', 'final', 12, 2, '[]', '[]', 1, 2, :time, :time);
    INSERT INTO batches (id, uuid, origin, state, cycle_start, cycle_stop, block, planned_at,
                         started_at, started_block, ended_at, weights_id)
        VALUES (1, 'batch', 'planned', 'done', 1, 2, 1, :time, :time, 1, :time, 1);
    INSERT INTO batch_miners (batch_id, hotkey, address, ip_version, port, claimed, online, comment)
        VALUES (1, :miner, '127.0.0.1', 4, 8000, 1, 1, '');
    INSERT INTO jobs (uuid, batch_id, hotkey, address, ip_version, port, executor_class, status,
                      comment, description, score, times)
        VALUES ('job', 1, :miner, '127.0.0.1', 4, 8000, 'always_on.llm.a6000', 'COMPLETED', '', '',
                1.0, '{}');
    INSERT INTO organic_jobs (uuid, hotkey, executor_class, description, status, created_at,
                              ended_at)
        VALUES ('job', :miner, 'always_on.llm.a6000', '', 'COMPLETED', :time, :time);
    INSERT INTO events (id, type, subtype, timestamp, description, data)
        VALUES (1, 'VALIDATOR_FAILURE', 'GENERIC_ERROR', :time, '', '{}');";

/// Where each document stands.
const PLACES: [&str; 7] = [
    "UPDATE weights SET entries = ?1",
    "UPDATE weights SET basis = ?1",
    "UPDATE batches SET telemetry = ?1",
    "UPDATE batch_miners SET manifest = ?1",
    "UPDATE jobs SET times = ?1",
    "UPDATE organic_jobs SET times = ?1",
    "UPDATE events SET data = ?1",
];

struct Kept {
    store: Store,
    writer: Connection,
    _folder: TempDir,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("db");
        let store = Store::open_or_create(&path).expect("a new database");
        let writer = Connection::open(&path).expect("it is there");
        writer
            .pragma_update(None, "synchronous", "OFF")
            .expect("it is only a test");
        let rows = ROWS.replace(":time", &format!("'{TIME}'"));
        let rows = rows.replace(":miner", &format!("'{MINER}'"));
        writer.execute_batch(&rows).expect("rows as they are kept");
        Self {
            store,
            writer,
            _folder: folder,
        }
    }
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(Kept::new());
}

/// The first byte says where the document stands; `null` stands in the other places.
pub(super) fn shown(input: &[u8]) {
    let (place, document) = super::split_number(input);
    let Ok(document) = std::str::from_utf8(document) else {
        return;
    };
    KEPT.with_borrow_mut(|kept| {
        let place = PLACES[place % PLACES.len()];
        // weights are taken apart by the database itself, which refuses what are none
        let _ = kept.writer.execute(place, [document]);
        look(&kept.store);
        let usual = if place.contains("entries") {
            "[]"
        } else {
            "{}"
        };
        kept.writer.execute(place, [usual]).expect("it is as usual");
        assert!(evidence::weights(&kept.store, 1, None).is_ok());
    });
}

/// An error is an answer, too.
fn look(store: &Store) {
    let filter = Filter::default();
    let documents = [
        evidence::weights(store, 1, None),
        evidence::weights(store, 1, Some(MINER)),
        evidence::batch(store, "1", Some(MINER)),
        evidence::job(store, "job"),
        evidence::miner(store, MINER, &filter),
        evidence::organic_job(store, "job"),
        evidence::event(store, 1),
    ];
    for document in documents {
        match document {
            Ok(document) => {
                for table in document.tables {
                    let fits = |row: &Vec<_>| row.len() == table.columns.len();
                    assert!(table.rows.iter().all(fits), "{}", table.name);
                }
            }
            Err(error) => drop((error.to_string(), error.advice())),
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let documents = [
        format!("\0[{{\"uid\": 1, \"value\": 65535, \"hotkey\": \"{MINER}\"}}]"),
        format!("\0[[1, 65535, \"{MINER}\"]]"),
        format!(
            "\u{1}{{\"max_weight\": 1, \"class_weights\": {{\"always_on.llm.a6000\": 1e308}}, \
             \"horde_score\": {{\"avg_param\": 0, \"size_param\": -1e9, \"central_size_param\": 1}}, \
             \"miners\": [{{\"hotkey\": \"{MINER}\", \"uid\": 1, \"score\": 1, \"reason\": \"x\"}}]}}"
        ),
        "\u{2}{\"weights_version\": 4, \"stage_start_time\": {\"a\": \"2026-11-26T00:30:00Z\"}}"
            .to_owned(),
        "\u{3}{\"always_on.llm.a6000\": 1}".to_owned(),
        "\u{4}{\"accepted\": 1764117000000000, \"ready\": -9223372036854775808}".to_owned(),
        "\u{5}{\"accepted\": 1764117000000000}".to_owned(),
        "\u{6}{\"a\": [1, {\"b\": null}]}".to_owned(),
    ];
    documents.map(String::into_bytes).to_vec()
}

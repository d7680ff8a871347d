//! System events: kept until they were sent to the stats collector, and shown to the operator.

use chrono::{DateTime, Utc};
use rusqlite::Transaction;

use super::{Store, StoreError, time};
use crate::wire::event::Event;

/// An event as the operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub kind: String,
    pub subtype: String,
    pub at: DateTime<Utc>,
    pub description: String,
}

impl Store {
    pub fn keep_event(&mut self, event: &Event) -> Result<(), StoreError> {
        self.write(|tx| insert(tx, event))
    }

    /// Keeps an event unless the newest of its type and subtype has the same value under `key`.
    pub fn keep_event_once(&mut self, event: &Event, key: &str) -> Result<(), StoreError> {
        let path = format!("$.{key}");
        self.write(|tx| {
            let is_known: bool = tx.query_row(
                "SELECT EXISTS (SELECT 1 FROM
                     (SELECT data FROM events WHERE type = ?1 AND subtype = ?2
                      ORDER BY id DESC LIMIT 1)
                 WHERE json_extract(data, ?3) = json_extract(?4, ?3))",
                (
                    event.kind.name(),
                    event.subtype.name(),
                    path,
                    event.data.to_string(),
                ),
                |row| row.get(0),
            )?;
            if is_known { Ok(()) } else { insert(tx, event) }
        })
    }

    /// The newest events of these types, newest first.
    pub fn last_events(&self, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, type, subtype, timestamp, description FROM events
             WHERE type <> 'VALIDATOR_TELEMETRY' ORDER BY id DESC LIMIT ?1",
        )?;
        let mut rows = query.query([limit])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let at: String = row.get(3)?;
            events.push(EventRow {
                kind: row.get(1)?,
                subtype: row.get(2)?,
                at: time::from_text(&at).ok_or_else(|| StoreError::Row {
                    table: "events",
                    id: row.get(0).unwrap_or_default(),
                    finding: "not a time".to_owned(),
                })?,
                description: row.get(4)?,
            });
        }
        Ok(events)
    }
}

pub(super) fn insert(tx: &Transaction, event: &Event) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO events (type, subtype, timestamp, description, data)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute((
        event.kind.name(),
        event.subtype.name(),
        time::to_text(event.timestamp),
        &event.description,
        event.data.to_string(),
    ))?;
    Ok(())
}

//! System events: kept until they were sent to the stats collector, and shown to the operator.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use rusqlite::{Row, Transaction};
use serde_json::Value;

use super::filter::Columns;
use super::{Filter, Store, StoreError, time};
use crate::wire::event::{Event, UnknownEventName};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId(i64);

/// An event as the operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub id: i64,
    pub kind: String,
    pub subtype: String,
    pub at: DateTime<Utc>,
    pub description: String,
    pub data: Value,
    /// To the stats collector.
    pub sent_at: Option<DateTime<Utc>>,
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

    /// The newest events but telemetry, newest first.
    pub fn last_events(&self, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        self.select_events(
            "type <> 'VALIDATOR_TELEMETRY' ORDER BY id DESC LIMIT ?1",
            [limit],
        )
    }

    /// Events by time and type, and by the miner that is named in their data.
    pub fn find_events(&self, filter: &Filter) -> Result<Vec<EventRow>, StoreError> {
        let (condition, values) = filter.condition(Columns {
            time: "timestamp",
            miner: Some("json_extract(data, '$.miner_hotkey')"),
            outcome: Some("subtype"),
            kind: Some("type"),
            order: "id DESC",
        });
        self.select_events(&condition, rusqlite::params_from_iter(values))
    }

    /// The event of this number.
    pub fn event(&self, number: i64) -> Result<Option<EventRow>, StoreError> {
        Ok(self.select_events("id = ?1", [number])?.pop())
    }

    fn select_events(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<EventRow>, StoreError> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT id, type, subtype, timestamp, description, data, sent_at FROM events
             WHERE {condition}"
        ))?;
        let mut rows = query.query(values)?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(event_row(row)?);
        }
        Ok(events)
    }

    pub fn count_unsent_events(&self) -> Result<u64, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT count(*) FROM events WHERE sent_at IS NULL")?;
        Ok(query
            .query_row([], |row| row.get::<_, i64>(0))?
            .unsigned_abs())
    }

    /// Hands out events that are not sent, oldest first, until `take` has enough.
    pub fn each_unsent_event(
        &self,
        mut take: impl FnMut(EventId, Event) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut query = self.db.prepare_cached(
            "SELECT id, type, subtype, timestamp, description, data FROM events
             WHERE sent_at IS NULL ORDER BY id",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            if take(EventId(row.get(0)?), event(row)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Marks events that the stats collector has taken.
    pub fn mark_events_sent(
        &mut self,
        events: &[EventId],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let now = time::to_text(now);
        self.write(|tx| {
            let mut mark = tx.prepare_cached("UPDATE events SET sent_at = ?2 WHERE id = ?1")?;
            for event in events {
                mark.execute((event.0, &now))?;
            }
            Ok(())
        })
    }
}

fn event_row(row: &Row) -> Result<EventRow, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: String| StoreError::Row {
        table: "events",
        id,
        finding,
    };
    let moment =
        |text: String| time::from_text(&text).ok_or_else(|| damaged("not a time".to_owned()));
    Ok(EventRow {
        id,
        kind: row.get(1)?,
        subtype: row.get(2)?,
        at: moment(row.get(3)?)?,
        description: row.get(4)?,
        data: serde_json::from_str(&row.get::<_, String>(5)?)
            .map_err(|error| damaged(error.to_string()))?,
        sent_at: row.get::<_, Option<String>>(6)?.map(moment).transpose()?,
    })
}

fn event(row: &Row) -> Result<Event, StoreError> {
    let id: i64 = row.get(0)?;
    let damaged = |finding: String| StoreError::Row {
        table: "events",
        id,
        finding,
    };
    let text = |column| row.get::<_, String>(column);
    let at = time::from_text(&text(3)?).ok_or_else(|| damaged("not a time".to_owned()))?;
    Ok(Event {
        kind: text(1)?
            .parse()
            .map_err(|error: UnknownEventName| damaged(error.to_string()))?,
        subtype: text(2)?
            .parse()
            .map_err(|error: UnknownEventName| damaged(error.to_string()))?,
        timestamp: at,
        description: text(4)?,
        data: serde_json::from_str(&text(5)?).map_err(|error| damaged(error.to_string()))?,
    })
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

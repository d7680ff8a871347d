//! The document in which the subnet owner publishes parameters: which values it assigns at a given
//! time. Whether a parameter is known and a value fits it is for the table to say.
//! (spec: configuration, "Dynamic parameters")

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::resolved::{Override, Source};
use super::table::PUBLISHED_PREFIX;
use crate::line::one_line;
use crate::wire::time::parse_iso;

/// Of a text in an error.
const LONGEST_SHOWN: usize = 64;

/// Of a reader's finding, which may quote the whole document.
const LONGEST_FINDING: usize = 200;

/// What a document says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Every value in force, in the document's order; of several of one name the last counts.
    pub assigned: Vec<Override>,
    /// Where reading ended early. What stands before it is assigned, the rest is not.
    pub malformed: Option<Malformed>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("it is not a JSON object: {finding}")]
    Document { finding: String },
    #[error("entry `{name}`: {finding}")]
    Entry { name: String, finding: String },
}

/// Reads the body of the published document as of `now`.
pub fn read(document: &[u8], now: DateTime<Utc>) -> Reading {
    let mut assigned = Vec::new();
    let entries = match serde_json::from_slice::<Entries>(document) {
        Ok(entries) => entries.0,
        Err(error) => {
            let finding = one_line(&error.to_string(), LONGEST_FINDING);
            return Reading {
                assigned,
                malformed: Some(Malformed::Document { finding }),
            };
        }
    };
    for (name, entry) in entries {
        match in_force(entry.get(), now) {
            Ok(values) => assigned.extend(values.into_iter().map(|value| Override {
                name: name.clone(),
                source: Source::Published,
                value,
            })),
            Err(finding) => {
                let name = shown(&name);
                return Reading {
                    assigned,
                    malformed: Some(Malformed::Entry { name, finding }),
                };
            }
        }
    }
    Reading {
        assigned,
        malformed: None,
    }
}

/// The values of one entry that are in force, in its order; none if any of it is malformed.
fn in_force(entry: &str, now: DateTime<Utc>) -> Result<Vec<Value>, String> {
    let entry: Value = serde_json::from_str(entry).map_err(|error| error.to_string())?;
    let entry = entry.as_object().ok_or("it is not an object")?;
    if !entry.get("description").is_some_and(Value::is_string) {
        return Err("`description` is missing or not a text".to_owned());
    }
    let items = entry.get("items").and_then(Value::as_array);
    let items = items.ok_or("`items` is missing or not a list")?;
    let mut values = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let of_item = |finding: &str| format!("item {}: {finding}", index + 1);
        let item = item
            .as_object()
            .ok_or_else(|| of_item("it is not an object"))?;
        values.extend(item_in_force(item, now).map_err(|finding| of_item(&finding))?);
    }
    Ok(values)
}

/// `None`: its time has not come.
fn item_in_force(item: &Map<String, Value>, now: DateTime<Utc>) -> Result<Option<Value>, String> {
    let value = item.get("value").ok_or("`value` is missing")?;
    if !matches!(
        item.get("reason"),
        None | Some(Value::Null | Value::String(_))
    ) {
        return Err("`reason` is not a text".to_owned());
    }
    let from =
        match item.get("effective_from") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(parse_iso(text).map_err(|error| {
                format!("`effective_from` is `{}`, which is {error}", shown(text))
            })?),
            Some(_) => return Err("`effective_from` is not a text".to_owned()),
        };
    let is_in_force = from.is_none_or(|from| from <= now);
    Ok(is_in_force.then(|| value.clone()))
}

/// Text of a stranger as it may stand in an error.
fn shown(text: &str) -> String {
    text.escape_debug().take(LONGEST_SHOWN).collect()
}

/// The entries whose name says that they are parameters, unread, in the document's order. A name
/// that comes again keeps its place and takes the later entry, as everywhere in JSON.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Entries<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("parameters by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Vec<(String, &RawValue)> = Vec::new();
        let mut places = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if !name.starts_with(PUBLISHED_PREFIX) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let entry = map.next_value()?;
            match places.get(&name) {
                Some(place) => entries[*place] = (name, entry),
                None => {
                    places.insert(name.clone(), entries.len());
                    entries.push((name, entry));
                }
            }
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2024-09-16T12:52:51Z".parse().expect("a time")
    }

    fn values(document: &str) -> Vec<(String, Value)> {
        let reading = read(document.as_bytes(), now());
        let values = reading.assigned.into_iter();
        values.map(|one| (one.name, one.value)).collect()
    }

    #[test]
    fn a_name_that_comes_again_takes_the_later_entry_at_the_earlier_place() {
        let document = r#"{"DYNAMIC_A": 1,
            "DYNAMIC_B": {"description": "", "items": [{"value": 2}]},
            "DYNAMIC_A": {"description": "", "items": [{"value": 3}]}}"#;
        let expected = [
            ("DYNAMIC_A".to_owned(), 3.into()),
            ("DYNAMIC_B".to_owned(), 2.into()),
        ];
        assert_eq!(values(document), expected);
    }

    #[test]
    fn a_document_that_is_cut_off_assigns_nothing() {
        let document = r#"{"DYNAMIC_A": {"description": "", "items": [{"value": 3}]}, "DYN"#;
        let reading = read(document.as_bytes(), now());
        assert_eq!(reading.assigned, []);
        let said = reading.malformed.expect("it is").to_string();
        assert!(said.starts_with("it is not a JSON object: EOF"), "{said}");
        let reading = read(b"{\"DYNAMIC_\xff\": 1}", now());
        assert_eq!(reading.assigned, []);
        assert!(reading.malformed.is_some());
    }

    #[test]
    fn a_document_that_is_one_long_text_is_not_quoted_whole() {
        let document = format!("\"{}\"", "x".repeat(10_000));
        let said = read(document.as_bytes(), now()).malformed.expect("it is");
        let said = said.to_string();
        assert!(
            said.starts_with("it is not a JSON object: invalid type: string \"xxx"),
            "{said}"
        );
        assert!(said.len() < 300, "{said}");
    }

    #[test]
    fn what_is_malformed_is_named_and_cannot_disturb_a_terminal() {
        let said = |entry: &str| {
            let document = format!(r#"{{"DYNAMIC_\u001b[31m": {entry}}}"#);
            let malformed = read(document.as_bytes(), now()).malformed;
            malformed.expect("it is").to_string()
        };
        let of_item = |item: &str| said(&format!(r#"{{"description": "", "items": [{item}]}}"#));
        let entry = r"entry `DYNAMIC_\u{1b}[31m`: ";
        assert_eq!(said("[]"), format!("{entry}it is not an object"));
        assert_eq!(
            of_item(r#"{"value": 1}, {"value": 2, "effective_from": "tomorrow"}"#),
            format!(
                "{entry}item 2: `effective_from` is `tomorrow`, which is not an iso 8601 date and \
                 time with offset"
            )
        );
        assert_eq!(
            of_item(r#"["value"]"#),
            format!("{entry}item 1: it is not an object")
        );
        let nested = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(said(&nested).contains("recursion limit"));
    }
}

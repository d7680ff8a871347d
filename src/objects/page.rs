//! One page of a list as a server answers it: what is on it, and where the next one begins.

use chrono::{DateTime, Utc};

use super::ObjectEntry;
use super::xml::{insides, text_of};

/// What cannot be made out.
type Finding = &'static str;

/// `Next` is how the server calls what follows; `None`: nothing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Entry, Next> {
    pub entries: Vec<Entry>,
    pub next: Option<Next>,
}

/// An upload that has begun and is neither finished nor given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub key: String,
    pub id: String,
    pub began: DateTime<Utc>,
}

impl Page<ObjectEntry, String> {
    /// # Errors
    /// An entry is malformed, or the page does not say what follows.
    pub fn of_objects(xml: &str) -> Result<Self, Finding> {
        let entries = insides(xml, "Contents").map(object_of);
        let entries = entries.collect::<Option<_>>();
        Ok(Self {
            entries: entries.ok_or("an entry is malformed")?,
            next: next(xml, || marker(xml, "NextContinuationToken"))?,
        })
    }
}

impl Page<Unfinished, [String; 2]> {
    /// # Errors
    /// As for objects.
    pub fn of_uploads(xml: &str) -> Result<Self, Finding> {
        let entries = insides(xml, "Upload").map(unfinished_of);
        let entries = entries.collect::<Option<_>>();
        let next_of_both = || {
            let key = marker(xml, "NextKeyMarker")?;
            Some([key, marker(xml, "NextUploadIdMarker")?])
        };
        Ok(Self {
            entries: entries.ok_or("an upload is malformed")?,
            next: next(xml, next_of_both)?,
        })
    }
}

fn next<Next>(xml: &str, told: impl FnOnce() -> Option<Next>) -> Result<Option<Next>, Finding> {
    match text_of(xml, "IsTruncated").as_deref() {
        Some("true") => told().map(Some).ok_or("it does not say what follows"),
        _ => Ok(None),
    }
}

fn marker(xml: &str, name: &str) -> Option<String> {
    Some(text_of(xml, name)?.into_owned())
}

fn object_of(xml: &str) -> Option<ObjectEntry> {
    Some(ObjectEntry {
        key: text_of(xml, "Key")?.into_owned(),
        bytes: text_of(xml, "Size")?.parse().ok()?,
        modified: time_of(&text_of(xml, "LastModified")?)?,
    })
}

fn unfinished_of(xml: &str) -> Option<Unfinished> {
    Some(Unfinished {
        key: text_of(xml, "Key")?.into_owned(),
        id: text_of(xml, "UploadId")?.into_owned(),
        began: time_of(&text_of(xml, "Initiated")?)?,
    })
}

fn time_of(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_key_length_or_time_is_none() {
        let whole = "<Key>a&amp;b</Key><LastModified>2024-01-02T03:04:05.678Z</LastModified>\
                     <Size>5</Size>";
        let entry = object_of(whole).expect("whole");
        assert_eq!((entry.key.as_str(), entry.bytes), ("a&b", 5));
        assert_eq!(entry.modified.timestamp(), 1_704_164_645);
        for (from, to) in [
            ("Key", "Kex"),
            ("<Size>5", "<Size>-5"),
            ("<Size>5", "<Size>18446744073709551616"),
            ("T03", "T33"),
        ] {
            let torn = whole.replace(from, to);
            assert_eq!(object_of(&torn), None, "{torn}");
        }
    }
}

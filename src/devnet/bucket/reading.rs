//! Reads of objects, whole or a range of them, and what can go wrong with them.

use std::io;
use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED,
};
use axum::http::{Method, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::stream;
use tokio::time::Instant;

use super::Behaviour;
use super::operations::{Answer, Operation};
use super::refusal::{MALFORMED, NO_KEY, NO_RANGE, OTHER_TAG, Refusal};
use super::state::{Bucket, Counts};

/// Of a stream that stands in for an object.
const PIECE: usize = 64 * 1024;

impl Operation<'_> {
    pub(super) fn read(&self, key: &str, bucket: &Bucket, counts: &mut Counts) -> Answer {
        if let Behaviour::Loses { part_of_key } = self.behaviour
            && key.contains(part_of_key.as_str())
        {
            return Err(NO_KEY);
        }
        let object = bucket.objects.get(key).ok_or(NO_KEY)?;
        let is_stale = *self.behaviour == Behaviour::Stale;
        let version = object.seen(is_stale, Instant::now()).ok_or(NO_KEY)?;
        if let Behaviour::Oversized { bytes } = self.behaviour {
            return Ok(oversized(*bytes));
        }
        if let Some(tag) = self.asked.header("if-match")
            && tag != version.tag
        {
            return Err(OTHER_TAG);
        }
        let whole = version.content.len();
        let range = self.range(whole)?;
        let content = version.content.slice(range.clone().unwrap_or(0..whole));
        let mut head: Vec<(HeaderName, String)> = vec![
            (CONTENT_TYPE, "binary/octet-stream".to_owned()),
            (CONTENT_LENGTH, content.len().to_string()),
            (ETAG, version.tag.clone()),
            (LAST_MODIFIED, http_date(version.modified)),
        ];
        let status = match range {
            Some(Range { start, end }) => {
                let range = format!("bytes {start}-{}/{whole}", end - 1);
                head.push((CONTENT_RANGE, range));
                StatusCode::PARTIAL_CONTENT
            }
            None => StatusCode::OK,
        };
        let body = match self.behaviour {
            _ if self.asked.method == Method::HEAD => Body::empty(),
            Behaviour::BreaksReads { after, times } if counts.broken_reads < *times => {
                counts.broken_reads += 1;
                broken(content.slice(..content.len().min(*after)))
            }
            _ => content.into(),
        };
        Ok((status, AppendHeaders(head), body).into_response())
    }

    /// The range that is asked for, of so many bytes; `None`: all of them.
    fn range(&self, whole: usize) -> Result<Option<Range<usize>>, Refusal> {
        let Some(asked) = self.asked.header("range") else {
            return Ok(None);
        };
        let ends = asked.strip_prefix("bytes=");
        let (start, last) = ends
            .and_then(|ends| ends.split_once('-'))
            .ok_or(MALFORMED)?;
        let start: usize = start.parse().map_err(|_| MALFORMED)?;
        let end = match last {
            "" => whole,
            last => last
                .parse::<usize>()
                .map_err(|_| MALFORMED)?
                .saturating_add(1)
                .min(whole),
        };
        match start < end {
            true => Ok(Some(start..end)),
            false => Err(NO_RANGE),
        }
    }
}

fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// An answer that breaks before it has said anything.
pub(super) fn no_answer() -> Response {
    ([(CONTENT_LENGTH, "1")], broken(Bytes::new())).into_response()
}

/// A body that breaks after this.
fn broken(beginning: Bytes) -> Body {
    let pieces = [
        Ok(beginning),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    Body::from_stream(stream::iter(pieces))
}

fn oversized(bytes: usize) -> Response {
    let pieces = (0..bytes.div_ceil(PIECE)).map(move |piece| {
        let length = PIECE.min(bytes - piece * PIECE);
        Ok::<_, std::convert::Infallible>(Bytes::from(vec![b'x'; length]))
    });
    Body::from_stream(stream::iter(pieces)).into_response()
}

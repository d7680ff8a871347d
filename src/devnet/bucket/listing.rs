//! Lists of what is in a bucket, page by page: objects, and uploads that are not finished.

use std::ops::Bound;

use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use tokio::time::Instant;

use super::Behaviour;
use super::encoding::in_xml;
use super::operations::{Answer, Operation, XMLNS, xml};
use super::refusal::MALFORMED;
use super::state::Bucket;

impl Operation<'_> {
    pub(super) fn list_objects(&self, name: &str, bucket: &Bucket) -> Answer {
        let prefix = self.asked.parameter("prefix").unwrap_or_default();
        // nothing but the last key of the page before, so that nobody takes it for one
        let after = match self.asked.parameter("continuation-token") {
            Some(token) => {
                let key = hex::decode(token)
                    .ok()
                    .and_then(|key| String::from_utf8(key).ok());
                Bound::Excluded(key.ok_or(MALFORMED)?)
            }
            None => Bound::Unbounded,
        };
        let is_stale = *self.behaviour == Behaviour::Stale;
        let now = Instant::now();
        let mut objects = bucket
            .objects
            .range((after, Bound::Unbounded))
            .filter(|(key, _)| key.starts_with(prefix))
            .filter_map(|(key, object)| Some((key, object.seen(is_stale, now)?)));
        let page: Vec<_> = objects.by_ref().take(self.page("max-keys")).collect();
        let next = page.last().filter(|_| objects.next().is_some());
        let entries: String = page
            .iter()
            .map(|(key, version)| {
                format!(
                    "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag>\
                     <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                    in_xml(key),
                    time(version.modified),
                    in_xml(&version.tag),
                    version.content.len()
                )
            })
            .collect();
        let next_token = next.map_or_else(String::new, |(key, _)| {
            let token = hex::encode(key);
            format!("<NextContinuationToken>{token}</NextContinuationToken>")
        });
        Ok(xml(format!(
            "<ListBucketResult {XMLNS}><Name>{name}</Name><Prefix>{}</Prefix>\
             <KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>{next_token}{entries}\
             </ListBucketResult>",
            in_xml(prefix),
            page.len(),
            next.is_some()
        )))
    }

    pub(super) fn list_uploads(&self, bucket: &Bucket) -> Response {
        let prefix = self.asked.parameter("prefix").unwrap_or_default();
        let marker = |name| self.asked.parameter(name).unwrap_or_default().to_owned();
        let after = (marker("key-marker"), marker("upload-id-marker"));
        let mut uploads = bucket
            .uploads
            .range((Bound::Excluded(after), Bound::Unbounded))
            .filter(|((key, _), _)| key.starts_with(prefix));
        let page: Vec<_> = uploads.by_ref().take(self.page("max-uploads")).collect();
        let next = page.last().filter(|_| uploads.next().is_some());
        let entries: String = page
            .iter()
            .map(|((key, id), upload)| {
                format!(
                    "<Upload><Key>{}</Key><UploadId>{id}</UploadId><Initiated>{}</Initiated>\
                     </Upload>",
                    in_xml(key),
                    time(upload.began)
                )
            })
            .collect();
        let markers = next.map_or_else(String::new, |((key, id), _)| {
            let key = in_xml(key);
            format!(
                "<NextKeyMarker>{key}</NextKeyMarker>\
                 <NextUploadIdMarker>{id}</NextUploadIdMarker>"
            )
        });
        xml(format!(
            "<ListMultipartUploadsResult {XMLNS}><IsTruncated>{}</IsTruncated>{markers}{entries}\
             </ListMultipartUploadsResult>",
            next.is_some()
        ))
    }

    fn page(&self, parameter: &str) -> usize {
        let asked = self.asked.parameter(parameter);
        let asked = asked.and_then(|text| text.parse().ok());
        asked.map_or(self.config.page, |most: usize| most.min(self.config.page))
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

//! Objects that come in parts: begun, sent part by part, joined or given up.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::Utc;

use super::Behaviour;
use super::encoding::in_xml;
use super::operations::{Answer, Operation, XMLNS, etag, xml};
use super::reading::no_answer;
use super::refusal::{
    INTERNAL, MALFORMED, NO_PART, NO_UPLOAD, NOT_IMPLEMENTED, Refusal, TOO_SMALL,
};
use super::request::element;
use super::state::{Bucket, Counts, Upload};

/// Of each part but the last, in bytes.
const LEAST: usize = 5 * 1024 * 1024;
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=10_000;

impl Operation<'_> {
    pub(super) fn begin_upload(
        &self,
        name: &str,
        key: &str,
        count: usize,
        bucket: &mut Bucket,
    ) -> Response {
        let id = format!("upload-{count:08}");
        let upload = Upload {
            began: Utc::now(),
            parts: Default::default(),
        };
        bucket.uploads.insert((key.to_owned(), id.clone()), upload);
        xml(format!(
            "<InitiateMultipartUploadResult {XMLNS}><Bucket>{name}</Bucket><Key>{}</Key>\
             <UploadId>{id}</UploadId></InitiateMultipartUploadResult>",
            in_xml(key)
        ))
    }

    pub(super) fn of_upload(
        &self,
        key: &str,
        id: &str,
        bucket: &mut Bucket,
        counts: &mut Counts,
    ) -> Answer {
        let place = (key.to_owned(), id.to_owned());
        let upload = bucket.uploads.get_mut(&place).ok_or(NO_UPLOAD)?;
        match self.asked.method.as_str() {
            "PUT" => {
                counts.parts += 1;
                self.take_part(upload)
            }
            "POST" => {
                if let Behaviour::FailsToJoin { times } = self.behaviour
                    && counts.failed_joins < *times
                {
                    counts.failed_joins += 1;
                    return Ok(xml(INTERNAL.xml()));
                }
                let content = joined(upload, self.asked.text()?)?;
                let tag = etag(&content).replace("\"", "");
                let tag = format!("\"{tag}-{}\"", upload.parts.len());
                bucket.uploads.remove(&place);
                self.keep(key, content, tag.clone(), bucket);
                if *self.behaviour == Behaviour::JoinsUnheard {
                    return Ok(no_answer());
                }
                Ok(xml(format!(
                    "<CompleteMultipartUploadResult {XMLNS}><Key>{}</Key><ETag>{}</ETag>\
                     </CompleteMultipartUploadResult>",
                    in_xml(key),
                    in_xml(&tag)
                )))
            }
            "DELETE" => {
                bucket.uploads.remove(&place);
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Err(NOT_IMPLEMENTED),
        }
    }

    fn take_part(&self, upload: &mut Upload) -> Answer {
        let number = self.asked.parameter("partNumber");
        let number = number.and_then(|number| number.parse().ok());
        let number = number
            .filter(|number| NUMBERS.contains(number))
            .ok_or(MALFORMED)?;
        let tag = etag(&self.asked.body);
        if !matches!(self.behaviour, Behaviour::LosesPart { number: lost } if *lost == number) {
            upload.parts.insert(number, self.asked.body.clone());
        }
        Ok([(ETAG, tag)].into_response())
    }
}

/// The parts that are listed, if they are those that are there.
fn joined(upload: &Upload, list: &str) -> Result<Bytes, Refusal> {
    let mut content = Vec::new();
    let mut last = None;
    for listed in list.split("<Part>").skip(1) {
        let number = element(listed, "PartNumber").and_then(|number| number.parse().ok());
        let number: u32 = number.ok_or(MALFORMED)?;
        let tag = element(listed, "ETag")
            .ok_or(MALFORMED)?
            .replace("&quot;", "\"");
        let part = upload.parts.get(&number).ok_or(NO_PART)?;
        if etag(part).trim_matches('"') != tag.trim_matches('"') {
            return Err(NO_PART);
        }
        match last.replace((number, part.len())) {
            Some((before, _)) if before >= number => return Err(MALFORMED),
            Some((_, bytes)) if bytes < LEAST => return Err(TOO_SMALL),
            _ => content.extend_from_slice(part),
        }
    }
    match last {
        Some(_) => Ok(content.into()),
        None => Err(MALFORMED),
    }
}

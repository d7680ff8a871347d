//! A job that a facilitator is to hand out: a request, or any text in its place.

use serde_json::Value;

use crate::wire::FromFacilitator;
use crate::wire::facilitator::{JobRequestV0, JobRequestV1};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Empty if the text names none.
    pub(super) uuid: String,
    pub(super) text: String,
}

impl From<String> for Order {
    fn from(text: String) -> Self {
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let uuid = value["uuid"].as_str().unwrap_or_default().to_owned();
        Self { uuid, text }
    }
}

impl From<FromFacilitator> for Order {
    fn from(message: FromFacilitator) -> Self {
        message.to_json().into()
    }
}

impl From<JobRequestV0> for Order {
    fn from(job: JobRequestV0) -> Self {
        FromFacilitator::JobV0(job).into()
    }
}

impl From<JobRequestV1> for Order {
    fn from(job: JobRequestV1) -> Self {
        FromFacilitator::JobV1(job).into()
    }
}

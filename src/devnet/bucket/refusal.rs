//! How S3 says no: a status and a name for it, in XML.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

impl Refusal {
    pub(super) const fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
        }
    }

    pub(super) fn xml(&self) -> String {
        format!(
            "<Error><Code>{}</Code><Message>{}</Message></Error>",
            self.code, self.message
        )
    }
}

pub(super) const DENIED: Refusal = Refusal::new(403, "AccessDenied", "Access Denied");
pub(super) const EXPIRED: Refusal = Refusal::new(403, "AccessDenied", "Request has expired");
pub(super) const UNKNOWN_KEY: Refusal = Refusal::new(
    403,
    "InvalidAccessKeyId",
    "The AWS Access Key Id you provided does not exist in our records.",
);
pub(super) const WRONG_SIGNATURE: Refusal = Refusal::new(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
);
pub(super) const SKEWED: Refusal = Refusal::new(
    403,
    "RequestTimeTooSkewed",
    "The difference between the request time and the current time is too large.",
);
pub(super) const OTHER_REGION: Refusal = Refusal::new(
    400,
    "AuthorizationHeaderMalformed",
    "The authorization header is malformed; the region is wrong.",
);
pub(super) const MALFORMED: Refusal = Refusal::new(400, "InvalidRequest", "Malformed request");
pub(super) const CHANGED: Refusal = Refusal::new(
    400,
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
);
pub(super) const NO_BUCKET: Refusal =
    Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist");
pub(super) const NO_KEY: Refusal =
    Refusal::new(404, "NoSuchKey", "The specified key does not exist.");
pub(super) const TAKEN: Refusal = Refusal::new(
    409,
    "BucketAlreadyExists",
    "The requested bucket name is not available.",
);
pub(super) const OWN: Refusal = Refusal::new(
    409,
    "BucketAlreadyOwnedByYou",
    "The bucket you tried to create already exists, and you own it.",
);
pub(super) const TOO_LARGE: Refusal = Refusal::new(
    400,
    "EntityTooLarge",
    "Your proposed upload exceeds the maximum allowed size",
);
pub(super) const FIRST_REGION: Refusal = Refusal::new(
    400,
    "InvalidLocationConstraint",
    "The specified location-constraint is not valid",
);
pub(super) const INTERNAL: Refusal =
    Refusal::new(500, "InternalError", "We encountered an internal error.");
pub(super) const BUSY: Refusal = Refusal::new(503, "SlowDown", "Please reduce your request rate.");
pub(super) const NO_UPLOAD: Refusal = Refusal::new(
    404,
    "NoSuchUpload",
    "The specified multipart upload does not exist.",
);
pub(super) const NO_PART: Refusal = Refusal::new(
    400,
    "InvalidPart",
    "One or more of the specified parts could not be found.",
);
pub(super) const TOO_SMALL: Refusal = Refusal::new(
    400,
    "EntityTooSmall",
    "Your proposed upload is smaller than the minimum allowed size",
);
pub(super) const OTHER_TAG: Refusal = Refusal::new(
    412,
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold",
);
pub(super) const NO_RANGE: Refusal = Refusal::new(
    416,
    "InvalidRange",
    "The requested range is not satisfiable",
);
pub(super) const NOT_IMPLEMENTED: Refusal = Refusal::new(
    501,
    "NotImplemented",
    "A header or query you provided implies functionality that is not implemented",
);

/// A setting of a bucket that is not set.
pub(super) fn absent(code: &'static str) -> Refusal {
    Refusal::new(404, code, "The bucket has no such configuration")
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.xml());
        (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

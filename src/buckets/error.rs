//! Why a bucket is not right: at which step it failed, what is done already, and what to do.

use super::step::Act;
use crate::http::HttpError;
use crate::objects::ObjectsError;
use crate::settings::BucketName;

/// What can be wrong at a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    #[error("somebody else has a bucket of this name, or this key pair may not ask for it")]
    Taken,
    #[error("the bucket is yours, but in {found}; the settings say {wanted}")]
    Elsewhere { found: String, wanted: String },
    #[error("the bucket has lifecycle rules that were not made here")]
    OtherRules,
    #[error("the upload to a signed address failed: {finding}")]
    Upload { finding: String, is_passing: bool },
    #[error("{url} cannot be read without credentials: {finding}")]
    Read {
        url: String,
        finding: String,
        is_passing: bool,
    },
    #[error("{url} does not show what was uploaded")]
    Stale { url: String },
}

impl Trouble {
    pub(super) fn upload(error: &HttpError) -> Self {
        Self::Upload {
            finding: error.to_string(),
            is_passing: error.is_passing(),
        }
    }

    pub(super) fn read(url: String, error: &HttpError) -> Self {
        Self::Read {
            url,
            finding: error.to_string(),
            is_passing: error.is_passing(),
        }
    }

    /// Whether it may be gone by itself at the next run.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Objects(error) => error.is_passing(),
            Self::Upload { is_passing, .. } | Self::Read { is_passing, .. } => *is_passing,
            Self::Taken | Self::Elsewhere { .. } | Self::OtherRules | Self::Stale { .. } => false,
        }
    }

    pub fn advice(&self) -> Option<&'static str> {
        let advice = match self {
            Self::Objects(error) => return error.advice(),
            Self::Taken => "take another name: all names of buckets in the world are in one list",
            Self::Elsewhere { .. } => "set AWS_DEFAULT_REGION to the bucket's region",
            Self::OtherRules => "add the rule by hand, or delete those that are there",
            Self::Upload { .. } | Self::Read { .. } if self.is_passing() => {
                "check the network and AWS_ENDPOINT_URL, then run it again"
            }
            Self::Upload { .. } => "check AWS_SIGNATURE_VERSION and AWS_DEFAULT_REGION",
            Self::Read { finding, .. } if finding.contains("301") => {
                "set AWS_ENDPOINT_URL to the region's server, https://s3.REGION.amazonaws.com"
            }
            Self::Read { .. } => {
                "does your account block public access to all its buckets? see docs/buckets.md"
            }
            Self::Stale { .. } => "is there a cache before the server? run it again to see",
        };
        Some(advice)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketsError {
    #[error("prompts and answers need a bucket each, both are to be `{0}`")]
    Same(BucketName),
    #[error("bucket {bucket}: {} failed ({})", act.aim(), so_far(done))]
    Step {
        bucket: BucketName,
        act: Act,
        /// Steps of this bucket that are behind it.
        done: Vec<Act>,
        #[source]
        trouble: Box<Trouble>,
    },
    #[error("the buckets cannot be checked")]
    Check(#[source] Box<Trouble>),
}

impl BucketsError {
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Same(_) => None,
            Self::Step { trouble, .. } | Self::Check(trouble) => Some(trouble),
        }
    }

    /// Whether a setting or an argument is wrong.
    pub(crate) fn is_misuse(&self) -> bool {
        match self.trouble() {
            None => true,
            Some(Trouble::Objects(error)) => matches!(
                error.code(),
                Some("InvalidAccessKeyId" | "SignatureDoesNotMatch")
            ),
            Some(Trouble::Elsewhere { .. }) => true,
            Some(_) => false,
        }
    }
}

fn so_far(done: &[Act]) -> String {
    match done {
        [] => "nothing of it is done yet; run it again once that is solved".to_owned(),
        _ => format!(
            "done already: {}; run it again to finish",
            done.iter()
                .map(|act| act.aim())
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

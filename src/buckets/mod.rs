//! Makes the two buckets of the prompt pipeline, or looks whether they are right. For each bucket:
//! it exists and is ours, everybody may read its objects and nothing else, and that is proved by
//! an upload. Uses no database; how S3 is spoken is for `objects` to say.

mod check;
mod error;
mod proof;
mod provision;
mod step;

pub use check::{Problem, check};
pub use error::{BucketsError, Trouble};
pub use provision::provision;
pub use step::{Act, Step};

use std::time::Duration;

use crate::settings::BucketName;

/// What the buckets are to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub prompts: BucketName,
    pub answers: BucketName,
    /// Prompts go away after so many days.
    pub expire_prompts_days: Option<u32>,
    /// How long S3 may take until what was set counts.
    pub patience: Duration,
}

/// Amazon speaks of seconds.
pub const PATIENCE: Duration = Duration::from_secs(20);

impl Wanted {
    /// Each bucket, and after how many days its objects are to go away.
    fn each(&self) -> Result<[(&BucketName, Option<u32>); 2], BucketsError> {
        match self.prompts == self.answers {
            true => Err(BucketsError::Same(self.prompts.clone())),
            false => Ok([
                (&self.prompts, self.expire_prompts_days),
                (&self.answers, None),
            ]),
        }
    }
}

//! Makes both buckets right, step by step. What is right already is left alone, so that a run that
//! was cut short is finished by the next one.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Wanted;
use super::error::{BucketsError, Trouble};
use super::proof::{self, PAUSE};
use super::step::{Act, Step};
use crate::objects::{AccessBlock, Lifecycle, ObjectStore, ObjectsError, Standing};
use crate::settings::BucketName;

/// Tells each step as soon as it is taken.
///
/// # Errors
/// The first step that fails; those before it hold.
pub async fn provision(
    store: &ObjectStore,
    wanted: &Wanted,
    mut tell: impl FnMut(&Step),
) -> Result<Vec<Step>, BucketsError> {
    let mut steps = Vec::new();
    for (bucket, days) in wanted.each()? {
        let from = steps.len();
        let mut one = One {
            store,
            bucket,
            patience: wanted.patience,
            tell: &mut tell,
            steps: &mut steps,
        };
        if let Err((act, trouble)) = one.make_right(days).await {
            return Err(BucketsError::Step {
                bucket: bucket.clone(),
                act,
                done: steps[from..].iter().map(|step| step.act).collect(),
                trouble: Box::new(trouble),
            });
        }
    }
    Ok(steps)
}

struct One<'a> {
    store: &'a ObjectStore,
    bucket: &'a BucketName,
    patience: Duration,
    tell: &'a mut dyn FnMut(&Step),
    steps: &'a mut Vec<Step>,
}

impl One<'_> {
    async fn make_right(&mut self, days: Option<u32>) -> Result<(), (Act, Trouble)> {
        let made = self.make().await;
        self.took(Act::Make, made)?;
        let unblocked = self.unblock().await;
        let is_block_right = matches!(unblocked, Ok((_, true)));
        self.took(Act::Unblock, unblocked.map(|(is_new, _)| (is_new, None)))?;
        let policy = self.policy().await;
        self.took(Act::Policy, policy)?;
        let block = self.block(!is_block_right).await;
        self.took(Act::Block, block)?;
        if let Some(days) = days {
            let expiry = self.expiry(days).await;
            self.took(Act::Expiry, expiry)?;
        }
        let proof = proof::prove(self.store, self.bucket, self.patience).await;
        self.took(Act::Proof, proof.map(|()| (true, None)))?;
        Ok(())
    }

    /// Whether the step changed something, and what it replaced.
    fn took(
        &mut self,
        act: Act,
        result: Result<(bool, Option<String>), Trouble>,
    ) -> Result<(), (Act, Trouble)> {
        let (is_new, replaced) = result.map_err(|trouble| (act, trouble))?;
        let step = Step {
            bucket: self.bucket.clone(),
            act,
            is_new,
            replaced,
        };
        (self.tell)(&step);
        self.steps.push(step);
        Ok(())
    }

    async fn make(&self) -> Result<(bool, Option<String>), Trouble> {
        let wanted = self.store.region().to_owned();
        match self.store.standing(self.bucket).await? {
            Standing::Own { region } if region == wanted => Ok((false, None)),
            Standing::Own { region: found } => Err(Trouble::Elsewhere { found, wanted }),
            Standing::Foreign => Err(Trouble::Taken),
            Standing::Absent => match self.store.create(self.bucket).await {
                Ok(()) => Ok((true, None)),
                Err(error) if error.code() == Some("BucketAlreadyExists") => Err(Trouble::Taken),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Removes the block unless it is as it is to be at the end: whether it did, whether it is so.
    async fn unblock(&self) -> Result<(bool, bool), Trouble> {
        match self.store.access_block(self.bucket).await? {
            Some(block) if block == AccessBlock::POLICY_ONLY => Ok((false, true)),
            None => Ok((false, false)),
            Some(_) => {
                self.store.remove_access_block(self.bucket).await?;
                Ok((true, false))
            }
        }
    }

    async fn policy(&self) -> Result<(bool, Option<String>), Trouble> {
        let present = self.store.policy(self.bucket).await?;
        match present {
            Some(policy) if self.store.is_public_read(&policy, self.bucket) => Ok((false, None)),
            other => {
                self.set_policy().await?;
                Ok((true, other))
            }
        }
    }

    /// The removal of the block takes some seconds until it counts.
    async fn set_policy(&self) -> Result<(), ObjectsError> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.store.set_public_read(self.bucket).await {
                Err(error) if error.code() == Some("AccessDenied") && Instant::now() < deadline => {
                    sleep(PAUSE).await;
                }
                result => return result,
            }
        }
    }

    async fn block(&self, is_due: bool) -> Result<(bool, Option<String>), Trouble> {
        if is_due {
            let block = AccessBlock::POLICY_ONLY;
            self.store.set_access_block(self.bucket, block).await?;
        }
        Ok((is_due, None))
    }

    async fn expiry(&self, wanted: u32) -> Result<(bool, Option<String>), Trouble> {
        match self.store.lifecycle(self.bucket).await? {
            Lifecycle::Expires { days } if days == wanted => Ok((false, None)),
            Lifecycle::Foreign => Err(Trouble::OtherRules),
            Lifecycle::Keeps | Lifecycle::Expires { .. } => {
                self.store.expire_after(self.bucket, wanted).await?;
                Ok((true, None))
            }
        }
    }
}

//! The steps to a bucket that is right, in their order, in the words an operator reads.

use std::fmt;

use crate::settings::BucketName;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Make,
    Unblock,
    Policy,
    Block,
    Expiry,
    Proof,
}

impl Act {
    /// A stable name, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Unblock => "unblock",
            Self::Policy => "policy",
            Self::Block => "block",
            Self::Expiry => "expiry",
            Self::Proof => "proof",
        }
    }

    /// What is done by it.
    pub(super) fn aim(self) -> &'static str {
        match self {
            Self::Make => "making the bucket",
            Self::Unblock => "removing the default public access block",
            Self::Policy => "letting everybody read its objects",
            Self::Block => "setting the public access block",
            Self::Expiry => "having old objects deleted",
            Self::Proof => "proving it by an upload",
        }
    }
}

/// One step that was taken, or was not needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub bucket: BucketName,
    pub act: Act,
    pub is_new: bool,
    /// What was replaced, if something was.
    pub replaced: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.act, self.is_new) {
            (Act::Make, true) => "made",
            (Act::Make, false) => "exists already and is yours",
            (Act::Unblock, true) => "default public access block removed",
            (Act::Unblock, false) => "public access block does not hide the policy",
            (Act::Policy, true) => "policy set: everybody may read its objects",
            (Act::Policy, false) => "policy is already so: everybody may read its objects",
            (Act::Block, true) => "public access block set: no public lists, the policy counts",
            (Act::Block, false) => "public access block is already so",
            (Act::Expiry, true) => "lifecycle set: old objects are deleted",
            (Act::Expiry, false) => "lifecycle is already so: old objects are deleted",
            (Act::Proof, _) => "proved: a signed upload was read without credentials",
        };
        write!(f, "{}: {text}", self.bucket)?;
        match &self.replaced {
            Some(old) => write!(f, "; it replaces {old}"),
            None => Ok(()),
        }
    }
}

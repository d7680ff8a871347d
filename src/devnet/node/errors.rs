//! Why the chain executes a call without effect: one variant per reason, with the name that a
//! generation gives it (chain.md, section 7).

use scale_info::build::Variants;
use scale_info::{Path, Type, TypeInfo};

use super::CommitScheme;

/// An error of `SubtensorModule`. Its number is its index in metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PalletError {
    NoSubnet,
    RootWeights,
    NotRegistered,
    TooLittleStake,
    NoPermit,
    UnequalLengths,
    DuplicateUids,
    UnknownUid,
    TooFewWeights,
    WeightTooLarge,
    TooSoon,
    CommitTooSoon,
    VersionKeyTooLow,
    TooManyUids,
    NothingCommitted,
    OtherHash,
    MustCommit,
    MustNotCommit,
    TooManyCommits,
    Expired,
    OutsideWindow,
    OtherCommitVersion,
}

struct Wording {
    error: PalletError,
    /// From spec 218 on.
    newer: &'static str,
    /// Until spec 185; empty where that runtime had no such error.
    older: &'static str,
    docs: &'static [&'static str],
}

const fn wording(
    error: PalletError,
    newer: &'static str,
    older: &'static str,
    docs: &'static [&'static str],
) -> Wording {
    Wording {
        error,
        newer,
        older,
        docs,
    }
}

const WORDINGS: &[Wording] = &[
    wording(
        PalletError::NoSubnet,
        "SubnetNotExists",
        "NetworkDoesNotExist",
        &["There is no subnet of this number."],
    ),
    wording(
        PalletError::RootWeights,
        "CanNotSetRootNetworkWeights",
        "",
        &["The root network takes no weights."],
    ),
    wording(
        PalletError::NotRegistered,
        "HotKeyNotRegisteredInSubNet",
        "NotRegistered",
        &["The hotkey has no uid on this subnet."],
    ),
    wording(
        PalletError::TooLittleStake,
        "NotEnoughStakeToSetWeights",
        "NotEnoughStakeToSetWeights",
        &["The hotkey has less stake than writing weights takes."],
    ),
    wording(
        PalletError::NoPermit,
        "NeuronNoValidatorPermit",
        "NoValidatorPermit",
        &["Only validators may weigh others."],
    ),
    wording(
        PalletError::UnequalLengths,
        "WeightVecNotEqualSize",
        "WeightVecNotEqualSize",
        &["There are more uids than weights, or fewer."],
    ),
    wording(
        PalletError::DuplicateUids,
        "DuplicateUids",
        "DuplicateUids",
        &["A uid is named twice."],
    ),
    wording(
        PalletError::UnknownUid,
        "UidVecContainInvalidOne",
        "InvalidUid",
        &["A uid does not exist on this subnet."],
    ),
    wording(
        PalletError::TooFewWeights,
        "WeightVecLengthIsLow",
        "NotSettingEnoughWeights",
        &["The subnet demands more weights than were given."],
    ),
    wording(
        PalletError::WeightTooLarge,
        "MaxWeightExceeded",
        "MaxWeightExceeded",
        &["One weight has a larger share than the subnet allows."],
    ),
    wording(
        PalletError::TooSoon,
        "SettingWeightsTooFast",
        "SettingWeightsTooFast",
        &["Weights were written less than the rate limit ago."],
    ),
    wording(
        PalletError::CommitTooSoon,
        "CommittingWeightsTooFast",
        "",
        &["Weights were committed less than the rate limit ago."],
    ),
    wording(
        PalletError::VersionKeyTooLow,
        "IncorrectWeightVersionKey",
        "IncorrectNetworkVersionKey",
        &["The subnet demands a newer version key."],
    ),
    wording(
        PalletError::TooManyUids,
        "UidsLengthExceedUidsInSubNet",
        "TooManyUids",
        &["There are more uids than the subnet has."],
    ),
    wording(
        PalletError::NothingCommitted,
        "NoWeightsCommitFound",
        "NoCommitFound",
        &["The hotkey has no open commit on this subnet."],
    ),
    wording(
        PalletError::OtherHash,
        "InvalidRevealCommitHashNotMatch",
        "InvalidRevealCommitHashNotMatch",
        &["What was revealed does not have the hash that was committed."],
    ),
    wording(
        PalletError::MustCommit,
        "CommitRevealEnabled",
        "CommitRevealEnabled",
        &["The subnet takes weights by commit and reveal only."],
    ),
    wording(
        PalletError::MustNotCommit,
        "CommitRevealDisabled",
        "CommitRevealDisabled",
        &["The subnet takes no commits."],
    ),
    wording(
        PalletError::TooManyCommits,
        "TooManyUnrevealedCommits",
        "WeightsCommitNotAllowed",
        &["The hotkey has as many open commits as it may."],
    ),
    wording(
        PalletError::Expired,
        "ExpiredWeightCommit",
        "",
        &["The window of this reveal has passed."],
    ),
    wording(
        PalletError::OutsideWindow,
        "RevealTooEarly",
        "InvalidRevealTempo",
        &["The window of this reveal is not open."],
    ),
    wording(
        PalletError::OtherCommitVersion,
        "IncorrectCommitRevealVersion",
        "",
        &["The chain takes timelocked commits of another version."],
    ),
];

impl PalletError {
    pub(super) fn name(self, scheme: CommitScheme) -> &'static str {
        WORDINGS[self as usize].name(scheme)
    }

    /// The name in a generation of the error that has this name in the newest one.
    pub(super) fn renamed(newest: &str, scheme: CommitScheme) -> Option<&'static str> {
        WORDINGS
            .iter()
            .find(|wording| wording.newer == newest)
            .map(|wording| wording.name(scheme))
            .filter(|name| !name.is_empty())
    }

    pub(super) fn encoded(self) -> [u8; 4] {
        [self as u8, 0, 0, 0]
    }
}

impl Wording {
    fn name(&self, scheme: CommitScheme) -> &'static str {
        match scheme {
            CommitScheme::Off | CommitScheme::BlockIntervals => self.older,
            CommitScheme::Epochs | CommitScheme::Timelocked => self.newer,
        }
    }
}

#[derive(TypeInfo)]
#[expect(dead_code, reason = "declared for metadata")]
pub(super) enum RuntimeError {
    #[codec(index = 7)]
    SubtensorModule(PalletError),
}

/// By hand rather than derived, because metadata shows the words, not our names.
impl TypeInfo for PalletError {
    type Identity = Self;

    fn type_info() -> Type {
        let variants = WORDINGS.iter().fold(Variants::new(), |variants, wording| {
            variants.variant(wording.newer, |variant| {
                variant.index(wording.error as u8).docs_always(wording.docs)
            })
        });
        Type::builder()
            .path(Path::new("Error", "pallet_subtensor::pallet"))
            .variant(variants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_stands_at_its_own_index() {
        for (index, wording) in WORDINGS.iter().enumerate() {
            assert_eq!(wording.error as usize, index, "{}", wording.newer);
        }
    }
}

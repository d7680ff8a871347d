//! The generations of jobs and scores that the subnet has seen.
//! What differs between them stands with each rule (spec: synthetic).

/// `DYNAMIC_WEIGHTS_VERSION`: which jobs are sent and how right answers are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WeightsVersion {
    V0 = 0,
    V1 = 1,
    V2 = 2,
    V3 = 3,
    V4 = 4,
}

/// A version that this validator has no rules for.
#[derive(Debug, thiserror::Error)]
#[error("unknown weights version {0}; known are 0 to 4")]
pub struct UnknownWeightsVersion(pub i64);

impl WeightsVersion {
    pub const ALL: [Self; 5] = [Self::V0, Self::V1, Self::V2, Self::V3, Self::V4];

    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl TryFrom<i64> for WeightsVersion {
    type Error = UnknownWeightsVersion;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        let known = Self::ALL
            .into_iter()
            .find(|version| i64::from(version.number()) == number);
        known.ok_or(UnknownWeightsVersion(number))
    }
}

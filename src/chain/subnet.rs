//! The rules of one subnet at one block: hyperparameters, how it takes weights, and its epochs.

use futures_util::try_join;

use super::runtime::subtensor;
use super::{ChainError, EpochClock, RevealUnit, Snapshot};

/// How long after a hash commit its reveal is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevealDelay {
    /// In the next interval of this many blocks (spec 185 to 202).
    Interval { blocks: u64 },
    /// Exactly this many epochs later.
    Epochs { epochs: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    pub netuid: u16,
    /// Number of neurons; uids are below it.
    pub size: u16,
    pub tempo: u16,
    pub epochs: EpochClock,
    pub min_allowed_weights: u16,
    /// The largest share of one uid, as a fraction of 65535; 65535 means no limit.
    pub max_weight_limit: u16,
    pub weights_version_key: u64,
    /// Blocks between two writes of weights.
    pub weights_rate_limit: u64,
    /// Stake in rao that a validator needs for writing weights; 0 where the runtime asks none.
    pub stake_threshold: u64,
    /// `None`: the runtime has no such switch and takes weights either way it knows.
    pub commit_reveal_enabled: Option<bool>,
    /// `None`: the runtime knows no hash commits.
    pub reveal_delay: Option<RevealDelay>,
    /// The version that a timelocked commit has to name; `None`: the runtime takes none.
    pub timelock_version: Option<u16>,
}

impl Snapshot {
    /// `None`: there is no such subnet.
    pub async fn subnet(&self, netuid: u16) -> Result<Option<Subnet>, ChainError> {
        let key = [netuid.into()];
        if !self.required(subtensor("NetworksAdded"), &key).await? {
            return Ok(None);
        }
        let capabilities = self.capabilities();
        let threshold = subtensor(capabilities.stake_threshold.unwrap_or("StakeThreshold"));
        let (
            size,
            tempo,
            min_allowed_weights,
            max_weight_limit,
            weights_version_key,
            weights_rate_limit,
            stake_threshold,
            commit_reveal_enabled,
            timelock_version,
        ) = try_join!(
            self.required(subtensor("SubnetworkN"), &key),
            self.required(subtensor("Tempo"), &key),
            self.required(subtensor("MinAllowedWeights"), &key),
            self.required(subtensor("MaxWeightsLimit"), &key),
            self.required(subtensor("WeightsVersionKey"), &key),
            self.required(subtensor("WeightsSetRateLimit"), &key),
            self.read(threshold, &[]),
            self.read(subtensor("CommitRevealWeightsEnabled"), &key),
            self.read(subtensor("CommitRevealWeightsVersion"), &[]),
        )?;
        Ok(Some(Subnet {
            netuid,
            size,
            tempo,
            epochs: self.epochs(netuid, tempo).await?,
            min_allowed_weights,
            max_weight_limit,
            weights_version_key,
            weights_rate_limit,
            stake_threshold: stake_threshold.unwrap_or(0),
            commit_reveal_enabled,
            reveal_delay: self.reveal_delay(netuid).await?,
            timelock_version,
        }))
    }

    async fn epochs(&self, netuid: u16, tempo: u16) -> Result<EpochClock, ChainError> {
        if !self.capabilities().stateful_epochs {
            return Ok(EpochClock::Modulo { netuid, tempo });
        }
        let key = [netuid.into()];
        let (index, last_epoch_block, pending_epoch_at) = try_join!(
            self.required(subtensor("SubnetEpochIndex"), &key),
            self.required(subtensor("LastEpochBlock"), &key),
            self.read(subtensor("PendingEpochAt"), &key),
        )?;
        Ok(EpochClock::Stateful {
            tempo,
            index,
            last_epoch_block,
            pending_epoch_at: pending_epoch_at.unwrap_or(0),
            read_at: self.block(),
        })
    }

    async fn reveal_delay(&self, netuid: u16) -> Result<Option<RevealDelay>, ChainError> {
        let key = [netuid.into()];
        match self.capabilities().hash_commits {
            None => Ok(None),
            Some(RevealUnit::Epochs) => {
                let epochs = self.required(subtensor("RevealPeriodEpochs"), &key).await?;
                Ok(Some(RevealDelay::Epochs { epochs }))
            }
            Some(RevealUnit::BlockIntervals) => {
                let interval = subtensor("WeightCommitRevealInterval");
                // per subnet at first, one value for all later
                let parts = &key[..self.runtime.key_count(interval).min(1)];
                let blocks = self.required(interval, parts).await?;
                Ok(Some(RevealDelay::Interval { blocks }))
            }
        }
    }
}

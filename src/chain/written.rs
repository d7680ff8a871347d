//! What the chain holds of one hotkey's weights: what is in force, what is committed and not yet
//! revealed. The truth about a write is here, not in the answer to a call.

use futures_util::try_join;
use subxt::config::substrate::H256;
use subxt::utils::AccountId32;

use super::runtime::subtensor;
use super::{
    ChainError, EpochClock, Hash, RevealDelay, RevealUnit, RevealWindow, Snapshot, Subnet,
};
use crate::keys::Hotkey;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `None`: the hotkey is not registered on this subnet.
    pub uid: Option<u16>,
    /// Block of the last write of weights, of a commit, or of the registration.
    pub last_update: Option<u64>,
    /// Weights in force, as (uid, weight), rescaled by the chain so that the largest is 65535
    /// (spec 103: so that they sum up to it, rounded down).
    pub weights: Vec<(u16, u16)>,
    /// Hash commits not yet revealed, oldest first.
    pub commits: Vec<OpenCommit>,
    /// Timelocked commits that the chain has not opened yet, oldest first.
    pub timelocked: Vec<TimelockedCommit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCommit {
    pub hash: Hash,
    pub commit_block: u64,
    pub window: RevealWindow,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelockedCommit {
    /// The epoch index under which the chain keeps it.
    pub epoch: u64,
    /// `None`: the runtime does not keep it (spec 216 to 300).
    pub commit_block: Option<u64>,
    /// BLAKE2b-256 of the ciphertext.
    pub ciphertext_hash: Hash,
    pub reveal_round: u64,
}

/// Ten commits per hotkey and epoch are the chain's limit, and epochs are dropped soon after.
const EPOCHS_SCANNED: u32 = 64;

impl Snapshot {
    /// `subnet` as read from this very snapshot.
    pub async fn written(&self, subnet: &Subnet, hotkey: &Hotkey) -> Result<Written, ChainError> {
        let netuid = subnet.netuid;
        let key = [netuid.into(), hotkey.into()];
        let (uid, commits, timelocked) = try_join!(
            self.read::<u16>(subtensor("Uids"), &key),
            self.open_commits(subnet, hotkey),
            self.timelocked(netuid, hotkey),
        )?;
        let (last_update, weights) = match uid {
            Some(uid) => {
                let weights_key = [netuid.into(), uid.into()];
                let vector_key = [netuid.into()];
                let (updates, weights) = try_join!(
                    self.required::<Vec<u64>>(subtensor("LastUpdate"), &vector_key),
                    self.required::<Vec<(u16, u16)>>(subtensor("Weights"), &weights_key),
                )?;
                (updates.get(usize::from(uid)).copied(), weights)
            }
            None => (None, Vec::new()),
        };
        Ok(Written {
            uid,
            last_update,
            weights,
            commits,
            timelocked,
        })
    }

    async fn open_commits(
        &self,
        subnet: &Subnet,
        hotkey: &Hotkey,
    ) -> Result<Vec<OpenCommit>, ChainError> {
        let item = subtensor("WeightCommits");
        let key = [subnet.netuid.into(), hotkey.into()];
        match self.capabilities().hash_commits {
            None => Ok(Vec::new()),
            Some(RevealUnit::BlockIntervals) => {
                let stored: Option<(H256, u64)> = self.read(item, &key).await?;
                let window = |block| match subnet.reveal_delay {
                    Some(RevealDelay::Interval { blocks }) => {
                        RevealWindow::of_interval(block, blocks)
                    }
                    _ => RevealWindow { first: 0, last: 0 },
                };
                let open = stored.map(|(hash, block)| OpenCommit {
                    hash: hash.into(),
                    commit_block: block,
                    window: window(block),
                });
                Ok(open.into_iter().collect())
            }
            Some(RevealUnit::Epochs) => {
                let stored: Option<Vec<StoredCommit>> = self.read(item, &key).await?;
                let open = stored.unwrap_or_default().into_iter();
                Ok(open.map(|commit| in_epochs(subnet, commit)).collect())
            }
        }
    }

    async fn timelocked(
        &self,
        netuid: u16,
        hotkey: &Hotkey,
    ) -> Result<Vec<TimelockedCommit>, ChainError> {
        type WithBlock = Vec<(AccountId32, u64, Vec<u8>, u64)>;
        type WithoutBlock = Vec<(AccountId32, Vec<u8>, u64)>;
        let key = [netuid.into()];
        let mut found = Vec::new();
        let mut keep = |epoch, account: &AccountId32, block, ciphertext: &[u8], round| {
            if account.0 == *hotkey.public() {
                found.push(TimelockedCommit {
                    epoch,
                    commit_block: block,
                    ciphertext_hash: Hash::of(ciphertext),
                    reveal_round: round,
                });
            }
        };
        let newer = subtensor("TimelockedWeightCommits");
        let older = subtensor("CRV3WeightCommits");
        if self.runtime.has_item(newer) {
            for (rest, commits) in self.scan::<WithBlock>(newer, &key, EPOCHS_SCANNED).await? {
                for (account, block, ciphertext, round) in &commits {
                    keep(epoch_of(&rest), account, Some(*block), ciphertext, *round);
                }
            }
        } else if self.runtime.has_item(older) {
            for (rest, commits) in self
                .scan::<WithoutBlock>(older, &key, EPOCHS_SCANNED)
                .await?
            {
                for (account, ciphertext, round) in &commits {
                    keep(epoch_of(&rest), account, None, ciphertext, *round);
                }
            }
        }
        found.sort_by_key(|commit| (commit.epoch, commit.commit_block));
        Ok(found)
    }
}

/// The four fields mean different things in different generations, see `in_epochs`.
type StoredCommit = (H256, u64, u64, u64);

/// By the formula the chain stores (hash, commit block, first and last block of the reveal);
/// by the counters (hash, commit epoch, commit block, 0).
fn in_epochs(subnet: &Subnet, (hash, second, third, fourth): StoredCommit) -> OpenCommit {
    match subnet.epochs {
        EpochClock::Modulo { .. } => OpenCommit {
            hash: hash.into(),
            commit_block: second,
            window: RevealWindow {
                first: third,
                last: fourth,
            },
        },
        EpochClock::Stateful { .. } => {
            let epochs = match subnet.reveal_delay {
                Some(RevealDelay::Epochs { epochs }) => epochs,
                _ => 1,
            };
            OpenCommit {
                hash: hash.into(),
                commit_block: third,
                window: RevealWindow::of_epochs(&subnet.epochs, second, epochs),
            }
        }
    }
}

/// The epoch in the rest of a key: eight bytes of Twox64, then the number itself.
fn epoch_of(rest: &[u8]) -> u64 {
    rest.last_chunk::<8>()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

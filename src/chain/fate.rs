//! What became of an extrinsic that was sent, perhaps by a pass that died since: looked up in
//! the blocks of its life, because no answer of a pool can be trusted for that.

use subxt::error::DispatchError;
use subxt::events::Phase;
use subxt::rpcs::methods::legacy::Bytes;
use subxt::rpcs::rpc_params;

use super::runtime::{Item, Runtime};
use super::{Chain, ChainError, Hash, Refusal, Snapshot};

/// An extrinsic found in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    pub extrinsic: Hash,
    pub block: u64,
    pub block_hash: Hash,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// In the block, without any effect.
    Failed(Refusal),
    /// In the block, but its events cannot be read any more: judge by the state it should have
    /// changed.
    Unreadable(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Included(Included),
    /// Not in a block yet, and it may still get into one.
    Open,
    /// Its life is over, and no block that cannot be undone holds it. It can be sent anew.
    Lost,
}

impl Chain {
    /// Looks through the blocks from `birth_block` to `death_block`, as [`super::Prepared`] named
    /// them, of the best chain. A death is final only once its block is finalized.
    pub async fn fate(
        &self,
        extrinsic: Hash,
        birth_block: u64,
        death_block: u64,
    ) -> Result<Fate, ChainError> {
        // read first: what is finalized now stays as the search below sees it
        let finalized = self.connection.finalized().await?;
        let finalized = self.connection.height(Some(finalized)).await?;
        let best = self.block_number().await?;
        for block in birth_block.saturating_add(1)..=death_block.min(best) {
            let Some(hash) = self.connection.hash_at(block).await? else {
                break;
            };
            if let Some(included) = self.inclusion(extrinsic, hash).await? {
                return Ok(Fate::Included(included));
            }
        }
        Ok(if finalized >= death_block {
            Fate::Lost
        } else {
            Fate::Open
        })
    }

    /// The extrinsic in this block, with its outcome; `None`: it is not there.
    pub(super) async fn inclusion(
        &self,
        extrinsic: Hash,
        block_hash: Hash,
    ) -> Result<Option<Included>, ChainError> {
        #[derive(serde::Deserialize)]
        struct Signed {
            block: Block,
        }
        #[derive(serde::Deserialize)]
        struct Block {
            extrinsics: Vec<Bytes>,
        }
        let found: Option<Signed> = self
            .connection
            .request("chain_getBlock", rpc_params![block_hash])
            .await?;
        let signed = found.ok_or_else(|| self.connection.no_such_block(block_hash.to_string()))?;
        let index = signed
            .block
            .extrinsics
            .iter()
            .position(|bytes| Hash::of(&bytes.0) == extrinsic);
        let Some(index) = index else { return Ok(None) };
        let block = self.connection.height(Some(block_hash)).await?;
        let outcome = match self.snapshot(block, block_hash).await {
            Ok(snapshot) => snapshot.outcome_of(index).await,
            Err(error) => Err(error),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error @ ChainError::StateDiscarded { .. }) => {
                Outcome::Unreadable(error.to_string())
            }
            Err(error) => return Err(error),
        };
        Ok(Some(Included {
            extrinsic,
            block,
            block_hash,
            outcome,
        }))
    }
}

impl Snapshot {
    /// How the extrinsic at this place in the block fared.
    async fn outcome_of(&self, index: usize) -> Result<Outcome, ChainError> {
        let item = Item {
            pallet: "System",
            name: "Events",
        };
        let bytes = self.read_bytes(item).await?.unwrap_or_default();
        let events = self.runtime.client().events().from_bytes(bytes);
        for event in events.iter() {
            let event = event.map_err(|error| ChainError::unreadable(item.to_string(), error))?;
            let is_ours = matches!(event.phase(),
                Phase::ApplyExtrinsic(of) if usize::try_from(of) == Ok(index));
            if !is_ours || event.pallet_name() != "System" {
                continue;
            }
            match event.event_name() {
                "ExtrinsicSuccess" => return Ok(Outcome::Succeeded),
                "ExtrinsicFailed" => {
                    return Ok(Outcome::Failed(self.runtime.refusal(event.field_bytes())));
                }
                _ => {}
            }
        }
        Ok(Outcome::Unreadable(
            "the block has no events of it".to_owned(),
        ))
    }
}

impl Runtime {
    /// The dispatch error at the beginning of the fields of `ExtrinsicFailed`.
    pub fn refusal(&self, fields: &[u8]) -> Refusal {
        match DispatchError::decode_from(fields, self.client().metadata()) {
            Ok(DispatchError::Module(error)) => match error.details() {
                Ok(details) => {
                    Refusal::named(&details.variant.name, &details.variant.docs.join(" "))
                }
                Err(_) => Refusal::named("ModuleError", &error.details_string()),
            },
            Ok(error) => Refusal::named("DispatchError", &error.to_string()),
            Err(error) => Refusal::named("DispatchError", &error.to_string()),
        }
    }
}

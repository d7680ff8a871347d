//! The drand beacon by which the chain opens timelocked commits, as the chain itself names it:
//! a test network may use another key than the public one.

use futures_util::try_join;
use subxt::ext::scale_decode::DecodeAsType;

use super::runtime::Item;
use super::{ChainError, Snapshot};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon {
    /// Compressed point of G2.
    pub public_key: [u8; 96],
    /// Seconds from round to round.
    pub period_s: u64,
    /// Unix time of round 1.
    pub genesis_time: u64,
    /// The newest round whose signature is on chain; 0 for none.
    pub last_stored_round: u64,
}

const fn drand(name: &'static str) -> Item {
    Item {
        pallet: "Drand",
        name,
    }
}

impl Snapshot {
    /// `None`: the runtime has no beacon.
    pub async fn beacon(&self) -> Result<Option<Beacon>, ChainError> {
        #[derive(DecodeAsType)]
        #[decode_as_type(crate_path = "subxt::ext::scale_decode")]
        struct BeaconConfig {
            public_key: Vec<u8>,
            period: u64,
            genesis_time: u64,
        }
        let (config, last_stored_round) = try_join!(
            self.read::<BeaconConfig>(drand("BeaconConfig"), &[]),
            self.read::<u64>(drand("LastStoredRound"), &[]),
        )?;
        let Some(config) = config else {
            return Ok(None);
        };
        let what = "Drand.BeaconConfig";
        let public_key = <[u8; 96]>::try_from(config.public_key)
            .map_err(|_| ChainError::unreadable(what, "the public key has not 96 bytes"))?;
        if config.period == 0 {
            return Err(ChainError::unreadable(what, "the period is 0"));
        }
        Ok(Some(Beacon {
            public_key,
            period_s: config.period,
            genesis_time: config.genesis_time,
            last_stored_round: last_stored_round.unwrap_or(0),
        }))
    }
}

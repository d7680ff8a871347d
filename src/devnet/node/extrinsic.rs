//! A signed extrinsic as it comes over the wire, and whether its signature holds: version 4,
//! sr25519, over call, extensions and what both sides know (chain.md, section 11).

use parity_scale_codec::{Compact, Decode, Encode, Error};
use sp_crypto_hashing::blake2_256;

use super::calls::{RuntimeCall, SubtensorCall, TimestampCall, is_offered};
use super::extensions::{self, Extra};
use super::runtime::{Runtime, TRANSACTION_VERSION};
use super::types::{AccountId32, Hash, MultiAddress, MultiSignature};
use crate::chain::timelock::LONGEST_COMMIT;

const SIGNED_V4: u8 = 0x84;
const BARE_V4: u8 = 0x04;
const CONTEXT: &[u8] = b"substrate";

/// The largest that nodes take is 5 MiB; nothing a validator sends comes near this.
const LARGEST: usize = 256 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Extrinsic {
    pub(super) hash: Hash,
    pub(super) bytes: Vec<u8>,
    pub(super) signer: AccountId32,
    pub(super) extra: Extra,
    pub(super) call: SubtensorCall,
    signature: MultiSignature,
    call_bytes: Vec<u8>,
}

impl Extrinsic {
    pub(super) fn decode(runtime: &Runtime, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LARGEST {
            return Err("too large".into());
        }
        let mut rest = bytes;
        let Compact(length) = Compact::<u32>::decode(&mut rest)?;
        if usize::try_from(length).ok() != Some(rest.len()) {
            return Err("the length is wrong".into());
        }
        if u8::decode(&mut rest)? != SIGNED_V4 {
            return Err("not a signed extrinsic of version 4".into());
        }
        let MultiAddress::Id(signer) = MultiAddress::decode(&mut rest)? else {
            return Err("the signer is not an account".into());
        };
        let signature = MultiSignature::decode(&mut rest)?;
        let extra = Extra::decode(runtime.scheme, &mut rest)?;
        let call_bytes = rest.to_vec();
        let RuntimeCall::SubtensorModule(call) = RuntimeCall::decode(&mut rest)? else {
            return Err("not a call that an account may sign".into());
        };
        if !rest.is_empty() || !is_offered(runtime.scheme, call.name()) || is_oversized(&call) {
            return Err("not a call of this runtime".into());
        }
        Ok(Self {
            hash: blake2_256(bytes),
            bytes: bytes.to_vec(),
            signer,
            extra,
            call,
            signature,
            call_bytes,
        })
    }

    /// Whether the signer signed this for `runtime` on the chain of `genesis`, with a life
    /// counted from `birth`.
    pub(super) fn is_signed(&self, runtime: &Runtime, genesis: Hash, birth: Hash) -> bool {
        let MultiSignature::Sr25519(signature) = &self.signature else {
            return false;
        };
        let implicit = extensions::implicit(
            runtime.scheme,
            runtime.spec_version,
            TRANSACTION_VERSION,
            genesis,
            birth,
        );
        let payload = [&self.call_bytes[..], &self.extra.bytes, &implicit].concat();
        // long payloads are signed by their hash
        let payload = if payload.len() > 256 {
            blake2_256(&payload).to_vec()
        } else {
            payload
        };
        let signature = schnorrkel::Signature::from_bytes(signature);
        let signer = schnorrkel::PublicKey::from_bytes(&self.signer.0);
        signer.is_ok_and(|signer| {
            signature
                .is_ok_and(|signature| signer.verify_simple(CONTEXT, &payload, &signature).is_ok())
        })
    }
}

fn is_oversized(call: &SubtensorCall) -> bool {
    matches!(call, SubtensorCall::commit_timelocked_weights { commit, .. }
        if commit.len() > LONGEST_COMMIT)
}

/// The extrinsic that the author puts first into each block.
pub(super) fn timestamp(now: u64) -> Vec<u8> {
    let call = RuntimeCall::Timestamp(TimestampCall::set { now });
    let body = [vec![BARE_V4], call.encode()].concat();
    body.encode()
}

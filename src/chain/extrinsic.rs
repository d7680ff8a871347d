//! How a call is spelled in one runtime, and the signed extrinsic that carries it.
//! Arguments are matched by name, so that a call whose arguments changed is refused here
//! instead of meaning something else there.

use subxt::SubstrateConfig;
use subxt::config::DefaultExtrinsicParamsBuilder;
use subxt::config::substrate::{H256, MultiSignature};
use subxt::ext::scale_value::{Composite, Value};
use subxt::tx::{DynamicPayload, dynamic};
use subxt::utils::AccountId32;

use super::runtime::{Runtime, SUBTENSOR};
use super::{Call, Capabilities, ChainError, Hash, TimelockForm};
use crate::keys::Keypair;

/// What a signature covers besides the call.
pub(super) struct Terms {
    pub(super) nonce: u64,
    /// Blocks of life: a power of two from 4 on.
    pub(super) period: u64,
    /// The block from which the life is counted.
    pub(super) birth: (u64, Hash),
}

impl Runtime {
    pub(super) fn signed(
        &self,
        call: &Call,
        signer: &Keypair,
        terms: &Terms,
    ) -> Result<Vec<u8>, ChainError> {
        let payload = self.payload(call)?;
        let (birth_block, birth_hash) = terms.birth;
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .mortal_from_unchecked(terms.period, birth_block, H256::from(birth_hash))
            .nonce(terms.nonce)
            .build();
        let unsignable = |error| ChainError::unreadable("the extrinsic format", error);
        let mut signable = self
            .client()
            .tx()
            .create_v4_signable_offline(&payload, params)
            .map_err(unsignable)?;
        let signature = signer.sign(&signable.signer_payload().map_err(unsignable)?);
        let account = AccountId32(*signer.hotkey().public());
        signable
            .sign_with_account_and_signature(&account, &MultiSignature::Sr25519(*signature.bytes()))
            .map(|extrinsic| extrinsic.encoded().to_vec())
            .map_err(unsignable)
    }

    fn payload(&self, call: &Call) -> Result<DynamicPayload<Composite<()>>, ChainError> {
        let number = |number: u64| Value::u128(u128::from(number));
        let numbers = |list: &[u16]| {
            Value::unnamed_composite(list.iter().map(|entry| Value::u128(u128::from(*entry))))
        };
        match call {
            Call::SetWeights(weights) => self.spelled(
                "set_weights",
                vec![
                    ("netuid", number(weights.netuid.into())),
                    ("dests", numbers(&weights.uids)),
                    ("weights", numbers(&weights.values)),
                    ("version_key", number(weights.version_key)),
                ],
            ),
            Call::CommitHash { netuid, hash } => self.spelled(
                "commit_weights",
                vec![
                    ("netuid", number((*netuid).into())),
                    ("commit_hash", Value::from_bytes(hash.bytes())),
                ],
            ),
            Call::Reveal { weights, salt } => {
                let mut arguments = vec![
                    ("netuid", number(weights.netuid.into())),
                    ("uids", numbers(&weights.uids)),
                    ("values", numbers(&weights.values)),
                    ("version_key", number(weights.version_key)),
                ];
                if Capabilities::of(self).salted_reveals {
                    arguments.push(("salt", numbers(salt)));
                }
                self.spelled("reveal_weights", arguments)
            }
            Call::CommitTimelocked {
                netuid,
                ciphertext,
                reveal_round,
                version,
            } => {
                let mut arguments = vec![
                    ("netuid", number((*netuid).into())),
                    ("commit", Value::from_bytes(ciphertext)),
                    ("reveal_round", number(*reveal_round)),
                ];
                match Capabilities::of(self).timelock {
                    Some(TimelockForm::Crv3) => self.spelled("commit_crv3_weights", arguments),
                    _ => {
                        arguments.push(("commit_reveal_version", number((*version).into())));
                        self.spelled("commit_timelocked_weights", arguments)
                    }
                }
            }
        }
    }

    /// The call, if the runtime takes exactly these arguments.
    fn spelled(
        &self,
        name: &str,
        given: Vec<(&str, Value)>,
    ) -> Result<DynamicPayload<Composite<()>>, ChainError> {
        let call = || format!("call {name}");
        let mut wanted = self.arguments(name).ok_or_else(|| self.missing(call()))?;
        let mut offered: Vec<&str> = given.iter().map(|(argument, _)| *argument).collect();
        wanted.sort_unstable();
        offered.sort_unstable();
        if wanted != offered {
            let form = format!("{} with the arguments {}", call(), offered.join(", "));
            return Err(self.missing(form));
        }
        Ok(dynamic(SUBTENSOR, name, Composite::named(given)))
    }
}

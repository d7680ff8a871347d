//! The runtime's description of itself, made from the types it works with.
//! V14 is offered always, V15 from spec 185 on, as by Subtensor.

use frame_metadata::v14::{self, PalletConstantMetadata, PalletStorageMetadata};
use frame_metadata::v15::{self, ExtrinsicMetadata, PalletMetadata};
use frame_metadata::{RuntimeMetadataPrefixed, v14::StorageEntryMetadata};
use parity_scale_codec::Encode;
use scale_info::{PortableRegistry, TypeDef, TypeInfo, meta_type};

use super::CommitScheme;
use super::calls::{self, RuntimeCall, SubtensorCall, TimestampCall};
use super::errors::{PalletError, RuntimeError};
use super::events::{RuntimeEvent, SubtensorEvent, SystemEvent};
use super::types::{AccountId32, MultiAddress, MultiSignature, Runtime, UncheckedExtrinsic};
use super::{era, extensions};

/// Index of `SubtensorModule` in calls, events and errors.
pub(super) const SUBTENSOR_INDEX: u8 = 7;

/// `System.BlockHashCount`: older birth blocks are unknown.
pub(super) const BLOCK_HASHES_KEPT: u32 = 2400;

const EXTRINSIC_VERSION: u8 = 4;

pub fn v14(scheme: CommitScheme, block_time_ms: u64) -> Vec<u8> {
    let extrinsic = v14::ExtrinsicMetadata {
        ty: meta_type::<UncheckedExtrinsic<MultiAddress, RuntimeCall, MultiSignature, ()>>(),
        version: EXTRINSIC_VERSION,
        signed_extensions: extensions::metadata(scheme)
            .into_iter()
            .map(|extension| v14::SignedExtensionMetadata {
                identifier: extension.identifier,
                ty: extension.ty,
                additional_signed: extension.additional_signed,
            })
            .collect(),
    };
    let pallets = pallets(scheme, block_time_ms)
        .into_iter()
        .map(|pallet| v14::PalletMetadata {
            name: pallet.name,
            storage: pallet.storage,
            calls: pallet.calls,
            event: pallet.event,
            constants: pallet.constants,
            error: pallet.error,
            index: pallet.index,
        })
        .collect();
    let mut metadata = v14::RuntimeMetadataV14::new(pallets, extrinsic, meta_type::<Runtime>());
    finish(&mut metadata.types, scheme);
    RuntimeMetadataPrefixed::from(metadata).encode()
}

/// `None`: the generation has none.
pub fn v15(scheme: CommitScheme, block_time_ms: u64) -> Option<Vec<u8>> {
    if scheme == CommitScheme::Off {
        return None;
    }
    let extrinsic = ExtrinsicMetadata {
        version: EXTRINSIC_VERSION,
        address_ty: meta_type::<MultiAddress>(),
        call_ty: meta_type::<RuntimeCall>(),
        signature_ty: meta_type::<MultiSignature>(),
        extra_ty: meta_type::<()>(),
        signed_extensions: extensions::metadata(scheme),
    };
    let account_nonce = v15::RuntimeApiMethodMetadata {
        name: "account_nonce",
        inputs: vec![v15::RuntimeApiMethodParamMetadata {
            name: "account",
            ty: meta_type::<AccountId32>(),
        }],
        output: meta_type::<u32>(),
        docs: Vec::new(),
    };
    let mut metadata = v15::RuntimeMetadataV15::new(
        pallets(scheme, block_time_ms),
        extrinsic,
        meta_type::<Runtime>(),
        vec![v15::RuntimeApiMetadata {
            name: "AccountNonceApi",
            methods: vec![account_nonce],
            docs: Vec::new(),
        }],
        v15::OuterEnums {
            call_enum_ty: meta_type::<RuntimeCall>(),
            event_enum_ty: meta_type::<RuntimeEvent>(),
            error_enum_ty: meta_type::<RuntimeError>(),
        },
        v15::CustomMetadata {
            map: std::collections::BTreeMap::default(),
        },
    );
    finish(&mut metadata.types, scheme);
    Some(RuntimeMetadataPrefixed::from(metadata).encode())
}

fn pallets(scheme: CommitScheme, block_time_ms: u64) -> Vec<PalletMetadata> {
    let mut system = pallet("System", 0);
    system.storage = storage("System", CommitScheme::system_items());
    system.event = Some(meta_type::<SystemEvent>().into());
    system.constants = vec![constant("BlockHashCount", &BLOCK_HASHES_KEPT)];

    let mut timestamp = pallet("Timestamp", 2);
    timestamp.storage = storage("Timestamp", CommitScheme::timestamp_items());
    timestamp.calls = Some(meta_type::<TimestampCall>().into());
    timestamp.constants = vec![constant("MinimumPeriod", &(block_time_ms / 2))];

    let mut aura = pallet("Aura", 3);
    if scheme != CommitScheme::Off {
        aura.constants = vec![constant("SlotDuration", &block_time_ms)];
    }

    let mut subtensor = pallet("SubtensorModule", SUBTENSOR_INDEX);
    subtensor.storage = storage("SubtensorModule", scheme.subtensor_items());
    subtensor.calls = Some(meta_type::<SubtensorCall>().into());
    subtensor.event = Some(meta_type::<SubtensorEvent>().into());
    subtensor.error = Some(v14::PalletErrorMetadata {
        ty: meta_type::<PalletError>(),
    });

    let mut pallets = vec![system, timestamp, aura, subtensor];
    if scheme == CommitScheme::Timelocked {
        let mut drand = pallet("Drand", 26);
        drand.storage = storage("Drand", CommitScheme::drand_items());
        pallets.push(drand);
    }
    pallets
}

fn pallet(name: &'static str, index: u8) -> PalletMetadata {
    PalletMetadata {
        name,
        index,
        storage: None,
        calls: None,
        event: None,
        constants: Vec::new(),
        error: None,
        docs: Vec::new(),
    }
}

fn storage(
    prefix: &'static str,
    entries: Vec<StorageEntryMetadata>,
) -> Option<PalletStorageMetadata> {
    Some(PalletStorageMetadata { prefix, entries })
}

fn constant<T: Encode + TypeInfo + 'static>(
    name: &'static str,
    value: &T,
) -> PalletConstantMetadata {
    PalletConstantMetadata {
        name,
        ty: meta_type::<T>(),
        value: value.encode(),
        docs: Vec::new(),
    }
}

/// Our types that have another name on a real chain.
const NAMES: &[(&str, &str)] = &[
    ("AccountData", "pallet_balances::types::AccountData"),
    ("AccountId32", "sp_core::crypto::AccountId32"),
    ("AccountInfo", "frame_system::AccountInfo"),
    ("AxonInfo", "pallet_subtensor::pallet::AxonInfo"),
    (
        "BeaconConfiguration",
        "pallet_drand::types::BeaconConfiguration",
    ),
    (
        "ChargeTransactionPayment",
        "pallet_transaction_payment::ChargeTransactionPayment",
    ),
    (
        "CheckGenesis",
        "frame_system::extensions::check_genesis::CheckGenesis",
    ),
    (
        "CheckMetadataHash",
        "frame_metadata_hash_extension::CheckMetadataHash",
    ),
    (
        "CheckMortality",
        "frame_system::extensions::check_mortality::CheckMortality",
    ),
    (
        "CheckNonZeroSender",
        "frame_system::extensions::check_non_zero_sender::CheckNonZeroSender",
    ),
    (
        "CheckNonce",
        "frame_system::extensions::check_nonce::CheckNonce",
    ),
    (
        "CheckSpecVersion",
        "frame_system::extensions::check_spec_version::CheckSpecVersion",
    ),
    (
        "CheckTxVersion",
        "frame_system::extensions::check_tx_version::CheckTxVersion",
    ),
    (
        "CheckWeight",
        "frame_system::extensions::check_weight::CheckWeight",
    ),
    (
        "CommitmentsSignedExtension",
        "pallet_commitments::CommitmentsSignedExtension",
    ),
    ("DispatchClass", "frame_support::dispatch::DispatchClass"),
    ("DispatchError", "sp_runtime::DispatchError"),
    ("DispatchInfo", "frame_support::dispatch::DispatchInfo"),
    (
        "DrandPriority",
        "pallet_drand::drand_priority::DrandPriority",
    ),
    ("EventRecord", "frame_system::EventRecord"),
    ("H256", "primitive_types::H256"),
    ("Metadata", "pallet_drand::types::Metadata"),
    ("Mode", "frame_metadata_hash_extension::Mode"),
    ("ModuleError", "sp_runtime::ModuleError"),
    ("MultiAddress", "sp_runtime::multiaddress::MultiAddress"),
    ("MultiSignature", "sp_runtime::MultiSignature"),
    ("Pays", "frame_support::dispatch::Pays"),
    ("Phase", "frame_system::Phase"),
    ("Pulse", "pallet_drand::types::Pulse"),
    ("Runtime", "node_subtensor_runtime::Runtime"),
    ("RuntimeCall", "node_subtensor_runtime::RuntimeCall"),
    ("RuntimeError", "node_subtensor_runtime::RuntimeError"),
    ("RuntimeEvent", "node_subtensor_runtime::RuntimeEvent"),
    ("SubtensorCall", "pallet_subtensor::pallet::Call"),
    ("SubtensorEvent", "pallet_subtensor::pallet::Event"),
    (
        "SubtensorSignedExtension",
        "pallet_subtensor::SubtensorSignedExtension",
    ),
    (
        "SubtensorTransactionExtension",
        "pallet_subtensor::SubtensorTransactionExtension",
    ),
    ("SystemEvent", "frame_system::pallet::Event"),
    ("TimestampCall", "pallet_timestamp::pallet::Call"),
    (
        "UncheckedExtrinsic",
        "sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic",
    ),
    ("Weight", "sp_weights::weight_v2::Weight"),
];

/// Gives the types their real names and leaves out what the generation does not have.
fn finish(types: &mut PortableRegistry, scheme: CommitScheme) {
    for portable in &mut types.types {
        let ty = &mut portable.ty;
        let ident = ty.path.segments.last().cloned().unwrap_or_default();
        if let TypeDef::Variant(definition) = &mut ty.type_def {
            let variants = &mut definition.variants;
            match ident.as_str() {
                "Era" => era::complete(variants),
                "SubtensorCall" => {
                    variants.retain(|variant| calls::is_offered(scheme, &variant.name));
                }
                "Error" => {
                    variants.retain_mut(|variant| {
                        let name = PalletError::renamed(&variant.name, scheme);
                        variant.name = name.unwrap_or_default().to_owned();
                        name.is_some()
                    });
                }
                _ => {}
            }
        }
        if let Some((_, real)) = NAMES.iter().find(|(ours, _)| *ours == ident) {
            ty.path.segments = real.split("::").map(str::to_owned).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use frame_metadata::RuntimeMetadata;
    use parity_scale_codec::Decode;

    use super::*;

    #[test]
    fn no_type_betrays_that_this_is_no_real_chain() {
        for scheme in CommitScheme::ALL {
            let bytes = v14(scheme, 12_000);
            let RuntimeMetadataPrefixed(_, metadata) =
                RuntimeMetadataPrefixed::decode(&mut &bytes[..]).expect("metadata");
            let RuntimeMetadata::V14(metadata) = metadata else {
                panic!("another version than asked for");
            };
            let own = metadata.types.types.iter().find(|ty| {
                let first = ty.ty.path.segments.first();
                first.is_some_and(|segment| segment == "horde_validator")
            });
            assert_eq!(own.map(|ty| ty.ty.path.to_string()), None, "{scheme:?}");
        }
    }

    #[test]
    fn subxt_reads_every_generation() {
        for scheme in CommitScheme::ALL {
            for bytes in [Some(v14(scheme, 250)), v15(scheme, 250)]
                .into_iter()
                .flatten()
            {
                let metadata = subxt::Metadata::decode(&mut &bytes[..]).expect("metadata");
                let pallet = metadata.pallet_by_name("SubtensorModule").expect("pallet");
                assert_eq!(
                    pallet
                        .call_variant_by_name("commit_timelocked_weights")
                        .is_some(),
                    scheme == CommitScheme::Timelocked
                );
            }
        }
    }
}

//! What surrounds a call in a signed extrinsic: the transaction extensions of a generation, the
//! bytes they put beside the call and into the signature (chain.md, section 11).

use frame_metadata::v15::SignedExtensionMetadata;
use parity_scale_codec::{Compact, Decode, Encode, Input};
use scale_info::{TypeInfo, meta_type};

use super::CommitScheme;
use super::era::Era;
use super::types::{H256, Hash};

#[derive(TypeInfo)]
pub(super) struct CheckNonZeroSender;
#[derive(TypeInfo)]
pub(super) struct CheckSpecVersion;
#[derive(TypeInfo)]
pub(super) struct CheckTxVersion;
#[derive(TypeInfo)]
pub(super) struct CheckGenesis;
#[derive(TypeInfo)]
#[expect(dead_code, reason = "declared for metadata")]
pub(super) struct CheckMortality(Era);
#[derive(TypeInfo)]
#[expect(dead_code, reason = "declared for metadata")]
pub(super) struct CheckNonce(Compact<u32>);
#[derive(TypeInfo)]
pub(super) struct CheckWeight;
#[derive(TypeInfo)]
#[expect(dead_code, reason = "declared for metadata")]
pub(super) struct ChargeTransactionPayment(Compact<u64>);
#[derive(TypeInfo)]
pub(super) struct SubtensorSignedExtension;
#[derive(TypeInfo)]
pub(super) struct CommitmentsSignedExtension;
#[derive(TypeInfo)]
pub(super) struct SubtensorTransactionExtension;
#[derive(TypeInfo)]
pub(super) struct DrandPriority;
#[derive(TypeInfo)]
pub(super) struct CheckMetadataHash {
    #[expect(dead_code, reason = "declared for metadata")]
    mode: Mode,
}
#[derive(TypeInfo)]
#[expect(dead_code, reason = "declared for metadata")]
enum Mode {
    Disabled,
    Enabled,
}

fn extension<T: TypeInfo + 'static, Implicit: TypeInfo + 'static>(
    identifier: &'static str,
) -> SignedExtensionMetadata {
    SignedExtensionMetadata {
        identifier,
        ty: meta_type::<T>(),
        additional_signed: meta_type::<Implicit>(),
    }
}

pub(super) fn metadata(scheme: CommitScheme) -> Vec<SignedExtensionMetadata> {
    let mut extensions = vec![
        extension::<CheckNonZeroSender, ()>("CheckNonZeroSender"),
        extension::<CheckSpecVersion, u32>("CheckSpecVersion"),
        extension::<CheckTxVersion, u32>("CheckTxVersion"),
        extension::<CheckGenesis, H256>("CheckGenesis"),
        extension::<CheckMortality, H256>("CheckMortality"),
        extension::<CheckNonce, ()>("CheckNonce"),
        extension::<CheckWeight, ()>("CheckWeight"),
        extension::<ChargeTransactionPayment, ()>("ChargeTransactionPayment"),
    ];
    if scheme == CommitScheme::Timelocked {
        extensions.push(extension::<SubtensorTransactionExtension, ()>(
            "SubtensorTransactionExtension",
        ));
        extensions.push(extension::<DrandPriority, ()>("DrandPriority"));
    } else {
        extensions.push(extension::<SubtensorSignedExtension, ()>(
            "SubtensorSignedExtension",
        ));
        extensions.push(extension::<CommitmentsSignedExtension, ()>(
            "CommitmentsSignedExtension",
        ));
    }
    if checks_metadata_hash(scheme) {
        extensions.push(extension::<CheckMetadataHash, Option<[u8; 32]>>(
            "CheckMetadataHash",
        ));
    }
    extensions
}

fn checks_metadata_hash(scheme: CommitScheme) -> bool {
    matches!(scheme, CommitScheme::Epochs | CommitScheme::Timelocked)
}

/// What the extensions put beside the call.
#[derive(Debug, Clone)]
pub(super) struct Extra {
    pub(super) era: Era,
    pub(super) nonce: u32,
    /// Exactly as it was sent.
    pub(super) bytes: Vec<u8>,
}

impl Extra {
    pub(super) fn decode(
        scheme: CommitScheme,
        input: &mut &[u8],
    ) -> Result<Self, parity_scale_codec::Error> {
        let start = *input;
        let era = Era::decode(input)?;
        let Compact(nonce) = Compact::<u32>::decode(input)?;
        let Compact(_tip) = Compact::<u64>::decode(input)?;
        if checks_metadata_hash(scheme) && input.read_byte()? != 0 {
            return Err("a metadata hash is not kept here".into());
        }
        let bytes = start[..start.len() - input.len()].to_vec();
        Ok(Self { era, nonce, bytes })
    }
}

/// What a signature covers besides what is sent.
pub(super) fn implicit(
    scheme: CommitScheme,
    spec_version: u32,
    transaction_version: u32,
    genesis: Hash,
    birth: Hash,
) -> Vec<u8> {
    let mut bytes = (spec_version, transaction_version, genesis, birth).encode();
    if checks_metadata_hash(scheme) {
        bytes.extend(None::<Hash>.encode());
    }
    bytes
}

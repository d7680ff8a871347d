//! How long an extrinsic lives: Substrate's mortal era, in its two bytes.

use parity_scale_codec::{Decode, Encode, Error, Input};
use scale_info::build::{Fields, Variants};
use scale_info::form::PortableForm;
use scale_info::{Path, Type, TypeInfo, Variant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Immortal,
    /// Lives for `period` blocks, a power of two, from each block on that is `phase` into one.
    Mortal {
        period: u64,
        phase: u64,
    },
}

impl Era {
    /// The block from which the life that contains `block` is counted.
    pub(super) fn birth(self, block: u64) -> u64 {
        match self {
            Self::Immortal => 0,
            Self::Mortal { period, phase } => (block.max(phase) - phase) / period * period + phase,
        }
    }

    /// The lives before that one, newest first.
    pub(super) fn earlier_births(self, block: u64) -> impl Iterator<Item = u64> {
        let period = match self {
            Self::Immortal => u64::MAX,
            Self::Mortal { period, .. } => period,
        };
        let earlier = move |birth: &u64| birth.checked_sub(period);
        std::iter::successors(Some(self.birth(block)), earlier).skip(1)
    }
}

impl Decode for Era {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let first = input.read_byte()?;
        if first == 0 {
            return Ok(Self::Immortal);
        }
        let bits = u64::from(u16::from_le_bytes([first, input.read_byte()?]));
        let period = 2 << (bits % 16);
        let phase = (bits >> 4) * (period >> 12).max(1);
        if period >= 4 && phase < period {
            Ok(Self::Mortal { period, phase })
        } else {
            Err("no such period and phase".into())
        }
    }
}

impl Encode for Era {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Immortal => vec![0],
            Self::Mortal { period, phase } => {
                let power = u64::from(period.trailing_zeros()).clamp(2, 16) - 1;
                let bits = power | (phase / (period >> 12).max(1)) << 4;
                bits.to_le_bytes()[..2].to_vec()
            }
        }
    }
}

/// Substrate shows one variant for each first byte: `complete` adds those that are alike.
impl TypeInfo for Era {
    type Identity = Self;

    fn type_info() -> Type {
        let second_byte = || Fields::unnamed().field(|field| field.ty::<u8>());
        let variants = Variants::new()
            .variant_unit("Immortal", 0)
            .variant("Mortal1", |variant| variant.index(1).fields(second_byte()));
        Type::builder()
            .path(Path::new("Era", "sp_runtime::generic::era"))
            .variant(variants)
    }
}

pub(super) fn complete(variants: &mut Vec<Variant<PortableForm>>) {
    let Some(first) = variants.get(1).cloned() else {
        return;
    };
    variants.extend((2..=u8::MAX).map(|index| Variant {
        name: format!("Mortal{index}"),
        index,
        ..first.clone()
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras_read_back_as_themselves() {
        for (period, phase) in [(4, 3), (64, 42), (128, 0), (65536, 65520)] {
            let era = Era::Mortal { period, phase };
            assert_eq!(Era::decode(&mut &era.encode()[..]).ok(), Some(era));
        }
    }

    #[test]
    fn an_era_is_read_as_other_programs_write_it() {
        let theirs = subxt::utils::Era::mortal(64, 1_000_042).encode();
        let era = Era::decode(&mut &theirs[..]).expect("an era");
        assert_eq!(era.birth(1_000_042), 1_000_042);
        assert_eq!(era.birth(1_000_042 + 63), 1_000_042);
        assert_eq!(era.birth(1_000_042 + 64), 1_000_106);
        assert_eq!(era.earlier_births(1_000_106).next(), Some(1_000_042));
        assert_eq!(Era::Immortal.earlier_births(1_000_106).next(), None);
    }
}

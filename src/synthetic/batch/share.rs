//! A batch is finite: if all claims together are too many, everyone is cut to the same height,
//! so that a liar takes nothing from a small miner. Pure.

use crate::miner::Executors;

/// Cuts claims so that at most `most` executors are left. A miner below the height keeps all.
pub(super) fn share_out(claims: &mut [&mut Executors], most: u32) {
    let total = |height: u32| -> u64 {
        let sizes = claims.iter().map(|claim| claim.values().sum::<u32>());
        sizes.map(|size| u64::from(size.min(height))).sum()
    };
    if total(u32::MAX) <= u64::from(most) {
        return;
    }
    // the largest height that fits; 0 always does
    let (mut fits, mut too_high) = (0, most.saturating_add(1));
    while fits + 1 < too_high {
        let height = fits + (too_high - fits) / 2;
        if total(height) <= u64::from(most) {
            fits = height
        } else {
            too_high = height
        }
    }
    for claim in claims {
        let mut left = fits;
        claim.retain(|_, count| {
            *count = (*count).min(left);
            left -= *count;
            *count > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::ExecutorClass;

    fn shared(sizes: &[u32], most: u32) -> Vec<u32> {
        let claim = |size: &u32| Executors::from([(ExecutorClass::DEFAULT, *size)]);
        let mut claims: Vec<_> = sizes.iter().map(claim).collect();
        share_out(&mut claims.iter_mut().collect::<Vec<_>>(), most);
        claims.iter().map(|claim| claim.values().sum()).collect()
    }

    #[test]
    fn claims_that_fit_are_left_alone() {
        assert_eq!(shared(&[3, 2048, 1], 2052), [3, 2048, 1]);
    }

    #[test]
    fn the_greedy_are_cut_and_the_small_are_not() {
        assert_eq!(shared(&[3, 2048, 2048], 103), [3, 50, 50]);
    }

    proptest! {
        #[test]
        fn never_more_than_there_is(
            sizes in prop::collection::vec(1..5000_u32, 0..40), most in 0..20_000_u32
        ) {
            let shared = shared(&sizes, most);
            prop_assert!(shared.iter().sum::<u32>() <= most);
            prop_assert!(shared.iter().zip(&sizes).all(|(after, before)| after <= before));
        }
    }
}

//! Which of many points are drawn: as many as can be told apart on a screen.

/// Points of a line at most.
pub(super) const POINTS: usize = 300;

/// At most `most` of the indexes below `count`, evenly spread, the first and the last among them.
pub(super) fn thin(count: usize, most: usize) -> Vec<usize> {
    match (count, most) {
        (0, _) | (_, 0) => Vec::new(),
        (_, 1) => vec![count - 1],
        _ if count <= most => (0..count).collect(),
        _ => (0..most).map(|i| i * (count - 1) / (most - 1)).collect(),
    }
}

/// How many neighbours go into one bar, so that there are at most `most` bars.
pub(super) fn per_bar(count: usize, most: usize) -> usize {
    count.div_ceil(most.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_points_are_all_drawn() {
        assert_eq!(thin(3, 300), [0, 1, 2]);
        assert_eq!(thin(0, 300), [0usize; 0]);
        assert_eq!(thin(5, 1), [4]);
    }

    proptest! {
        #[test]
        fn ends_are_kept_and_no_point_comes_twice(count in 1_usize..5_000, most in 2_usize..400) {
            let kept = thin(count, most);
            prop_assert!(kept.len() <= most && kept.len() == count.min(most));
            prop_assert_eq!((kept[0], kept[kept.len() - 1]), (0, count - 1));
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(count.div_ceil(per_bar(count, most)) <= most);
        }
    }
}

//! How times are spread: a few numbers of many, and how many fall between which bounds. Pure.

/// What a box plot shows, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::report) struct Spread {
    pub(in crate::report) count: usize,
    pub(in crate::report) p10_s: f64,
    pub(in crate::report) p25_s: f64,
    pub(in crate::report) median_s: f64,
    pub(in crate::report) p75_s: f64,
    pub(in crate::report) p90_s: f64,
    pub(in crate::report) max_s: f64,
}

impl Spread {
    /// `None` of nothing. Between two values a quantile lies where its share says.
    pub(super) fn of(mut seconds: Vec<f64>) -> Option<Self> {
        seconds.sort_unstable_by(f64::total_cmp);
        let max_s = *seconds.last()?;
        let at = |share: f64| quantile(&seconds, share);
        Some(Self {
            count: seconds.len(),
            p10_s: at(0.1),
            p25_s: at(0.25),
            median_s: at(0.5),
            p75_s: at(0.75),
            p90_s: at(0.9),
            max_s,
        })
    }
}

/// Of values in order, at least one.
fn quantile(ordered: &[f64], share: f64) -> f64 {
    let place = share * (ordered.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    ordered[below] + (ordered[above] - ordered[below]) * place.fract()
}

/// How many jobs took how long. Bounds grow in steps of 1, 2 and 5, since times do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct Buckets {
    /// Seconds; a bucket lies between two neighbours, so there is one bound more than buckets.
    pub(in crate::report) bounds_s: Vec<f64>,
    pub(in crate::report) completed: Vec<u64>,
    pub(in crate::report) failed: Vec<u64>,
}

impl Buckets {
    /// Seconds and whether it was completed, of each job.
    pub(super) fn of(jobs: &[(f64, bool)]) -> Self {
        let Some(longest) = jobs.iter().map(|(seconds, _)| *seconds).reduce(f64::max) else {
            return Self::default();
        };
        let shortest = jobs.iter().map(|(seconds, _)| *seconds);
        let shortest = shortest.fold(longest, f64::min);
        let bounds_s = bounds(shortest, longest);
        let buckets = bounds_s.len() - 1;
        let (mut completed, mut failed) = (vec![0; buckets], vec![0; buckets]);
        for (seconds, is_completed) in jobs {
            // the upper bound belongs to a bucket
            let bucket = bounds_s[1..].partition_point(|bound| bound < seconds);
            let counts = if *is_completed {
                &mut completed
            } else {
                &mut failed
            };
            if let Some(count) = counts.get_mut(bucket) {
                *count += 1;
            }
        }
        Self {
            bounds_s,
            completed,
            failed,
        }
    }
}

/// From the last one below `shortest`, else 0, to the first one that is not below `longest`.
fn bounds(shortest: f64, longest: f64) -> Vec<f64> {
    let mut bounds = vec![0.0];
    // from a hundredth of a second to longer than any job may run
    for exponent in -2..7 {
        for digit in [1.0, 2.0, 5.0] {
            let bound = digit * 10_f64.powi(exponent);
            if bound < shortest {
                bounds[0] = bound;
                continue;
            }
            bounds.push(bound);
            if bound >= longest {
                return bounds;
            }
        }
    }
    bounds.push(longest);
    bounds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let spread = Spread::of((1..=11).map(f64::from).collect()).expect("values");
        assert_eq!(spread.count, 11);
        let found = (spread.p10_s, spread.median_s, spread.p90_s, spread.max_s);
        assert_eq!(found, (2.0, 6.0, 10.0, 11.0));
        assert_eq!((spread.p25_s, spread.p75_s), (3.5, 8.5));
        assert_eq!(Spread::of(Vec::new()), None);
        assert_eq!(Spread::of(vec![4.0]).map(|one| one.p90_s), Some(4.0));
    }

    #[test]
    fn buckets_begin_where_the_values_do() {
        let buckets = Buckets::of(&[(3.0, true), (5.0, true), (6.0, false)]);
        assert_eq!(buckets.bounds_s, [2.0, 5.0, 10.0]);
        assert_eq!(
            (buckets.completed, buckets.failed),
            (vec![2, 0], vec![0, 1])
        );
        assert_eq!(Buckets::of(&[]), Buckets::default());
        assert_eq!(Buckets::of(&[(0.0, true)]).bounds_s, [0.0, 0.01]);
    }

    proptest! {
        #[test]
        fn no_job_is_lost(jobs in proptest::collection::vec((0.0..1e9_f64, any::<bool>()), 1..50)) {
            let buckets = Buckets::of(&jobs);
            let counted = buckets.completed.iter().chain(&buckets.failed).sum::<u64>();
            prop_assert_eq!(counted, u64::try_from(jobs.len()).expect("few"));
            prop_assert!(buckets.bounds_s.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert_eq!(buckets.bounds_s.len(), buckets.completed.len() + 1);
        }
    }
}

//! From values to places on the drawing, and the round numbers between.

/// A straight line from values to places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    values: (f64, f64),
    places: (f64, f64),
}

impl Scale {
    /// The first value is drawn at the first place, the last one at the last.
    pub(super) fn new(values: (f64, f64), places: (f64, f64)) -> Self {
        Self { values, places }
    }

    /// Where a value is drawn; all in the middle where all values are the same.
    pub(super) fn at(self, value: f64) -> f64 {
        let ((low, high), (start, end)) = (self.values, self.places);
        let share = (value - low) / (high - low);
        match share.is_finite() {
            true => start + share * (end - start),
            false => f64::midpoint(start, end),
        }
    }
}

/// 0 and round numbers above it, at most about `most`, up to the first that is not below
/// `highest`. At least 0 and one more.
pub(super) fn ticks(highest: f64, most: u8) -> Vec<f64> {
    let highest = if highest.is_finite() && highest > 0.0 {
        highest
    } else {
        1.0
    };
    let step = round_step(highest / f64::from(most.max(1)));
    let count = (highest / step).ceil().max(1.0);
    let mut ticks = vec![0.0];
    let mut tick = 1.0;
    while tick <= count {
        ticks.push(tick * step);
        tick += 1.0;
    }
    ticks
}

/// The same for what is counted: nothing between whole numbers.
pub(super) fn whole_ticks(highest: f64, most: u8) -> Vec<f64> {
    let mut ticks = ticks(highest.max(1.0), most);
    ticks.retain(|tick| tick.fract() == 0.0);
    if ticks.last().is_some_and(|last| *last < highest) {
        ticks.push(highest.ceil());
    }
    ticks
}

/// 1, 2 or 5 times a power of ten, the first that is not below.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    // a little more room than arithmetic needs
    let found = steps.iter().find(|step| **step >= least * (1.0 - 1e-9));
    *found.unwrap_or(&steps[3])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_lies_where_its_share_says() {
        let scale = Scale::new((0.0, 10.0), (200.0, 100.0));
        assert_eq!(scale.at(0.0), 200.0);
        assert_eq!(scale.at(2.5), 175.0);
        assert_eq!(scale.at(10.0), 100.0);
        assert_eq!(Scale::new((3.0, 3.0), (0.0, 10.0)).at(3.0), 5.0);
    }

    #[test]
    fn ticks_are_round_and_reach_the_highest_value() {
        assert_eq!(ticks(10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(11.0, 5), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(ticks(0.0, 5).last(), Some(&1.0));
        assert_eq!(whole_ticks(2.0, 5), [0.0, 1.0, 2.0]);
        assert_eq!(whole_ticks(0.0, 5), [0.0, 1.0]);
        assert_eq!(whole_ticks(137.0, 4), [0.0, 50.0, 100.0, 150.0]);
    }

    proptest! {
        #[test]
        fn nothing_is_drawn_above_the_last_tick(highest in 1e-6..1e12_f64, most in 1_u8..10) {
            for ticks in [ticks(highest, most), whole_ticks(highest, most)] {
                prop_assert!(ticks[ticks.len() - 1] >= highest * (1.0 - 1e-6));
                prop_assert!(ticks.len() <= usize::from(most) + 3, "{:?}", ticks);
                prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }
    }
}

//! Whether the weights read back from the chain are the ones that were sent. Pure.

use crate::store::Entry;

/// The pallet rescales so that the largest becomes 65535 (or so that all sum to it, in 2023), and
/// rounds: values may differ by that, and by nothing else. Zeros count as absent.
pub fn matches(sent: &[Entry], on_chain: &[(u16, u16)]) -> bool {
    let mut sent: Vec<(u16, u16)> = sent
        .iter()
        .filter(|entry| entry.value > 0)
        .map(|entry| (entry.uid, entry.value))
        .collect();
    let mut found: Vec<(u16, u16)> = on_chain.iter().copied().filter(|(_, v)| *v > 0).collect();
    sent.sort_unstable();
    found.sort_unstable();
    let largest = |list: &[(u16, u16)]| list.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let (sent_max, found_max) = (f64::from(largest(&sent)), f64::from(largest(&found)));
    // the chain rounds a value to a whole number of its own scale
    let tolerance = 1.0 / found_max.max(1.0);
    let share = |value: u16, max: f64| f64::from(value) / max;
    let small = |value: u16| share(value, sent_max) <= tolerance;
    // rounding on a smaller scale may have made a small weight vanish
    let kept: Vec<(u16, u16)> = sent
        .iter()
        .copied()
        .filter(|(uid, value)| !small(*value) || found.iter().any(|(other, _)| other == uid))
        .collect();
    !sent.is_empty()
        && !found.is_empty()
        && kept.len() == found.len()
        && kept
            .iter()
            .zip(&found)
            .all(|((uid, value), (other, read))| {
                uid == other
                    && (share(*value, sent_max) - share(*read, found_max)).abs() <= tolerance
            })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Hotkey;

    fn sent(list: &[(u16, u16)]) -> Vec<Entry> {
        let hotkey = Hotkey::new([0; 32]);
        list.iter()
            .map(|(uid, value)| Entry {
                uid: *uid,
                value: *value,
                hotkey,
            })
            .collect()
    }

    #[test]
    fn rescaling_by_the_chain_makes_no_difference() {
        assert!(matches(
            &sent(&[(2, 10), (3, 5)]),
            &[(2, 65_535), (3, 32_768)]
        ));
        assert!(matches(
            &sent(&[(0, 1), (1, 2), (2, 3)]),
            &[(2, 65_535), (1, 43_690), (0, 21_845)]
        ));
        assert!(matches(&sent(&[(0, 0), (1, 65_535)]), &[(1, 65_535)]));
        // scaled to the sum
        assert!(matches(
            &sent(&[(0, 65_535), (1, 65_535)]),
            &[(0, 32_768), (1, 32_767)]
        ));
    }

    #[test]
    fn other_weights_are_other_weights() {
        let ours = sent(&[(2, 65_535), (3, 32_768)]);
        for other in [
            &[][..],
            &[(2, 65_535)],
            &[(2, 65_535), (3, 32_000)],
            &[(2, 65_535), (4, 32_768)],
        ] {
            assert!(!matches(&ours, other), "{other:?}");
        }
        assert!(!matches(&[], &[]));
    }
}

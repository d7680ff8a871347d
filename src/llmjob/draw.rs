//! Which lines of a series are prompts, and which of them are drawn.

use rand::Rng;
use rand::seq::IndexedRandom;

/// In bytes; generators stop after some 40 tokens.
const LONGEST_PROMPT: usize = 4_096;

/// Whether a line reads the same for every program: it has text, no blanks at its ends, and
/// nothing inside that some take for the end of a line. A prompt that one miner trims and another
/// does not would have two answers.
pub fn is_prompt(line: &str) -> bool {
    let splits = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    !line.is_empty()
        && line.len() <= LONGEST_PROMPT
        && line.trim().len() == line.len()
        && !line.contains(splits)
}

/// Draws that many prompts of a series, in random order. `None`: it has too few lines to hide
/// them, not more than are drawn.
pub fn draw(series: &str, count: usize, random: &mut impl Rng) -> Option<Vec<String>> {
    let mut prompts: Vec<&str> = series.lines().filter(|line| is_prompt(line)).collect();
    // a miner answers a text once, however often it stands there
    prompts.sort_unstable();
    prompts.dedup();
    if prompts.len() <= count {
        return None;
    }
    let drawn = prompts.choose_multiple(random, count);
    Some(drawn.map(|prompt| (*prompt).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_series_must_have_more_lines_than_are_drawn() {
        let mut random = StdRng::seed_from_u64(1);
        assert_eq!(draw("a\nb\nc", 3, &mut random), None);
        assert_eq!(draw("a\n\na\n b\nc \n", 1, &mut random), None);
        assert_eq!(draw("", 1, &mut random), None);
        let drawn = draw("a\r\nb\r\nc\r\n", 2, &mut random).expect("enough");
        assert_eq!(drawn.len(), 2);
        assert!(
            drawn
                .iter()
                .all(|one| ["a", "b", "c"].contains(&one.as_str()))
        );
    }

    #[test]
    fn every_line_is_drawn_sooner_or_later() {
        let mut random = StdRng::seed_from_u64(7);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            seen.extend(draw("a\nb\nc", 1, &mut random).expect("enough"));
        }
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn a_line_that_programs_read_differently_is_no_prompt() {
        for line in [
            "",
            " a",
            "a ",
            "a\tb",
            "a\u{b}b",
            "a\u{2028}b",
            "a\u{85}b",
            "a\rb",
        ] {
            assert!(!is_prompt(line), "{line:?}");
        }
        assert!(!is_prompt(&"a".repeat(LONGEST_PROMPT + 1)));
        assert!(is_prompt("What is it, \u{fc}ber \u{4f60}?"));
    }
}

//! A miner's answers next to those of the trusted miner.

use std::collections::HashMap;

/// Characters of a different answer that are kept.
const LONGEST_FOUND: usize = 2_000;

/// A prompt and what the trusted miner answered; `id` is the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAnswer {
    pub id: i64,
    pub prompt: String,
    pub answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Same,
    Different,
    Missing,
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Missing => "missing",
        }
    }
}

/// What came of one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// As in [`KnownAnswer`].
    pub id: i64,
    pub verdict: Verdict,
    /// The miner's answer where it is different, cut.
    pub found: Option<String>,
}

/// Compares the answer to each known prompt; what else the miner has answered does not matter.
pub fn compare(known: &[KnownAnswer], found: &HashMap<String, String>) -> Vec<Compared> {
    let one = |known: &KnownAnswer| {
        let (verdict, found) = match found.get(&known.prompt) {
            None => (Verdict::Missing, None),
            Some(answer) if *answer == known.answer => (Verdict::Same, None),
            Some(answer) => {
                let cut = answer.chars().take(LONGEST_FOUND).collect();
                (Verdict::Different, Some(cut))
            }
        };
        Compared {
            id: known.id,
            verdict,
            found,
        }
    };
    known.iter().map(one).collect()
}

/// Why a job whose answers were compared is not right, for an operator; `None` if it is. Nothing
/// compared is nothing right.
pub fn finding(compared: &[Compared]) -> Option<String> {
    let count = |verdict| compared.iter().filter(|one| one.verdict == verdict).count();
    let (different, missing) = (count(Verdict::Different), count(Verdict::Missing));
    match compared.len() {
        0 => Some("no answer is known to compare with".to_owned()),
        _ if different + missing == 0 => None,
        all => Some(format!(
            "answers compared: {all}, different: {different}, missing: {missing}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<KnownAnswer> {
        let one = |id: i64| KnownAnswer {
            id,
            prompt: format!("prompt {id}"),
            answer: format!("answer {id}"),
        };
        vec![one(1), one(2)]
    }

    fn verdicts(found: &[(&str, &str)]) -> (Vec<Verdict>, Option<String>) {
        let found = found.iter();
        let found = found.map(|(prompt, answer)| ((*prompt).to_owned(), (*answer).to_owned()));
        let compared = compare(&known(), &found.collect());
        let finding = finding(&compared);
        (
            compared.into_iter().map(|one| one.verdict).collect(),
            finding,
        )
    }

    #[test]
    fn all_known_answers_must_be_there_and_the_same() {
        use Verdict::{Different, Missing, Same};
        let right = ("prompt 1", "answer 1");
        for (found, expected, is_right) in [
            (&[right, ("prompt 2", "answer 2")][..], [Same, Same], true),
            (
                &[right, ("prompt 2", "answer 2"), ("another", "one")],
                [Same, Same],
                true,
            ),
            (
                &[right, ("prompt 2", "answer 2 ")],
                [Same, Different],
                false,
            ),
            (&[right, ("prompt 2", "")], [Same, Different], false),
            (&[right], [Same, Missing], false),
            (&[], [Missing, Missing], false),
        ] {
            let (verdicts, finding) = verdicts(found);
            assert_eq!(verdicts, expected);
            assert_eq!(finding.is_none(), is_right, "{finding:?}");
        }
    }

    #[test]
    fn where_nothing_is_compared_nothing_is_right() {
        assert!(finding(&[]).is_some());
    }
}

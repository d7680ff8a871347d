//! Which batch weights are made from. Pure.

/// A finished batch without weights, as far as this decision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<Id> {
    pub id: Id,
    /// Miners that sent a manifest in this batch.
    pub answered: u32,
    /// The same in the finished batch before it, if there was one.
    pub answered_before: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    /// Fewer than half of the miners that answered before: our own network may have been down.
    Incomplete {
        answered: u32,
        before: u32,
    },
}

/// The newest batch and the older ones that it supersedes; `newest_first` as the name says.
/// After an outage old scores are stale: they never make weights when there are newer ones.
pub fn choose<Id: Copy>(newest_first: &[Candidate<Id>]) -> Option<(Candidate<Id>, Vec<Id>)> {
    let (newest, older) = newest_first.split_first()?;
    Some((
        *newest,
        older.iter().map(|candidate| candidate.id).collect(),
    ))
}

impl<Id> Candidate<Id> {
    pub fn completeness(&self) -> Completeness {
        match self.answered_before {
            Some(before) if u64::from(self.answered) * 2 < u64::from(before) => {
                Completeness::Incomplete {
                    answered: self.answered,
                    before,
                }
            }
            _ => Completeness::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: u32, answered: u32, answered_before: Option<u32>) -> Candidate<u32> {
        Candidate {
            id,
            answered,
            answered_before,
        }
    }

    #[test]
    fn the_newest_batch_wins_and_supersedes_the_others() {
        let (chosen, older) = choose(&[
            candidate(9, 1, None),
            candidate(5, 1, None),
            candidate(2, 1, None),
        ])
        .expect("there are three");
        assert_eq!((chosen.id, older), (9, vec![5, 2]));
        assert_eq!(choose::<u32>(&[]), None);
    }

    #[test]
    fn half_of_the_miners_is_enough_and_less_is_not() {
        assert_eq!(
            candidate(1, 4, Some(8)).completeness(),
            Completeness::Complete
        );
        assert_eq!(candidate(1, 0, None).completeness(), Completeness::Complete);
        assert_eq!(
            candidate(1, 3, Some(8)).completeness(),
            Completeness::Incomplete {
                answered: 3,
                before: 8
            }
        );
    }
}

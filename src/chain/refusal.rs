//! Why the chain did not take an extrinsic, in words an operator can act on. A refusal comes
//! from the pool (by number or text) or from the block (by name in the metadata).
//! The table is chain.md, section 7; names differ by generation.

use std::fmt;

use super::error::shortened;
use super::runtime::{Runtime, SUBTENSOR};

/// What has to happen before the same thing can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// A person has to act; no further attempt helps.
    Operator,
    /// Time heals it: blocks have to pass.
    Wait,
    /// The chain has moved on: read it again and decide anew.
    Reread,
    /// The extrinsic itself is wrong: a defect of this program.
    Defect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error's name in the runtime, or a name for what the pool said.
    pub name: String,
    /// The runtime's own explanation, or the node's text; may be empty.
    pub docs: String,
    pub remedy: Remedy,
    /// What the operator can do, where something is known.
    pub hint: Option<&'static str>,
}

impl Refusal {
    /// Whether further attempts are pointless.
    pub fn is_final(&self) -> bool {
        matches!(self.remedy, Remedy::Operator | Remedy::Defect)
    }

    pub(super) fn named(name: &str, docs: &str) -> Self {
        let known = KNOWN.iter().find(|known| known.names.contains(&name));
        Self {
            name: shortened(name),
            docs: shortened(docs),
            // an unknown error may be a passing one: attempts are bounded anyway
            remedy: known.map_or(Remedy::Reread, |known| known.remedy),
            hint: known.map(|known| known.hint),
        }
    }

    /// A refusal by the pool, code 1010: `text` is the data of the JSON-RPC error.
    pub fn invalid(runtime: &Runtime, text: &str) -> Self {
        let custom = custom_number(text);
        let name = match custom {
            Some(number) => custom_error(runtime.spec_version(), number),
            None => TEXTS
                .iter()
                .find(|(part, _)| text.contains(part))
                .map(|(_, name)| *name),
        };
        match name {
            Some(name) => Self::named(name, &docs_of(runtime, name).unwrap_or(text.to_owned())),
            None => Self::named("InvalidTransaction", text),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.docs.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", self.docs)
        }
    }
}

/// `Custom error: 6`, or `{"invalid":{"custom":6}}` as a forked node for tests writes it.
fn custom_number(text: &str) -> Option<u8> {
    let text = text.to_ascii_lowercase();
    let (_, after) = text.split_once("custom")?;
    let digits: String = after
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// What the runtime at hand says about an error of this name.
fn docs_of(runtime: &Runtime, name: &str) -> Option<String> {
    let pallet = runtime.metadata().pallet_by_name(SUBTENSOR)?;
    let variant = pallet
        .error_variants()?
        .iter()
        .find(|variant| variant.name == name)?;
    Some(variant.docs.join(" ")).filter(|docs| !docs.trim().is_empty())
}

struct Known {
    /// Newest name first.
    names: &'static [&'static str],
    remedy: Remedy,
    hint: &'static str,
}

const fn known(names: &'static [&'static str], remedy: Remedy, hint: &'static str) -> Known {
    Known {
        names,
        remedy,
        hint,
    }
}

const KNOWN: &[Known] = &[
    known(
        &["HotKeyNotRegisteredInSubNet", "NotRegistered"],
        Remedy::Operator,
        "the hotkey has no uid on this subnet: register it, or check netuid and wallet",
    ),
    known(
        &["HotKeyAccountNotExists"],
        Remedy::Operator,
        "the chain does not know this hotkey: register it, or check the wallet",
    ),
    known(
        &["NotEnoughStakeToSetWeights"],
        Remedy::Operator,
        "total stake is below the threshold: stake more, or wait until delegation counts",
    ),
    known(
        &["NeuronNoValidatorPermit", "NoValidatorPermit"],
        Remedy::Operator,
        "not among the top validators: needs more stake, and then the next epoch",
    ),
    known(
        &["IncorrectWeightVersionKey", "IncorrectNetworkVersionKey"],
        Remedy::Operator,
        "the subnet demands a newer validator release: update",
    ),
    known(
        &[
            "SubnetNotExists",
            "SubNetworkDoesNotExist",
            "NetworkDoesNotExist",
            "MechanismDoesNotExist",
        ],
        Remedy::Operator,
        "there is no such subnet: check netuid and network",
    ),
    known(
        &["CanNotSetRootNetworkWeights"],
        Remedy::Operator,
        "netuid 0 is the root network: check netuid",
    ),
    known(
        &["InabilityToPay"],
        Remedy::Operator,
        "writing weights is free on Subtensor: check that the node belongs to it",
    ),
    known(
        &[
            "SettingWeightsTooFast",
            "CommittingWeightsTooFast",
            "RateLimitExceeded",
        ],
        Remedy::Wait,
        "the last update is too recent: wait for the subnet's rate limit",
    ),
    known(
        &[
            "RevealTooEarly",
            "InvalidRevealCommitTempo",
            "InvalidRevealTempo",
            "CommitBlockNotInRevealRange",
        ],
        Remedy::Reread,
        "outside of the reveal window",
    ),
    known(
        &["ExpiredWeightCommit"],
        Remedy::Reread,
        "the reveal window was missed",
    ),
    known(
        &[
            "TooManyUnrevealedCommits",
            "WeightsCommitNotAllowed",
            "CommitNotAllowed",
        ],
        Remedy::Wait,
        "too many commits wait for their reveal",
    ),
    known(
        &["NoWeightsCommitFound", "NoCommitFound", "CommitNotFound"],
        Remedy::Reread,
        "nothing to reveal: revealed already, expired, or committed with another hotkey",
    ),
    known(
        &["CommitRevealEnabled", "CommitRevealDisabled"],
        Remedy::Reread,
        "the subnet has switched between plain weights and commit-reveal",
    ),
    known(
        &["InvalidRevealCommitHashNotMatch"],
        Remedy::Defect,
        "what was revealed is not what was committed",
    ),
    known(
        &["IncorrectCommitRevealVersion"],
        Remedy::Reread,
        "the chain wants another version of timelocked commits",
    ),
    known(
        &["InvalidRevealRound"],
        Remedy::Reread,
        "the drand round chosen has passed: check this machine's clock",
    ),
    known(
        &["UidVecContainInvalidOne", "InvalidUid", "UidNotFound"],
        Remedy::Reread,
        "a uid has vanished since the metagraph was read",
    ),
    known(
        &["WeightVecLengthIsLow", "NotSettingEnoughWeights"],
        Remedy::Defect,
        "fewer weights than the subnet's minimum",
    ),
    known(
        &["MaxWeightExceeded"],
        Remedy::Defect,
        "a weight is above the subnet's maximum",
    ),
    known(
        &[
            "WeightVecNotEqualSize",
            "DuplicateUids",
            "UidsLengthExceedUidsInSubNet",
            "TooManyUids",
            "InputLengthsUnequal",
        ],
        Remedy::Defect,
        "uids and weights do not fit together",
    ),
    known(
        &["Outdated"],
        Remedy::Reread,
        "another extrinsic of this hotkey came first: does another program sign with it",
    ),
    known(
        &["PriorityTooLow"],
        Remedy::Wait,
        "another extrinsic of this hotkey waits in the pool: does another program sign with it",
    ),
    known(
        &["BadSignature"],
        Remedy::Reread,
        "signed for another runtime version or another chain",
    ),
    known(
        &["AncientBirthBlock"],
        Remedy::Reread,
        "the extrinsic came too late and has expired",
    ),
];

/// Texts with which the pool refuses, and our names for them: first the node's, then the bare
/// variants of a forked node for tests. A call that is "not expected" is how runtimes up to 185
/// refuse a hotkey with too little stake.
const TEXTS: &[(&str, &str)] = &[
    ("call is not expected", "NotEnoughStakeToSetWeights"),
    ("is outdated", "Outdated"),
    ("bad signature", "BadSignature"),
    ("Inability to pay", "InabilityToPay"),
    ("ancient birth block", "AncientBirthBlock"),
    ("\"call\"", "NotEnoughStakeToSetWeights"),
    ("\"stale\"", "Outdated"),
    ("\"badProof\"", "BadSignature"),
    ("\"payment\"", "InabilityToPay"),
    ("\"ancientBirthBlock\"", "AncientBirthBlock"),
];

/// The numbers with which the chain's own transaction check refuses. Up to spec 219 the number
/// tells which call lacked stake; later numbers tell the reason.
fn custom_error(spec_version: u32, number: u8) -> Option<&'static str> {
    const LAST_BY_CALL: u32 = 219;
    let name = if spec_version <= LAST_BY_CALL {
        match number {
            1 | 2 | 3 | 6 | 7 => "NotEnoughStakeToSetWeights",
            _ => return None,
        }
    } else {
        match number {
            0 => "ColdkeyInSwapSchedule",
            1 => "NotEnoughStakeToSetWeights",
            2 => "BalanceTooLow",
            3 => "SubnetNotExists",
            4 => "HotKeyAccountNotExists",
            6 => "RateLimitExceeded",
            10 => "HotKeyNotRegisteredInSubNet",
            15 => "InvalidRevealRound",
            16 => "CommitNotFound",
            17 => "CommitBlockNotInRevealRange",
            18 => "InputLengthsUnequal",
            19 => "UidNotFound",
            _ => return None,
        }
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_same_remedy_under_all_its_names() {
        for (newer, older) in [
            ("HotKeyNotRegisteredInSubNet", "NotRegistered"),
            ("NeuronNoValidatorPermit", "NoValidatorPermit"),
            ("IncorrectWeightVersionKey", "IncorrectNetworkVersionKey"),
        ] {
            let (newer, older) = (Refusal::named(newer, ""), Refusal::named(older, ""));
            assert_eq!((newer.remedy, newer.hint), (older.remedy, older.hint));
            assert!(newer.is_final());
        }
    }

    #[test]
    fn waiting_and_reading_again_are_not_final() {
        for name in [
            "SettingWeightsTooFast",
            "CommitRevealEnabled",
            "NeverHeardOf",
        ] {
            assert!(!Refusal::named(name, "").is_final(), "{name}");
        }
    }

    #[test]
    fn no_error_name_is_listed_twice() {
        let mut names: Vec<&str> = KNOWN
            .iter()
            .flat_map(|known| known.names)
            .copied()
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_number_is_found_in_every_form_a_node_writes_it() {
        for text in [
            "Invalid Transaction: Custom error: 6",
            r#"{"invalid":{"custom":6}}"#,
            r#"{"Invalid":{"Custom":6}}"#,
        ] {
            assert_eq!(custom_number(text), Some(6), "{text}");
        }
        assert_eq!(custom_number("Custom error: 600"), None);
        assert_eq!(custom_number("Transaction is outdated"), None);
    }

    #[test]
    fn a_pool_number_means_the_call_in_old_runtimes_and_the_reason_in_new_ones() {
        assert_eq!(custom_error(218, 3), Some("NotEnoughStakeToSetWeights"));
        assert_eq!(custom_error(293, 3), Some("SubnetNotExists"));
        assert_eq!(custom_error(425, 255), None);
    }
}

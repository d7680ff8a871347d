//! Parameters as a person names them and writes their values.

use serde_json::Value;

use super::table::{Parameter, Setting, TABLE, WrongValue, parameter};
use crate::scoring::{class_weights, executor_caps};
use crate::settings::parse_switch;

/// What a person wrote is no parameter, or no value of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamingError {
    #[error("there is no parameter `{name}`{}", did_you_mean(*.nearest))]
    Unknown {
        name: String,
        nearest: Option<&'static str>,
    },
    #[error(transparent)]
    Wrong(#[from] WrongValue),
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

/// The parameter of exactly this name.
///
/// # Errors
/// There is none; the error has the one whose name is nearest, if any is near.
pub fn named(name: &str) -> Result<&'static Parameter, NamingError> {
    parameter(name).ok_or_else(|| NamingError::Unknown {
        name: name.chars().take(64).collect(),
        nearest: nearest(name),
    })
}

impl Parameter {
    /// Reads a value as a person writes it: switches as in the settings, texts as they stand.
    ///
    /// # Errors
    /// Another type, or a number out of range.
    pub fn parse(&self, text: &str) -> Result<Setting, WrongValue> {
        let value = match self.default() {
            Setting::Switch(_) => parse_switch(text).map(Value::from),
            Setting::Integer(_) => text.trim().parse::<i64>().ok().map(Value::from),
            Setting::Decimal(_) => text.trim().parse::<f64>().ok().map(Value::from),
            Setting::Text(_) => Some(Value::from(text)),
        };
        let setting = value.and_then(|value| self.read(&value).ok());
        setting.ok_or_else(|| self.refuse(text))
    }
}

/// The parts of a list of executor classes that count for nothing, such as one with a mistyped
/// class: every validator skips them without a word.
pub fn idle_parts<'a>(parameter: &Parameter, text: &'a str) -> Vec<&'a str> {
    let is_read = |part: &str| match parameter.name {
        "DYNAMIC_EXECUTOR_CLASS_WEIGHTS" => !class_weights(part).is_empty(),
        "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS" => !executor_caps(part).is_empty(),
        _ => true,
    };
    let parts = text.split(',').filter(|_| !text.is_empty());
    parts.filter(|part| !is_read(part)).collect()
}

/// Part of one name, in any case, or a few slips away from it.
fn nearest(name: &str) -> Option<&'static str> {
    const SHORTEST_PART: usize = 4;
    // longer than any name with so many slips; the work below grows with the length
    const LONGEST: usize = 80;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_ascii_uppercase();
    let names = || TABLE.iter().map(|parameter| parameter.name);
    let with_part = names().filter(|known| name.len() >= SHORTEST_PART && known.contains(&name));
    let with_part = with_part.min_by_key(|known| known.len());
    with_part.or_else(|| {
        let by_slips = names().map(|known| (slips(&name, known), known));
        let (slips, known) = by_slips.min_by_key(|(slips, _)| *slips)?;
        (slips <= known.len() / 4).then_some(known)
    })
}

/// Letters to add, take away or change (the Levenshtein distance), on bytes: names are ASCII.
fn slips(left: &str, right: &str) -> usize {
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.bytes().enumerate() {
        let mut diagonal = row;
        above[0] = row + 1;
        for (column, to) in right.bytes().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = above[column + 1];
            above[column + 1] = changed.min(diagonal + 1).min(above[column] + 1);
        }
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        for (given, nearest) in [
            ("MAX_WEIGHT", Some("DYNAMIC_MAX_WEIGHT")),
            ("dynamic_max_weight", Some("DYNAMIC_MAX_WEIGHT")),
            ("DYNAMIC_WEIGHT_VERSION", Some("DYNAMIC_WEIGHTS_VERSION")),
            ("DYNAMIC_MAX_WIEGHTS", Some("DYNAMIC_MAX_WEIGHT")),
            ("SERVNG", Some("SERVING")),
            ("DANCE", Some("DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD")),
            ("A", None),
            ("", None),
            ("é", None),
            ("something else altogether", None),
        ] {
            let Err(NamingError::Unknown { nearest: found, .. }) = named(given) else {
                panic!("{given} is a name")
            };
            assert_eq!(found, nearest, "{given}");
        }
        assert!(named(&"X".repeat(1_000_000)).is_err());
        assert_eq!(slips("kitten", "sitting"), 3);
    }

    #[test]
    fn parts_that_count_for_nothing_are_found() {
        let idle = |name: &str, text| idle_parts(named(name).expect("a name"), text);
        let weights = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
        let text = "spin_up-4min.gpu24gb=99,always_on.llm.a6000=1, always_on.gpu-24gb=1";
        assert_eq!(
            idle(weights, text),
            ["spin_up-4min.gpu24gb=99", " always_on.gpu-24gb=1"]
        );
        assert!(idle(weights, "").is_empty());
        let caps = "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS";
        assert_eq!(
            idle(caps, "always_on.llm.a6000=1.5"),
            ["always_on.llm.a6000=1.5"]
        );
        assert!(idle("DYNAMIC_MAX_WEIGHT", "1").is_empty());
    }

    #[test]
    fn a_value_is_read_by_the_kind_of_its_parameter() {
        let read = |name: &str, text: &str| {
            let parameter = named(name).expect("a name");
            parameter.parse(text).map_err(|error| error.to_string())
        };
        assert_eq!(read("SERVING", "Off"), Ok(Setting::Switch(false)));
        assert_eq!(read("DYNAMIC_MAX_WEIGHT", " 7 "), Ok(Setting::Integer(7)));
        let multiplier = "DYNAMIC_MANIFEST_SCORE_MULTIPLIER";
        assert_eq!(read(multiplier, "2"), Ok(Setting::Decimal(2.0)));
        let map = Setting::Text(" a = 1 ".to_owned());
        assert_eq!(read("DYNAMIC_EXECUTOR_CLASS_WEIGHTS", " a = 1 "), Ok(map));
        for (name, text, said) in [
            ("SERVING", "perhaps", "must be true or false, not `perhaps`"),
            (
                "DYNAMIC_MAX_WEIGHT",
                "-1",
                "must be a whole number from 1 to 65535, not `-1`",
            ),
            (
                "DYNAMIC_MAX_WEIGHT",
                "1.5",
                "must be a whole number from 1 to 65535, not `1.5`",
            ),
            (
                multiplier,
                "nan",
                "must be a number from 0 to 1000, not `nan`",
            ),
        ] {
            assert_eq!(read(name, text), Err(format!("{name} {said}")));
        }
    }
}

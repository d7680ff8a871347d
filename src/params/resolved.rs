//! The values in force: pinned, else published, else default.
//! A value that is not one of its parameter is passed over with a warning.

use std::collections::BTreeMap;

use serde_json::Value;

use super::table::{Parameter, Setting, TABLE, WrongValue, parameter};

/// Where a value comes from; the later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Default,
    Published,
    Pinned,
}

impl Source {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Published => "published",
            Self::Pinned => "pinned",
        }
    }
}

/// One stored value of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    pub name: String,
    pub source: Source,
    pub value: Value,
}

/// Why a stored value is not in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    #[error("unknown parameter `{0}`")]
    Unknown(String),
    #[error("`{0}` cannot be published")]
    LocalOnly(&'static str),
    #[error(transparent)]
    Wrong(#[from] WrongValue),
}

/// All parameters with their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    overrides: BTreeMap<&'static str, (Setting, Source)>,
}

impl Params {
    /// `overrides` may come in any order; of several from one source the last counts.
    pub fn from_overrides(overrides: impl IntoIterator<Item = Override>) -> (Self, Vec<Warning>) {
        let mut params = Self::default();
        let mut warnings = Vec::new();
        for one in overrides {
            if let Err(warning) = params.apply(&one) {
                warnings.push(warning);
            }
        }
        (params, warnings)
    }

    fn apply(&mut self, one: &Override) -> Result<(), Warning> {
        let parameter = parameter(&one.name)
            .ok_or_else(|| Warning::Unknown(one.name.chars().take(64).collect()))?;
        if one.source == Source::Published && !parameter.is_published() {
            return Err(Warning::LocalOnly(parameter.name));
        }
        let setting = parameter.read(&one.value)?;
        let held = self
            .overrides
            .get(parameter.name)
            .map(|(_, source)| *source);
        if held.is_none_or(|held| held <= one.source) {
            self.overrides.insert(parameter.name, (setting, one.source));
        }
        Ok(())
    }

    /// Every parameter with its value and where that comes from.
    pub fn all(&self) -> impl Iterator<Item = (&'static Parameter, Setting, Source)> {
        TABLE.iter().map(|parameter| {
            let held = self.overrides.get(parameter.name).cloned();
            let (setting, source) = held.unwrap_or((parameter.default(), Source::Default));
            (parameter, setting, source)
        })
    }

    pub(super) fn is_default(&self, name: &str) -> bool {
        !self.overrides.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Setting {
        if let Some((setting, _)) = self.overrides.get(name) {
            return setting.clone();
        }
        parameter(name).expect("a name of the table").default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::params::WeightsVersion;

    fn with(source: Source, name: &str, value: Value) -> Override {
        Override {
            name: name.to_owned(),
            source,
            value,
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_parameter() {
        for parameter in TABLE {
            let default = parameter.default();
            assert_eq!(parameter.read(&Value::from(&default)), Ok(default));
        }
        assert_eq!(TABLE.len(), 27);
    }

    #[test]
    fn a_pinned_value_wins_over_a_published_one_in_any_order() {
        let name = "DYNAMIC_WEIGHTS_VERSION";
        let published = with(Source::Published, name, json!(4));
        let pinned = with(Source::Pinned, name, json!(3));
        for overrides in [[published.clone(), pinned.clone()], [pinned, published]] {
            let (params, warnings) = Params::from_overrides(overrides);
            assert_eq!(warnings, []);
            assert_eq!(params.weights_version(), WeightsVersion::V3);
            let (_, setting, source) = params.all().find(|(p, ..)| p.name == name).unwrap();
            assert_eq!((setting, source), (Setting::Integer(3), Source::Pinned));
        }
    }

    #[test]
    fn a_wrong_value_keeps_the_other_ones_and_is_named() {
        let (params, warnings) = Params::from_overrides([
            with(Source::Published, "DYNAMIC_WEIGHTS_VERSION", json!("4")),
            with(Source::Published, "DYNAMIC_MAX_WEIGHT", json!(0)),
            with(
                Source::Published,
                "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL",
                json!(0),
            ),
            with(
                Source::Published,
                "DYNAMIC_MANIFEST_SCORE_MULTIPLIER",
                json!(2),
            ),
            with(Source::Published, "DYNAMIC_NEW", json!(1)),
            with(Source::Published, "SERVING", json!(false)),
        ]);
        assert_eq!(params.weights_version(), WeightsVersion::V1);
        assert_eq!(params.max_weight(), 65_535);
        assert_eq!(params.manifest_score_multiplier(), 2.0);
        assert!(params.is_serving(false));
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            [
                "DYNAMIC_WEIGHTS_VERSION must be a whole number from 0 to 4, not `\"4\"`",
                "DYNAMIC_MAX_WEIGHT must be a whole number from 1 to 65535, not `0`",
                "DYNAMIC_COMMIT_REVEAL_WEIGHTS_INTERVAL must be a whole number from 1 to 216000, \
                 not `0`",
                "unknown parameter `DYNAMIC_NEW`",
                "`SERVING` cannot be published",
            ]
        );
    }
}

//! Every parameter as an operator wants to see it: its value, where that comes from and since
//! when, and the published value that a pinned one hides.

use chrono::{DateTime, Utc};

use super::resolved::{Override, Source};
use super::table::{Parameter, Setting, TABLE};

/// One parameter with the value in force.
#[derive(Debug, Clone)]
pub struct InForce {
    pub parameter: &'static Parameter,
    pub setting: Setting,
    pub source: Source,
    /// When it got this value from there; `None` for a default.
    pub since: Option<DateTime<Utc>>,
    /// The published value that the pinned one hides, and since when it is that.
    pub hidden: Option<(Setting, DateTime<Utc>)>,
}

/// All parameters in the order of the table. `stored` holds values with the time since when they
/// are what they are; one that is not a value of its parameter does not count.
pub fn overview(stored: &[(Override, DateTime<Utc>)], is_migrating: bool) -> Vec<InForce> {
    let all = TABLE.iter();
    all.map(|parameter| in_force(parameter, stored, is_migrating))
        .collect()
}

/// This parameter alone.
pub fn in_force(
    parameter: &'static Parameter,
    stored: &[(Override, DateTime<Utc>)],
    is_migrating: bool,
) -> InForce {
    let from = |source: Source| {
        let mut fitting = stored
            .iter()
            .filter(|(one, _)| one.source == source && one.name == parameter.name)
            .filter_map(|(one, since)| Some((parameter.read(&one.value).ok()?, *since)));
        fitting.next_back()
    };
    let published = from(Source::Published).filter(|_| parameter.is_published());
    let (setting, source, since, hidden) = match (from(Source::Pinned), published) {
        (Some((setting, since)), hidden) => (setting, Source::Pinned, Some(since), hidden),
        (None, Some((setting, since))) => (setting, Source::Published, Some(since), None),
        (None, None) => (
            default(parameter, is_migrating),
            Source::Default,
            None,
            None,
        ),
    };
    InForce {
        parameter,
        setting,
        source,
        since,
        hidden,
    }
}

/// A server that is being migrated does not serve until it is told to.
fn default(parameter: &Parameter, is_migrating: bool) -> Setting {
    match parameter.name {
        "SERVING" => Setting::Switch(!is_migrating),
        _ => parameter.default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::params::Params;

    fn stored(source: Source, name: &str, value: Value) -> (Override, DateTime<Utc>) {
        let name = name.to_owned();
        let since = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
        (
            Override {
                name,
                source,
                value,
            },
            since,
        )
    }

    #[test]
    fn it_shows_the_values_that_the_passes_use() {
        let stored = [
            stored(Source::Pinned, "DYNAMIC_WEIGHTS_VERSION", json!(3)),
            stored(Source::Published, "DYNAMIC_WEIGHTS_VERSION", json!(4)),
            stored(Source::Published, "DYNAMIC_MAX_WEIGHT", json!("7")),
            stored(
                Source::Pinned,
                "DYNAMIC_BLOCK_FINALIZATION_NUMBER",
                json!(-1),
            ),
            stored(
                Source::Published,
                "DYNAMIC_BLOCK_FINALIZATION_NUMBER",
                json!(2),
            ),
            stored(Source::Published, "SERVING", json!(false)),
            stored(Source::Published, "DYNAMIC_NEW", json!(1)),
        ];
        let shown = overview(&stored, false);
        let (params, _) = Params::from_overrides(stored.into_iter().map(|(one, _)| one));
        let used: Vec<_> = params.all().collect();
        assert_eq!(shown.len(), used.len());
        for (row, (parameter, setting, source)) in shown.iter().zip(used) {
            assert_eq!(row.parameter.name, parameter.name);
            assert_eq!((&row.setting, row.source), (&setting, source));
            assert_eq!(row.since.is_none(), source == Source::Default);
        }
        let hides: Vec<_> = shown.iter().filter(|row| row.hidden.is_some()).collect();
        assert_eq!(hides.len(), 1);
        assert_eq!(hides[0].parameter.name, "DYNAMIC_WEIGHTS_VERSION");
        let (hidden, _) = hides[0].hidden.clone().expect("it hides one");
        assert_eq!(hidden, Setting::Integer(4));
    }

    #[test]
    fn a_migrating_server_is_shown_as_not_serving() {
        let serving = |is_migrating| overview(&[], is_migrating)[0].setting.clone();
        assert_eq!(serving(true), Setting::Switch(false));
        assert_eq!(serving(false), Setting::Switch(true));
    }
}

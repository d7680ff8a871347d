//! Metrics and alert rules as `promtool` sees them.

use std::collections::BTreeSet;
use std::process::Stdio;

use assert_cmd::assert::OutputAssertExt;
use horde_validator::status::PERIODS;

use super::{document, promtool, unknown_metrics, validator};
use crate::host::Host;

const RULES: &str = "horde.rules.yml";
const TESTS: &str = "horde.rules.test.yml";

/// An alert, with its text as it stands in the file.
struct Alert {
    name: String,
    text: String,
}

fn alerts() -> Vec<Alert> {
    let text = document(RULES);
    let parts = text.split("\n      - alert: ").skip(1);
    let alerts = parts.map(|part| Alert {
        name: part.lines().next().expect("a name").to_owned(),
        text: part.to_owned(),
    });
    alerts.collect()
}

#[test]
fn promtool_finds_nothing_to_blame_in_the_metrics() {
    let Some(mut promtool) = promtool() else {
        return;
    };
    let (_node, host) = validator();
    let file = host.path("horde.prom");
    let name = file.display().to_string();
    host.horde(&["metrics", "--textfile", &name]).success();
    let metrics = std::fs::File::open(file).expect("written");
    promtool
        .args(["check", "metrics"])
        .stdin(Stdio::from(metrics))
        .assert()
        .success()
        .stderr("");
}

#[test]
fn promtool_accepts_the_rules_and_their_tests() {
    for arguments in [["check", "rules", RULES], ["test", "rules", TESTS]] {
        let Some(mut promtool) = promtool() else {
            return;
        };
        promtool.args(arguments).assert().success();
    }
}

#[test]
fn each_alert_is_shown_silent_and_firing() {
    let tests = document(TESTS);
    let (healthy, ill) = tests.split_once("\n\n  - name: ").expect("several tests");
    for Alert { name, .. } in alerts() {
        let silent = format!("      - {{ alertname: {name}, eval_time: ");
        let firing = format!("      - alertname: {name}\n");
        assert!(healthy.contains(&silent), "{name} in a healthy validator");
        let (_, own) = ill.split_once(&firing).unwrap_or_else(|| panic!("{name}"));
        assert!(ill.contains(&silent), "{name} before it fires");
        let own: Vec<&str> = own.lines().take(3).map(str::trim).collect();
        assert_eq!(own[1..], ["exp_alerts:", "- exp_labels:"], "{name}");
    }
}

#[test]
fn each_alert_asks_for_metrics_that_there_are_and_names_a_command_that_there_is() {
    let host = Host::new();
    let mut commands = BTreeSet::new();
    for Alert { name, text } in alerts() {
        assert_eq!(unknown_metrics(&text), BTreeSet::new(), "{name}");
        for part in [
            "\n        for: ",
            "severity: ",
            "summary: ",
            "description: ",
        ] {
            assert!(text.contains(part), "{name}: {part}");
        }
        // a line of the file may end within a command
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let spoken = line.split('`').skip(1).step_by(2);
        let own: Vec<&str> = spoken.filter_map(|it| it.strip_prefix("horde ")).collect();
        assert!(!own.is_empty(), "{name} tells nobody what to do");
        commands.extend(own.into_iter().map(str::to_owned));
    }
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        host.horde(&words).success();
    }
}

#[test]
fn a_pass_that_no_longer_begins_is_noticed_whichever_it_is() {
    let alerts = alerts();
    let silent = alerts.iter().find(|alert| alert.name == "HordePassSilent");
    let text = &silent.expect("an alert").text;
    let lists = text.split("pass=~\"").skip(1);
    let lists = lists.map(|rest| rest.split('"').next().expect("a list"));
    let mut watched: Vec<&str> = lists.flat_map(|list| list.split('|')).collect();
    let mut passes: Vec<&str> = PERIODS.iter().map(|(pass, _)| *pass).collect();
    watched.sort_unstable();
    passes.sort_unstable();
    assert_eq!(watched, passes);
}

#[test]
fn the_documentation_lists_each_alert() {
    let page = include_str!("../../../docs/monitoring.md");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `Horde"));
    let listed: Vec<String> = rows
        .map(|row| format!("Horde{}", row.split('`').next().expect("a name")))
        .collect();
    let alerts: Vec<String> = alerts().into_iter().map(|alert| alert.name).collect();
    assert_eq!(listed, alerts);
}

//! The dashboard: what it asks for exists and can be asked for, and its panels have room.

use std::collections::BTreeSet;

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;

use super::{document, promtool, unknown_metrics};

/// Grafana 10.0.
const LEAST_SCHEMA: u64 = 38;

fn dashboard() -> Value {
    serde_json::from_str(&document("horde-dashboard.json")).expect("JSON")
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().expect("panels")
}

/// As Grafana sends them: with its variables filled in.
pub(super) fn expressions() -> Vec<String> {
    let dashboard = dashboard();
    let targets = panels(&dashboard).iter().flat_map(|panel| {
        let targets = panel["targets"].as_array();
        targets.into_iter().flatten()
    });
    let expressions = targets.map(|target| {
        let expression = target["expr"].as_str().expect("an expression");
        let filled = expression.replace("$__rate_interval", "5m");
        let filled = filled.replace("$instance", ".*");
        assert!(!filled.contains('$'), "{filled}");
        filled
    });
    expressions.collect()
}

/// Rules that record each of them.
pub(super) fn as_rules() -> String {
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, expression) in expressions().iter().enumerate() {
        let quoted = expression.replace('\'', "''");
        rules += &format!("      - record: dashboard:expression:{number}\n");
        rules += &format!("        expr: '{quoted}'\n");
    }
    rules
}

#[test]
fn each_expression_asks_for_metrics_that_there_are() {
    for expression in expressions() {
        assert_eq!(unknown_metrics(&expression), BTreeSet::new());
        assert!(expression.contains("horde_"), "{expression}");
    }
}

#[test]
fn each_expression_is_understood_by_prometheus() {
    let Some(mut promtool) = promtool() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, as_rules()).expect("written");
    promtool
        .args(["check", "rules"])
        .arg(file)
        .assert()
        .success();
}

#[test]
fn every_panel_has_a_place_of_its_own_and_the_data_source_that_is_chosen() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64() >= Some(LEAST_SCHEMA));
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!(variable["name"], "datasource");
    assert_eq!(variable["type"], "datasource");
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        let title = &panel["title"];
        assert!(ids.insert(panel["id"].as_u64()), "{title}: its id");
        let place = |side: &str| panel["gridPos"][side].as_u64().expect("a place");
        let (left, top) = (place("x"), place("y"));
        assert!(left + place("w") <= 24, "{title} is too wide");
        for x in left..left + place("w") {
            for y in top..top + place("h") {
                assert!(cells.insert((x, y)), "{title} lies on another one");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            !panel["description"].as_str().unwrap_or("").is_empty(),
            "{title}"
        );
        let targets = panel["targets"].as_array().expect("targets");
        for asked in targets.iter().chain([panel]) {
            assert_eq!(asked["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}

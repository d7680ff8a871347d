//! What is logged, how much of it, and in which form.

use horde_validator::devnet::node::CommitScheme;
use serde_json::Value;

use crate::host::{self, COMMIT_WINDOW, Host, START};

/// Committing weights, and a run that finds nothing to do.
fn two_passes(format: &str) -> Vec<String> {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0), (3, 2.0)]);
    node.produce_to(START + COMMIT_WINDOW.start);
    let runs = [(), ()].map(|()| {
        host.horde(&["--log-format", format, "set-weights"])
            .success()
    });
    runs.map(|run| String::from_utf8_lossy(&run.get_output().stderr).into_owned())
        .to_vec()
}

fn failure(format: &str) -> String {
    let mut host = Host::new();
    host.set("BITTENSOR_NETWORK", "127.0.0.1:1");
    host.horde(&["migrate"]).success();
    let run = host
        .horde(&["--log-format", format, "set-weights"])
        .code(75);
    String::from_utf8_lossy(&run.get_output().stderr).into_owned()
}

#[test]
fn a_pass_says_little_and_one_that_has_nothing_to_do_says_nothing() {
    let logs = two_passes("text");
    let lines = logs[0].lines().count();
    assert!((1..=10).contains(&lines), "{}", logs[0]);
    assert!(
        logs[0].contains("pass{command=\"set-weights\""),
        "{}",
        logs[0]
    );
    assert_eq!(logs[1], "");
}

#[test]
fn lines_for_a_program_are_json_also_when_a_pass_fails() {
    let log = two_passes("json").remove(0) + &failure("json");
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let said = |level: &str| lines.iter().filter(|line| line["level"] == level).count();
    assert_eq!(said("ERROR"), 1, "{log}");
    assert!(said("INFO") > 0, "{log}");
    assert!(
        lines
            .iter()
            .any(|line| line["spans"][0]["command"] == "set-weights"),
        "{log}"
    );
}

#[test]
fn every_line_for_the_journal_has_a_priority() {
    let log = two_passes("journald").remove(0) + &failure("journald");
    for line in log.lines() {
        let is_known = ["<3>", "<4>", "<6>"]
            .iter()
            .any(|prefix| line.starts_with(prefix));
        assert!(is_known, "{line}");
    }
    assert!(log.contains("<3>error: ") && log.contains("<6>"), "{log}");
}

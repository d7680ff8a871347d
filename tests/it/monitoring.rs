//! What operators load into the programs that watch: alert rules, a dashboard; and a real
//! Prometheus that scrapes in every way there is.

mod dashboard;
mod rules;
mod scraping;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use horde_validator::devnet::node::{CommitScheme, Node};
use horde_validator::metrics::{CATALOGUE, Kind};

use crate::host::{self, Host};
use crate::program::tool;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/monitoring");

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(name)).expect("a document")
}

/// `None`, and says so, where it is missing.
fn promtool() -> Option<Command> {
    let mut command = Command::new(tool("promtool")?);
    command.current_dir(FOLDER);
    Some(command)
}

/// A validator that has something to tell of.
fn validator() -> (Node, Host) {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 0.5), (3, 1.0), (4, 0.0)]);
    host.horde(&["set-weights"]).success();
    host.horde(&["evict"]).success();
    (node, host)
}

/// What an expression asks for and we do not hand out. Others do: what is theirs is left out.
fn unknown_metrics(expression: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expression.split(|c: char| !is_part(c));
    let names = words.filter(|word| word.starts_with("horde_"));
    names
        .filter(|name| !is_known(name))
        .map(str::to_owned)
        .collect()
}

fn is_known(name: &str) -> bool {
    let parts = ["_bucket", "_sum", "_count"];
    let of_histogram = parts.iter().find_map(|part| name.strip_suffix(part));
    CATALOGUE.iter().any(|metric| match metric.kind {
        Kind::Histogram => of_histogram == Some(metric.name),
        Kind::Counter | Kind::Gauge => name == metric.name,
    })
}

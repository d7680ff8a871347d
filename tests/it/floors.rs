//! The house: a module of the library uses only what stands below it (docs of the library).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up.
const FLOORS: [&[&str]; 8] = [
    &["durable", "failpoint", "line", "timing"],
    &[
        "hashjob", "keys", "llmjob", "params", "schedule", "scoring", "settings", "wire",
    ],
    &["store"],
    &["chain", "facilitator", "http", "mail", "miner", "objects"],
    &["pass"],
    &[
        "backup",
        "buckets",
        "events",
        "evict",
        "organic",
        "prompts",
        "receipts",
        "sync_params",
        "synthetic",
        "weights",
    ],
    &["status"],
    &[
        "debug", "doctor", "evidence", "metrics", "notify", "pinning", "report",
    ],
];
const GROUND: usize = 0;
const RULES: usize = 1;
const MEMORY: usize = 2;
const OUTSIDE: usize = 3;
const PASSES: usize = 5;
/// Among passes, which are otherwise strangers to each other.
const BETWEEN_PASSES: [(&str, &str); 2] = [("synthetic", "prompts"), ("prompts", "organic")];
/// It names every error there is, so as to give each an exit code.
const ALL_ERRORS: &str = "src/pass/failure.rs";
/// A subnet of its own, beside the house.
const BESIDE: &str = "devnet";

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn floors() -> BTreeMap<&'static str, usize> {
    let numbered = FLOORS.iter().enumerate();
    numbered
        .flat_map(|(floor, modules)| modules.iter().map(move |module| (*module, floor)))
        .collect()
}

/// The modules that a file names, without its comments and its own tests.
fn named(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    paths.flat_map(names).collect()
}

/// Of `store::Store`, or of `{durable, failpoint}`.
fn names(path: &str) -> Vec<String> {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let name = |path: &str| path.trim().chars().take_while(is_name).collect();
    match path
        .strip_prefix('{')
        .and_then(|list| list.split('}').next())
    {
        Some(list) => list.split(',').map(name).collect(),
        None => vec![name(path)],
    }
}

fn may_use(user: &str, used: &str, file: &str, floors: &BTreeMap<&str, usize>) -> bool {
    let (above, below) = (floors[user], floors[used]);
    match above {
        _ if file == ALL_ERRORS || user == used => true,
        // they speak, and know of no database
        OUTSIDE => below <= OUTSIDE && below != MEMORY,
        PASSES => below < PASSES || BETWEEN_PASSES.contains(&(user, used)),
        GROUND | RULES => below <= above,
        _ => below < above,
    }
}

#[test]
fn a_module_uses_only_what_stands_below_it() {
    let floors = floors();
    let mut paths = Vec::new();
    files(&source(), &mut paths);
    let mut wrong = Vec::new();
    for path in paths {
        let file = path
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .expect("inside");
        let file = file.display().to_string();
        let module = file.split('/').nth(1).expect("below src");
        let user = module.trim_end_matches(".rs");
        if user == BESIDE || user == "lib" {
            continue;
        }
        assert!(floors.contains_key(user), "on which floor is `{user}`?");
        let text = fs::read_to_string(&path).expect("a text");
        for used in named(&text) {
            // behind a feature, and in one place: what a failed rehearsal says
            let is_beside = used == BESIDE && file == ALL_ERRORS;
            let is_known = floors.contains_key(&*used);
            let is_right = is_beside || is_known && may_use(user, &used, &file, &floors);
            if !is_right {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_use_from_below_is_noticed() {
    let floors = floors();
    let text = "//! crate::mail\nuse crate::store::Store;\nuse crate::{durable, wire::Time};\n\
                #[cfg(test)]\nuse crate::pass;";
    assert_eq!(named(text), ["store", "durable", "wire"]);
    for (user, used, is_right) in [
        ("weights", "chain", true),
        ("weights", "organic", false),
        ("chain", "store", false),
        ("scoring", "store", false),
        ("store", "pass", false),
        ("doctor", "status", true),
        ("doctor", "metrics", false),
        ("prompts", "organic", true),
    ] {
        let file = format!("src/{user}/mod.rs");
        assert_eq!(
            may_use(user, used, &file, &floors),
            is_right,
            "{user} {used}"
        );
    }
}

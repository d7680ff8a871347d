//! Every decoder of outside bytes against inputs that are kept, against those on which one once
//! failed, and against mutations of both. The long search is `tests/fuzz/run.sh` (docs/fuzzing.md).

#[path = "../decoders/mod.rs"]
mod decoders;
mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use decoders::{ALL, Decoder};
use mutate::Mutator;

/// On mutations, for each decoder. Many are slow here, without optimisation.
const PATIENCE: Duration = Duration::from_millis(300);
const MOST_MUTATIONS: usize = 2000;
/// Longer ones would make few mutations of it.
const LONGEST: usize = 64 * 1024;

/// Files of `tests/fuzz/<kind>/<decoder>`, in the order of their names.
fn kept(kind: &str, decoder: &Decoder) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
    let Ok(files) = std::fs::read_dir(folder.join(kind).join(decoder.name)) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("it can be read");
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

fn try_on(decoder: &Decoder, input: &[u8], origin: &str) {
    let tried = catch_unwind(AssertUnwindSafe(|| (decoder.run)(input)));
    assert!(
        tried.is_ok(),
        "{} fails on {origin}: {}",
        decoder.name,
        input.escape_ascii()
    );
}

#[test]
fn nothing_that_was_ever_found_breaks_a_decoder() {
    for decoder in ALL {
        for seed in (decoder.seeds)() {
            try_on(decoder, &seed, "a seed");
        }
        for kind in ["corpus", "crashes"] {
            for (path, input) in kept(kind, decoder) {
                try_on(decoder, &input, &path.display().to_string());
            }
        }
    }
}

/// Where one is missing: `tests/fuzz/run.sh 600 NAME`, and the new files belong to the change.
#[test]
fn every_decoder_has_inputs_that_are_kept() {
    for decoder in ALL {
        assert!(
            !(decoder.seeds)().is_empty(),
            "{} has no seeds",
            decoder.name
        );
        let is_there = !kept("corpus", decoder).is_empty();
        assert!(is_there, "{} was never fuzzed", decoder.name);
    }
}

#[test]
fn mutations_of_what_is_kept_break_no_decoder() {
    for decoder in ALL {
        let kept = kept("corpus", decoder).into_iter().map(|(_, input)| input);
        let mut inputs: Vec<Vec<u8>> = kept.chain((decoder.seeds)()).collect();
        inputs.retain(|input| input.len() <= LONGEST);
        let mut mutator = Mutator::new(inputs);
        let begun = Instant::now();
        for _ in 0..MOST_MUTATIONS {
            if begun.elapsed() > PATIENCE {
                break;
            }
            let input = mutator.next();
            try_on(decoder, &input, "a mutation");
        }
    }
}

#[test]
fn the_table_of_decoders_is_whole() {
    let page = include_str!("../../docs/fuzzing.md");
    for decoder in ALL {
        let row = format!("| `{}` |", decoder.name);
        assert!(page.contains(&row), "docs/fuzzing.md has no row {row}");
    }
}

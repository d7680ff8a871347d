//! The fuzzer of one decoder, which the environment names. Inputs and what must hold for them stand
//! in `tests/decoders`; `run.sh` builds and starts this.
#![no_main]

#[path = "../../decoders/mod.rs"]
mod decoders;

use std::sync::OnceLock;

use decoders::{ALL, Decoder};

/// The name of the decoder.
const NAME: &str = "DECODER";
/// A folder, into which its seeds are written first.
const SEEDS: &str = "SEEDS";

fn decoder() -> &'static Decoder {
    static ONE: OnceLock<&Decoder> = OnceLock::new();
    ONE.get_or_init(|| {
        let name = std::env::var(NAME).unwrap_or_default();
        let found = ALL.iter().find(|decoder| decoder.name == name);
        found.unwrap_or_else(|| panic!("{NAME} is none of {:?}", names()))
    })
}

fn names() -> Vec<&'static str> {
    ALL.iter().map(|decoder| decoder.name).collect()
}

/// Without a decoder: names all there are, and that is all. Otherwise a panic that the program
/// catches is none: libFuzzer's hook, which ends the process at once, is taken away. One that nobody
/// catches still ends it.
fn prepare() {
    drop(std::panic::take_hook());
    if std::env::var_os(NAME).is_none() {
        println!("{}", names().join("\n"));
        std::process::exit(0);
    }
    if let Some(folder) = std::env::var_os(SEEDS) {
        for (number, seed) in (decoder().seeds)().iter().enumerate() {
            let path = std::path::Path::new(&folder).join(format!("seed-{number}"));
            std::fs::write(path, seed).expect("the folder is there");
        }
    }
}

libfuzzer_sys::fuzz_target!(
    init: prepare(),
    |input: &[u8]| (decoder().run)(input)
);

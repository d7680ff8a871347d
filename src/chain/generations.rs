//! Real metadata of ten runtimes, 2023 to 2026: what each is told to be capable of, and that
//! every call a validator needs can be signed for it. The files do not belong to the project;
//! the tests say so and pass where they are missing. `HORDE_METADATA` names their folder.

use std::path::PathBuf;

use super::extrinsic::Terms;
use super::runtime::{Runtime, SUBTENSOR, subtensor};
use super::{Call, Capabilities, Hash, RevealUnit, TimelockForm, WeightVector};
use crate::keys::Keypair;

const FILES: [&str; 15] = [
    "spec103.v14",
    "spec143.v14",
    "spec185.v14",
    "spec185.v15",
    "spec200.v15",
    "spec218.v14",
    "spec218.v15",
    "spec240.v15",
    "spec293.v14",
    "spec293.v15",
    "spec346.v16",
    "spec381.v16",
    "spec425.v14",
    "spec425.v15",
    "spec425.v16",
];

fn spec_version(file: &str) -> u32 {
    file[4..7].parse().expect("three digits")
}

/// None at all, and a word about it, where the files are not at hand.
fn runtimes() -> impl Iterator<Item = (&'static str, Runtime)> {
    let folder = std::env::var_os("HORDE_METADATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/metadata"),
        PathBuf::from,
    );
    let files = if folder.is_dir() { &FILES[..] } else { &[] };
    if files.is_empty() {
        println!("skipped: no folder {}", folder.display());
    }
    files.iter().map(move |file| {
        let metadata = std::fs::read(folder.join(format!("{file}.scale"))).expect(file);
        let runtime = Runtime::new(Hash::new([0x45; 32]), spec_version(file), 1, &metadata);
        (*file, runtime.expect(file))
    })
}

const FIRST: Capabilities = Capabilities {
    hash_commits: None,
    salted_reveals: false,
    commit_reveal_switch: false,
    timelock: None,
    mechanisms: false,
    stateful_epochs: false,
    dynamic_tao: false,
    stake_threshold: None,
    one_call_metagraph: false,
    knowledge_commitments: false,
    evm_association: false,
};

/// What was added when; nothing but the names of items was ever taken away.
fn expected(file: &str) -> Capabilities {
    let mut expected = FIRST;
    let spec = spec_version(file);
    let lists_apis = !file.ends_with("v14");
    if spec >= 143 {
        expected.knowledge_commitments = true;
        expected.stake_threshold = Some("WeightsMinStake");
    }
    if spec >= 185 {
        expected.hash_commits = Some(RevealUnit::BlockIntervals);
        expected.commit_reveal_switch = spec != 200;
    }
    if spec >= 218 {
        expected.hash_commits = Some(RevealUnit::Epochs);
        expected.salted_reveals = true;
        expected.dynamic_tao = true;
    }
    if spec >= 240 {
        expected.stake_threshold = Some("StakeThreshold");
        expected.timelock = Some(TimelockForm::Crv3);
        expected.one_call_metagraph = lists_apis;
    }
    if spec >= 293 {
        expected.evm_association = true;
    }
    if spec >= 346 {
        expected.timelock = Some(TimelockForm::Versioned);
        expected.mechanisms = true;
    }
    if spec >= 425 {
        expected.stateful_epochs = true;
    }
    expected
}

#[test]
fn each_generation_is_known_by_the_names_in_its_metadata() {
    for (file, runtime) in runtimes() {
        assert_eq!(Capabilities::of(&runtime), expected(file), "{file}");
    }
}

#[test]
fn every_call_can_be_signed_in_every_generation_that_has_it() {
    let signer = Keypair::from_seed(&[1; 32]);
    let weights = WeightVector {
        netuid: 12,
        uids: (0..256).collect(),
        values: vec![65535; 256],
        version_key: 2,
    };
    let ciphertext = vec![7; 1000];
    for (file, runtime) in runtimes() {
        let terms = Terms {
            nonce: 3,
            period: 16,
            birth: (100, Hash::new([2; 32])),
        };
        let signed = |call: &Call| runtime.signed(call, &signer, &terms);
        let capable = Capabilities::of(&runtime);

        let set = signed(&Call::SetWeights(weights.clone())).expect(file);
        // signed version 4, MultiAddress::Id, sr25519: the same in all generations
        let body = &set[2..];
        assert_eq!((body[0], body[1]), (0x84, 0), "{file}");
        assert_eq!(&body[2..34], signer.hotkey().public(), "{file}");
        assert_eq!(body[34], 1, "{file}");
        // era and nonce follow the signature, and the tip; then at most a mode byte
        let era_nonce_tip = &body[99..103];
        assert_eq!(era_nonce_tip, [0x43, 0x00, 3 << 2, 0], "{file}");

        let commit = Call::CommitHash {
            netuid: 12,
            hash: Hash::new([9; 32]),
        };
        let reveal = Call::Reveal {
            weights: weights.clone(),
            salt: vec![1; 8],
        };
        assert_eq!(
            signed(&commit).is_ok(),
            capable.hash_commits.is_some(),
            "{file}"
        );
        assert_eq!(
            signed(&reveal).is_ok(),
            capable.hash_commits.is_some(),
            "{file}"
        );
        let timelocked = Call::CommitTimelocked {
            netuid: 12,
            ciphertext: ciphertext.clone(),
            reveal_round: 5,
            version: 4,
        };
        assert_eq!(
            signed(&timelocked).is_ok(),
            capable.timelock.is_some(),
            "{file}"
        );
    }
}

#[test]
fn the_items_that_decisions_rest_on_exist_in_every_generation() {
    let always = [
        "NetworksAdded",
        "SubnetworkN",
        "Uids",
        "Keys",
        "Axons",
        "ValidatorPermit",
        "LastUpdate",
        "Weights",
        "BlockAtRegistration",
        "Tempo",
        "MinAllowedWeights",
        "MaxWeightsLimit",
        "WeightsVersionKey",
        "WeightsSetRateLimit",
    ];
    for (file, runtime) in runtimes() {
        for name in always {
            assert!(runtime.has_item(subtensor(name)), "{file}: {name}");
        }
    }
}

#[test]
fn commit_reveal_is_off_by_default_until_it_is_on_by_default() {
    for (file, runtime) in runtimes() {
        let item = subtensor("CommitRevealWeightsEnabled");
        let default: Option<bool> = runtime.decode(item, None).expect("a default decodes");
        let expected = expected(file)
            .commit_reveal_switch
            .then(|| spec_version(file) >= 346);
        assert_eq!(default, expected, "{file}");
    }
}

#[test]
fn errors_have_names_that_we_have_hints_for() {
    let asked = ["SettingWeightsTooFast", "NotEnoughStakeToSetWeights"];
    for (file, runtime) in runtimes() {
        let pallet = runtime
            .metadata()
            .pallet_by_name(SUBTENSOR)
            .expect("in every generation");
        let names: Vec<&str> = pallet
            .error_variants()
            .unwrap_or(&[])
            .iter()
            .map(|error| error.name.as_str())
            .collect();
        for name in &asked[..if spec_version(file) < 143 { 1 } else { 2 }] {
            assert!(names.contains(name), "{file}: {name}");
        }
    }
}

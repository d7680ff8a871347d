//! What a node answers and what the chain holds, decoded by metadata that comes from there, too.

use std::sync::OnceLock;

use horde_validator::chain::timelock::{
    LONGEST_COMMIT, beacon_key_of, commit_plaintext, decrypt, encrypt, is_signature_of, sign_round,
};
use horde_validator::chain::{
    Capabilities, EpochClock, Hash, Item, Refusal, RevealWindow, Runtime, TimelockForm,
    WeightVector,
};
use horde_validator::devnet::node::{CommitScheme, metadata_v14, metadata_v15};
use horde_validator::keys::Hotkey;
use subxt::utils::AccountId32;

use super::assert_line;

const BLOCK_TIME_MS: u64 = 12_000;

fn runtime(metadata: &[u8]) -> Option<Runtime> {
    Runtime::new(Hash::new([0x45; 32]), 346, 1, metadata).ok()
}

/// What the runtime says of itself; hostile types must not be followed for ever.
pub(super) fn metadata(input: &[u8]) {
    if let Some(runtime) = runtime(input) {
        let capabilities = Capabilities::of(&runtime);
        assert_eq!(Capabilities::of(&runtime), capabilities);
        every_item(&runtime, None);
        every_item(&runtime, Some(&[1; 64]));
        refused(&Refusal::invalid(&runtime, "Custom error: 6"));
        refused(&runtime.refusal(&[3, 7, 1, 0, 0, 0]));
    }
}

pub(super) fn metadata_seeds() -> Vec<Vec<u8>> {
    let newest = CommitScheme::Timelocked;
    let both = [
        Some(metadata_v14(CommitScheme::Off, BLOCK_TIME_MS)),
        metadata_v15(newest, BLOCK_TIME_MS),
    ];
    both.into_iter().flatten().collect()
}

fn devnet() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let metadata = metadata_v15(CommitScheme::Timelocked, BLOCK_TIME_MS);
        runtime(&metadata.expect("this generation has it")).expect("it can be read")
    })
}

/// The bytes as the value of each item, and as the fields of a failure.
pub(super) fn values(input: &[u8]) {
    every_item(devnet(), Some(input));
    refused(&devnet().refusal(input));
}

fn every_item(runtime: &Runtime, stored: Option<&[u8]>) {
    let subtensor = |name| Item {
        pallet: "SubtensorModule",
        name,
    };
    for name in [
        "SubnetworkN",
        "Tempo",
        "MinAllowedWeights",
        "MaxWeightsLimit",
        "Uids",
    ] {
        let _ = runtime.decode::<u16>(subtensor(name), stored);
    }
    for name in [
        "BlockAtRegistration",
        "WeightsVersionKey",
        "WeightsSetRateLimit",
        "TaoWeight",
    ] {
        let _ = runtime.decode::<u64>(subtensor(name), stored);
    }
    let _ = runtime.decode::<AccountId32>(subtensor("Keys"), stored);
    let lists = [
        runtime
            .decode::<Vec<bool>>(subtensor("ValidatorPermit"), stored)
            .map(length),
        runtime
            .decode::<Vec<u64>>(subtensor("LastUpdate"), stored)
            .map(length),
        runtime
            .decode::<Vec<(u16, u16)>>(subtensor("Weights"), stored)
            .map(length),
        runtime
            .decode::<Vec<(AccountId32, u64, Vec<u8>, u64)>>(
                subtensor("TimelockedWeightCommits"),
                stored,
            )
            .map(length),
    ];
    for list in lists {
        match list {
            Ok(length) => assert!(stored.is_none_or(|stored| length <= stored.len())),
            Err(error) => assert_line(&error.to_string()),
        }
    }
}

fn length<T>(list: Option<Vec<T>>) -> usize {
    list.map_or(0, |list| list.len())
}

fn refused(refusal: &Refusal) {
    assert_line(&refusal.to_string());
}

pub(super) fn value_seeds() -> Vec<Vec<u8>> {
    let account = [7; 32];
    let commit = [
        &[4],
        account.as_slice(),
        &9_u64.to_le_bytes(),
        &[12, 1, 2, 3],
        &5_u64.to_le_bytes(),
    ];
    vec![
        360_u16.to_le_bytes().to_vec(),
        100_u64.to_le_bytes().to_vec(),
        account.to_vec(),
        vec![12, 1, 0, 1],
        [&[8][..], &1_u64.to_le_bytes(), &2_u64.to_le_bytes()].concat(),
        vec![8, 1, 0, 255, 255, 2, 0, 1, 0],
        commit.concat(),
        vec![3, 7, 1, 0, 0, 0],
        vec![254, 255, 255, 255],
    ]
}

/// What the pool says.
pub(super) fn refusal(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let refusal = Refusal::invalid(devnet(), &text);
    refused(&refusal);
    assert!(!refusal.name.is_empty());
    let _ = refusal.is_final();
}

pub(super) fn refusal_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "Custom error: 6",
        "{\"invalid\":{\"custom\":255}}",
        "Transaction is outdated",
        "Inability to pay some fees (e.g. account balance too low)",
        "Invalid Transaction: \u{1b}[31m",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

const SECRET: [u8; 32] = [3; 32];
const ROUND: u64 = 1000;

/// The bytes as a ciphertext, a signature, a beacon's key and a plaintext.
pub(super) fn timelock(input: &[u8]) {
    let signature = sign_round(&SECRET, ROUND).expect("a round");
    if let Ok(plain) = decrypt(input, &signature) {
        assert!(plain.len() < input.len());
    }
    if let Some((signature, rest)) = input.split_first_chunk::<48>() {
        let _ = decrypt(rest, signature);
        if let Some(key) = rest.first_chunk::<96>() {
            let _ = is_signature_of(ROUND, signature, key);
        }
    }
    if let Some(key) = input.first_chunk::<96>() {
        let sealed = encrypt(b"plain", key, ROUND);
        assert!(sealed.is_err() || sealed.is_ok_and(|bytes| bytes.len() <= LONGEST_COMMIT));
    }
}

pub(super) fn timelock_seeds() -> Vec<Vec<u8>> {
    let weights = WeightVector {
        netuid: 12,
        uids: vec![1, 2],
        values: vec![65_535, 7],
        version_key: 2,
    };
    let plain = commit_plaintext(TimelockForm::Versioned, &Hotkey::new([5; 32]), &weights);
    let key = beacon_key_of(&SECRET);
    let signature = sign_round(&SECRET, ROUND).expect("a round");
    let sealed = encrypt(&plain, &key, ROUND).expect("a key");
    vec![[signature.as_slice(), &key].concat(), sealed, key.to_vec()]
}

/// Any state of a subnet: its epochs follow one another, and none is far away.
pub(super) fn epochs(input: &[u8]) {
    let mut numbers = input
        .chunks_exact(8)
        .map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")));
    let mut next = || numbers.next().unwrap_or_default();
    let (netuid, tempo, block) = (next() as u16, next() as u16, next());
    let stateful = EpochClock::Stateful {
        tempo,
        index: next(),
        last_epoch_block: next(),
        pending_epoch_at: next(),
        read_at: next(),
    };
    for clock in [EpochClock::Modulo { netuid, tempo }, stateful] {
        if let Some(epoch) = clock.next_epoch(block) {
            assert!(tempo > 0);
            let is_stateful = matches!(clock, EpochClock::Stateful { .. });
            let is_near = epoch.saturating_sub(block) <= clock.period();
            assert!(
                epoch >= block && (is_stateful || is_near),
                "{clock:?} {block}"
            );
        }
        let index = clock.index_at(block);
        if let Some(first) = clock.first_block_of(index.saturating_add(1)) {
            let window = RevealWindow::of_epochs(&clock, index, 1);
            assert_eq!(window.first, first);
        }
        let _ = clock.blocks_until_next(block);
    }
    let window = RevealWindow::of_interval(block, next());
    assert!(window.first <= window.last);
    let _ = window.timing(block);
}

pub(super) fn epoch_seeds() -> Vec<Vec<u8>> {
    let seed = |numbers: [u64; 8]| numbers.map(u64::to_le_bytes).concat();
    vec![
        seed([12, 360, 5_000_000, 40, 4_999_900, 0, 4_999_950, 722]),
        seed([1, 0, u64::MAX, u64::MAX, u64::MAX, 1, u64::MAX, 0]),
        seed([65_535, 65_535, 0, 0, 0, 0, 0, u64::MAX]),
    ]
}

//! The chain client against a node on loopback: what it reads, what it sends, and what it says
//! when the node or the chain says no.

use std::net::SocketAddr;
use std::time::Duration;

use horde_validator::chain::{
    Call, Chain, ChainError, ConnectOptions, Endpoint, Fate, Hash, Outcome, Prepared,
    RevealConditions, RevealTiming, SubmitError, Subnet, TimelockForm, Timeouts, Until,
    WeightVector, reveal_plan, timelock,
};
use horde_validator::devnet::node::{
    CommitScheme, Config, Hyperparameters, Neuron, Node, PoolRefusal, Production, SubmitFault,
};
use horde_validator::keys::{Hotkey, Keypair};
use horde_validator::scoring::Commitment;

const NETUID: u16 = 12;
const LIMIT: Duration = Duration::from_secs(20);
const SALT: [u16; 8] = [1, 2, 3, 4, 5, 6, 7, 65535];

fn signer() -> Keypair {
    Keypair::from_seed(&[1; 32])
}

fn neuron(seed: u8, axon: Option<&str>) -> Neuron {
    Neuron {
        hotkey: Keypair::from_seed(&[seed; 32]).hotkey(),
        coldkey: Hotkey::new([seed; 32]),
        stake_tao: if seed == 1 { 5000 } else { 0 },
        axon: axon.map(|address| address.parse().expect("an address")),
        validator_permit: seed == 1,
    }
}

/// A chain with our validator at uid 0 and two miners, which makes a block per extrinsic.
fn node(scheme: CommitScheme) -> Node {
    Node::start(Config {
        scheme,
        netuid: NETUID,
        hyperparameters: Hyperparameters {
            tempo: 20,
            weights_rate_limit: 0,
            commit_reveal_enabled: false,
            commit_reveal_interval: 10,
            ..Hyperparameters::default()
        },
        neurons: vec![
            neuron(1, None),
            neuron(2, Some("127.0.0.1:8091")),
            neuron(3, Some("[::1]:8092")),
        ],
        production: Production::PerExtrinsic,
        ..Config::default()
    })
    .expect("a node starts")
}

/// The node has a runtime of its own, so it lives outside of the test's.
fn with_node(scheme: CommitScheme, test: impl AsyncFnOnce(&Node)) {
    let node = node(scheme);
    tokio::runtime::Runtime::new()
        .expect("threads")
        .block_on(test(&node));
}

async fn connect(node: &Node) -> Chain {
    let endpoint: Endpoint = node.url().parse().expect("an address");
    Chain::connect(&endpoint, &ConnectOptions::default())
        .await
        .expect("the node answers")
}

async fn subnet(chain: &Chain) -> Subnet {
    let best = chain.best().await.expect("a block");
    best.subnet(NETUID)
        .await
        .expect("readable")
        .expect("the subnet exists")
}

fn weights() -> WeightVector {
    WeightVector {
        netuid: NETUID,
        uids: vec![1, 2],
        values: vec![65535, 32768],
        version_key: 2,
    }
}

async fn prepare(chain: &Chain, call: &Call) -> Prepared {
    let best = chain.best().await.expect("a block");
    chain
        .prepare(&best, call, &signer(), 8)
        .await
        .expect("the runtime has the call")
}

async fn send(chain: &Chain, call: &Call) -> Result<u64, SubmitError> {
    let prepared = prepare(chain, call).await;
    chain
        .send(&prepared, Until::Included, LIMIT)
        .await
        .map(|included| included.block)
}

pub(crate) fn commit_hash(hotkey: &Hotkey, weights: &WeightVector, salt: Option<&[u16]>) -> Hash {
    let commitment = Commitment {
        account: hotkey.public(),
        netuid: weights.netuid,
        uids: &weights.uids,
        values: &weights.values,
        salt,
        version_key: weights.version_key,
    };
    Hash::new(commitment.hash())
}

async fn refused(chain: &Chain, call: &Call) -> (String, bool) {
    match send(chain, call).await {
        Err(SubmitError::Refused(refusal)) => {
            assert!(refusal.hint.is_some(), "no hint for {}", refusal.name);
            (refusal.name.clone(), refusal.is_final())
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_subnet_and_its_neurons_are_read_in_every_generation() {
    for scheme in CommitScheme::ALL {
        with_node(scheme, async |node| {
            let chain = connect(node).await;
            assert_eq!(chain.genesis(), Hash::new(node.genesis_hash()));
            let best = chain.best().await.expect("a block");
            assert_eq!(best.block(), node.block());
            assert_eq!(
                best.block_time().expect("a constant"),
                Duration::from_secs(12)
            );
            let made = best.timestamp().await.expect("readable").timestamp_millis();
            assert_eq!(u64::try_from(made), Ok(node.time()));

            let subnet = subnet(&chain).await;
            assert_eq!(
                (subnet.size, subnet.tempo, subnet.weights_rate_limit),
                (3, 20, 0)
            );
            assert_eq!(best.subnet(NETUID + 1).await.expect("readable"), None);

            let metagraph = best.metagraph(NETUID).await.expect("readable");
            assert_eq!(metagraph.neurons.len(), 3, "{scheme:?}");
            let ours = metagraph.by_hotkey(&signer().hotkey()).expect("registered");
            assert!(ours.validator_permit && ours.axon.is_none());
            assert_eq!(ours.stake, 5000 * 1_000_000_000, "{scheme:?}");
            let axon = |uid| {
                let axon = metagraph
                    .by_uid(uid)
                    .expect("a neuron")
                    .axon
                    .expect("serving");
                SocketAddr::new(axon.ip, axon.port).to_string()
            };
            assert_eq!(
                (axon(1), axon(2)),
                ("127.0.0.1:8091".to_owned(), "[::1]:8092".to_owned())
            );
        });
    }
}

#[test]
fn plain_weights_are_in_force_once_they_are_included() {
    with_node(CommitScheme::Off, async |node| {
        let chain = connect(node).await;
        let block = send(&chain, &Call::SetWeights(weights()))
            .await
            .expect("accepted");
        assert_eq!(node.weights_of(0), [(1, 65535), (2, 32768)]);
        let subnet = subnet(&chain).await;
        let written = chain
            .best()
            .await
            .expect("a block")
            .written(&subnet, &signer().hotkey())
            .await
            .expect("readable");
        assert_eq!(written.uid, Some(0));
        assert_eq!(written.last_update, Some(block));
        assert_eq!(written.weights, [(1, 65535), (2, 32768)]);
    });
}

#[test]
fn a_commit_is_revealed_within_the_window_that_was_read_from_the_chain() {
    for scheme in [CommitScheme::BlockIntervals, CommitScheme::Epochs] {
        with_node(scheme, async |node| {
            node.set_hyperparameters(|parameters| parameters.commit_reveal_enabled = true);
            node.produce_block();
            let chain = connect(node).await;
            let salted = chain
                .best()
                .await
                .expect("a block")
                .capabilities()
                .salted_reveals;
            let hotkey = signer().hotkey();
            let hash = commit_hash(&hotkey, &weights(), salted.then_some(&SALT));
            let block = send(
                &chain,
                &Call::CommitHash {
                    netuid: NETUID,
                    hash,
                },
            )
            .await
            .expect("accepted");

            let best = chain.best().await.expect("a block");
            let written = best
                .written(&subnet(&chain).await, &hotkey)
                .await
                .expect("readable")
                .commits;
            assert_eq!(written.len(), 1, "{scheme:?}");
            let (open, window) = (&written[0], written[0].window);
            assert_eq!((open.hash, open.commit_block), (hash, block), "{scheme:?}");
            assert_eq!(
                window.timing(block + 1),
                RevealTiming::TooEarly,
                "{scheme:?}"
            );

            let reveal = Call::Reveal {
                weights: weights(),
                salt: SALT.to_vec(),
            };
            let (_, is_final) = refused(&chain, &reveal).await;
            assert!(!is_final, "{scheme:?}");
            node.produce_to(window.first - 1);
            send(&chain, &reveal)
                .await
                .expect("accepted in the first block of the window");
            assert_eq!(node.weights_of(0), [(1, 65535), (2, 32768)], "{scheme:?}");
        });
    }
}

#[test]
fn a_timelocked_commit_is_kept_under_the_epoch_that_was_planned() {
    with_node(CommitScheme::Timelocked, async |node| {
        node.set_hyperparameters(|parameters| parameters.commit_reveal_enabled = true);
        node.produce_block();
        let chain = connect(node).await;
        let best = chain.best().await.expect("a block");
        let subnet = subnet(&chain).await;
        let beacon = best
            .beacon()
            .await
            .expect("readable")
            .expect("the runtime has a beacon");
        let plan = reveal_plan(&RevealConditions {
            epochs: &subnet.epochs,
            form: TimelockForm::Versioned,
            reveal_epochs: 1,
            beacon: &beacon,
            block_time: best.block_time().expect("a constant"),
            head: best.block(),
            now: best.timestamp().await.expect("readable"),
        })
        .expect("epochs run");
        let hotkey = signer().hotkey();
        let plaintext = timelock::commit_plaintext(TimelockForm::Versioned, &hotkey, &weights());
        let ciphertext =
            timelock::encrypt(&plaintext, &beacon.public_key, plan.round).expect("a key");
        let call = Call::CommitTimelocked {
            netuid: NETUID,
            ciphertext,
            reveal_round: plan.round,
            version: subnet.timelock_version.expect("the runtime names one"),
        };
        let block = send(&chain, &call).await.expect("accepted");
        let best = chain.best().await.expect("a block");
        let kept = best
            .written(&subnet, &hotkey)
            .await
            .expect("readable")
            .timelocked;
        assert_eq!(kept.len(), 1);
        assert_eq!(
            (kept[0].epoch, kept[0].reveal_round),
            (plan.commit_epoch, plan.round)
        );
        assert_eq!(kept[0].commit_block, Some(block));

        node.produce_to(plan.opens_at + 10);
        assert_eq!(node.weights_of(0), [(1, 65535), (2, 32768)]);
        let best = chain.best().await.expect("a block");
        assert_eq!(
            best.written(&subnet, &hotkey)
                .await
                .expect("readable")
                .timelocked,
            []
        );
    });
}

#[test]
fn refusals_have_a_name_and_a_hint_and_say_whether_trying_again_helps() {
    with_node(CommitScheme::Epochs, async |node| {
        let chain = connect(node).await;
        let set = Call::SetWeights(weights());

        node.set_hyperparameters(|parameters| parameters.weights_version_key = 9);
        node.produce_block();
        assert_eq!(
            refused(&chain, &set).await,
            ("IncorrectWeightVersionKey".to_owned(), true)
        );

        node.set_hyperparameters(|parameters| {
            parameters.weights_version_key = 0;
            parameters.weights_rate_limit = 1000;
        });
        send(&chain, &set)
            .await
            .expect("the first write is always in time");
        assert_eq!(
            refused(&chain, &set).await,
            ("SettingWeightsTooFast".to_owned(), false)
        );

        node.set_hyperparameters(|parameters| {
            parameters.weights_rate_limit = 0;
            parameters.commit_reveal_enabled = true;
        });
        node.produce_block();
        assert_eq!(
            refused(&chain, &set).await,
            ("CommitRevealEnabled".to_owned(), false)
        );

        node.set_stake(&signer().hotkey(), 1);
        node.produce_block();
        assert_eq!(
            refused(&chain, &set).await,
            ("NotEnoughStakeToSetWeights".to_owned(), true)
        );
    });
}

#[test]
fn the_pool_s_refusals_mean_that_nothing_was_sent() {
    with_node(CommitScheme::Off, async |node| {
        let chain = connect(node).await;
        for (refusal, name) in [
            (PoolRefusal::Stale, "Outdated"),
            (PoolRefusal::BadSignature, "BadSignature"),
            (PoolRefusal::AncientBirthBlock, "AncientBirthBlock"),
            (PoolRefusal::Payment, "InabilityToPay"),
            (PoolRefusal::PriorityTooLow, "PriorityTooLow"),
        ] {
            node.fault(|faults| faults.submits.push_back(SubmitFault::Refuse(refusal)));
            assert_eq!(refused(&chain, &Call::SetWeights(weights())).await.0, name);
        }
        for refusal in [PoolRefusal::Banned, PoolRefusal::AlreadyImported] {
            node.fault(|faults| faults.submits.push_back(SubmitFault::Refuse(refusal)));
            let sent = send(&chain, &Call::SetWeights(weights())).await;
            assert!(matches!(sent, Err(SubmitError::Unknown { .. })), "{sent:?}");
        }
    });
}

#[test]
fn what_became_of_an_extrinsic_is_found_on_chain_after_the_connection_broke() {
    with_node(CommitScheme::Off, async |node| {
        let chain = connect(node).await;
        let prepared = prepare(&chain, &Call::SetWeights(weights())).await;
        node.fault(|faults| faults.submits.push_back(SubmitFault::CutAfterTaking));
        let sent = chain.send(&prepared, Until::Included, LIMIT).await;
        assert!(matches!(sent, Err(SubmitError::Unknown { .. })), "{sent:?}");

        let chain = connect(node).await;
        let fate = chain
            .fate(
                prepared.extrinsic,
                prepared.birth_block,
                prepared.death_block,
            )
            .await;
        match fate.expect("readable") {
            Fate::Included(included) => assert_eq!(included.outcome, Outcome::Succeeded),
            other => panic!("not found: {other:?}"),
        }
    });
}

#[test]
fn an_extrinsic_is_lost_only_when_its_last_block_is_final() {
    with_node(CommitScheme::Off, async |node| {
        let chain = connect(node).await;
        let prepared = prepare(&chain, &Call::SetWeights(weights())).await;
        node.fault(|faults| faults.submits.push_back(SubmitFault::CutBeforeTaking));
        let sent = chain.send(&prepared, Until::Included, LIMIT).await;
        assert!(matches!(sent, Err(SubmitError::Unknown { .. })), "{sent:?}");

        let chain = connect(node).await;
        let fate = async || {
            let (birth, death) = (prepared.birth_block, prepared.death_block);
            chain
                .fate(prepared.extrinsic, birth, death)
                .await
                .expect("readable")
        };
        assert_eq!(fate().await, Fate::Open);
        node.produce_to(prepared.death_block);
        assert_eq!(fate().await, Fate::Open);
        node.produce_blocks(Config::default().finality_lag);
        assert_eq!(fate().await, Fate::Lost);
    });
}

#[test]
fn a_silent_node_is_given_up_in_time() {
    with_node(CommitScheme::Off, async |node| {
        let endpoint: Endpoint = node.url().parse().expect("an address");
        let second = Duration::from_secs(1);
        let timeouts = Timeouts {
            connect: second,
            request: second,
        };
        let options = ConnectOptions {
            timeouts,
            metadata_cache: None,
        };
        let chain = Chain::connect(&endpoint, &options)
            .await
            .expect("the node answers");
        node.fault(|faults| faults.silent = true);
        let error = chain.block_number().await.expect_err("nothing is answered");
        assert!(
            matches!(error, ChainError::Silent { seconds: 1, .. }),
            "{error}"
        );
        assert!(error.is_transient());
    });
}

#[test]
fn a_runtime_upgrade_between_two_reads_is_noticed() {
    with_node(CommitScheme::BlockIntervals, async |node| {
        let chain = connect(node).await;
        let before = chain.best().await.expect("a block");
        assert!(!before.capabilities().dynamic_tao);
        node.upgrade(CommitScheme::Timelocked);
        node.produce_block();
        let after = chain.best().await.expect("a block");
        assert!(after.spec_version() > before.spec_version());
        assert!(after.capabilities().dynamic_tao);
    });
}

#[test]
fn metadata_is_kept_for_the_next_pass_and_a_damaged_file_does_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    with_node(CommitScheme::Off, async |node| {
        let endpoint: Endpoint = node.url().parse().expect("an address");
        let options = ConnectOptions {
            metadata_cache: Some(folder.path().to_owned()),
            ..ConnectOptions::default()
        };
        let read = async || {
            let chain = Chain::connect(&endpoint, &options)
                .await
                .expect("the node answers");
            chain
                .best()
                .await
                .expect("a block")
                .subnet(NETUID)
                .await
                .expect("readable")
        };
        assert!(read().await.is_some());
        let file = std::fs::read_dir(folder.path())
            .expect("readable")
            .next()
            .expect("one file");
        let path = file.expect("readable").path();
        let kept = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &kept[..kept.len() / 2]).expect("writable");
        assert!(read().await.is_some());
        assert_eq!(std::fs::read(&path).expect("readable"), kept);
    });
}

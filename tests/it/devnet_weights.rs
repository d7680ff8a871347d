//! The devnet's rules of weights, through the validator's own client: what the chain takes, when,
//! and what it makes of it. Numbers of windows are those seen on real chains.

use std::time::Duration;

use horde_validator::chain::timelock::{commit_plaintext, encrypt};
use horde_validator::chain::{
    Call, Chain, ConnectOptions, SubmitError, TimelockForm, Until, WeightVector,
};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{Commit, CommitScheme, Config, Node, Outcome, Production};

use crate::chain::commit_hash;
use crate::devnet_node::{config, neuron};

const NETUID: u16 = 12;
const SALT: [u16; 4] = [1, 2, 3, 4];

struct Subnet {
    node: Node,
    chain: Chain,
}

impl Subnet {
    async fn start(scheme: CommitScheme, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(scheme, Production::PerExtrinsic);
        // blocks that a test asks for are all there is
        config.finality_lag = 0;
        change(&mut config);
        let node = Node::start(config).expect("a node");
        let endpoint = node.url().parse().expect("an endpoint");
        let chain = Chain::connect(&endpoint, &ConnectOptions::default())
            .await
            .expect("connected");
        Self { node, chain }
    }

    /// Name of the error, if there was one.
    async fn send(&self, call: Call) -> Result<u64, String> {
        let signer = Account::validator().keypair();
        let best = self.chain.best().await.expect("a block");
        let prepared = self.chain.prepare(&best, &call, &signer, 64).await;
        let prepared = prepared.expect("signed");
        let limit = Duration::from_secs(20);
        match self.chain.send(&prepared, Until::Included, limit).await {
            Ok(included) => Ok(included.block),
            Err(SubmitError::Refused(refusal)) => Err(refusal.name),
            Err(other) => panic!("neither taken nor refused: {other}"),
        }
    }

    async fn reveal(&self, weights: WeightVector) -> Result<u64, String> {
        let salt = SALT.to_vec();
        self.send(Call::Reveal { weights, salt }).await
    }

    async fn commit(&self, weights: &WeightVector) -> Result<u64, String> {
        let hotkey = Account::validator().hotkey();
        let hash = commit_hash(&hotkey, weights, Some(&SALT));
        let netuid = NETUID;
        self.send(Call::CommitHash { netuid, hash }).await
    }

    fn open_window(&self) -> (u64, u64) {
        match self.node.commits_of(&Account::validator().hotkey())[..] {
            [.., Commit::Hash { window, .. }] => window,
            ref other => panic!("no open hash commit: {other:?}"),
        }
    }
}

fn weights(uids: &[u16], values: &[u16]) -> WeightVector {
    WeightVector {
        netuid: NETUID,
        uids: uids.to_vec(),
        values: values.to_vec(),
        version_key: 2,
    }
}

fn refusal(name: &str) -> Result<u64, String> {
    Err(name.to_owned())
}

#[tokio::test]
async fn plain_weights_are_rescaled_and_noted() {
    let subnet = Subnet::start(CommitScheme::Off, |_| {}).await;
    let block = subnet
        .send(Call::SetWeights(weights(&[0, 1], &[5, 10])))
        .await;
    assert_eq!(subnet.node.weights_of(0), [(0, 32768), (1, 65535)]);
    assert_eq!(subnet.node.last_update_of(0), block.expect("included"));

    let best = subnet.chain.best().await.expect("a block");
    let rules = best.subnet(NETUID).await.expect("read").expect("a subnet");
    let hotkey = Account::validator().hotkey();
    let written = best.written(&rules, &hotkey).await.expect("read");
    assert_eq!(written.weights, [(0, 32768), (1, 65535)]);
    assert_eq!(written.last_update, Some(subnet.node.last_update_of(0)));
}

#[tokio::test]
async fn each_rule_refuses_by_its_name_and_leaves_weights_alone() {
    let subnet = Subnet::start(CommitScheme::Epochs, |config| {
        config.hyperparameters.commit_reveal_enabled = false;
        config.hyperparameters.weights_version_key = 2;
        config.hyperparameters.max_weight_limit = 40000;
        config.hyperparameters.min_allowed_weights = 2;
    })
    .await;
    let wrong = |weights: WeightVector| subnet.send(Call::SetWeights(weights));
    let mut outdated = weights(&[0, 1], &[1, 1]);
    outdated.version_key = 1;
    assert_eq!(wrong(outdated).await, refusal("IncorrectWeightVersionKey"));
    let other_netuid = WeightVector {
        netuid: 13,
        ..weights(&[0, 1], &[1, 1])
    };
    subnet
        .node
        .set_hyperparameters(|rules| rules.stake_threshold_tao = 0);
    assert_eq!(wrong(other_netuid).await, refusal("SubnetNotExists"));
    for (uids, values, name) in [
        (
            &[0, 1, 1][..],
            &[1, 1, 1][..],
            "UidsLengthExceedUidsInSubNet",
        ),
        (&[0, 1], &[1], "WeightVecNotEqualSize"),
        (&[1, 1], &[1, 1], "DuplicateUids"),
        (&[1, 2], &[1, 1], "UidVecContainInvalidOne"),
        (&[1], &[1], "WeightVecLengthIsLow"),
        (&[0, 1], &[9, 1], "MaxWeightExceeded"),
    ] {
        assert_eq!(wrong(weights(uids, values)).await, refusal(name));
    }
    assert_eq!(subnet.node.weights_of(0), []);
    subnet.node.set_permit(0, false);
    assert_eq!(
        wrong(weights(&[0, 1], &[1, 1])).await,
        refusal("NeuronNoValidatorPermit")
    );
    subnet.node.deregister(&Account::validator().hotkey());
    assert_eq!(
        wrong(weights(&[0, 1], &[1, 1])).await,
        refusal("HotKeyNotRegisteredInSubNet")
    );
    let names: Vec<Outcome> = subnet
        .node
        .ledger()
        .into_iter()
        .map(|entry| entry.outcome)
        .collect();
    assert!(names.contains(&Outcome::Failed("MaxWeightExceeded")));
}

#[tokio::test]
async fn the_rate_limit_counts_from_the_last_update() {
    let subnet = Subnet::start(CommitScheme::Off, |config| {
        config.hyperparameters.weights_rate_limit = 10;
    })
    .await;
    let set = || subnet.send(Call::SetWeights(weights(&[1], &[1])));
    let first = set().await.expect("included");
    assert_eq!(set().await, refusal("SettingWeightsTooFast"));
    subnet.node.produce_to(first + 8);
    assert_eq!(set().await, refusal("SettingWeightsTooFast"));
    assert_eq!(set().await, Ok(first + 10));
}

#[tokio::test]
async fn too_little_stake_does_not_get_into_the_pool() {
    for scheme in CommitScheme::ALL {
        let subnet = Subnet::start(scheme, |config| config.neurons[0].stake_tao = 999).await;
        assert_eq!(
            subnet.send(Call::SetWeights(weights(&[1], &[1]))).await,
            refusal("NotEnoughStakeToSetWeights"),
            "{scheme:?}"
        );
    }
}

#[tokio::test]
async fn a_commit_is_revealed_in_its_epoch_and_neither_before_nor_after() {
    for scheme in [CommitScheme::Epochs, CommitScheme::Timelocked] {
        let subnet = Subnet::start(scheme, |config| {
            config.hyperparameters.tempo = 20;
            config.hyperparameters.weights_rate_limit = 0;
        })
        .await;
        let plain = subnet.send(Call::SetWeights(weights(&[1], &[1]))).await;
        assert_eq!(plain, refusal("CommitRevealEnabled"));
        let wanted = weights(&[0, 1], &[1, 3]);
        let committed = subnet.commit(&wanted).await.expect("included");
        assert_eq!(subnet.node.last_update_of(0), committed);
        let (first, last) = subnet.open_window();
        assert!(first > committed && last == first + 20);

        let early = subnet.reveal(wanted.clone()).await;
        assert_eq!(early, refusal("RevealTooEarly"));
        subnet.node.produce_to(first - 1);
        let other = subnet.reveal(weights(&[0, 1], &[1, 4])).await;
        assert_eq!(other, refusal("InvalidRevealCommitHashNotMatch"));
        assert_eq!(subnet.reveal(wanted.clone()).await, Ok(first + 1));
        assert_eq!(subnet.node.weights_of(0), [(0, 21845), (1, 65535)]);
        assert_eq!(subnet.node.last_update_of(0), committed);
        let again = subnet.reveal(wanted.clone()).await;
        assert_eq!(again, refusal("NoWeightsCommitFound"));

        subnet.commit(&wanted).await.expect("included");
        let (_, last) = subnet.open_window();
        subnet.node.produce_to(last);
        let late = subnet.reveal(wanted).await;
        assert_eq!(late, refusal("ExpiredWeightCommit"));
    }
}

#[tokio::test]
async fn the_eleventh_open_commit_is_refused() {
    let subnet = Subnet::start(CommitScheme::Epochs, |config| {
        config.hyperparameters.weights_rate_limit = 0;
    })
    .await;
    for value in 1..=10 {
        subnet
            .commit(&weights(&[1], &[value]))
            .await
            .expect("included");
    }
    let eleventh = subnet.commit(&weights(&[1], &[11])).await;
    assert_eq!(eleventh, refusal("TooManyUnrevealedCommits"));
}

#[tokio::test]
async fn by_intervals_one_commit_is_open_and_the_next_interval_reveals_it() {
    let subnet = Subnet::start(CommitScheme::BlockIntervals, |config| {
        config.hyperparameters.commit_reveal_interval = 30;
        config.start_block = 3000;
    })
    .await;
    let wanted = weights(&[1], &[65535]);
    subnet.commit(&wanted).await.expect("included");
    let second = subnet.commit(&wanted).await;
    assert_eq!(second, refusal("WeightsCommitNotAllowed"));
    assert_eq!(subnet.open_window(), (3030, 3059));
    let early = subnet.reveal(wanted.clone()).await;
    assert_eq!(early, refusal("InvalidRevealTempo"));
    subnet.node.produce_to(3029);
    assert_eq!(subnet.reveal(wanted.clone()).await, Ok(3030));
    assert_eq!(subnet.node.weights_of(0), [(1, 65535)]);
    assert_eq!(subnet.node.last_update_of(0), 3030);

    subnet.commit(&wanted).await.expect("included");
    subnet.node.produce_to(3090);
    let late = subnet.reveal(wanted).await;
    assert_eq!(late, refusal("InvalidRevealTempo"));
}

#[tokio::test]
async fn a_timelocked_commit_is_opened_by_the_chain_in_its_epoch() {
    let subnet = Subnet::start(CommitScheme::Timelocked, |config| {
        config.hyperparameters.tempo = 20;
    })
    .await;
    let hotkey = Account::validator().hotkey();
    let best = subnet.chain.best().await.expect("a block");
    let rules = best.subnet(NETUID).await.expect("read").expect("a subnet");
    assert_eq!(rules.commit_reveal_enabled, Some(true));
    let beacon = best.beacon().await.expect("read").expect("a beacon");
    // 12 s per block and 1 s per round: out two epochs from now at the latest
    let reveal_round = beacon.last_stored_round + 60;
    let plain = commit_plaintext(TimelockForm::Versioned, &hotkey, &weights(&[1], &[7]));
    let commit = |version| Call::CommitTimelocked {
        netuid: NETUID,
        ciphertext: encrypt(&plain, &beacon.public_key, reveal_round).expect("encrypted"),
        reveal_round,
        version,
    };
    assert_eq!(
        subnet.send(commit(3)).await,
        refusal("IncorrectCommitRevealVersion")
    );
    let version = rules.timelock_version.expect("timelocked commits");
    let block = subnet.send(commit(version)).await.expect("included");
    assert_eq!(subnet.node.last_update_of(0), block);
    assert_eq!(subnet.node.weights_of(0), []);
    assert!(matches!(
        subnet.node.commits_of(&hotkey)[..],
        [Commit::Timelocked { round, .. }] if round == reveal_round
    ));
    let best = subnet.chain.best().await.expect("a block");
    let written = best.written(&rules, &hotkey).await.expect("read");
    assert_eq!(written.timelocked.len(), 1);

    subnet.node.produce_blocks(42);
    assert_eq!(subnet.node.weights_of(0), [(1, 65535)]);
    assert_eq!(subnet.node.commits_of(&hotkey), []);
    assert_eq!(subnet.node.last_update_of(0), block);
}

#[tokio::test]
async fn a_timelocked_commit_whose_round_comes_too_late_is_dropped() {
    let subnet = Subnet::start(CommitScheme::Timelocked, |config| {
        config.hyperparameters.tempo = 20;
    })
    .await;
    let hotkey = Account::validator().hotkey();
    let best = subnet.chain.best().await.expect("a block");
    let beacon = best.beacon().await.expect("read").expect("a beacon");
    let reveal_round = beacon.last_stored_round + 1_000_000;
    let plain = commit_plaintext(TimelockForm::Versioned, &hotkey, &weights(&[1], &[7]));
    let call = Call::CommitTimelocked {
        netuid: NETUID,
        ciphertext: encrypt(&plain, &beacon.public_key, reveal_round).expect("encrypted"),
        reveal_round,
        version: 4,
    };
    subnet.send(call).await.expect("included");
    subnet.node.produce_blocks(63);
    assert_eq!(subnet.node.commits_of(&hotkey), []);
    assert_eq!(subnet.node.weights_of(0), []);
}

#[tokio::test]
async fn the_metagraph_shows_who_is_registered_in_every_generation() {
    for scheme in CommitScheme::ALL {
        let axon = "127.0.0.1:8091".parse().expect("an address");
        let subnet = Subnet::start(scheme, |config| config.neurons[1].axon = Some(axon)).await;
        let newcomer = neuron(&Account::miner(2), 0, false);
        subnet.node.register(2, &newcomer);
        let block = subnet.node.produce_block();
        let best = subnet.chain.best().await.expect("a block");
        let metagraph = best.metagraph(NETUID).await.expect("read");
        let validator = metagraph.by_uid(0).expect("a validator");
        assert_eq!(validator.hotkey, Account::validator().hotkey());
        assert_eq!(validator.stake, 5_000_000_000_000, "{scheme:?}");
        assert!(validator.validator_permit);
        let miner = metagraph.by_uid(1).and_then(|miner| miner.axon);
        assert_eq!(
            miner.map(|axon| (axon.ip.to_string(), axon.port)),
            Some(("127.0.0.1".to_owned(), 8091)),
            "{scheme:?}"
        );
        let newcomer = metagraph.by_hotkey(&Account::miner(2).hotkey());
        let newcomer = newcomer.expect("registered");
        assert_eq!((newcomer.uid, newcomer.registered_at), (2, block));
    }
}

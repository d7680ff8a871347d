//! The devnet's node, driven by subxt as any program drives a node: what it serves, and what its
//! pool takes. The rules of weights are in `devnet_weights`.

use std::sync::Arc;
use std::time::Duration;

use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{
    CommitScheme, Config, Neuron, Node, Outcome, Production, SubmitFault,
};
use horde_validator::keys::Keypair;
use subxt::backend::LegacyBackend;
use subxt::config::DefaultExtrinsicParamsBuilder;
use subxt::config::substrate::{H256, MultiSignature};
use subxt::rpcs::methods::legacy::{Bytes, LegacyRpcMethods, TransactionStatus};
use subxt::rpcs::{Error as RpcError, RpcClient, rpc_params};
use subxt::utils::AccountId32;
use subxt::{OnlineClient, SubstrateConfig, dynamic};

const NETUID: u16 = 12;

pub(crate) fn neuron(account: &Account, stake_tao: u64, validator_permit: bool) -> Neuron {
    Neuron {
        hotkey: account.hotkey(),
        coldkey: Account::validator_coldkey().hotkey(),
        stake_tao,
        axon: None,
        validator_permit,
    }
}

/// A validator at uid 0, a miner at uid 1.
pub(crate) fn config(scheme: CommitScheme, production: Production) -> Config {
    Config {
        scheme,
        netuid: NETUID,
        neurons: vec![
            neuron(&Account::validator(), 5000, true),
            neuron(&Account::miner(1), 1, false),
        ],
        production,
        ..Config::default()
    }
}

struct Client {
    rpc: RpcClient,
    online: OnlineClient<SubstrateConfig>,
}

impl Client {
    async fn of(node: &Node) -> Self {
        let rpc = RpcClient::from_insecure_url(node.url())
            .await
            .expect("connected");
        let backend = Arc::new(LegacyBackend::builder().build(rpc.clone()));
        let online = OnlineClient::from_backend_with_config(SubstrateConfig::new(), backend)
            .await
            .expect("a chain");
        Self { rpc, online }
    }

    /// `set_weights` for the miner alone, signed by `signer`.
    async fn signed(&self, signer: &Keypair, nonce: u64, period: u64) -> Vec<u8> {
        let at = self.online.at_current_block().await.expect("a block");
        let call = dynamic::transaction(
            "SubtensorModule",
            "set_weights",
            (NETUID, vec![1_u16], vec![65535_u16], 2_u64),
        );
        let params = DefaultExtrinsicParamsBuilder::<SubstrateConfig>::new()
            .mortal_from_unchecked(period, at.block_number(), at.block_hash())
            .nonce(nonce)
            .build();
        let mut signable = at
            .tx()
            .create_v4_signable_offline(&call, params)
            .expect("a call of this runtime");
        let signature = signer.sign(&signable.signer_payload().expect("a payload"));
        let account = AccountId32(*signer.hotkey().public());
        let signature = MultiSignature::Sr25519(*signature.bytes());
        signable
            .sign_with_account_and_signature(&account, &signature)
            .expect("signed")
            .encoded()
            .to_vec()
    }

    async fn submit(&self, extrinsic: &[u8]) -> Result<H256, (i32, String)> {
        let params = rpc_params![Bytes(extrinsic.to_vec())];
        let answer = self.rpc.request("author_submitExtrinsic", params).await;
        answer.map_err(|error| match error {
            RpcError::User(error) => (
                error.code,
                error.data.map_or(error.message, |data| data.to_string()),
            ),
            other => panic!("not a refusal: {other}"),
        })
    }
}

#[tokio::test]
async fn subxt_reads_every_generation_and_sends_to_it() {
    for scheme in CommitScheme::ALL {
        let mut config = config(scheme, Production::PerExtrinsic);
        config.hyperparameters.commit_reveal_enabled = false;
        let node = Node::start(config).expect("a node");
        let client = Client::of(&node).await;
        let at = client.online.at_current_block().await.expect("a block");
        let tempo = dynamic::storage::<(u16,), u16>("SubtensorModule", "Tempo");
        let tempo = at.storage().fetch(tempo, (NETUID,)).await.expect("tempo");
        assert_eq!(tempo.decode().expect("a number"), 360, "{scheme:?}");

        let signer = Account::validator().keypair();
        let extrinsic = client.signed(&signer, 0, 64).await;
        let methods = LegacyRpcMethods::<subxt::config::RpcConfigFor<SubstrateConfig>>::new(
            client.rpc.clone(),
        );
        let mut watch = methods
            .author_submit_and_watch_extrinsic(&extrinsic)
            .await
            .expect("taken");
        let mut heard = Vec::new();
        while let Some(Ok(status)) = watch.next().await {
            heard.push(format!("{status:?}"));
            if matches!(status, TransactionStatus::Finalized(_)) {
                break;
            }
        }
        assert_eq!(heard.len(), 3, "{heard:?}");
        assert_eq!(heard[0], "Ready");
        assert!(heard[1].starts_with("InBlock"), "{heard:?}");
        assert_eq!(node.weights_of(0), [(1, 65535)], "{scheme:?}");
    }
}

#[tokio::test]
async fn heads_come_one_by_one_and_finality_lags_behind() {
    let node = Node::start(config(CommitScheme::Epochs, Production::Manual)).expect("a node");
    let client = Client::of(&node).await;
    let start = node.block();
    let mut heads = client.online.stream_best_blocks().await.expect("heads");
    let mut numbers = Vec::new();
    for _ in 0..3 {
        node.produce_block();
    }
    while let Some(Ok(head)) = heads.next().await {
        numbers.push(head.number());
        if numbers.last() == Some(&(start + 3)) {
            break;
        }
    }
    assert!(numbers.is_sorted());
    let finalized = client.online.at_current_block().await.expect("a block");
    assert_eq!(finalized.block_number(), start + 1);
}

#[tokio::test]
async fn blocks_before_the_first_have_hashes_and_no_state() {
    let node = Node::start(config(CommitScheme::Timelocked, Production::Manual)).expect("a node");
    let client = Client::of(&node).await;
    let hash: H256 = client
        .rpc
        .request("chain_getBlockHash", rpc_params![999_000])
        .await
        .expect("a hash");
    let header: serde_json::Value = client
        .rpc
        .request("chain_getHeader", rpc_params![hash])
        .await
        .expect("a header");
    assert_eq!(header["number"], "0xf3e58");
    let refused = client
        .rpc
        .request::<Option<Bytes>>("state_getStorage", rpc_params!["0x00", hash])
        .await
        .expect_err("no state");
    assert!(
        refused.to_string().contains("State already discarded"),
        "{refused}"
    );
}

#[tokio::test]
async fn states_older_than_a_node_keeps_are_discarded() {
    let node = Node::start(config(CommitScheme::Epochs, Production::Manual)).expect("a node");
    let client = Client::of(&node).await;
    let start = node.block();
    node.produce_blocks(301);
    let hash: H256 = client
        .rpc
        .request("chain_getBlockHash", rpc_params![start])
        .await
        .expect("a hash");
    let refused = client
        .rpc
        .request::<Option<Bytes>>("state_getStorage", rpc_params!["0x00", hash])
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_pool_refuses_what_substrate_refuses() {
    let mut config = config(CommitScheme::Timelocked, Production::Manual);
    config.hyperparameters.commit_reveal_enabled = false;
    let node = Node::start(config).expect("a node");
    let client = Client::of(&node).await;
    let signer = Account::validator().keypair();

    let mut forged = client.signed(&signer, 0, 64).await;
    // within the signature: length, version, address and its kind come before
    forged[50] ^= 1;
    assert_eq!(
        client.submit(&forged).await,
        Err((1010, "\"Transaction has a bad signature\"".to_owned()))
    );

    let short_lived = client.signed(&signer, 0, 4).await;
    let first = client.signed(&signer, 0, 64).await;
    let again = client.signed(&signer, 0, 64).await;
    client.submit(&first).await.expect("taken");
    let code = |refused: Result<H256, (i32, String)>| refused.expect_err("refused").0;
    assert_eq!(code(client.submit(&first).await), 1013);
    assert_eq!(code(client.submit(&again).await), 1014);

    node.produce_blocks(8);
    assert_eq!(
        client.submit(&again).await,
        Err((1010, "\"Transaction is outdated\"".to_owned()))
    );
    assert_eq!(
        client.submit(&short_lived).await,
        Err((
            1010,
            "\"Transaction has an ancient birth block\"".to_owned()
        ))
    );

    let poor = Account::miner(1).keypair();
    let poor = client.signed(&poor, 0, 64).await;
    assert_eq!(
        client.submit(&poor).await,
        Err((1010, "\"Custom error: 1\"".to_owned()))
    );
}

#[tokio::test]
async fn an_extrinsic_for_another_runtime_has_a_bad_signature() {
    let mut config = config(CommitScheme::Epochs, Production::Manual);
    config.hyperparameters.commit_reveal_enabled = false;
    let node = Node::start(config).expect("a node");
    let client = Client::of(&node).await;
    let signer = Account::validator().keypair();
    let signed_before = client.signed(&signer, 0, 64).await;
    node.upgrade(CommitScheme::Timelocked);
    let refused = client.submit(&signed_before).await;
    assert_eq!(
        refused,
        Err((1010, "\"Transaction has a bad signature\"".to_owned()))
    );

    node.produce_blocks(3);
    let signed_after = client.signed(&signer, 0, 64).await;
    client.submit(&signed_after).await.expect("taken");
    node.produce_block();
    assert_eq!(node.weights_of(0), [(1, 65535)]);
}

#[tokio::test]
async fn a_later_nonce_waits_for_the_earlier_one() {
    let mut config = config(CommitScheme::Off, Production::Manual);
    config.hyperparameters.weights_rate_limit = 0;
    let node = Node::start(config).expect("a node");
    let client = Client::of(&node).await;
    let signer = Account::validator().keypair();
    let later = client.signed(&signer, 1, 64).await;
    client.submit(&later).await.expect("taken");
    node.produce_block();
    assert_eq!(node.pending(), 1);
    let earlier = client.signed(&signer, 0, 64).await;
    client.submit(&earlier).await.expect("taken");
    let block = node.produce_block();
    let ledger = node.ledger();
    let nonces: Vec<_> = ledger
        .iter()
        .map(|entry| (entry.nonce, entry.block))
        .collect();
    assert_eq!(nonces, [(0, block), (1, block)]);
    assert!(
        ledger
            .iter()
            .all(|entry| entry.outcome == Outcome::Succeeded)
    );
}

#[tokio::test]
async fn a_connection_breaks_after_a_submit_that_is_included_all_the_same() {
    let mut config = config(CommitScheme::Off, Production::Manual);
    config.hyperparameters.weights_rate_limit = 0;
    let node = Node::start(config).expect("a node");
    let signer = Account::validator().keypair();
    for (fault, pending) in [
        (SubmitFault::CutBeforeTaking, 0),
        (SubmitFault::CutAfterTaking, 1),
    ] {
        let client = Client::of(&node).await;
        let extrinsic = client.signed(&signer, 0, 64).await;
        node.fault(|faults| faults.submits.push_back(fault));
        let answer = client
            .rpc
            .request::<H256>("author_submitExtrinsic", rpc_params![Bytes(extrinsic)])
            .await;
        assert!(answer.is_err());
        assert_eq!(node.pending(), pending);
    }
    node.produce_block();
    assert_eq!(node.weights_of(0), [(1, 65535)]);
}

#[tokio::test]
async fn a_silent_node_answers_once_it_speaks_again() {
    let node = Node::start(config(CommitScheme::Off, Production::Manual)).expect("a node");
    let client = Client::of(&node).await;
    node.fault(|faults| faults.silent = true);
    let answer = client.rpc.request::<String>("system_chain", rpc_params![]);
    tokio::pin!(answer);
    let silence = tokio::time::timeout(Duration::from_millis(200), &mut answer).await;
    assert!(silence.is_err());
    node.fault(|faults| faults.silent = false);
    assert_eq!(answer.await.expect("an answer"), "Devnet");
}

#[tokio::test]
async fn timed_blocks_come_by_themselves_unless_the_head_is_stalled() {
    let mut config = config(CommitScheme::Off, Production::Timed);
    config.block_time = Duration::from_millis(50);
    let node = Node::start(config).expect("a node");
    let start = node.block();
    let come = async {
        while node.block() < start + 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), come)
        .await
        .expect("three blocks");
    node.fault(|faults| faults.stalled = true);
    tokio::time::sleep(Duration::from_millis(60)).await;
    let stalled = node.block();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(node.block(), stalled);
}

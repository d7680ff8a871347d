//! What stands beside the devnet's facilitator: the stats collector, the published parameters,
//! TLS in front of it, and a whole subnet whose users order jobs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::facilitator::{Behaviour, Facilitator, FacilitatorConfig};
use horde_validator::devnet::miner::Behaviour as MinerBehaviour;
use horde_validator::devnet::node::CommitScheme;
use horde_validator::devnet::{Character, Plan, Subnet};
use horde_validator::http::{Client, Limits};
use horde_validator::keys::Keypair;
use horde_validator::params::parameter;
use horde_validator::settings::Environment;
use horde_validator::wire::event::{EventSubtype, EventType};
use horde_validator::wire::facilitator::Authentication;
use horde_validator::wire::{ExecutorClass, FromFacilitator, ToFacilitator, python_json};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{Connector, WebSocketStream, connect_async, connect_async_tls_with_config};

use crate::tls_proxy::TlsProxy;

const PATIENCE: Duration = Duration::from_secs(30);
/// When all events here say that they were signed, in Unix seconds.
const SIGNED_AT: i64 = 1_731_309_851;

fn client() -> Client {
    // the first test that gets here sets it for all
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::for_strangers(Limits {
        idle: PATIENCE,
        total: PATIENCE,
        bytes: 1 << 20,
    })
}

/// Posts events as a validator does, with a signature for that time; returns the status.
async fn post(facilitator: &Facilitator, keypair: &Keypair, signed: i64, body: &Value) -> u16 {
    let hotkey = keypair.hotkey();
    let base = facilitator.stats_collector_url();
    let url = format!("{base}validator/{hotkey}/system_events");
    let text = python_json::sorted(&json!({
        "signing_timestamp": signed,
        "validator_ss58_address": hotkey,
    }));
    let headers = [
        (
            "Validator-Signature",
            keypair.sign(text.as_bytes()).to_string(),
        ),
        ("Validator-Signing-Timestamp", SIGNED_AT.to_string()),
    ];
    client()
        .post_json(&url, &headers, body.to_string())
        .await
        .expect("an answer")
}

#[tokio::test]
async fn events_that_are_signed_are_counted_and_others_refused() {
    let good = Keypair::from_seed(&[1; 32]);
    let facilitator = Facilitator::start(FacilitatorConfig {
        allowed: vec![good.hotkey()],
        ..FacilitatorConfig::default()
    })
    .expect("a free port");
    let now = SIGNED_AT;
    let event = json!({
        "type": "WEIGHT_SETTING_SUCCESS",
        "subtype": "COMMIT_WEIGHTS_SUCCESS",
        "timestamp": "2024-11-12T10:49:58.134204+00:00",
        "data": {"description": "d", "n": 1},
    });
    let mut unknown = event.clone();
    unknown["subtype"] = json!("GREAT_SUCCESS");
    let mut undescribed = event.clone();
    undescribed["data"] = json!({});
    let stranger = Keypair::from_seed(&[2; 32]);
    let one = json!([event]);
    for (keypair, signed, body, status) in [
        (&good, now, json!([event, event]), 201),
        (&good, now, json!([]), 201),
        (&good, now, Value::from(vec![event.clone(); 10_000]), 201),
        (&good, now, Value::from(vec![event.clone(); 10_001]), 422),
        (&good, now, event.clone(), 422),
        (&good, now, json!([unknown]), 422),
        (&good, now, json!([undescribed]), 422),
        (&good, now + 1, one.clone(), 401), // not what the header says
        (&stranger, now, one.clone(), 403),
    ] {
        let answer = post(&facilitator, keypair, signed, &body).await;
        let start: String = body.to_string().chars().take(300).collect();
        assert_eq!(answer, status, "{start}");
    }
    facilitator.behave(Behaviour::ErrorResponses);
    assert_eq!(post(&facilitator, &good, now, &one).await, 503);

    let ledger = facilitator.ledger();
    let name = (
        EventType::WeightSettingSuccess,
        EventSubtype::CommitWeightsSuccess,
    );
    assert_eq!(
        ledger.events.into_iter().collect::<Vec<_>>(),
        [(name, 10_002)]
    );
    assert_eq!(ledger.event_requests, 3);
    assert_eq!(ledger.refused_event_requests, 7);
}

#[tokio::test]
async fn published_parameters_are_ones_that_a_validator_takes() {
    let facilitator = Facilitator::start(FacilitatorConfig::default()).expect("a free port");
    let get = async || {
        let body = client().get(&facilitator.dynamic_config_url()).await;
        let bytes = body.expect("an answer").bytes().await.expect("whole");
        String::from_utf8(bytes).expect("text")
    };
    let document: Value = serde_json::from_str(&get().await).expect("JSON");
    let mut known = 0;
    for (name, entry) in document.as_object().expect("an object") {
        assert!(entry["description"].is_string(), "{name}");
        for item in entry["items"].as_array().expect("a list") {
            if let Some(parameter) = parameter(name) {
                known += 1;
                parameter.read(&item["value"]).expect("a value of it");
            }
        }
    }
    assert!(known > 0);

    facilitator.publish("[] is no document");
    assert_eq!(get().await, "[] is no document");
}

/// A validator's end of a connection to a facilitator.
struct Line<S>(WebSocketStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    async fn authenticate(&mut self, keypair: &Keypair) {
        let request = ToFacilitator::Authentication(Authentication::of(keypair));
        let frame = Message::text(request.to_json());
        self.0.send(frame).await.expect("sent");
        let answer = self.hear().await;
        assert!(matches!(answer, FromFacilitator::Response(_)), "{answer:?}");
    }

    async fn hear(&mut self) -> FromFacilitator {
        let frame = tokio::time::timeout(PATIENCE, self.0.next()).await;
        let frame = frame.expect("in time").expect("open").expect("a frame");
        FromFacilitator::parse(frame.to_text().expect("text")).expect("a message")
    }
}

#[tokio::test]
async fn a_facilitator_behind_tls_is_for_those_who_know_the_authority() {
    let facilitator = Facilitator::start(FacilitatorConfig::default()).expect("a free port");
    let proxy = TlsProxy::before(facilitator.port()).await;
    let connect = async |roots: RootCertStore| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = Connector::Rustls(Arc::new(config));
        connect_async_tls_with_config(proxy.url(), None, false, Some(connector)).await
    };
    let refused = connect(RootCertStore::empty()).await;
    assert!(
        matches!(refused, Err(tungstenite::Error::Io(_))),
        "{refused:?}"
    );

    let mut roots = RootCertStore::empty();
    roots.add(proxy.authority()).expect("a certificate");
    let (socket, _) = connect(roots).await.expect("connected");
    let mut line = Line(socket);
    line.authenticate(&Keypair::from_seed(&[1; 32])).await;
    let pem = std::fs::read_to_string(proxy.authority_file()).expect("a file");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
}

fn plan(folder: &tempfile::TempDir) -> Plan {
    let character = |name, behaviour| Character {
        name,
        executors: 1,
        class: ExecutorClass::AlwaysOnGpu24Gb,
        behaviour,
    };
    Plan {
        folder: folder.path().to_owned(),
        scheme: CommitScheme::Epochs,
        block_time: Duration::from_secs(1),
        tempo: 9,
        characters: vec![
            character("first", MinerBehaviour::Honest),
            character("idle", MinerBehaviour::Declines),
            character("second", MinerBehaviour::Honest),
        ],
        port: 0,
        time_scale: 1.0,
    }
}

#[tokio::test]
async fn users_of_a_subnet_order_jobs_of_both_kinds_from_its_honest_miners() {
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = Subnet::start(plan(&folder)).expect("started");
    let honest = [0, 2].map(|at: usize| subnet.inhabitants[at].miner.hotkey().to_string());
    let validator = async {
        let (socket, _) = connect_async(subnet.facilitator.url())
            .await
            .expect("connected");
        let mut line = Line(socket);
        line.authenticate(&Account::validator().keypair()).await;
        for number in 0..4 {
            let miner = match line.hear().await {
                FromFacilitator::JobV0(job) if number % 2 == 0 => {
                    assert_eq!(job.executor_class, ExecutorClass::AlwaysOnGpu24Gb);
                    assert_eq!(job.args, ["job".to_owned(), number.to_string()]);
                    job.miner_hotkey
                }
                FromFacilitator::JobV1(job) if number % 2 == 1 => {
                    assert!(job.volume.is_some() && job.args.is_empty());
                    job.miner_hotkey
                }
                other => panic!("not the job of the other kind: {other:?}"),
            };
            assert_eq!(miner, honest[number / 2]);
        }
    };
    tokio::select! {
        () = validator => (),
        never = subnet.order_jobs(Duration::from_millis(20)) => match never {},
    }
}

#[tokio::test]
async fn jobs_do_not_pile_up_while_no_validator_takes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = Subnet::start(plan(&folder)).expect("started");
    let users = subnet.order_jobs(Duration::from_millis(1));
    let waiting = tokio::time::timeout(Duration::from_millis(100), users).await;
    assert!(waiting.is_err());
    let (socket, _) = connect_async(subnet.facilitator.url())
        .await
        .expect("connected");
    let mut line = Line(socket);
    line.authenticate(&Account::validator().keypair()).await;
    line.hear().await;
    let more = tokio::time::timeout(Duration::from_millis(300), line.hear()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn the_settings_of_a_subnet_lead_to_its_own_services() {
    let folder = tempfile::tempdir().expect("a folder");
    let subnet = Subnet::start(plan(&folder)).expect("started");
    let settings = Environment::from_pairs(subnet.environment()).expect("good settings");
    let facilitator = &subnet.facilitator;
    assert_eq!(settings.facilitator(), facilitator.url());
    assert_eq!(
        settings.dynamic_config_url(),
        facilitator.dynamic_config_url()
    );
    let collector = facilitator.stats_collector_url();
    assert_eq!(settings.stats_collector(), Some(collector.as_str()));
}

//! The devnet's miner, spoken to by a bare websocket client: what it does when it is honest,
//! and that every misbehaviour does what its name says.

use std::time::Duration;

use chrono::{TimeZone, Utc};
use futures_util::{SinkExt, StreamExt};
use horde_validator::devnet::miner::{Behaviour, Miner, MinerConfig, Step};
use horde_validator::hashjob::{HashJob, Size, generate};
use horde_validator::keys::{Hotkey, Keypair, Signature, verify};
use horde_validator::params::WeightsVersion;
use horde_validator::wire::from_miner::{ClaimedClass, UnauthorizedCode};
use horde_validator::wire::receipt::{FinishedReceipt, StartedReceipt};
use horde_validator::wire::to_miner::{InitialJob, Job, Signed};
use horde_validator::wire::{AuthenticationPayload, ExecutorClass, FromMiner, ToMiner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const CLASS: ExecutorClass = ExecutorClass::SpinUp4MinGpu24Gb;
const JOB: &str = "7c1bb6a4-8e4c-4f0d-a8a5-1f5a4d0b3a10";

/// Longer than anything takes here; a miner that says nothing is given this much.
const PATIENCE: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_millis(300);

pub(crate) fn start(behaviour: Behaviour) -> Miner {
    let config = MinerConfig::new(Keypair::from_seed(&[7; 32]), vec![(CLASS, 3)]);
    Miner::start(config.behaving(behaviour)).expect("a free port")
}

/// A validator that says what it is told to.
pub(crate) struct Validator {
    keypair: Keypair,
    miner: Hotkey,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Validator {
    async fn connect(miner: &Miner) -> Self {
        let keypair = Keypair::from_seed(&[1; 32]);
        let (address, hotkey) = (miner.address(), keypair.hotkey());
        let url = format!("ws://{address}/v0.1/validator_interface/{hotkey}");
        let (socket, _) = connect_async(url).await.expect("connected");
        Self {
            keypair,
            miner: miner.hotkey(),
            socket,
        }
    }

    /// Connected and authenticated, the manifest not yet read.
    pub(crate) async fn introduced(miner: &Miner) -> Self {
        let mut validator = Self::connect(miner).await;
        validator
            .authenticate(validator.miner, Utc::now().timestamp())
            .await;
        validator
    }

    async fn authenticate(&mut self, miner: Hotkey, timestamp: i64) {
        let payload = AuthenticationPayload {
            validator_hotkey: self.keypair.hotkey().to_string(),
            miner_hotkey: miner.to_string(),
            timestamp,
        };
        let signature = self.keypair.sign(payload.blob().as_bytes());
        self.say(ToMiner::Authenticate(Signed::new(payload, signature)))
            .await;
    }

    pub(crate) async fn say(&mut self, message: ToMiner) {
        let _ = self
            .socket
            .send(Message::Text(message.to_json().into()))
            .await;
    }

    /// The next frame; `None` once the miner has closed.
    async fn frame(&mut self) -> Option<Message> {
        let frame = tokio::time::timeout(PATIENCE, self.socket.next())
            .await
            .expect("in time");
        frame
            .and_then(Result::ok)
            .filter(|frame| !matches!(frame, Message::Close(_)))
    }

    /// The next frame that is a message, others passed over.
    pub(crate) async fn hear(&mut self) -> Option<FromMiner> {
        loop {
            if let Message::Text(text) = self.frame().await?
                && let Ok(message) = FromMiner::parse(&text)
            {
                return Some(message);
            }
        }
    }

    async fn hears_nothing(&mut self) -> bool {
        tokio::time::timeout(SILENCE, self.socket.next())
            .await
            .is_err()
    }

    async fn initial_job(&mut self, job: &HashJob) {
        self.say(ToMiner::InitialJob(InitialJob {
            job_uuid: JOB.to_owned(),
            executor_class: Some(CLASS),
            base_docker_image_name: Some(job.base_image.to_owned()),
            timeout_seconds: Some(job.timeout.as_secs() as i64),
            volume: job.volume_in_initial_request.then(|| job.volume.clone()),
            volume_type: None,
        }))
        .await;
    }

    async fn job(&mut self, job: &HashJob) {
        self.say(ToMiner::Job(Job {
            job_uuid: JOB.to_owned(),
            executor_class: Some(CLASS),
            docker_image_name: Some(job.docker_image.to_owned()),
            raw_script: job.raw_script.map(str::to_owned),
            docker_run_options_preset: job.docker_run_options_preset.to_owned(),
            docker_run_cmd: job.docker_run_cmd.clone(),
            volume: (!job.volume_in_initial_request).then(|| job.volume.clone()),
            output_upload: None,
        }))
        .await;
    }

    /// Sends one whole job and collects what the miner says, in short: types, and answers.
    async fn drive(&mut self, job: &HashJob, expected: &[&str]) -> Vec<String> {
        let mut heard = Vec::new();
        self.initial_job(job).await;
        while heard.len() < expected.len() {
            let Some(message) = self.hear().await else {
                heard.push("closed".to_owned());
                break;
            };
            if matches!(message, FromMiner::ExecutorReady(_)) {
                self.job(job).await;
            }
            heard.push(in_short(&message, job));
        }
        heard
    }

    fn signed<T>(&self, payload: T, blob: &str) -> Signed<T> {
        Signed::new(payload, self.keypair.sign(blob.as_bytes()))
    }
}

fn in_short(message: &FromMiner, job: &HashJob) -> String {
    let text = match message {
        FromMiner::Manifest(_) => "manifest",
        FromMiner::AcceptJob(_) => "accept",
        FromMiner::DeclineJob(_) => "decline",
        FromMiner::ExecutorReady(_) => "ready",
        FromMiner::ExecutorFailed(_) => "executor failed",
        FromMiner::JobFinished(done) if done.docker_process_stdout == job.expected_answer => {
            "right"
        }
        FromMiner::JobFinished(_) => "wrong",
        FromMiner::JobFailed(_) => "failed",
        other => other.message_type(),
    };
    text.to_owned()
}

fn small_job(version: WeightsVersion) -> HashJob {
    generate(
        version,
        "a miner",
        0,
        Some(Size::new(1, 1, 3).expect("possible")),
    )
}

fn counts(message: Option<FromMiner>) -> Vec<(ClaimedClass, i64)> {
    match message {
        Some(FromMiner::Manifest(request)) => {
            let entries = request.manifest.executor_classes.into_iter();
            entries
                .map(|entry| (entry.executor_class, entry.count))
                .collect()
        }
        other => panic!("no manifest: {other:?}"),
    }
}

#[tokio::test]
async fn an_honest_miner_solves_jobs_of_every_version() {
    let miner = start(Behaviour::Honest);
    for version in WeightsVersion::ALL {
        let mut validator = Validator::introduced(&miner).await;
        assert_eq!(
            counts(validator.hear().await),
            [(ClaimedClass::Named(CLASS), 3)]
        );
        let expected = ["accept", "ready", "right"];
        assert_eq!(
            validator.drive(&small_job(version), &expected).await,
            expected
        );
    }
    let ledger = miner.ledger();
    assert_eq!(
        (ledger.connections, ledger.authenticated, ledger.refused),
        (5, 5, 0)
    );
    assert_eq!(ledger.initial_requests[JOB], 5);
    assert_eq!(ledger.job_requests[JOB], 5);
}

#[tokio::test]
async fn misbehaviours_show_in_the_order_of_messages() {
    let late = Behaviour::Late(Duration::from_millis(50));
    let cases: &[(Behaviour, &[&str])] = &[
        (Behaviour::Declines, &["manifest", "decline"]),
        (late, &["manifest", "accept", "ready", "right"]),
        (Behaviour::Wrong, &["manifest", "accept", "ready", "wrong"]),
        (
            Behaviour::OutOfOrder,
            &["manifest", "accept", "wrong", "ready", "right"],
        ),
        (
            Behaviour::Overwrites,
            &["manifest", "accept", "ready", "wrong", "right"],
        ),
        (
            Behaviour::ExecutorFails,
            &["manifest", "accept", "executor failed"],
        ),
        (
            Behaviour::FailsJobs,
            &["manifest", "accept", "ready", "failed"],
        ),
        (
            Behaviour::Huge { mebibytes: 3 },
            &["manifest", "accept", "ready", "wrong"],
        ),
        (Behaviour::Unauthorized, &["UnauthorizedError", "closed"]),
        (
            Behaviour::Garbage {
                is_honest_between: true,
            },
            &["manifest", "accept", "ready", "right"],
        ),
        (Behaviour::ClosesAt(Step::Connect), &["closed"]),
        (Behaviour::ClosesAt(Step::Manifest), &["closed"]),
        (Behaviour::ClosesAt(Step::Accept), &["manifest", "closed"]),
        (
            Behaviour::ClosesAt(Step::Ready),
            &["manifest", "accept", "closed"],
        ),
        (
            Behaviour::ClosesAt(Step::Finish),
            &["manifest", "accept", "ready", "closed"],
        ),
    ];
    let job = small_job(WeightsVersion::V4);
    for (behaviour, expected) in cases {
        let miner = start(behaviour.clone());
        let mut validator = Validator::introduced(&miner).await;
        assert_eq!(
            validator.drive(&job, expected).await,
            *expected,
            "{behaviour:?}"
        );
    }
}

#[tokio::test]
async fn silent_miners_say_no_more_after_their_step() {
    let cases: &[(Behaviour, &[&str])] = &[
        (Behaviour::SilentAtManifest, &["accept", "ready", "right"]),
        (Behaviour::SilentAfterAccept, &["manifest", "accept"]),
        (Behaviour::SilentAtJob, &["manifest", "accept", "ready"]),
        (
            Behaviour::Garbage {
                is_honest_between: false,
            },
            &[],
        ),
    ];
    let job = small_job(WeightsVersion::V4);
    for (behaviour, expected) in cases {
        let miner = start(behaviour.clone());
        let mut validator = Validator::introduced(&miner).await;
        assert_eq!(
            validator.drive(&job, expected).await,
            *expected,
            "{behaviour:?}"
        );
        if !matches!(behaviour, Behaviour::Garbage { .. }) {
            assert!(validator.hears_nothing().await, "{behaviour:?}");
        }
    }
}

#[tokio::test]
async fn a_dancing_miner_claims_another_count_at_each_connection() {
    let miner = start(Behaviour::Dancing(vec![1, 4]));
    for expected in [1, 4, 1] {
        let mut validator = Validator::introduced(&miner).await;
        assert_eq!(counts(validator.hear().await)[0].1, expected);
    }
}

#[tokio::test]
async fn a_huge_manifest_parses_and_an_unknown_class_does_not() {
    let miner = start(Behaviour::HugeManifest);
    let mut validator = Validator::introduced(&miner).await;
    assert_eq!(counts(validator.hear().await)[0].1, 1_000_000_000);

    let miner = start(Behaviour::UnknownClass);
    let mut validator = Validator::introduced(&miner).await;
    let frame = validator.frame().await.expect("a frame");
    assert!(FromMiner::parse(frame.to_text().expect("text")).is_err());
}

#[tokio::test]
async fn a_connection_that_is_lost_once_works_the_second_time() {
    let miner = start(Behaviour::ClosesOnceAt(Step::Manifest));
    let mut validator = Validator::introduced(&miner).await;
    assert!(validator.hear().await.is_none());
    let mut validator = Validator::introduced(&miner).await;
    assert_eq!(counts(validator.hear().await).len(), 1);
}

#[tokio::test]
async fn authentications_that_do_not_hold_are_refused() {
    let miner = start(Behaviour::Honest);
    let now = Utc::now().timestamp();
    let stranger = Keypair::from_seed(&[9; 32]).hotkey();
    let cases = [
        (miner.hotkey(), now - 60, UnauthorizedCode::TokenTooOld),
        (stranger, now, UnauthorizedCode::UnknownValidator),
    ];
    for (addressee, timestamp, code) in cases {
        let mut validator = Validator::connect(&miner).await;
        validator.authenticate(addressee, timestamp).await;
        match validator.hear().await {
            Some(FromMiner::Unauthorized(refusal)) => assert_eq!(refusal.code, code),
            other => panic!("not refused: {other:?}"),
        }
        assert!(validator.frame().await.is_none());
    }

    let mut validator = Validator::connect(&miner).await;
    validator.keypair = Keypair::from_seed(&[2; 32]); // not the one that the path names
    validator.authenticate(miner.hotkey(), now).await;
    assert!(matches!(
        validator.hear().await,
        Some(FromMiner::Unauthorized(_))
    ));

    let mut validator = Validator::connect(&miner).await;
    validator.initial_job(&small_job(WeightsVersion::V4)).await;
    assert!(matches!(
        validator.hear().await,
        Some(FromMiner::Unauthorized(_))
    ));
    assert_eq!(miner.ledger().refused, 4);
}

#[tokio::test]
async fn a_second_volume_is_refused() {
    let miner = start(Behaviour::Honest);
    let mut validator = Validator::introduced(&miner).await;
    let job = small_job(WeightsVersion::V4);
    validator.initial_job(&job).await;
    for _ in 0..3 {
        validator.hear().await.expect("manifest, accept, ready");
    }
    validator
        .job(&HashJob {
            volume_in_initial_request: false,
            ..job
        })
        .await;
    match validator.hear().await {
        Some(FromMiner::GenericError(error)) => {
            assert!(error.details.expect("details").contains("second volume"));
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn receipts_that_hold_are_published_with_both_signatures() {
    let miner = start(Behaviour::Honest);
    let mut validator = Validator::introduced(&miner).await;
    validator.hear().await.expect("manifest");
    let time = Utc
        .timestamp_opt(1_728_000_000, 123_456_000)
        .unwrap()
        .fixed_offset();
    let started = StartedReceipt {
        job_uuid: JOB.to_owned(),
        miner_hotkey: miner.hotkey().to_string(),
        validator_hotkey: validator.keypair.hotkey().to_string(),
        executor_class: CLASS,
        time_accepted: time,
        max_timeout: 53,
    };
    let finished = FinishedReceipt {
        job_uuid: JOB.to_owned(),
        miner_hotkey: miner.hotkey().to_string(),
        validator_hotkey: validator.keypair.hotkey().to_string(),
        time_started: time,
        time_took_us: 1_500_000,
        score_str: "1.05".to_owned(),
    };
    for _ in 0..2 {
        let signed = validator.signed(started.clone(), &started.blob());
        validator.say(ToMiner::StartedReceipt(signed)).await;
    }
    let signed = validator.signed(finished.clone(), &finished.blob());
    validator.say(ToMiner::FinishedReceipt(signed)).await;
    let forged = validator.signed(finished.clone(), "another text");
    validator.say(ToMiner::FinishedReceipt(forged)).await;

    let deadline = tokio::time::Instant::now() + PATIENCE;
    while miner.ledger().refused_receipts == 0 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{:?}",
            miner.ledger()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        miner.ledger().finished_receipts,
        std::slice::from_ref(&finished)
    );

    let csv = get(&miner, "/receipts/receipts.csv").await;
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 3, "{csv}");
    let cell = |row: usize, name: &str| {
        rows[row][rows[0]
            .iter()
            .position(|column| *column == name)
            .expect("a column")]
    };
    assert_eq!(cell(1, "type"), "JobStartedReceipt");
    assert_eq!(cell(1, "time_accepted"), "2024-10-04T00:00:00.123456+00:00");
    assert_eq!(cell(1, "score_str"), "");
    assert_eq!(cell(2, "type"), "JobFinishedReceipt");
    assert_eq!(cell(2, "time_took_us"), "1500000");
    for (row, blob) in [(1, started.blob()), (2, finished.blob())] {
        for (column, signer) in [
            ("validator_signature", validator.keypair.hotkey()),
            ("miner_signature", miner.hotkey()),
        ] {
            let signature: Signature = cell(row, column).parse().expect("a signature");
            assert!(verify(&signer, blob.as_bytes(), &signature));
        }
    }
}

#[tokio::test]
async fn a_dropped_miner_hangs_up() {
    let miner = start(Behaviour::Honest);
    let mut validator = Validator::introduced(&miner).await;
    validator.hear().await.expect("manifest");
    let address = miner.address();
    drop(miner);
    assert!(validator.frame().await.is_none());
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while TcpStream::connect(address).await.is_ok() {
        assert!(tokio::time::Instant::now() < deadline, "still listening");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The body of one plain HTTP exchange.
async fn get(miner: &Miner, path: &str) -> String {
    let mut stream = TcpStream::connect(miner.address())
        .await
        .expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: miner\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("received");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

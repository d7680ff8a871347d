//! The devnet's facilitator, spoken to by a bare websocket client: what it does when it is
//! honest, and that every misbehaviour does what its name says.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use horde_validator::devnet::facilitator::{
    After, Behaviour, Facilitator, FacilitatorConfig, Ledger, Versions, Which,
};
use horde_validator::keys::Keypair;
use horde_validator::wire::facilitator::{
    Authentication, JobRequestV0, JobRequestV1, JobStatus, JobStatusUpdate, MachineSpecsUpdate,
    Response, ResponseStatus,
};
use horde_validator::wire::{FromFacilitator, ToFacilitator, Volume};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const JOB: &str = "7c1bb6a4-8e4c-4f0d-a8a5-1f5a4d0b3a10";

/// Longer than anything takes here; a facilitator that says nothing is given this much.
const PATIENCE: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_millis(300);

fn start(behaviour: Behaviour) -> Facilitator {
    Facilitator::start(FacilitatorConfig::default().behaving(behaviour)).expect("a free port")
}

fn keypair() -> Keypair {
    Keypair::from_seed(&[1; 32])
}

fn job(uuid: &str) -> JobRequestV0 {
    JobRequestV0::new(uuid.to_owned(), "a miner".to_owned(), "echo".to_owned())
}

fn update(status: JobStatus) -> ToFacilitator {
    ToFacilitator::JobStatus(JobStatusUpdate {
        uuid: JOB.to_owned(),
        status,
        metadata: None,
    })
}

async fn until(facilitator: &Facilitator, is_so: impl Fn(&Ledger) -> bool) -> Ledger {
    facilitator
        .wait_until(|ledger| is_so(ledger).then(|| ledger.clone()), PATIENCE)
        .await
        .expect("it comes")
}

/// A validator that says what it is told to.
struct Validator(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    CloseFrame,
    Without,
}

impl Validator {
    async fn connect(facilitator: &Facilitator) -> Self {
        let (socket, _) = connect_async(facilitator.url()).await.expect("connected");
        Self(socket)
    }

    /// Connected, authenticated and welcome.
    async fn welcome(facilitator: &Facilitator) -> Self {
        let mut validator = Self::connect(facilitator).await;
        assert_eq!(
            validator.authenticate().await,
            Some(ResponseStatus::Success)
        );
        validator
    }

    async fn authenticate(&mut self) -> Option<ResponseStatus> {
        let request = Authentication::of(&keypair());
        self.say(ToFacilitator::Authentication(request)).await;
        self.answer().await.ok().map(|answer| answer.status)
    }

    async fn say(&mut self, message: ToFacilitator) {
        self.send(Message::text(message.to_json())).await;
    }

    async fn send(&mut self, frame: Message) {
        // the facilitator may have gone in the meantime
        let _ = self.0.send(frame).await;
    }

    async fn frame(&mut self) -> Result<Message, End> {
        let frame = tokio::time::timeout(PATIENCE, self.0.next()).await;
        match frame.expect("in time") {
            Some(Ok(Message::Close(_))) => Err(End::CloseFrame),
            Some(Ok(frame)) => Ok(frame),
            Some(Err(_)) | None => Err(End::Without),
        }
    }

    async fn hear(&mut self) -> Result<FromFacilitator, End> {
        let frame = self.frame().await?;
        let text = frame.to_text().expect("a text frame");
        Ok(FromFacilitator::parse(text).expect("a message"))
    }

    async fn answer(&mut self) -> Result<Response, End> {
        match self.hear().await? {
            FromFacilitator::Response(response) => Ok(response),
            other => panic!("no answer: {other:?}"),
        }
    }

    async fn job_uuid(&mut self) -> String {
        match self.hear().await.expect("a job") {
            FromFacilitator::JobV0(job) => job.uuid,
            FromFacilitator::JobV1(job) => job.uuid,
            FromFacilitator::Response(response) => panic!("no job: {response:?}"),
        }
    }

    async fn hears_nothing(&mut self) -> bool {
        tokio::time::timeout(SILENCE, self.0.next()).await.is_err()
    }

    /// Says everything there is to say, in order; returns the first things heard, in short.
    async fn tell_all(&mut self, most: usize) -> Vec<&'static str> {
        let authentication = Authentication::of(&keypair());
        let messages = [
            ToFacilitator::Authentication(authentication),
            ToFacilitator::Heartbeat {},
            update(JobStatus::Accepted),
            update(JobStatus::Completed),
        ];
        for message in messages {
            self.say(message).await;
        }
        let mut heard = Vec::new();
        while heard.len() < most {
            heard.push(match self.hear().await {
                Ok(FromFacilitator::Response(response)) => match response.status {
                    ResponseStatus::Success => "success",
                    ResponseStatus::Error => "error",
                },
                Ok(FromFacilitator::JobV0(_) | FromFacilitator::JobV1(_)) => "job",
                Err(End::CloseFrame) => "closed",
                Err(End::Without) => "dropped",
            });
            if matches!(heard.last(), Some(&("closed" | "dropped"))) {
                break;
            }
        }
        heard
    }
}

#[tokio::test]
async fn an_honest_facilitator_hands_out_each_job_once_and_answers_each_update() {
    let facilitator = start(Behaviour::Honest);
    let mut with_volume =
        JobRequestV1::new("two".to_owned(), "a miner".to_owned(), "echo".to_owned());
    with_volume.volume = Some(Volume::inline(Volume::EMPTY_ZIP.to_owned()));
    facilitator.order(job("one"));
    facilitator.order(with_volume.clone());

    let mut validator = Validator::welcome(&facilitator).await;
    match validator.hear().await {
        Ok(FromFacilitator::JobV0(first)) => assert_eq!(first, job("one")),
        other => panic!("not the first job: {other:?}"),
    }
    match validator.hear().await {
        Ok(FromFacilitator::JobV1(second)) => assert_eq!(second, with_volume),
        other => panic!("not the second job: {other:?}"),
    }
    facilitator.order(job("three"));
    assert_eq!(validator.job_uuid().await, "three");

    validator.say(ToFacilitator::Heartbeat {}).await;
    for status in [JobStatus::Accepted, JobStatus::Completed] {
        validator.say(update(status)).await;
        let answer = validator.answer().await.expect("an answer");
        assert_eq!(answer.status, ResponseStatus::Success);
        assert_eq!(answer.errors, []);
    }
    let specs = MachineSpecsUpdate {
        miner_hotkey: "a miner".to_owned(),
        validator_hotkey: "a validator".to_owned(),
        specs: json!({"gpu": {"count": 8}}),
        batch_id: JOB.to_owned(),
    };
    validator
        .say(ToFacilitator::MachineSpecs(specs.clone()))
        .await;
    validator.answer().await.expect("an answer");

    let ledger = facilitator.ledger();
    assert_eq!((ledger.connections, ledger.authenticated), (1, 1));
    assert_eq!((ledger.refused, ledger.heartbeats), (0, 1));
    assert_eq!(ledger.specs, [specs]);
    assert_eq!(
        ledger.statuses(JOB),
        [JobStatus::Accepted, JobStatus::Completed]
    );
    assert_eq!(ledger.statuses("one"), []);
    let counts: Vec<_> = ledger.handed_out.into_iter().collect();
    let once = |uuid: &str| (uuid.to_owned(), 1);
    assert_eq!(counts, [once("one"), once("three"), once("two")]);

    drop(validator);
    let mut validator = Validator::welcome(&facilitator).await;
    assert!(validator.hears_nothing().await);
}

#[tokio::test]
async fn authentications_that_do_not_hold_are_refused() {
    let allowed = vec![keypair().hotkey()];
    let facilitator = Facilitator::start(FacilitatorConfig {
        allowed,
        ..FacilitatorConfig::default()
    })
    .expect("a free port");
    let good = Authentication::of(&keypair());
    let stranger = Authentication::of(&Keypair::from_seed(&[2; 32]));
    let refused = [
        stranger.clone(),
        Authentication {
            signature: stranger.signature,
            ..good.clone()
        },
        Authentication {
            public_key: format!("0x{}", good.public_key),
            ..good.clone()
        },
        Authentication {
            signature: good.signature.trim_start_matches("0x").to_owned(),
            ..good.clone()
        },
    ];
    for request in refused {
        let mut validator = Validator::connect(&facilitator).await;
        validator.say(ToFacilitator::Authentication(request)).await;
        let answer = validator.answer().await.expect("an answer");
        assert_eq!(answer.status, ResponseStatus::Error);
        assert!(!answer.errors[0].msg.is_empty(), "{answer:?}");
        assert_eq!(validator.frame().await, Err(End::CloseFrame));
    }
    assert_eq!(facilitator.ledger().refused, 4);
    Validator::welcome(&facilitator).await;
    assert_eq!(facilitator.ledger().authenticated, 1);
}

#[tokio::test]
async fn the_versions_of_each_connection_are_kept() {
    let facilitator = start(Behaviour::Honest);
    let mut request = facilitator.url().into_client_request().expect("an address");
    let headers = request.headers_mut();
    headers.insert("X-Validator-Version", "1.2".parse().expect("a value"));
    headers.insert("X-Validator-Runner-Version", "3".parse().expect("a value"));
    connect_async(request).await.expect("connected");
    Validator::connect(&facilitator).await;
    let ledger = until(&facilitator, |ledger| ledger.connections == 2).await;
    let told = Versions {
        validator: Some("1.2".to_owned()),
        runner: Some("3".to_owned()),
    };
    assert_eq!(ledger.versions, [told, Versions::default()]);
}

#[tokio::test]
async fn messages_that_do_not_belong_are_answered_with_an_error_and_kept() {
    let facilitator = start(Behaviour::Honest);
    let mut validator = Validator::connect(&facilitator).await;
    let early = update(JobStatus::Failed);
    validator.say(early.clone()).await;
    let mut answers = vec![validator.answer().await.expect("an answer")];
    assert_eq!(
        validator.authenticate().await,
        Some(ResponseStatus::Success)
    );
    let frames = [
        Message::text("not JSON"),
        Message::text(r#"{"message_type": "V9Unheard"}"#),
        Message::text(r#"{"message_type": "V0JobStatusUpdate", "uuid": "x", "status": "odd"}"#),
        Message::binary(vec![0xff]),
        Message::text(ToFacilitator::Authentication(Authentication::of(&keypair())).to_json()),
    ];
    for frame in frames {
        validator.send(frame).await;
        answers.push(validator.answer().await.expect("an answer"));
    }
    for answer in answers {
        assert_eq!(answer.status, ResponseStatus::Error);
        assert_eq!(answer.errors.len(), 1);
    }
    let ledger = facilitator.ledger();
    assert_eq!(ledger.unexpected.len(), 6);
    assert_eq!(ledger.unexpected[0], early.to_json());
    assert_eq!(ledger.updates, []);
}

#[tokio::test]
async fn heartbeats_are_answered_if_the_config_says_so() {
    let facilitator = Facilitator::start(FacilitatorConfig {
        answers_heartbeats: true,
        ..FacilitatorConfig::default()
    })
    .expect("a free port");
    let mut validator = Validator::welcome(&facilitator).await;
    validator.say(ToFacilitator::Heartbeat {}).await;
    validator.answer().await.expect("an answer");
}

#[tokio::test]
async fn the_newest_connection_gets_the_jobs_until_it_ends() {
    let facilitator = start(Behaviour::Honest);
    let mut older = Validator::welcome(&facilitator).await;
    let mut newer = Validator::welcome(&facilitator).await;
    facilitator.order(job("one"));
    assert_eq!(newer.job_uuid().await, "one");
    drop(newer);
    until(&facilitator, |ledger| ledger.ended == 1).await;
    facilitator.order(job("two"));
    assert_eq!(older.job_uuid().await, "two");
}

#[tokio::test]
async fn a_raw_text_is_handed_out_as_it_stands() {
    let facilitator = start(Behaviour::Honest);
    facilitator.order(r#"{"uuid": "odd", "message_type": "V7"}"#.to_owned());
    facilitator.order("no JSON".to_owned());
    let mut validator = Validator::welcome(&facilitator).await;
    let first = validator.frame().await.expect("a frame");
    assert_eq!(
        first,
        Message::text(r#"{"uuid": "odd", "message_type": "V7"}"#)
    );
    let second = validator.frame().await.expect("a frame");
    assert_eq!(second, Message::text("no JSON"));
    until(&facilitator, |ledger| {
        ledger.handed_out.get("odd") == Some(&1) && ledger.handed_out.get("") == Some(&1)
    })
    .await;
}

#[tokio::test]
async fn each_misbehaviour_shows_in_what_is_heard() {
    let final_one = After::StatusUpdate(Which::Final);
    let accepted = After::StatusUpdate(Which::Accepted);
    let cases: &[(Behaviour, &[&str])] = &[
        (Behaviour::RefusesAuthentication, &["error", "closed"]),
        (Behaviour::ClosesAfter(After::Connect), &["closed"]),
        (
            Behaviour::ClosesAfter(After::Authentication),
            &["success", "closed"],
        ),
        (
            Behaviour::ClosesAfter(After::Heartbeat),
            &["success", "closed"],
        ),
        (
            Behaviour::ClosesAfter(accepted),
            &["success", "success", "closed"],
        ),
        (
            Behaviour::ClosesAfter(After::StatusUpdate(Which::Any)),
            &["success", "success", "closed"],
        ),
        (
            Behaviour::ClosesAfter(final_one),
            &["success", "success", "success", "closed"],
        ),
        (Behaviour::ForgetsUpdates, &["success", "dropped"]),
        (Behaviour::ErrorResponses, &["success", "error", "error"]),
    ];
    for (behaviour, expected) in cases {
        let facilitator = start(behaviour.clone());
        let mut validator = Validator::connect(&facilitator).await;
        let mut heard = validator.tell_all(expected.len()).await;
        assert_eq!(heard, *expected, "{behaviour:?}");
        // every time
        let mut validator = Validator::connect(&facilitator).await;
        heard = validator.tell_all(expected.len()).await;
        assert_eq!(heard, *expected, "{behaviour:?}, again");
    }
}

#[tokio::test]
async fn a_connection_may_be_lost_with_each_job_or_with_the_first_one_only() {
    let facilitator = start(Behaviour::ClosesAfter(After::JobRequest));
    for uuid in ["one", "two"] {
        facilitator.order(job(uuid));
        let mut validator = Validator::welcome(&facilitator).await;
        assert_eq!(validator.job_uuid().await, uuid);
        assert_eq!(validator.frame().await, Err(End::CloseFrame));
    }
    facilitator.behave(Behaviour::ClosesOnceAfter(After::JobRequest));
    facilitator.order(job("three"));
    facilitator.order(job("four"));
    let mut validator = Validator::welcome(&facilitator).await;
    assert_eq!(validator.job_uuid().await, "three");
    assert_eq!(validator.frame().await, Err(End::CloseFrame));
    let mut validator = Validator::welcome(&facilitator).await;
    assert_eq!(validator.job_uuid().await, "four");
    facilitator.order(job("five"));
    assert_eq!(validator.job_uuid().await, "five");
}

#[tokio::test]
async fn a_forgotten_update_is_in_the_ledger_without_an_answer() {
    let facilitator = start(Behaviour::ForgetsUpdates);
    let mut validator = Validator::welcome(&facilitator).await;
    validator.say(update(JobStatus::Accepted)).await;
    assert_eq!(validator.frame().await, Err(End::Without));
    facilitator.behave(Behaviour::Honest);
    let mut validator = Validator::welcome(&facilitator).await;
    validator.say(update(JobStatus::Accepted)).await;
    validator.answer().await.expect("an answer");
    let ledger = facilitator.ledger();
    let seen = ledger
        .updates_of(JOB)
        .map(|one| (one.connection, one.answer));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [(0, None), (1, Some(ResponseStatus::Success))]
    );
}

#[tokio::test]
async fn duplicated_requests_come_twice() {
    let facilitator = start(Behaviour::DuplicatesRequests);
    let mut validator = Validator::welcome(&facilitator).await;
    facilitator.order(job("one"));
    for _ in 0..2 {
        assert_eq!(validator.job_uuid().await, "one");
    }
    assert!(validator.hears_nothing().await);
    assert_eq!(facilitator.ledger().handed_out["one"], 2);
}

#[tokio::test]
async fn malformed_requests_come_before_the_good_one() {
    let facilitator = start(Behaviour::MalformedRequests);
    let mut validator = Validator::welcome(&facilitator).await;
    facilitator.order(job("one"));
    let (mut malformed, mut binary, mut longest) = (0, 0, 0);
    loop {
        let frame = validator.frame().await.expect("a frame");
        match frame {
            Message::Text(text) => match FromFacilitator::parse(&text) {
                Ok(FromFacilitator::JobV0(good)) => {
                    assert_eq!(good.uuid, "one");
                    break;
                }
                Ok(other) => panic!("{other:?}"),
                Err(_) => {
                    malformed += 1;
                    longest = longest.max(text.len());
                }
            },
            Message::Binary(_) => binary += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(malformed >= 6, "{malformed}");
    assert_eq!((binary, longest), (1, 1 << 20));
}

#[tokio::test]
async fn a_huge_frame_follows_the_authentication() {
    let facilitator = start(Behaviour::HugeFrame { mebibytes: 3 });
    let mut validator = Validator::welcome(&facilitator).await;
    let frame = validator.frame().await.expect("a frame");
    assert_eq!(frame.len(), 3 << 20);
}

#[tokio::test]
async fn a_facilitator_may_be_silent_from_the_start() {
    let facilitator = start(Behaviour::SilentBeforeUpgrade);
    let upgrade = tokio::time::timeout(SILENCE, connect_async(facilitator.url())).await;
    assert!(upgrade.is_err(), "{upgrade:?}");

    facilitator.behave(Behaviour::SilentAfterConnect);
    let mut validator = Validator::connect(&facilitator).await;
    let request = Authentication::of(&keypair());
    validator.say(ToFacilitator::Authentication(request)).await;
    validator.send(Message::Ping("?".into())).await;
    assert!(validator.hears_nothing().await);
    assert_eq!(facilitator.ledger().authenticated, 0);
}

#[tokio::test]
async fn a_half_dead_connection_answers_no_ping_and_gets_no_job() {
    let facilitator = start(Behaviour::Honest);
    let mut validator = Validator::welcome(&facilitator).await;
    validator.send(Message::Ping("?".into())).await;
    assert_eq!(validator.frame().await, Ok(Message::Pong("?".into())));
    assert_eq!(facilitator.ledger().pings, 1);

    facilitator.behave(Behaviour::SilentAfterAuthentication);
    facilitator.order(job("one"));
    validator.send(Message::Ping("?".into())).await;
    assert!(validator.hears_nothing().await);

    let mut second = Validator::welcome(&facilitator).await;
    second.send(Message::Ping("?".into())).await;
    second.say(update(JobStatus::Failed)).await;
    assert!(second.hears_nothing().await);

    facilitator.behave(Behaviour::Honest);
    let mut third = Validator::welcome(&facilitator).await;
    assert_eq!(third.job_uuid().await, "one");
    assert_eq!(facilitator.ledger().updates, []);
}

#[tokio::test]
async fn a_pause_drops_connections_and_refuses_new_ones_and_the_same_port_serves_again() {
    let facilitator = start(Behaviour::Honest);
    for round in 1..=3 {
        let mut validator = Validator::welcome(&facilitator).await;
        facilitator.pause();
        assert!(connect_async(facilitator.url()).await.is_err());
        assert_eq!(validator.frame().await, Err(End::Without));
        facilitator.order(job("one"));
        facilitator.resume().expect("the port is free");
        let mut validator = Validator::welcome(&facilitator).await;
        assert_eq!(validator.job_uuid().await, "one");
        until(&facilitator, |ledger| {
            ledger.handed_out.get("one") == Some(&round)
        })
        .await;
    }
}

#[tokio::test]
async fn another_facilitator_can_take_the_port_of_a_dropped_one_at_once() {
    let mut facilitator = start(Behaviour::Honest);
    for _ in 0..3 {
        let mut validator = Validator::welcome(&facilitator).await;
        let port = facilitator.port();
        drop(facilitator);
        facilitator = Facilitator::start(FacilitatorConfig {
            port,
            ..FacilitatorConfig::default()
        })
        .expect("the port is free");
        assert_eq!(validator.frame().await, Err(End::Without));
    }
    Validator::welcome(&facilitator).await;
}

#[tokio::test]
async fn who_waits_in_vain_gets_the_ledger() {
    let facilitator = start(Behaviour::Honest);
    let found = facilitator
        .wait_until(|ledger| ledger.updates.first().cloned(), SILENCE)
        .await;
    assert_eq!(found.expect_err("nobody said anything").connections, 0);
}

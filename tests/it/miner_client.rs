//! The websocket to a miner, against miners that do not mean well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::Utc;
use horde_validator::keys::{Hotkey, Keypair, Signature, verify};
use horde_validator::miner::{
    Acceptance, Caller, Clock, CloseReason, Closed, Final, LargeMessages, Limits, MinerAddress,
    MinerClient, Tap,
};
use horde_validator::wire::ToMiner;
use horde_validator::wire::to_miner::Signed;
use tokio::time::timeout;

use crate::peer::{self, Line, Peer};

const DEFAULT: &str = "spin_up-4min.gpu-24gb";

pub(crate) fn caller() -> Caller {
    Caller {
        keypair: Arc::new(Keypair::from_seed(&[7; 32])),
        limits: Limits::SYNTHETIC.scaled(0.01),
        clock: Clock::showing(Utc::now()),
        room: LargeMessages::default(),
        tap: Tap::default(),
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future)
        .await
        .expect("it does not take long")
}

/// A miner that introduces itself and then says these texts.
async fn talker(texts: Vec<String>) -> (Peer, MinerClient) {
    let peer = Peer::new("miner", move |mut line: Line| {
        let texts = texts.clone();
        async move {
            line.introduce(DEFAULT, 1).await;
            for text in texts {
                line.say(text).await;
            }
            line.stay().await;
        }
    })
    .await;
    let client = MinerClient::connect(peer.address.clone(), caller());
    client.expect(["job".to_owned()]);
    (peer, client)
}

#[tokio::test]
async fn the_first_message_says_who_calls_and_is_signed() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let peer = Peer::new("miner", move |mut line: Line| {
        let heard = heard.clone();
        async move {
            let _ = heard.send(line.hear().await);
            line.stay().await;
        }
    })
    .await;
    let _client = MinerClient::connect(peer.address.clone(), caller());
    let Some(Some(ToMiner::Authenticate(Signed { payload, signature }))) = soon(hears.recv()).await
    else {
        panic!("no authentication came first")
    };
    let validator: Hotkey = payload.validator_hotkey.parse().expect("our hotkey");
    let signature: Signature = signature.parse().expect("our signature");
    assert!(verify(&validator, payload.blob().as_bytes(), &signature));
    assert_eq!(payload.miner_hotkey, "miner");
    assert!((Utc::now().timestamp() - payload.timestamp).abs() < 10);
}

#[tokio::test]
async fn of_each_kind_of_answer_only_the_first_counts() {
    let (_peer, client) = talker(vec![
        peer::about("V0AcceptJobRequest", "job"),
        peer::about("V0DeclineJobRequest", "job"),
        peer::finished("another", "not ours"),
        peer::finished("job", "first"),
        peer::finished("job", "second"),
        peer::about("V0ExecutorReadyRequest", "job"),
    ])
    .await;
    soon(client.until(|jobs| jobs["job"].readiness))
        .await
        .expect("still connected");
    let answers = client.answers("job");
    assert_eq!(
        answers.acceptance.expect("answered").what,
        Acceptance::Accepted
    );
    let Some(Final::Finished(end)) = answers.end.map(|end| end.what) else {
        panic!("finished")
    };
    assert_eq!(end.docker_process_stdout, "first");
}

#[tokio::test]
async fn only_the_first_manifest_counts() {
    let (_peer, client) = talker(vec![
        peer::manifest(DEFAULT, 900),
        peer::about("V0AcceptJobRequest", "job"),
    ])
    .await;
    soon(client.until(|jobs| jobs["job"].acceptance))
        .await
        .expect("still connected");
    let manifest = client
        .manifest()
        .await
        .expect("there")
        .what
        .expect("readable");
    assert_eq!(manifest.executor_classes[0].count, 1);
}

#[tokio::test]
async fn garbage_is_answered_a_few_times_and_then_only_dropped() {
    let complaints = Arc::new(AtomicU32::new(0));
    let heard = complaints.clone();
    let peer = Peer::new("miner", move |mut line: Line| {
        let heard = heard.clone();
        async move {
            line.introduce(DEFAULT, 1).await;
            for _ in 0..50 {
                line.say("{\"garbage\": [").await;
            }
            line.say(peer::about("V0AcceptJobRequest", "job")).await;
            while let Some(ToMiner::GenericError(_)) = line.hear().await {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let client = MinerClient::connect(peer.address.clone(), caller());
    client.expect(["job".to_owned()]);
    soon(client.until(|jobs| jobs["job"].acceptance))
        .await
        .expect("still connected");
    assert_eq!(client.message_counts()[""], 50);
    client.close().await;
    soon(async {
        while complaints.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(complaints.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_manifest_with_an_unknown_class_names_the_class() {
    let peer = Peer::new("miner", |mut line: Line| async move {
        line.introduce("always_on.gpu-80gb", 1).await;
        line.stay().await;
    })
    .await;
    let client = MinerClient::connect(peer.address.clone(), caller());
    let error = soon(client.manifest())
        .await
        .expect("there")
        .what
        .expect_err("unusable");
    assert!(error.contains("`always_on.gpu-80gb`"), "{error}");
}

#[tokio::test]
async fn a_miner_that_refuses_us_is_not_asked_again() {
    let connections = Arc::new(AtomicU32::new(0));
    let counted = connections.clone();
    let peer = Peer::new("miner", move |mut line: Line| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            line.say(r#"{"message_type": "GenericError", "details": "Unknown validator: us"}"#)
                .await;
            line.stay().await;
        }
    })
    .await;
    let client = MinerClient::connect(peer.address.clone(), caller());
    let Err(Closed(CloseReason::Unauthorized { details })) = soon(client.manifest()).await else {
        panic!("unauthorized")
    };
    assert_eq!(details, "Unknown validator: us");
    assert!(client.send(&["{}".into()]).await.is_err());
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_silent_port_is_given_up_after_four_attempts() {
    let address = MinerAddress {
        hotkey: "miner".into(),
        host: "127.0.0.1".into(),
        port: 9,
    };
    let client = MinerClient::connect(address, caller());
    let Err(Closed(CloseReason::Unreachable { attempts, .. })) = soon(client.manifest()).await
    else {
        panic!("unreachable")
    };
    assert_eq!(attempts, 4);
}

#[tokio::test]
async fn a_send_reconnects_and_authenticates_again() {
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let is_first = Arc::new(AtomicU32::new(0));
    let peer = Peer::new("miner", move |mut line: Line| {
        let (heard, nth) = (heard.clone(), is_first.fetch_add(1, Ordering::SeqCst));
        async move {
            line.introduce(DEFAULT, 1).await;
            if nth > 0 {
                let _ = heard.send(line.hear().await);
                line.stay().await;
            }
        }
    })
    .await;
    let client = MinerClient::connect(peer.address.clone(), caller());
    soon(client.manifest())
        .await
        .expect("there")
        .what
        .expect("readable");
    let text = r#"{"message_type": "GenericError", "details": "after the break"}"#;
    loop {
        // the first sends may vanish in the broken connection without an error
        soon(client.send(&[text.into()]))
            .await
            .expect("not closed for good");
        if let Ok(Some(message)) = timeout(Duration::from_millis(50), hears.recv()).await {
            let Some(ToMiner::GenericError(error)) = message else {
                panic!("{message:?}")
            };
            assert_eq!(error.details.as_deref(), Some("after the break"));
            return;
        }
    }
}

#[tokio::test]
async fn a_huge_answer_is_read_while_there_is_room_and_kept_short() {
    let (_peer, client) = talker(vec![peer::finished("job", &"x".repeat(20 << 20))]).await;
    let end = soon(client.until(|jobs| jobs["job"].end.clone()))
        .await
        .expect("still connected");
    let Final::Finished(end) = end.what else {
        panic!("finished")
    };
    assert_eq!(end.docker_process_stdout.len(), 4096);
}

#[tokio::test]
async fn a_miner_that_only_makes_noise_is_left() {
    let noise = vec!["n".repeat(1 << 20); 200];
    let (_peer, client) = talker(noise).await;
    let closed = soon(client.until(|jobs| jobs["job"].end.clone())).await;
    assert_eq!(closed.expect_err("closed"), Closed(CloseReason::Noise));
}

//! What a miner sends: one message, and all the bytes of a connection.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use horde_validator::miner::{Clock, Inbox, JobAnswers, LargeMessages, Next, Sieve, capped};
use horde_validator::wire::FromMiner;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::vectors;

/// As in the vectors, so that mutations of those are answers to it.
const JOB: &str = "071ad4fc-4f7c-4dd0-8098-b11068742996";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
const MOST_EXECUTORS: u32 = 1000;

pub(super) fn message(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match FromMiner::parse(text) {
        Ok(message) => {
            let written = message.to_json();
            let again = FromMiner::parse(&written).expect("what we write can be read");
            assert_eq!(again.to_json(), written);
            assert_eq!(again.message_type(), message.message_type());
            assert_eq!(again.is_unauthorized(), message.is_unauthorized());
            if let FromMiner::Manifest(request) = &message
                && let Ok(executors) = capped(&request.manifest, &BTreeMap::new(), MOST_EXECUTORS)
            {
                assert!(executors.values().all(|count| *count > 0));
                assert!(executors.values().sum::<u32>() <= MOST_EXECUTORS);
            }
        }
        Err(malformed) => {
            let text = malformed.to_string();
            assert!(text.len() <= 1000, "{} bytes", text.len());
        }
    }
    heard(&mut inbox(), text);
}

fn inbox() -> Inbox {
    let mut inbox = Inbox::default();
    inbox.jobs.insert(JOB.to_owned(), JobAnswers::default());
    inbox
}

/// What is kept is small, whatever is said.
fn heard(inbox: &mut Inbox, text: &str) -> Next {
    let at = Clock::showing(chrono::DateTime::UNIX_EPOCH).now();
    let next = inbox.take(FromMiner::parse(text), text.len(), at);
    let kept = format!("{:?} {:?}", inbox.manifest, inbox.jobs[JOB]);
    // a text is up to ten times longer where it is escaped
    assert!(kept.len() <= 1 << 20, "{} bytes are kept", kept.len());
    assert_eq!(inbox.jobs.len(), 1, "no job comes from a miner");
    next
}

pub(super) fn message_seeds() -> Vec<Vec<u8>> {
    vectors::messages("miner_to_validator")
}

/// Frames after a handshake that went well.
pub(super) fn connection(input: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().expect("a runtime");
    runtime.block_on(read(input));
}

async fn read(frames: &[u8]) {
    let bytes = [RESPONSE, frames].concat();
    let socket = tokio::io::join(bytes.as_slice(), tokio::io::sink());
    let mut sieve = Sieve::new(socket, LargeMessages::default());
    let mut response = [0; RESPONSE.len()];
    sieve.read_exact(&mut response).await.expect("it is there");
    assert_eq!(response, RESPONSE);
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
    let socket = WebSocketStream::from_raw_socket(sieve, Role::Client, Some(config)).await;
    let mut messages = std::pin::pin!(socket);
    let (mut inbox, mut said) = (inbox(), 0);
    while let Some(Ok(message)) = messages.next().await {
        said += message.len();
        let next = match message {
            Message::Text(text) => heard(&mut inbox, &text),
            Message::Binary(bytes) => heard(&mut inbox, std::str::from_utf8(&bytes).unwrap_or("")),
            Message::Close(_) => return,
            _ => inbox.hear_noise(0),
        };
        assert!(said <= frames.len(), "more is heard than was said");
        if let Next::Close(_) = next {
            return;
        }
    }
}

pub(super) fn connection_seeds() -> Vec<Vec<u8>> {
    let messages = message_seeds().into_iter().step_by(5);
    let mut seeds: Vec<Vec<u8>> = messages.map(|text| frame(0x81, &text)).collect();
    let halves = [
        frame(0x01, b"{\"message_type\":"),
        frame(0x80, b" \"GenericError\"}"),
    ];
    seeds.push(halves.concat());
    seeds.push(
        [
            frame(0x89, b"ping"),
            frame(0x8a, b""),
            frame(0x88, b"\x03\xe8"),
        ]
        .concat(),
    );
    seeds.push(frame(0x82, &[b'x'; 70_000]));
    seeds
}

/// Not masked, as a server sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => bytes.push(short as u8),
        Ok(size) => {
            bytes.push(126);
            bytes.extend(size.to_be_bytes());
        }
        Err(_) => {
            bytes.push(127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

//! The line to a facilitator that hands out a job with the last it says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use horde_validator::devnet::accounts::Account;
use horde_validator::facilitator::{Caller, Limits, Line, LineEvent};
use horde_validator::wire::facilitator::{FromFacilitator, JobRequestV0, Response, ResponseStatus};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TcpStream>;

const PATIENCE: Duration = Duration::from_secs(20);

fn open(port: u16, limits: Limits) -> Line<u64> {
    let caller = Caller {
        uri: format!("ws://127.0.0.1:{port}/"),
        keypair: Arc::new(Account::validator().keypair()),
        version: "1".to_owned(),
        runner_version: "1".to_owned(),
        limits,
    };
    Line::open(caller, 0)
}

/// Takes a connection and its authentication.
async fn greet(listener: &TcpListener) -> Socket {
    let (tcp, _) = listener.accept().await.expect("a connection");
    let mut socket = tokio_tungstenite::accept_async(tcp)
        .await
        .expect("a websocket");
    let _authentication = socket.next().await.expect("a message").expect("readable");
    let success = FromFacilitator::Response(Response {
        status: ResponseStatus::Success,
        errors: Vec::new(),
    });
    say(&mut socket, &success).await;
    socket
}

async fn say(socket: &mut Socket, message: &FromFacilitator) {
    let sent = socket.send(Message::text(message.to_json())).await;
    sent.expect("the other end is there");
}

fn job() -> FromFacilitator {
    let hotkey = Account::miner(0).hotkey().to_string();
    FromFacilitator::JobV0(JobRequestV0::new(
        "job".to_owned(),
        hotkey,
        "x/echo:1".to_owned(),
    ))
}

/// Whether the job comes before the connection is over.
async fn hears_the_job(line: &mut Line<u64>) -> bool {
    loop {
        match timeout(PATIENCE, line.events.recv()).await {
            Ok(Some(LineEvent::Said(said))) => return matches!(*said, FromFacilitator::JobV0(_)),
            Ok(None | Some(LineEvent::Down { .. })) => return false,
            Ok(Some(_)) => {}
            Err(_) => panic!("the line says nothing"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_heard_from_a_facilitator_that_hears_no_more() {
    // this end always has something to say, and finds out by it
    let limits = Limits {
        heartbeat: Duration::from_nanos(1),
        ..Limits::PRODUCTION
    };
    for time in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let mut line = open(port, limits);
        let mut socket = greet(&listener).await;
        say(&mut socket, &job()).await;
        // what it has not read makes this a reset
        drop(socket);
        assert!(hears_the_job(&mut line).await, "the {time}th time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_on_its_way_is_heard_behind_the_farewell() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let mut line = open(port, Limits::PRODUCTION);
    let (hung_up, has_hung_up) = oneshot::channel();
    let facilitator = tokio::spawn(async move {
        let mut socket = greet(&listener).await;
        has_hung_up.await.expect("the test goes on");
        // the farewell is there, unread
        let mut start = [0; 1];
        let read = socket.get_ref().peek(&mut start).await;
        assert_eq!(read.expect("open"), 1);
        say(&mut socket, &job()).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let up = timeout(PATIENCE, line.events.recv())
        .await
        .expect("it connects");
    assert!(matches!(up, Some(LineEvent::Up(1))), "{up:?}");
    line.hang_up();
    hung_up.send(()).expect("the facilitator waits");
    assert!(hears_the_job(&mut line).await);
    facilitator.await.expect("no panic");
}

//! Who connects to us and whom we connect to in plain text: a scrape of metrics, a mail server.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use horde_validator::mail::{Limits, Mail, MailError, send_within};
use horde_validator::metrics;
use horde_validator::settings::{MailAccess, MailEncryption, Secret};

use super::split_number;

const PASSWORD: &str = "hush-hush";

/// The first byte says in which pieces the request comes.
pub(super) fn scrape(input: &[u8]) {
    let (size, unread) = split_number(input);
    let mut talk = Talk {
        unread,
        size: size.max(1),
        answer: Vec::new(),
    };
    metrics::exchange(&mut talk, || Ok("a 1\n".to_owned())).expect("it is answered");
    let answer = String::from_utf8(talk.answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("Content-Length: {}", body.len())));
    let is_told = answer.starts_with("HTTP/1.1 200 OK\r\n");
    assert_eq!(is_told, body == "a 1\n");
    assert!(!is_told || contains(input, b"GET") && contains(input, b"/metrics"));
    assert!(
        unread.len() - talk.unread.len() <= 10 * 1024,
        "it reads on and on"
    );
}

struct Talk<'a> {
    unread: &'a [u8],
    size: usize,
    answer: Vec<u8>,
}

impl Read for Talk<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.size);
        self.unread.read(&mut into[..most])
    }
}

impl Write for Talk<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.answer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

pub(super) fn scrape_seeds() -> Vec<Vec<u8>> {
    let requests = [
        "GET /metrics?x=1 HTTP/1.1\r\nHost: here\r\nAccept: */*\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        "GET /metrics HTTP/1.1\nHost: here\n\n",
    ];
    requests
        .map(|request| format!("\u{7}{request}").into_bytes())
        .to_vec()
}

/// A mail server that says all this and hangs up.
pub(super) fn mail_server(input: &[u8]) {
    LISTENER.with(|listener| met(listener, input));
}

thread_local! {
    // of each thread its own: who calls from one must not hear what is said for another
    static LISTENER: TcpListener = TcpListener::bind("127.0.0.1:0").expect("a free port");
}

fn met(listener: &TcpListener, input: &[u8]) {
    let port = listener.local_addr().expect("it is bound").port();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let sent = std::thread::scope(|scope| {
        scope.spawn(|| say(listener, input));
        runtime.block_on(send_within(&access(port), mail(), LIMITS))
    });
    match sent {
        // greeting, two hellos, sender, recipient, data, end
        Ok(()) => assert!(input.iter().filter(|byte| **byte == b'\n').count() >= 6),
        Err(MailError::Silent { .. }) => panic!("a server that has hung up is waited for"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() <= 4096, "{} bytes", text.len());
            assert!(!text.contains(PASSWORD), "{text}");
            let _ = (error.advice(), error.is_passing());
        }
    }
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(20),
    total: Duration::from_secs(20),
};

fn say(listener: &TcpListener, words: &[u8]) {
    let Ok((mut client, _)) = listener.accept() else {
        return;
    };
    // who has heard enough may be gone
    let _ = client
        .write_all(words)
        .and_then(|()| client.shutdown(Shutdown::Write));
    drain(client);
}

/// A connection that is closed while something is unread may lose what was said.
fn drain(mut client: TcpStream) {
    let mut piece = [0; 4096];
    while matches!(client.read(&mut piece), Ok(count) if count > 0) {}
}

fn access(port: u16) -> MailAccess {
    MailAccess {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: MailEncryption::None,
        login: Some(("me".to_owned(), Secret::new(PASSWORD))),
        from: "validator@example.org".to_owned(),
        to: vec!["me@example.org".to_owned()],
        most_attached: 0,
    }
}

fn mail() -> Mail {
    Mail {
        subject: "ready".to_owned(),
        text: "ready".to_owned(),
        attachment: None,
    }
}

pub(super) fn mail_seeds() -> Vec<Vec<u8>> {
    let hello = "250-mail.example.org\r\n250-SIZE 100000\r\n250 AUTH PLAIN LOGIN\r\n";
    let good = format!(
        "220 mail.example.org ESMTP\r\n{hello}235 2.7.0 welcome\r\n{hello}250 2.1.0 ok\r\n\
         250 2.1.5 ok\r\n354 go ahead\r\n250 2.0.0 taken\r\n221 bye\r\n"
    );
    let refused = good.replace("235 2.7.0 welcome", "535 5.7.8 hush-hush is wrong");
    let small = good.replace("SIZE 100000", "SIZE 10");
    let long = format!("220 {}\r\n", "x".repeat(3000));
    [good, refused, small, long, "554 go away\r\n".to_owned()]
        .map(String::into_bytes)
        .to_vec()
}

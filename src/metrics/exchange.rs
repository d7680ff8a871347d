//! One HTTP exchange over a connection that somebody else has accepted: a request for `/metrics`,
//! the answer, the end. The request is hostile: bounded in size and time.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::{ServerConnection, StreamOwned};
use tracing::warn;

use super::Identity;

/// A request with its headers is smaller.
const MOST_BYTES: usize = 8 * 1024;
const MOST_HEADERS: usize = 64;
/// For the whole exchange.
const PATIENCE: Duration = Duration::from_secs(10);
/// The text format, by its version.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers the one request of this connection, in TLS if there is an identity. What goes wrong with
/// a client is logged; it is no failure of ours.
///
/// # Errors
/// `connection` is none.
pub fn answer(
    connection: TcpStream,
    identity: Option<&Identity>,
    metrics: impl FnOnce() -> Result<String, String>,
) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let exchanged = match identity {
        None => exchange(connection, metrics),
        Some(identity) => encrypted(connection, identity, metrics),
    };
    if let Err(error) = exchanged {
        warn!(%error, "a scrape was not answered");
    }
    Ok(())
}

fn encrypted(
    connection: TcpStream,
    identity: &Identity,
    metrics: impl FnOnce() -> Result<String, String>,
) -> io::Result<()> {
    let session = ServerConnection::new(identity.0.clone()).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, connection);
    exchange(&mut stream, metrics)?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// Reads one request and answers it.
///
/// # Errors
/// The client does not speak in time, or the connection breaks.
pub fn exchange(
    mut stream: impl Read + Write,
    metrics: impl FnOnce() -> Result<String, String>,
) -> io::Result<()> {
    let (status, body) = match request(&mut stream)? {
        Request::Metrics => match metrics() {
            Ok(text) => ("200 OK", text),
            Err(error) => ("503 Service Unavailable", format!("{error}\n")),
        },
        Request::Elsewhere => ("404 Not Found", "metrics are at /metrics\n".to_owned()),
        Request::OtherMethod => (
            "405 Method Not Allowed",
            "metrics are there to be got\n".to_owned(),
        ),
        Request::Unreadable => ("400 Bad Request", "this is not HTTP/1\n".to_owned()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Metrics,
    Elsewhere,
    OtherMethod,
    Unreadable,
}

/// Reads up to the end of the headers.
fn request(stream: &mut impl Read) -> io::Result<Request> {
    let begun = Instant::now();
    let mut read = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let count = stream.read(&mut piece)?;
        read.extend_from_slice(&piece[..count]);
        if let Some(request) = parse(&read) {
            return Ok(request);
        }
        if count == 0 || read.len() > MOST_BYTES {
            return Ok(Request::Unreadable);
        }
        if begun.elapsed() > PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// `None`: there is more to come.
fn parse(read: &[u8]) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(read) {
        Err(_) => Some(Request::Unreadable),
        Ok(status) if status.is_partial() => None,
        Ok(_) => {
            let path = request.path.unwrap_or_default();
            let path = path.split_once('?').map_or(path, |(path, _)| path);
            Some(match (request.method, path) {
                (Some("GET"), "/metrics") => Request::Metrics,
                (Some("GET"), _) => Request::Elsewhere,
                _ => Request::OtherMethod,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is kept, what is read was said before.
    struct Talk<'a>(&'a [u8], Vec<u8>);

    impl Read for Talk<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            // in small pieces, as it may come
            let most = into.len().min(7);
            self.0.read(&mut into[..most])
        }
    }

    impl Write for Talk<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(request: &[u8]) -> String {
        let mut talk = Talk(request, Vec::new());
        exchange(&mut talk, || Ok("a 1\n".to_owned())).expect("answered");
        String::from_utf8(talk.1).expect("text")
    }

    #[test]
    fn a_request_gets_one_answer() {
        let answer = said(b"GET /metrics?x=1 HTTP/1.1\r\nHost: here\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("Content-Length: 4\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\na 1\n"), "{answer}");
    }

    #[test]
    fn whatever_else_is_said_is_answered_too() {
        for (request, status) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], "404"),
            (b"POST /metrics HTTP/1.1\r\n\r\n", "405"),
            (b"\x16\x03\x01\x02", "400"),
            (b"", "400"),
            (b"GET /metrics HTTP/1.1\r\nHost", "400"),
            (&[b'A'; 20_000], "400"),
        ] {
            let answer = said(request);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
        }
    }
}

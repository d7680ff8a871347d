//! What can be done with a connection before anything is said on it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// From one byte to the next of those that trickle.
pub(super) const DRIP: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Socket {
    /// The system completes the connection, nobody ever takes it.
    HalfOpen,
    /// Taken and closed.
    Closes,
    /// One byte of the handshake every ten seconds.
    Drips,
    /// Bytes that are no handshake, without end.
    Garbage,
    /// Headers without end.
    Headers,
    /// Sent to itself, again and again.
    Redirects,
}

impl Socket {
    pub(super) async fn serve(self, mut socket: TcpStream) {
        match self {
            Self::HalfOpen | Self::Closes => {}
            Self::Drips => {
                let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n";
                drip(&mut socket, response).await;
            }
            Self::Garbage => {
                endless(
                    &mut socket,
                    &[0xfe, 0x00, b'\r', 0x81, 127, b'{'].repeat(10_000),
                )
                .await;
            }
            Self::Headers => {
                let begin = b"HTTP/1.1 101 Switching Protocols\r\n";
                // the validator may have gone
                let _ = socket.write_all(begin).await;
                endless(&mut socket, &b"X-More: and more\r\n".repeat(1_000)).await;
            }
            Self::Redirects => {
                let Some(path) = asked(&mut socket).await else {
                    return;
                };
                let here = socket.local_addr().expect("connected");
                let answer = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{here}{path}\r\n\
                     Content-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        }
    }
}

/// Reads the head of a request; gives the path.
pub(super) async fn asked(socket: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    head.split(' ').nth(1).map(str::to_owned)
}

/// Writes a byte at a time until the other side goes, the last one over and over.
pub(super) async fn drip(socket: &mut TcpStream, bytes: &[u8]) {
    let last = bytes.last().copied().unwrap_or_default();
    for byte in bytes.iter().copied().chain(std::iter::repeat(last)) {
        if socket.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(DRIP).await;
    }
}

/// Writes the same until the other side goes.
pub(super) async fn endless(socket: &mut TcpStream, block: &[u8]) {
    while socket.write_all(block).await.is_ok() {}
}

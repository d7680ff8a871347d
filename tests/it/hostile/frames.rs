//! Frames that no honest miner sends, byte by byte: none of them is ever in memory as a whole.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::deflate::bomb;
use super::sockets::drip;

const MEBIBYTE: usize = 1 << 20;
const TEXT: u8 = 0x81;
const TEXT_THAT_GOES_ON: u8 = 0x01;
const MORE_THAT_GOES_ON: u8 = 0x00;
const PING: u8 = 0x89;
/// Says that the text is compressed, which nobody has agreed to.
const COMPRESSED: u8 = 0xc1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// One of 1 GiB.
    Gibibyte,
    /// 10,000 of 1 MiB, each a message that is of no use.
    Mebibytes,
    /// The same as one message in 10,000 parts.
    Parts,
    /// A frame of which one byte comes every ten seconds.
    Drips,
    /// Pings without end, whose answers are never read.
    Pings,
    /// A message that grows to 159 times its size.
    Bomb,
    /// Random bytes where a frame begins.
    Garbage,
}

impl Frames {
    /// Ends when the validator has gone, or when all is sent and read.
    pub(super) async fn send(self, socket: &mut TcpStream) {
        let useless = useless(MEBIBYTE);
        let sent = match self {
            Self::Gibibyte => {
                let mut sent = socket.write_all(&head(TEXT, 1 << 30)).await;
                for _ in 0..1 << 10 {
                    if sent.is_ok() {
                        sent = socket.write_all(&useless).await;
                    }
                }
                sent
            }
            Self::Mebibytes => repeat(socket, TEXT, &useless, 10_000).await,
            Self::Parts => {
                let first = repeat(socket, TEXT_THAT_GOES_ON, &useless, 1).await;
                first.and(repeat(socket, MORE_THAT_GOES_ON, &useless, 10_000).await)
            }
            Self::Drips => {
                let begin = [&head(TEXT, 1_000)[..], b"{"].concat();
                drip(socket, &begin).await;
                Ok(())
            }
            Self::Pings => {
                let pings = [&head(PING, 125)[..], &[b'?'; 125]].concat().repeat(500);
                while socket.write_all(&pings).await.is_ok() {}
                Ok(())
            }
            Self::Bomb => repeat(socket, COMPRESSED, &bomb(MEBIBYTE), 64).await,
            Self::Garbage => {
                let garbage = [0xb7, 0x13, 0xff, 0x00, 0x5e];
                socket.write_all(&garbage.repeat(10_000)).await
            }
        };
        // the validator may go whenever it has had enough
        drop(sent);
    }
}

/// An answer for a job that nobody has, of this size.
fn useless(size: usize) -> Vec<u8> {
    let head = br#"{"message_type":"V0JobFinishedRequest","job_uuid":"no","docker_process_stderr":"","docker_process_stdout":""#;
    let mut text = head.to_vec();
    text.resize(size - 2, b'x');
    text.extend(br#""}"#);
    text
}

async fn repeat(
    socket: &mut TcpStream,
    first: u8,
    payload: &[u8],
    times: usize,
) -> std::io::Result<()> {
    for _ in 0..times {
        socket.write_all(&head(first, payload.len() as u64)).await?;
        socket.write_all(payload).await?;
    }
    Ok(())
}

/// The head of a frame that begins with this byte and announces so much.
fn head(first: u8, size: u64) -> Vec<u8> {
    match u8::try_from(size) {
        Ok(short) if short < 126 => vec![first, short],
        _ => [&[first, 127][..], &size.to_be_bytes()].concat(),
    }
}

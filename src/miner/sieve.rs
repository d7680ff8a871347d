//! Between the socket and the websocket library, which buffers a whole frame before it shows
//! it: lets small frames through, larger ones if there is room, and cuts the rest to nothing
//! (RFC 6455, section 5.2). The library then sees an empty message where a huge one was.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::budget::{LARGEST_MESSAGE, LargeMessages, Room, SMALL_MESSAGE};

/// The longest head of an unmasked frame; a masked one is an error for the library.
const LONGEST_HEAD: usize = 10;
const LONGEST_CONTROL: u64 = 125;

/// Bytes read from the socket at a time, per connection.
const INPUT: usize = 16 * 1024;

/// Reads from `socket` what its library may see.
pub struct Sieve<S> {
    socket: S,
    room: LargeMessages,
    input: Box<[u8]>,
    unread: std::ops::Range<usize>,
    state: State,
    /// Bytes of a message in fragments that were let through so far.
    fragments: u64,
}

enum State {
    /// The HTTP response. Its end is an empty line, by the most generous reading.
    Handshake {
        after_newline: bool,
    },
    Head {
        bytes: [u8; LONGEST_HEAD],
        have: usize,
    },
    /// A head that is on its way to the library.
    Announce {
        bytes: [u8; LONGEST_HEAD],
        next: usize,
        length: usize,
        then: Box<State>,
    },
    Pass {
        left: u64,
        room: Option<Room>,
    },
    /// A large frame was passed on. The next read means that the library is done with it.
    Passed {
        _room: Room,
    },
    Discard {
        left: u64,
    },
    /// No honest peer sends such a frame: the connection ends here.
    Refused(&'static str),
}

impl State {
    const fn head() -> Self {
        Self::Head {
            bytes: [0; LONGEST_HEAD],
            have: 0,
        }
    }
}

impl<S> Sieve<S> {
    pub fn new(socket: S, room: LargeMessages) -> Self {
        Self {
            socket,
            room,
            input: vec![0; INPUT].into(),
            unread: 0..0,
            state: State::Handshake {
                after_newline: false,
            },
            fragments: 0,
        }
    }

    /// Moves what has been read from the socket towards `out`, until one of them is used up
    /// or a frame for which room was taken is complete.
    fn sift(&mut self, out: &mut ReadBuf<'_>) {
        while out.remaining() > 0 {
            let unread = &self.input[self.unread.clone()];
            match &mut self.state {
                State::Announce {
                    bytes,
                    next,
                    length,
                    then,
                } => {
                    let part = &bytes[*next..*length];
                    let part = &part[..part.len().min(out.remaining())];
                    out.put_slice(part);
                    *next += part.len();
                    if next == length {
                        self.state = std::mem::replace(then, State::head());
                    }
                    continue;
                }
                State::Pass { left: 0, room } => {
                    let room = room.take();
                    self.state = State::head();
                    if let Some(room) = room {
                        self.state = State::Passed { _room: room };
                        return;
                    }
                    continue;
                }
                State::Discard { left: 0 } | State::Passed { .. } => {
                    self.state = State::head();
                    continue;
                }
                State::Refused(_) => return,
                _ if unread.is_empty() => return,
                State::Handshake { after_newline } => {
                    let mut taken = 0;
                    let mut ended = false;
                    while taken < unread.len().min(out.remaining()) && !ended {
                        let byte = unread[taken];
                        ended = *after_newline && byte == b'\n';
                        *after_newline = byte == b'\n' || (*after_newline && byte == b'\r');
                        taken += 1;
                    }
                    out.put_slice(&unread[..taken]);
                    self.unread.start += taken;
                    if ended {
                        self.state = State::head();
                        // the library must not keep bytes of a frame with the response
                        return;
                    }
                }
                State::Head { bytes, have } => {
                    bytes[*have] = unread[0];
                    *have += 1;
                    self.unread.start += 1;
                    let (bytes, have) = (*bytes, *have);
                    if have == head_length(&bytes, have) {
                        self.state = self.judge(bytes, have);
                    }
                }
                State::Pass { left, .. } => {
                    let part = shorter(unread.len().min(out.remaining()), *left);
                    out.put_slice(&unread[..part]);
                    self.unread.start += part;
                    *left -= part as u64;
                }
                State::Discard { left } => {
                    let part = shorter(unread.len(), *left);
                    self.unread.start += part;
                    *left -= part as u64;
                }
            }
        }
    }

    /// What becomes of a frame with this head.
    fn judge(&mut self, bytes: [u8; LONGEST_HEAD], length: usize) -> State {
        let (is_final, opcode) = (bytes[0] & 0x80 != 0, bytes[0] & 0x0f);
        let size = payload_size(&bytes);
        let announce = |bytes, length, then| State::Announce {
            bytes,
            next: 0,
            length,
            then: Box::new(then),
        };
        if opcode > 2 {
            // control frames are short; other opcodes are not in use
            if size > LONGEST_CONTROL {
                return State::Refused("oversized control frame");
            }
            return announce(
                bytes,
                length,
                State::Pass {
                    left: size,
                    room: None,
                },
            );
        }
        if size > LARGEST_MESSAGE as u64 {
            return State::Refused("frame above 50 MiB");
        }
        let is_whole = is_final && opcode != 0;
        let before = if opcode == 0 { self.fragments } else { 0 };
        self.fragments = if is_final {
            0
        } else {
            before.saturating_add(size)
        };
        let then = if before.saturating_add(size) <= SMALL_MESSAGE as u64 {
            State::Pass {
                left: size,
                room: None,
            }
        } else if let Some(room) = self.room.room_for(size).filter(|_| is_whole) {
            State::Pass {
                left: size,
                room: Some(room),
            }
        } else {
            // the same frame with nothing in it; of a message in fragments only the start is left
            return announce(with_size_zero(bytes), 2, State::Discard { left: size });
        };
        announce(bytes, length, then)
    }
}

fn head_length(bytes: &[u8; LONGEST_HEAD], have: usize) -> usize {
    match bytes[1] & 0x7f {
        _ if have < 2 => 2,
        126 => 4,
        127 => 10,
        _ => 2,
    }
}

fn payload_size(bytes: &[u8; LONGEST_HEAD]) -> u64 {
    let big_endian = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |size, byte| size << 8 | u64::from(*byte))
    };
    match bytes[1] & 0x7f {
        126 => big_endian(&bytes[2..4]),
        127 => big_endian(&bytes[2..10]),
        short => u64::from(short),
    }
}

fn with_size_zero(mut bytes: [u8; LONGEST_HEAD]) -> [u8; LONGEST_HEAD] {
    bytes[1] &= 0x80;
    bytes
}

fn shorter(length: usize, left: u64) -> usize {
    usize::try_from(left).map_or(length, |left| left.min(length))
}

impl<S: AsyncRead + Unpin> AsyncRead for Sieve<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        loop {
            self.sift(out);
            if out.filled().len() > before || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if let State::Refused(reason) = self.state {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, reason)));
            }
            let Self {
                socket,
                input,
                unread,
                ..
            } = &mut *self;
            let mut buffer = ReadBuf::new(input);
            ready!(Pin::new(socket).poll_read(cx, &mut buffer))?;
            *unread = 0..buffer.filled().len();
            if unread.start == unread.end {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sieve<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;

    const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..126 => bytes.push(short as u8),
            size => {
                bytes.push(127);
                bytes.extend((size as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        bytes
    }

    async fn sifted(input: &[u8], room: &LargeMessages) -> io::Result<Vec<u8>> {
        let mut through = Vec::new();
        let read = Sieve::new(input, room.clone())
            .read_to_end(&mut through)
            .await;
        read.map(|_| through)
    }

    #[tokio::test]
    async fn frames_that_fit_pass_unchanged() {
        let input = [
            RESPONSE,
            &frame(0x81, b"{}"),
            &frame(0x89, b"ping"),
            &frame(0x81, &[b'x'; 300]),
        ];
        let input = input.concat();
        assert_eq!(
            sifted(&input, &LargeMessages::default()).await.unwrap(),
            input
        );
    }

    #[tokio::test]
    async fn a_large_frame_passes_while_there_is_room() {
        let input = [RESPONSE, &frame(0x81, &vec![b'x'; 1 << 20])].concat();
        let room = LargeMessages::default();
        assert_eq!(sifted(&input, &room).await.unwrap(), input);
        let all = room.room_for(50 << 20);
        let cut = [RESPONSE, &frame(0x81, b"")].concat();
        let more = room.room_for(2 << 20);
        assert!(all.is_some() && more.is_some());
        assert_eq!(sifted(&input, &room).await.unwrap(), cut);
    }

    #[tokio::test]
    async fn the_frame_after_a_discarded_one_passes() {
        let room = LargeMessages::default();
        let _taken = room.room_for(52 << 20).expect("nothing is taken yet");
        let input = [
            RESPONSE,
            &frame(0x82, &vec![0; 1 << 20]),
            &frame(0x81, b"after"),
        ]
        .concat();
        let cut = [RESPONSE, &frame(0x82, b""), &frame(0x81, b"after")].concat();
        assert_eq!(sifted(&input, &room).await.unwrap(), cut);
    }

    #[tokio::test]
    async fn a_message_in_fragments_cannot_grow_past_the_small_size() {
        let part = vec![b'x'; 40 * 1024];
        let frames = [frame(0x01, &part), frame(0x00, &part), frame(0x80, &part)].concat();
        let cut = [frame(0x01, &part), frame(0x00, b""), frame(0x80, b"")].concat();
        let through = sifted(&[RESPONSE, &frames].concat(), &LargeMessages::default()).await;
        assert_eq!(through.unwrap(), [RESPONSE, &cut].concat());
    }

    #[tokio::test]
    async fn frames_that_no_honest_peer_sends_end_the_connection() {
        let huge_ping = [0x89, 127, 0, 0, 0, 0, 1, 0, 0, 0];
        let above_limit = [0x81, 127, 0, 0, 0, 0, 4, 0, 0, 0];
        for head in [huge_ping, above_limit] {
            let input = [RESPONSE, &head].concat();
            assert!(sifted(&input, &LargeMessages::default()).await.is_err());
        }
    }

    #[tokio::test]
    async fn a_sloppy_end_of_the_response_does_not_open_a_way_around() {
        let room = LargeMessages::default();
        let _taken = room.room_for(52 << 20).expect("nothing is taken yet");
        let response = b"HTTP/1.1 101 x\nUpgrade: websocket\n\n";
        let input = [&response[..], &frame(0x81, &vec![0; 1 << 20])].concat();
        let cut = [&response[..], &frame(0x81, b"")].concat();
        assert_eq!(sifted(&input, &room).await.unwrap(), cut);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_grow(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let input = [RESPONSE, &bytes].concat();
            if let Ok(through) = runtime.block_on(sifted(&input, &LargeMessages::default())) {
                prop_assert!(through.len() <= input.len());
            }
        }
    }
}

//! What a program says over websockets, out of the bytes that it sends. Clients mask what they
//! send, so it cannot be read off the log as it is.

use std::collections::HashMap;

/// What was sent on each socket and is not understood yet.
#[derive(Debug, Default)]
pub(super) struct Conversations(HashMap<String, Vec<u8>>);

impl Conversations {
    /// The messages that are complete with these bytes.
    pub(super) fn hear(&mut self, socket: &str, bytes: &[u8]) -> Vec<String> {
        let waiting = self.0.entry(socket.to_owned()).or_default();
        waiting.extend_from_slice(bytes);
        if waiting.starts_with(b"GET ") {
            let Some(end) = waiting.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Vec::new();
            };
            waiting.drain(..end + 4);
        }
        let mut messages = Vec::new();
        while let Some((length, message)) = frame(waiting) {
            waiting.drain(..length);
            messages.push(String::from_utf8_lossy(&message).into_owned());
        }
        messages
    }
}

/// The first frame, if it is whole: its length, and what it says. RFC 6455, section 5.2.
fn frame(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    const MASKED: u8 = 0x80;
    let second = *bytes.get(1)?;
    if second & MASKED == 0 {
        // no websocket
        return None;
    }
    let (wide, length) = match second & !MASKED {
        126 => (
            2,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            8,
            u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)
                .try_into()
                .ok()?,
        ),
        short => (0, usize::from(short)),
    };
    let start = 2 + wide + 4;
    let mask = bytes.get(2 + wide..start)?;
    let masked = bytes.get(start..start.checked_add(length)?)?;
    let said = masked
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask);
    Some((start + length, said.collect()))
}

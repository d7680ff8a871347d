//! A mail as it goes over the line. The attachment is encoded while it is sent, so that it is in
//! memory once.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment as AttachmentPart, Body, MessageBuilder, MultiPart, SinglePart};
use uuid::Uuid;

use super::envelope::Envelope;
use super::error::shortened;

/// Bytes that make a line of base64, at most 76 characters by RFC 2045.
const LINE: usize = 57;
/// Bytes that are encoded at once: large enough to be quick, small beside what may be attached.
const PIECE: usize = 1024 * LINE;

/// One mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Any text; line ends in it become spaces, and the first 200 characters are sent.
    pub subject: String,
    /// Plain text.
    pub text: String,
    pub attachment: Option<Attachment>,
}

/// Bytes of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// As a file name.
    pub name: String,
    pub bytes: Vec<u8>,
}

pub(super) struct Letter {
    /// All that comes before the attachment, which may be all there is.
    head: Vec<u8>,
    attached: Vec<u8>,
    tail: Vec<u8>,
}

impl Letter {
    pub(super) fn new(envelope: &Envelope, mail: Mail) -> Self {
        let headers = headers(envelope, &mail.subject);
        let text = SinglePart::plain(mail.text);
        let Some(Attachment { name, bytes }) = mail.attachment else {
            return Self {
                head: formatted(headers.singlepart(text)),
                attached: Vec::new(),
                tail: Vec::new(),
            };
        };
        let boundary = Uuid::new_v4().simple().to_string();
        let octets = ContentType::parse("application/octet-stream").expect("a content type");
        // its place is left empty here
        let nothing = Body::dangerous_pre_encoded(Vec::new(), ContentTransferEncoding::Base64);
        let attachment = AttachmentPart::new(shortened(&name)).body(nothing, octets);
        let parts = MultiPart::mixed()
            .boundary(&boundary)
            .singlepart(text)
            .singlepart(attachment);
        let mut head = formatted(headers.multipart(parts));
        let tail = format!("\r\n--{boundary}--\r\n").into_bytes();
        let place = head.strip_suffix(tail.as_slice()).map(<[u8]>::len);
        head.truncate(place.expect("the attachment is the last part"));
        Self {
            head,
            attached: bytes,
            tail,
        }
    }

    /// In bytes, as sent.
    pub(super) fn len(&self) -> usize {
        let bytes = self.attached.len();
        let encoded = 4 * bytes.div_ceil(3) + 2 * bytes.div_ceil(LINE);
        self.head.len() + encoded + self.tail.len()
    }

    /// All of it, in turn.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let attached = self.attached.chunks(PIECE).map(encoded);
        std::iter::once(Cow::Borrowed(self.head.as_slice()))
            .chain(attached.map(Cow::Owned))
            .chain(std::iter::once(Cow::Borrowed(self.tail.as_slice())))
    }
}

/// In the name of the sender's domain, since a name of this machine is often none that a server
/// believes.
fn headers(envelope: &Envelope, subject: &str) -> MessageBuilder {
    let id = format!("<{}@{}>", Uuid::new_v4(), envelope.from.email.domain());
    let headers = lettre::Message::builder()
        .message_id(Some(id))
        .date_now()
        .from(envelope.from.clone())
        .subject(shortened(subject));
    let to = envelope.to.iter().cloned();
    to.fold(headers, MessageBuilder::to)
}

fn formatted(message: Result<lettre::Message, lettre::error::Error>) -> Vec<u8> {
    let message = message.expect("an envelope has a sender and a recipient");
    message.formatted()
}

fn encoded(piece: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(piece.len() / LINE * 78 + 78);
    for line in piece.chunks(LINE) {
        STANDARD.encode_string(line, &mut text);
        text.push_str("\r\n");
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{MailAccess, MailEncryption};

    fn letter(subject: &str, attachment: Option<(&str, usize)>) -> String {
        let access = MailAccess {
            host: "mail.example.org".to_owned(),
            port: 587,
            encryption: MailEncryption::StartTls,
            login: None,
            from: "Validator <validator@example.org>".to_owned(),
            to: vec!["me@example.org".to_owned(), "you@example.org".to_owned()],
            most_attached: 0,
        };
        let envelope = Envelope::of(&access).expect("addresses");
        let mail = Mail {
            subject: subject.to_owned(),
            text: "ready".to_owned(),
            attachment: attachment.map(|(name, size)| Attachment {
                name: name.to_owned(),
                bytes: vec![b'x'; size],
            }),
        };
        let letter = Letter::new(&envelope, mail);
        let pieces: Vec<_> = letter.pieces().collect();
        let whole = pieces.concat();
        assert_eq!(letter.len(), whole.len());
        String::from_utf8(whole).expect("seven bits")
    }

    #[test]
    fn its_length_is_known_before_it_is_encoded() {
        for size in [0, 1, 2, 3, LINE - 1, LINE, LINE + 1, PIECE, PIECE + 1] {
            let letter = letter("Backup", Some(("backup.zst", size)));
            assert!(letter.lines().all(|line| line.len() <= 78), "{size}");
        }
        letter("Backup", None);
    }

    #[test]
    fn no_text_of_it_becomes_a_header() {
        for evil in [
            "x\r\nBcc: you@example.org",
            "x\nBcc: you@example.org",
            "x\rBcc: you@example.org",
            "é\r\n\r\nBcc: you@example.org",
            "\r\n.\r\nBcc: you@example.org",
        ] {
            let letter = letter(evil, Some((evil, 1)));
            let starts = |line: &str| line.trim_start().starts_with("Bcc:");
            assert!(!letter.split(['\r', '\n']).any(starts), "{letter}");
        }
    }

    #[test]
    fn a_subject_of_any_length_is_sent_in_lines_that_servers_take() {
        for word in ["x", "x ", "é", "🦀"] {
            let letter = letter(&word.repeat(5000), None);
            assert!(letter.is_ascii());
            // RFC 5322
            assert!(letter.lines().all(|line| line.len() <= 998), "{letter}");
        }
    }
}

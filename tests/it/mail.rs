//! Mail to real servers. Which certificates are trusted belongs to a process, so each mail is sent
//! by a process of its own, with the settings that an operator would give it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use horde_validator::mail::{self, Asked, Attachment, Limits, Mail, MailError};
use horde_validator::settings::{Environment, MailAccess, MailEncryption, Secret};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::certificate::Certified;
use crate::smtp_server::{AtTheEnd, PASSWORD, ScriptedServer, SmtpServer, USER, Wants};

/// What the process is to do, as JSON.
const ORDER: &str = "HORDE_TEST_MAIL";
const SETTINGS: [&str; 7] = [
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_USE_TLS",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_TARGET",
    "DEFAULT_FROM_EMAIL",
];

const STARTTLS: Wants = Wants {
    tls: "starttls",
    login: true,
    size: None,
};
const TLS: Wants = Wants {
    tls: "implicit",
    login: true,
    size: None,
};
const PLAIN: Wants = Wants {
    tls: "none",
    login: false,
    size: None,
};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Order {
    subject: String,
    /// A name, and the file that has the bytes.
    attachment: Option<(String, PathBuf)>,
    /// Send nothing.
    check: bool,
    /// Where the server listens, if the settings name a port that no test can have.
    port: Option<u16>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    /// `None`: it is done.
    error: Option<String>,
    is_passing: bool,
    advice: String,
    /// What sending took at most beyond what was there before.
    peak_kib: u64,
}

impl Outcome {
    #[track_caller]
    fn assert_done(&self) {
        assert_eq!(self.error, None);
    }

    /// Refused for good, with these words in the error and in the advice.
    #[track_caller]
    fn assert_refused(&self, words: &str, advice: &str) {
        let error = self.error.as_deref().expect("it was not taken");
        assert!(error.contains(words), "{error}");
        assert!(self.advice.contains(advice), "{}", self.advice);
        assert!(!error.contains(PASSWORD) && !error.contains('\n'));
        assert!(!self.is_passing);
    }
}

/// Settings for a server, as an operator gives them.
struct Sender(Vec<(&'static str, String)>);

impl Sender {
    fn to(server: &SmtpServer) -> Self {
        let authority = server.folder().join("authority.pem");
        Self(vec![
            ("EMAIL_HOST", "localhost".to_owned()),
            ("EMAIL_PORT", server.port().to_string()),
            ("EMAIL_TARGET", "me@example.org".to_owned()),
            ("SSL_CERT_FILE", authority.display().to_string()),
        ])
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.retain(|(had, _)| *had != name);
        self.0.push((name, value.to_owned()));
        self
    }

    fn with_login(self) -> Self {
        self.with("EMAIL_HOST_USER", USER)
            .with("EMAIL_HOST_PASSWORD", PASSWORD)
    }

    /// At port 465, as far as the settings know.
    fn send_with_tls(self, server: &SmtpServer, order: Order) -> Outcome {
        let port = Some(server.port());
        self.with("EMAIL_PORT", "465")
            .send(&Order { port, ..order })
    }

    fn send(&self, order: &Order) -> Outcome {
        let mut child = Command::new(std::env::current_exe().expect("this binary"));
        child.args(["--ignored", "--exact", "--nocapture", "mail::sent"]);
        child.envs(self.0.iter().map(|(name, value)| (name, value)));
        let order = serde_json::to_string(order).expect("JSON");
        let child = child.env(ORDER, order).stderr(Stdio::inherit());
        let output = child.output().expect("started");
        let text = String::from_utf8_lossy(&output.stdout);
        let outcome = text.lines().find_map(|line| line.split("outcome=").nth(1));
        let outcome = outcome.unwrap_or_else(|| panic!("no outcome in {text}"));
        serde_json::from_str(outcome).expect("an outcome")
    }
}

#[tokio::test]
#[ignore = "is run by the tests around, in a process of its own"]
async fn sent() {
    let order = std::env::var_os(ORDER).expect(ORDER);
    let order: Order = serde_json::from_str(order.to_str().expect("text")).expect("an order");
    let settings = SETTINGS.into_iter().filter_map(|name| {
        let value = std::env::var_os(name)?;
        Some((name, value.into_string().expect("text")))
    });
    let environment = Environment::from_pairs(settings).expect("well-formed");
    let mut access = environment.mail_access().expect("complete").expect("set");
    access.port = order.port.unwrap_or(access.port);
    let attachment = order.attachment.map(|(name, file)| Attachment {
        name,
        bytes: std::fs::read(file).expect("readable"),
    });
    let before = peak_kib();
    let result = match order.check {
        true => mail::check(&access).await,
        false => mail::send(&access, letter(&order.subject, attachment)).await,
    };
    let error = result.err();
    let outcome = Outcome {
        is_passing: error.as_ref().is_some_and(MailError::is_passing),
        advice: error
            .as_ref()
            .and_then(MailError::advice)
            .unwrap_or_default()
            .to_owned(),
        error: error.map(|error| error.to_string()),
        peak_kib: peak_kib() - before,
    };
    println!("outcome={}", serde_json::to_string(&outcome).expect("JSON"));
}

fn letter(subject: &str, attachment: Option<Attachment>) -> Mail {
    Mail {
        subject: subject.to_owned(),
        text: "A backup.\n.\nIts name: ü\n".to_owned(),
        attachment,
    }
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.expect("VmHWM").trim().trim_end_matches("kB").trim();
    peak.parse().expect("a number")
}

/// An order with so many bytes attached, and these bytes.
fn order(server: &SmtpServer, mib: usize) -> (Order, Vec<u8>) {
    let bytes: Vec<u8> = (0..mib << 20)
        .map(|n: usize| ((n * n) >> 7) as u8)
        .collect();
    let file = server.folder().join("backup");
    std::fs::write(&file, &bytes).expect("a file");
    let order = Order {
        subject: "Backup of validator".to_owned(),
        attachment: Some(("db_dump.sqlite.zst".to_owned(), file)),
        ..Order::default()
    };
    (order, bytes)
}

#[test]
fn an_attachment_arrives_as_it_was_after_starttls_and_a_login() {
    let Some(server) = SmtpServer::start(&STARTTLS) else {
        return;
    };
    let (order, bytes) = order(&server, 5);
    Sender::to(&server).with_login().send(&order).assert_done();
    let mails = server.mails();
    let [mail] = mails.as_slice() else {
        panic!("{mails:?}");
    };
    let arrived = std::fs::read(server.folder().join("attachment-1-0")).expect("kept");
    assert!(arrived == bytes, "{} bytes arrived", arrived.len());
    assert_eq!(mail["from"], USER);
    assert_eq!(mail["to"], json!(["me@example.org"]));
    assert_eq!(mail["encrypted"], true);
    assert_eq!(mail["login"], USER);
    assert_eq!(mail["text"], "A backup.\r\n.\r\nIts name: ü\r\n");
    let kind = json!([["db_dump.sqlite.zst", "application/octet-stream"]]);
    assert_eq!(mail["attachments"], kind);
    assert_eq!(mail["defects"], json!([]));
    let headers = &mail["headers"];
    assert_eq!(headers["subject"], "Backup of validator");
    let id = headers["message-id"].as_str().expect("set");
    assert!(id.ends_with("@example.org>"), "{id}");
    let date = headers["date"].as_str().expect("set");
    chrono::DateTime::parse_from_rfc2822(date).expect("a date");
}

#[test]
fn an_attachment_is_in_memory_once() {
    let Some(server) = SmtpServer::start(&STARTTLS) else {
        return;
    };
    let (order, _) = order(&server, 20);
    let outcome = Sender::to(&server).with_login().send(&order);
    outcome.assert_done();
    // less than a second copy, and twice what TLS and the like take with nothing attached
    assert!(outcome.peak_kib < 16 << 10, "{} KiB", outcome.peak_kib);
}

#[test]
fn a_check_logs_in_and_sends_nothing() {
    let Some(server) = SmtpServer::start(&STARTTLS) else {
        return;
    };
    let check = Order {
        check: true,
        ..Order::default()
    };
    let sender = Sender::to(&server).with_login();
    sender.send(&check).assert_done();
    let said = ["EHLO", "STARTTLS", "EHLO", "AUTH", "NOOP", "QUIT"];
    assert_eq!(server.commands(), said);
    let wrong = sender.with("EMAIL_HOST_PASSWORD", "wrong").send(&check);
    wrong.assert_refused("refused the login: 535", "app password");
    assert_eq!(server.mails().len(), 0);
}

#[test]
fn a_wrong_password_is_named_and_not_shown_even_if_the_server_repeats_it() {
    let Some(server) = SmtpServer::start(&STARTTLS) else {
        return;
    };
    let sender = Sender::to(&server).with_login();
    let outcome = sender
        .with("EMAIL_HOST_PASSWORD", "wrong battery")
        .send(&Order::default());
    outcome.assert_refused("refused the login: 535 ********", "EMAIL_HOST_PASSWORD");
    let error = outcome.error.expect("refused");
    assert!(!error.contains("battery"), "{error}");
    assert_eq!(server.mails().len(), 0);
}

#[test]
fn a_server_that_is_not_trusted_is_not_told_the_login() {
    let stranger = tempfile::NamedTempFile::new().expect("a file");
    let pem = Certified::new("localhost").authority_pem();
    std::fs::write(stranger.path(), pem).expect("written");
    let stranger = stranger.path().display().to_string();
    for wants in [STARTTLS, TLS] {
        let Some(server) = SmtpServer::start(&wants) else {
            return;
        };
        let sender = || Sender::to(&server).with_login();
        for (sender, finding) in [
            // its authority has the same name and another key
            (sender().with("SSL_CERT_FILE", &stranger), "BadSignature"),
            (
                sender().with("EMAIL_HOST", "127.0.0.1"),
                "not valid for name",
            ),
        ] {
            let outcome = match wants.tls {
                "implicit" => sender.send_with_tls(&server, Order::default()),
                _ => sender.send(&Order::default()),
            };
            outcome.assert_refused("is not trusted", "SSL_CERT_FILE");
            outcome.assert_refused(finding, "EMAIL_HOST");
        }
        let said = server.commands();
        let may = ["EHLO", "STARTTLS"];
        assert!(
            said.iter().all(|word| may.contains(&word.as_str())),
            "{said:?}"
        );
    }
}

#[test]
fn a_server_may_speak_tls_from_the_first_byte_on() {
    let Some(server) = SmtpServer::start(&TLS) else {
        return;
    };
    let sender = Sender::to(&server).with_login();
    let (order, bytes) = order(&server, 1);
    sender.send_with_tls(&server, order).assert_done();
    let arrived = std::fs::read(server.folder().join("attachment-1-0")).expect("kept");
    assert!(arrived == bytes, "{} bytes arrived", arrived.len());
    let mails = server.mails();
    assert_eq!(mails[0]["encrypted"], true);
    assert_eq!(mails[0]["login"], USER);
    assert!(!server.commands().contains(&"STARTTLS".to_owned()));
}

#[test]
fn without_starttls_nothing_is_said() {
    let Some(server) = SmtpServer::start(&Wants {
        login: true,
        ..PLAIN
    }) else {
        return;
    };
    let outcome = Sender::to(&server).with_login().send(&Order::default());
    outcome.assert_refused("offers no STARTTLS", "EMAIL_PORT");
    assert_eq!(server.commands(), ["EHLO"]);
}

#[test]
fn recipients_and_senders_that_are_refused_are_named() {
    let Some(server) = SmtpServer::start(&STARTTLS) else {
        return;
    };
    let sender = || Sender::to(&server).with_login();
    let refused = sender()
        .with("EMAIL_TARGET", "me@example.org, unknown@example.org")
        .send(&Order::default());
    let words = "refused the recipient unknown@example.org: 550 5.1.1 no such user here";
    refused.assert_refused(words, "EMAIL_TARGET");
    let full = sender().with("EMAIL_TARGET", "full@example.org");
    let full = full.send(&Order::default());
    full.assert_refused("full@example.org: 552 5.2.2 mailbox full", "EMAIL_TARGET");
    let stranger = sender().with("DEFAULT_FROM_EMAIL", "stranger@example.org");
    let stranger = stranger.send(&Order::default());
    stranger.assert_refused("refused the sender stranger@", "DEFAULT_FROM_EMAIL");
    assert_eq!(server.mails().len(), 0, "not even the others get it");
}

#[test]
fn what_a_server_puts_off_is_tried_again_later() {
    let Some(server) = SmtpServer::start(&STARTTLS) else {
        return;
    };
    let later = Sender::to(&server).with("EMAIL_TARGET", "later@example.org");
    let outcome = later.with_login().send(&Order::default());
    let error = outcome.error.expect("put off");
    assert!(error.contains("451 4.7.1 greylisted"), "{error}");
    assert!(outcome.is_passing);
}

#[test]
fn a_mail_that_is_too_large_is_not_begun() {
    let wants = Wants {
        size: Some(1 << 20),
        ..STARTTLS
    };
    let Some(server) = SmtpServer::start(&wants) else {
        return;
    };
    let (order, _) = order(&server, 1);
    let outcome = Sender::to(&server).with_login().send(&order);
    outcome.assert_refused("at most 1048576 are taken", "EMAIL_ATTACHMENT_LIMIT_MIB");
    assert!(!server.commands().contains(&"MAIL".to_owned()));
}

#[test]
fn a_server_of_ones_own_gets_it_without_encryption_and_login() {
    let Some(server) = SmtpServer::start(&PLAIN) else {
        return;
    };
    let sender = Sender::to(&server).with("EMAIL_USE_TLS", "0");
    let both = "me@example.org, You There <you@example.org>";
    sender
        .with("EMAIL_TARGET", both)
        .send(&Order::default())
        .assert_done();
    let mails = server.mails();
    let to = json!(["me@example.org", "you@example.org"]);
    assert_eq!(mails[0]["to"], to);
    assert_eq!(
        mails[0]["headers"]["to"],
        "me@example.org, You There <you@example.org>"
    );
    assert_eq!(mails[0]["encrypted"], false);
    assert_eq!(mails[0]["attachments"], json!([]));
}

#[test]
fn no_text_of_a_mail_becomes_a_header_or_a_command() {
    let Some(server) = SmtpServer::start(&PLAIN) else {
        return;
    };
    let sender = || Sender::to(&server).with("EMAIL_USE_TLS", "0");
    let evil = "x\r\nBcc: you@example.org\r\n\r\n.\r\nMAIL FROM:<you@example.org>";
    let (mut order, _) = order(&server, 0);
    evil.clone_into(&mut order.subject);
    order.attachment.as_mut().expect("one").0 = evil.to_owned();
    sender().send(&order).assert_done();
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    let on_one_line = evil.replace(['\r', '\n'], " ");
    assert_eq!(mails[0]["headers"]["subject"], on_one_line);
    assert_eq!(mails[0]["attachments"][0][0], on_one_line);
    let headers = mails[0]["headers"].as_object().expect("an object");
    assert!(!headers.contains_key("bcc"), "{headers:?}");
    assert_eq!(mails[0]["to"], json!(["me@example.org"]));
    let once = server.commands();
    assert_eq!(once.iter().filter(|word| *word == "MAIL").count(), 1);

    let smuggled = sender().with("EMAIL_TARGET", "me@example.org> SIZE=1 you@example.org");
    let refused = smuggled.send(&Order::default());
    refused.assert_refused("is not a mail address", "EMAIL_TARGET");
    assert_eq!(server.commands(), once, "nothing was said");
}

#[test]
fn a_subject_may_hold_any_letters() {
    let Some(server) = SmtpServer::start(&PLAIN) else {
        return;
    };
    let subject = "Sicherung «böse Größe» 備份 🦀 of a validator with a name that needs two lines";
    let order = Order {
        subject: subject.to_owned(),
        ..Order::default()
    };
    let sender = Sender::to(&server).with("EMAIL_USE_TLS", "0");
    sender.send(&order).assert_done();
    assert_eq!(server.mails()[0]["headers"]["subject"], subject);
}

/// For a server that says what it was told to say.
fn access(server: &ScriptedServer, encryption: MailEncryption) -> MailAccess {
    MailAccess {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        encryption,
        login: Some((USER.to_owned(), Secret::new(PASSWORD))),
        from: USER.to_owned(),
        to: vec!["me@example.org".to_owned()],
        most_attached: 0,
    }
}

const HELLO: [&str; 2] = ["220 mail.test", "250-mail.test\r\n250 AUTH PLAIN"];

#[tokio::test]
async fn a_server_that_falls_silent_holds_nobody_up() {
    let limits = Limits {
        connect: Duration::from_millis(500),
        total: Duration::from_millis(1000),
    };
    let dead_end = [HELLO[0], "250-mail.test\r\n250 STARTTLS", "220 go ahead"];
    let mute: [&str; 0] = [];
    for (lines, encryption, expected, limit) in [
        (
            &mute[..],
            MailEncryption::None,
            Asked::Connection,
            limits.connect,
        ),
        (
            &dead_end,
            MailEncryption::StartTls,
            Asked::Connection,
            limits.connect,
        ),
        (&HELLO, MailEncryption::None, Asked::Login, limits.total),
    ] {
        let server = ScriptedServer::start(lines, AtTheEnd::FallsSilent);
        let access = access(&server, encryption);
        let sent = mail::send_within(&access, letter("", None), limits).await;
        let error = sent.expect_err("no answer");
        let silent = MailError::Silent {
            server: format!("127.0.0.1:{}", server.port),
            asked: expected,
            limit,
        };
        assert_eq!(error, silent);
        assert!(error.is_passing());
    }
}

#[tokio::test]
async fn a_server_that_closes_in_the_middle_is_tried_again_later() {
    let lines = [
        HELLO[0],
        HELLO[1],
        "235 ok",
        HELLO[1],
        "250 ok",
        "250 ok",
        "354 go on",
    ];
    for count in 0..=lines.len() {
        let server = ScriptedServer::start(&lines[..count], AtTheEnd::Closes);
        let sent = mail::send(&access(&server, MailEncryption::None), letter("", None)).await;
        let error = sent.expect_err("it was not taken");
        assert!(error.is_passing(), "after {count} lines: {error}");
        let is_open = count >= HELLO.len();
        assert_eq!(
            matches!(error, MailError::Broken { .. }),
            is_open,
            "{error}"
        );
        assert_eq!(server.heard().len(), count.saturating_sub(1));
    }
}

#[tokio::test]
async fn nobody_there_is_passing_too() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = ScriptedServer::start(&[], AtTheEnd::Closes);
    let mut access = access(&server, MailEncryption::StartTls);
    access.port = listener.local_addr().expect("bound").port();
    drop(listener);
    let error = mail::check(&access).await.expect_err("nobody listens");
    assert!(matches!(error, MailError::Unreachable { .. }), "{error}");
    assert!(error.is_passing());
    assert!(error.advice().expect("one").contains("EMAIL_HOST"));
}

#[tokio::test]
async fn hostile_answers_become_one_short_line() {
    let long = format!("535-\x1b[31m{}\r\n535 {}", "a".repeat(900), "b".repeat(900));
    let server = ScriptedServer::start(&[HELLO[0], HELLO[1], &long], AtTheEnd::FallsSilent);
    let access = access(&server, MailEncryption::None);
    let text = mail::check(&access).await.expect_err("refused").to_string();
    assert!(text.contains("refused the login: 535"), "{text}");
    assert!(
        text.len() < 300 && !text.contains(char::is_control),
        "{text}"
    );
    let encoded = "535 AHZhbGlkYXRvckBleGFtcGxlLm9yZwBjb3JyZWN0IGhvcnNlIDE= is wrong";
    let server = ScriptedServer::start(&[HELLO[0], HELLO[1], encoded], AtTheEnd::FallsSilent);
    let access = MailAccess {
        port: server.port,
        ..access
    };
    let text = mail::check(&access).await.expect_err("refused").to_string();
    assert!(text.ends_with("535 ********"), "{text}");
}

#[tokio::test]
async fn offers_with_a_line_of_spaces_are_no_offers() {
    let lines = [HELLO[0], "250-mail.test\r\n250- \r\n250 AUTH PLAIN"];
    let server = ScriptedServer::start(&lines, AtTheEnd::FallsSilent);
    let access = access(&server, MailEncryption::None);
    let error = mail::check(&access).await.expect_err("unreadable");
    assert!(error.to_string().ends_with("has no word"), "{error}");
    assert!(error.is_passing());
}

#[tokio::test]
async fn a_server_without_a_login_is_not_given_one() {
    let lines = [HELLO[0], "250 mail.test"];
    let server = ScriptedServer::start(&lines, AtTheEnd::FallsSilent);
    let access = access(&server, MailEncryption::None);
    let error = mail::check(&access).await.expect_err("no way in");
    assert!(matches!(error, MailError::NoLogin { .. }), "{error}");
    assert_eq!(server.heard(), ["EHLO"]);
}

//! Secrets of a validator: in no answer, log, database, backup or request to others, on good days
//! and on bad ones; none of the key file's text in memory once it was read; no core dumps.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::CommitScheme;
use horde_validator::keys::Keypair;
use memchr::memmem;

use super::validator::{Running, Validator};
use crate::host::poll;
use crate::http_server::{Answer, HttpServer};

/// Of Alice, whose key everybody knows.
const SEED: &str = "e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
/// Stands in the key file, too, as `btcli` writes it.
const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
const NODE_KEY: &str = "node-key-4711";
const MAIL_PASSWORD: &str = "hush hush mail";
const PING: &str = "ping-6f1c9a52";
const SENTRY_KEY: &str = "5e17a0c0ffee4711";
const AWS_SECRET: &str = "aws-secret-half-0123456789";
const B2_SECRET: &str = "b2-secret-half-0123456789";

/// Everything an operator or a timer runs, with as much said as can be.
const COMMANDS: [&str; 28] = [
    "sync-params",
    "schedule-synthetic",
    "prompts generate",
    "prompts sample",
    "prompts answer",
    "run-synthetic --now",
    "relay-organic --for 2s",
    "fetch-receipts",
    "set-weights",
    "set-weights --dry-run",
    "send-events",
    "evict",
    "backup-db",
    "backup-db --local-only",
    "list-backups",
    "verify-backup",
    "provision-buckets --check prompts answers",
    "notify horde-set-weights.service",
    "status",
    "status --json",
    "inspect weights",
    "inspect events",
    "report",
    "metrics",
    "doctor",
    "params",
    "config",
    "config --json",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_told_on_good_days_or_bad_ones() {
    let listeners = HttpServer::start([Answer::Status(500)]);
    let mut validator = Validator::start(CommitScheme::Epochs);
    let secrets = give_secrets(&mut validator, &listeners);
    let mut told = told_by(&validator, &COMMANDS);

    let closed = crate::program::free_port();
    for (name, value) in [
        (
            "BITTENSOR_NETWORK",
            format!("ws://me:{NODE_KEY}@127.0.0.1:{closed}/{NODE_KEY}"),
        ),
        (
            "FACILITATOR_URI",
            format!("ws://me:{NODE_KEY}@127.0.0.1:{closed}/?key={NODE_KEY}"),
        ),
        ("AWS_ENDPOINT_URL", listeners.url("/")),
    ] {
        validator.set(name, value);
    }
    told += &told_by(&validator, &COMMANDS);

    // half of a key pair, and values that are none: one at a time, since the first one is told of
    for (name, value) in [
        ("BACKUP_B2_KEY_SECRET", B2_SECRET.to_owned()),
        ("SENTRY_DSN", format!("https://{SENTRY_KEY}@")),
        ("AWS_SECRET_ACCESS_KEY", format!("{AWS_SECRET}\u{1}")),
    ] {
        let before = validator.setting(name).to_owned();
        validator.set(name, value);
        told += &told_by(
            &validator,
            &["config", "doctor", "backup-db", "run-synthetic --now"],
        );
        validator.set(name, before);
    }

    let asked = listeners.asked();
    assert!(
        asked.iter().any(|asked| asked.path.contains(PING)),
        "it was never pinged"
    );
    let bodies: String = asked.iter().map(|asked| asked.body.as_str()).collect();
    let mut found = Vec::new();
    for secret in &secrets {
        found.extend(secret.found_in("an answer or a log", told.as_bytes()));
        found.extend(secret.found_in("a request to others", bodies.as_bytes()));
        for path in files(validator.folder.path()) {
            let content = content(&path);
            found.extend(secret.found_in(&path.display().to_string(), &content));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    // what is searched is what was said: the validator's address is in all of it
    let address = Account::validator().hotkey().to_string();
    assert!(
        told.contains(&address) && told.len() > 20_000,
        "{} bytes",
        told.len()
    );
    assert!(
        files(validator.folder.path())
            .iter()
            .any(|path| is_backup(path))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_key_file_held_is_wiped_from_memory_and_never_dumped() {
    let listeners = HttpServer::start([Answer::Status(200)]);
    let mut validator = Validator::start(CommitScheme::Epochs);
    let secrets = give_secrets(&mut validator, &listeners);
    let mut relay = validator.command("relay-organic");
    relay.stdout(Stdio::null()).stderr(Stdio::null());
    let relay = Running(relay.spawn().expect("started"));
    let facilitator = &validator.subnet.facilitator;
    let is_connected = || (facilitator.ledger().authenticated > 0).then_some(());
    poll("the relay", Duration::from_secs(60), is_connected);

    let limits = fs::read_to_string(relay.file("limits")).expect("our child");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{limits}");

    let Some(memory) = relay.memory() else {
        println!("passed over: this user may not read the memory of its child");
        return;
    };
    assert!(memory.len() > 1 << 20);
    let address = Account::validator().hotkey().to_string();
    let is_there = |text: &[u8]| memmem::find(&memory, text).is_some();
    assert!(is_there(address.as_bytes()), "this is not its memory");
    for secret in secrets.iter().filter(|secret| secret.is_of_key_file) {
        // the pair itself is what it signs with
        for form in secret
            .forms
            .iter()
            .filter(|form| !secret.is_pair || form.len() > 64)
        {
            assert!(!is_there(form), "{} is in memory", secret.name);
        }
    }
}

struct Secret {
    name: &'static str,
    is_of_key_file: bool,
    /// The bytes a signature is made with.
    is_pair: bool,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    fn text(name: &'static str, text: &str) -> Self {
        Self::bytes(name, text.as_bytes())
    }

    fn bytes(name: &'static str, bytes: &[u8]) -> Self {
        let texts = [
            hex::encode(bytes),
            STANDARD.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
            String::from_utf8_lossy(bytes).replace(' ', "%20"),
            String::from_utf8_lossy(bytes).replace(' ', "+"),
        ];
        let texts = texts.into_iter().map(String::into_bytes);
        Self {
            name,
            is_of_key_file: false,
            is_pair: false,
            forms: std::iter::once(bytes.to_vec()).chain(texts).collect(),
        }
    }

    fn of_key_file(self) -> Self {
        Self {
            is_of_key_file: true,
            ..self
        }
    }

    fn found_in(&self, place: &str, content: &[u8]) -> Option<String> {
        let position = |form: &Vec<u8>| memmem::find(content, form);
        let at = self.forms.iter().find_map(position)?;
        let around = &content[at.saturating_sub(200)..content.len().min(at + 100)];
        let around = around.escape_ascii();
        Some(format!("{} is in {place}: {around}", self.name))
    }
}

/// Gives the validator credentials for everything, and a key file with seed and phrase.
fn give_secrets(validator: &mut Validator, listeners: &HttpServer) -> Vec<Secret> {
    let seed: [u8; 32] = hex::decode(SEED)
        .expect("hex")
        .try_into()
        .expect("32 bytes");
    assert_eq!(
        Keypair::from_seed(&seed).hotkey(),
        Account::validator().hotkey()
    );
    let place = |name| validator.setting(name).to_owned();
    let key_file = Path::new(&place("BITTENSOR_WALLET_DIRECTORY"))
        .join(place("BITTENSOR_WALLET_NAME"))
        .join("hotkeys")
        .join(place("BITTENSOR_WALLET_HOTKEY_NAME"));
    let written: serde_json::Value =
        serde_json::from_slice(&fs::read(&key_file).expect("a wallet")).expect("JSON");
    let private = written["privateKey"].as_str().expect("a key").to_owned();
    let mut content = written;
    content["secretSeed"] = format!("0x{SEED}").into();
    content["secretPhrase"] = PHRASE.into();
    fs::write(&key_file, content.to_string()).expect("written");
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).expect("ours");

    let sentry = listeners
        .url("/1")
        .replace("http://", &format!("http://{SENTRY_KEY}@"));
    let closed = crate::program::free_port();
    for (name, value) in [
        ("EMAIL_HOST", "127.0.0.1".to_owned()),
        ("EMAIL_PORT", closed.to_string()),
        ("EMAIL_HOST_USER", "validator@example.org".to_owned()),
        ("EMAIL_HOST_PASSWORD", MAIL_PASSWORD.to_owned()),
        ("EMAIL_TARGET", "operator@example.org".to_owned()),
        ("HORDE_HEALTHCHECK_URL", listeners.url(&format!("/{PING}"))),
        ("SENTRY_DSN", sentry),
    ] {
        validator.set(name, value);
    }
    let pair = hex::decode(private.trim_start_matches("0x")).expect("hex");
    let aws = validator.setting("AWS_SECRET_ACCESS_KEY").to_owned();
    vec![
        Secret::bytes("the seed", &seed).of_key_file(),
        Secret::text("the phrase", PHRASE).of_key_file(),
        Secret {
            is_pair: true,
            ..Secret::bytes("the private key", &pair).of_key_file()
        },
        Secret::text("the node's key", NODE_KEY),
        Secret::text("the mail password", MAIL_PASSWORD),
        Secret::text("the ping", PING),
        Secret::text("the key of Sentry", SENTRY_KEY),
        Secret::text("the secret of the buckets", &aws),
        Secret::text("the malformed secret of the buckets", AWS_SECRET),
        Secret::text("the secret of B2", B2_SECRET),
    ]
}

/// What these print, each run to its end.
fn told_by(validator: &Validator, commands: &[&str]) -> String {
    let mut told = String::new();
    for command in commands {
        let mut run: Command = validator.command(command);
        let ended = run.arg("-vv").output().expect("it runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!said.contains("Usage: horde"), "{command}: {said}");
        told.push_str(&String::from_utf8_lossy(&ended.stdout));
        told.push_str(&said);
    }
    told
}

/// All below the folder, but for what the operator keeps the secrets in.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true if path.ends_with("wallets") => (),
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

fn is_backup(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "zst")
}

/// Of a backup, the database in it.
fn content(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap_or_default();
    match is_backup(path) {
        true => zstd::decode_all(bytes.as_slice()).expect("a whole backup"),
        false => bytes,
    }
}

impl Running {
    fn file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0.id()))
    }

    /// All that it may write to; `None` where the system does not let us look.
    fn memory(&self) -> Option<Vec<u8>> {
        let maps = fs::read_to_string(self.file("maps")).ok()?;
        let memory = fs::File::open(self.file("mem")).ok()?;
        let mut all = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next()?, words.next()?);
            if !rights.starts_with("rw") || line.ends_with("[vvar]") {
                continue;
            }
            let (from, to) = range.split_once('-')?;
            let from = u64::from_str_radix(from, 16).ok()?;
            let to = u64::from_str_radix(to, 16).ok()?;
            let mut part = vec![0; usize::try_from(to - from).ok()?];
            if memory.read_exact_at(&mut part, from).is_ok() {
                all.append(&mut part);
            }
        }
        Some(all)
    }
}

//! What `horde` says, and with which exit code, on days when something is wrong: with the node,
//! the clock, the disk, the database, the wallet, the settings, or with our standing on the
//! subnet. On none of them is anything lost, or sent that should not be.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::{
    CommitScheme, Config, Hyperparameters, Node, Outcome, PoolRefusal, SubmitFault,
};
use horde_validator::pass::{Lock, LockName};
use horde_validator::schedule::cycle_containing;
use horde_validator::store::{BatchState, PassOutcome, WeightsState};
use predicates::prelude::*;
use predicates::str::contains;
use rusqlite::Connection;

use crate::host::{self, Host, START, VALIDATOR};
use crate::program::may_mount;
use crate::vectors;

const SCORES: [(u16, f64); 2] = [(2, 1.0), (3, 2.0)];

/// A node and a host that is about to set weights in clear.
fn with_weights_due() -> (Node, Host) {
    with_weights_due_on(host::chain(CommitScheme::Off))
}

fn with_weights_due_on(config: Config) -> (Node, Host) {
    let node = host::start(config);
    let host = Host::on(&node);
    host.finish_batch(&node, &SCORES);
    (node, host)
}

/// A node and a host at the beginning of a cycle, which can be planned.
fn with_a_new_cycle(block_time: Duration) -> (Node, Host) {
    let config = Config {
        block_time,
        ..host::chain(CommitScheme::Off)
    };
    let start = i64::try_from(START).expect("a height");
    let cycle = cycle_containing(start, config.netuid, config.hyperparameters.tempo);
    let node = host::start(config);
    node.produce_to(u64::try_from(cycle.stop).expect("a height") + 1);
    let mut host = Host::on(&node);
    host.set("SYNTHETIC_JOBS_RUN_OFFSET", 5);
    (node, host)
}

/// `run-synthetic`, waiting for the block of its batch, two blocks from now.
fn waiting_for_its_batch(node: &Node, host: &Host) -> (Child, u64) {
    host.horde(&["schedule-synthetic"])
        .success()
        .stdout(contains("batch planned at block"));
    let batches = host.store().last_batches(1).expect("readable");
    let block = u64::try_from(batches[0].plan.block).expect("a height");
    node.produce_to(block - 2);
    let mut child = host
        .command()
        .arg("run-synthetic")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("waiting for the batch's block") {
        line.clear();
        let length = log.read_line(&mut line).expect("text");
        assert_ne!(length, 0, "it ended without waiting");
    }
    // goes on reading, so that it can go on writing
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    (child, block)
}

fn exit_code(mut child: Child) -> Option<i32> {
    child.wait().expect("it was started").code()
}

fn sent(node: &Node) -> Vec<Outcome> {
    let ledger = node.ledger();
    ledger.into_iter().map(|entry| entry.outcome).collect()
}

/// How the newest pass of this name is recorded.
fn recorded(host: &Host, name: &str) -> PassOutcome {
    let passes = host.store().last_passes().expect("readable");
    let pass = passes.into_iter().find(|pass| pass.name == name);
    pass.and_then(|pass| pass.end).expect("it ended").outcome
}

// the node

#[test]
fn a_node_that_is_down_is_named_and_left_to_the_next_pass() {
    let (node, host) = with_weights_due();
    let address = node.url();
    drop(node);
    host.horde(&["set-weights"])
        .code(75)
        .stderr(contains(format!("cannot reach {address}")));
    assert_eq!(recorded(&host, "set-weights"), PassOutcome::Unreachable);
}

#[test]
fn a_node_that_never_answers_is_given_up_within_half_a_minute() {
    let (node, host) = with_weights_due();
    node.fault(|faults| faults.silent = true);
    let began = Instant::now();
    host.horde(&["set-weights"])
        .code(75)
        .stderr(contains(format!(
            "no answer from {} to connect",
            node.url()
        )));
    assert!(began.elapsed() < Duration::from_secs(30));
    node.fault(|faults| faults.silent = false);
    host.horde(&["set-weights"]).success();
    assert_eq!(sent(&node), [Outcome::Succeeded]);
}

#[test]
fn a_slow_node_is_waited_for() {
    let (node, host) = with_weights_due();
    node.fault(|faults| faults.delay = Duration::from_millis(100));
    host.horde(&["set-weights"]).success();
    assert_eq!(sent(&node), [Outcome::Succeeded]);
}

#[test]
fn a_batch_whose_wait_is_cut_short_is_run_by_the_next_pass() {
    let (node, host) = with_a_new_cycle(Duration::from_secs(1));
    let (child, block) = waiting_for_its_batch(&node, &host);
    node.cut_connections();
    assert_eq!(exit_code(child), Some(75));
    assert_eq!(recorded(&host, "run-synthetic"), PassOutcome::Unreachable);
    node.produce_to(block);
    host.horde(&["run-synthetic"])
        .success()
        .stdout(contains("batch 1: 0 of 0 miners answered"));
    let batches = host.store().last_batches(10).expect("readable");
    assert_eq!((batches.len(), batches[0].state), (1, BatchState::Done));
}

#[test]
fn a_signal_ends_a_waiting_pass_and_the_next_one_runs_the_batch() {
    let (node, host) = with_a_new_cycle(Duration::from_secs(1));
    let (child, block) = waiting_for_its_batch(&node, &host);
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .assert()
        .success();
    assert_eq!(exit_code(child), Some(75));
    assert_eq!(recorded(&host, "run-synthetic"), PassOutcome::Interrupted);
    node.produce_to(block);
    host.horde(&["run-synthetic"]).success();
}

#[test]
fn a_chain_that_stands_still_is_not_waited_for_forever() {
    let (node, host) = with_a_new_cycle(Duration::from_millis(500));
    let (child, block) = waiting_for_its_batch(&node, &host);
    // nobody makes a block
    assert_eq!(exit_code(child), Some(75));
    let said = format!("block {block} did not come within 2 s");
    assert!(host.events().iter().any(|event| event.description == said));
}

#[test]
fn a_connection_that_breaks_before_an_extrinsic_is_taken_does_not_lose_the_weights() {
    let (node, host) = with_weights_due();
    node.fault(|faults| faults.submits.push_back(SubmitFault::CutBeforeTaking));
    host.horde(&["set-weights"]).code(75);
    let pending = host.store().pending_intents("").expect("readable");
    assert_eq!(pending.len(), 1, "the outcome is not known");
    // the blocks in which it could have been included
    node.produce_blocks(12);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 set in block"));
    assert_eq!(sent(&node), [Outcome::Lost, Outcome::Succeeded]);
}

#[test]
fn a_connection_that_breaks_after_an_extrinsic_is_taken_does_not_repeat_it() {
    let (node, host) = with_weights_due();
    node.fault(|faults| faults.submits.push_back(SubmitFault::CutAfterTaking));
    host.horde(&["set-weights"]).code(75);
    assert_eq!(host.weights().state, WeightsState::Decided);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("weights 1 set in block"));
    assert_eq!(host.weights().state, WeightsState::Final);
    assert_eq!(sent(&node), [Outcome::Succeeded]);
}

#[test]
fn nothing_is_written_on_a_head_that_lags_behind() {
    let (node, host) = with_weights_due();
    node.fault(|faults| faults.clock_behind = Duration::from_secs(300));
    node.produce_block();
    for pass in ["set-weights", "schedule-synthetic", "run-synthetic"] {
        host.horde(&[pass]).code(75).stderr(
            contains(format!("the node's newest block {} is", node.block()))
                .and(contains("it lags behind, or this clock is wrong"))
                .and(contains("timedatectl")),
        );
    }
    assert!(sent(&node).is_empty());
}

#[test]
fn a_clock_that_is_behind_the_chain_s_is_called_wrong() {
    let (node, host) = with_weights_due();
    // from here on blocks on demand run ahead of the clock, by four seconds each
    node.fault(|faults| faults.clock_behind = Duration::ZERO);
    node.produce_blocks(30);
    host.horde(&["set-weights"])
        .code(75)
        .stderr(contains("s behind the chain's newest block").and(contains("timedatectl")));
    assert!(sent(&node).is_empty());
}

#[test]
fn a_database_is_never_used_with_another_chain() {
    let (node, host) = with_weights_due();
    host.horde(&["set-weights", "--dry-run"]).success();
    node.fault(|faults| faults.other_genesis = true);
    host.horde(&["set-weights"]).code(2).stderr(
        contains("this database belongs to the chain with genesis 0x")
            .and(contains("another network needs another HORDE_DB")),
    );
    assert!(sent(&node).is_empty());
}

// the disk and the database

#[test]
fn a_full_disk_is_named_and_nothing_is_sent_until_there_is_room() {
    if !may_mount() {
        return;
    }
    let (node, host) = with_weights_due();
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size=1m none room && cp horde.db room/ || exit 99
        head -c 2m /dev/zero >room/filler 2>/dev/null
        "$HORDE" set-weights 2>&1; echo "full: $?"
        rm room/filler
        "$HORDE" set-weights 2>&1; echo "roomy: $?"
        cp room/horde.db* ."#;
    std::fs::create_dir(host.path("room")).expect("a folder");
    let run = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", SCRIPT])
        .current_dir(host.path(""))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .envs(host.settings())
        .env("HORDE_DB", "room/horde.db")
        .env("HORDE", env!("CARGO_BIN_EXE_horde"))
        .assert();
    run.stdout(
        contains("no room left on the disk of the database")
            .and(contains("free some room; nothing was lost"))
            .and(contains("full: 1\n"))
            .and(contains("roomy: 0\n")),
    );
    assert_eq!(sent(&node), [Outcome::Succeeded]);
    assert_eq!(host.weights().state, WeightsState::Final);
}

#[test]
fn a_disk_that_fails_in_the_middle_of_a_pass_loses_nothing() {
    let (node, host) = with_weights_due();
    // no file may grow beyond 64 KiB: the journal does so after a few transactions
    let script = r#"trap "" XFSZ; ulimit -f 128; exec "$HORDE" set-weights"#;
    Command::new("sh")
        .args(["-c", script])
        .current_dir(host.path(""))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .envs(host.settings())
        .env("HORDE", env!("CARGO_BIN_EXE_horde"))
        .assert()
        .code(1)
        .stderr(
            contains("decided weights=1")
                .and(contains("error: the database refused a statement"))
                .and(contains("disk I/O error")),
        );
    node.produce_blocks(12);
    host.horde(&["set-weights"]).success();
    assert_eq!(sent(&node), [Outcome::Succeeded]);
    assert_eq!(host.weights().state, WeightsState::Final);
}

#[test]
fn a_database_that_another_process_holds_is_left_to_the_next_pass() {
    let (node, host) = with_weights_due();
    let other = Connection::open(host.database()).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    host.horde(&["status"]).success();
    host.horde(&["set-weights"]).code(75).stderr(
        contains("the database was locked by another process for 10 s")
            .and(contains("stop that one first")),
    );
    assert!(sent(&node).is_empty());
}

#[test]
fn a_damaged_database_is_called_damaged() {
    let (node, host) = with_weights_due();
    let root_page: u32 = Connection::open(host.database())
        .expect("a database")
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'passes'",
            [],
            |row| row.get(0),
        )
        .expect("a table");
    let whole = std::fs::read(host.database()).expect("read");
    const PAGE: usize = 4096;
    let root_page = usize::try_from(root_page).expect("small");
    for damaged in [0..100, (root_page - 1) * PAGE..root_page * PAGE] {
        let mut content = whole.clone();
        content[damaged].fill(0xa5);
        std::fs::write(host.database(), content).expect("written");
        host.horde(&["set-weights"]).code(1).stderr(
            contains("error: the database is damaged").and(contains("restore the newest backup")),
        );
    }
    assert!(sent(&node).is_empty());
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_not_touched() {
    for journal_mode in ["WAL", "DELETE"] {
        let (_node, host) = with_weights_due();
        Connection::open(host.database())
            .and_then(|db| {
                db.execute(
                    "INSERT INTO refinery_schema_history VALUES (99, 'later', '', '0')",
                    [],
                )?;
                // a restored backup is in the other mode
                db.pragma_update(None, "journal_mode", journal_mode)
            })
            .expect("changed");
        let before = std::fs::read(host.database()).expect("read");
        for command in ["set-weights", "status", "migrate"] {
            host.horde(&[command]).code(2).stderr(
                contains("the database has version 99, this program knows versions up to")
                    .and(contains("install the newer program again")),
            );
        }
        let after = std::fs::read(host.database()).expect("read");
        assert!(before == after, "changed in mode {journal_mode}");
    }
}

#[test]
fn a_missing_database_is_not_made_anew_by_a_pass() {
    let mut host = Host::new();
    host.set("BITTENSOR_NETWORK", "local");
    for command in [
        "set-weights",
        "run-synthetic",
        "schedule-synthetic",
        "status",
    ] {
        host.horde(&[command]).code(2).stderr(
            contains(format!(
                "there is no database at `{}`",
                host.database().display()
            ))
            .and(contains("horde migrate")),
        );
    }
    assert!(!host.database().exists());
    host.set("HORDE_DB", host.path("wallets").display());
    host.horde(&["status"])
        .code(1)
        .stderr(contains("cannot be used as a database"));
}

// the wallet

/// The wallet is read before anybody is asked anything.
fn with_a_wallet_that_is(spoil: impl Fn(&mut Host)) -> assert_cmd::assert::Assert {
    let node = host::start(host::chain(CommitScheme::Off));
    let mut host = Host::on(&node);
    spoil(&mut host);
    let run = host.horde(&["set-weights"]);
    assert!(sent(&node).is_empty());
    run
}

fn write_private(path: &Path, content: &[u8]) {
    std::fs::write(path, content).expect("written");
    set_mode(path, 0o600);
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("its mode");
}

#[test]
fn a_missing_hotkey_is_named_with_its_path() {
    with_a_wallet_that_is(|host| std::fs::remove_file(host.hotkey_file()).expect("removed"))
        .code(2)
        .stderr(
            contains("wallets/test/hotkeys/default` cannot be read")
                .and(contains("because No such file or directory"))
                .and(contains("BITTENSOR_WALLET_DIRECTORY")),
        );
}

#[test]
fn a_hotkey_that_others_can_read_is_refused() {
    with_a_wallet_that_is(|host| set_mode(&host.hotkey_file(), 0o644))
        .code(2)
        .stderr(contains("its mode is 644, not 600 or 400").and(contains("try: chmod 600 '/")));
}

#[test]
fn an_encrypted_hotkey_needs_its_password_and_never_shows_it() {
    let cases = vectors::cases("wallet_keyfiles");
    let case = cases
        .iter()
        .find(|case| case["kind"] == "ansible_vault" && case["ok"] == true)
        .expect("there is one");
    let content = STANDARD
        .decode(case["content_base64"].as_str().expect("text"))
        .expect("base64");
    let password = case["password"].as_str().unwrap_or_default();
    let encrypt = |host: &mut Host, password: Option<&str>| {
        write_private(&host.hotkey_file(), &content);
        if let Some(password) = password {
            let file = host.path("password");
            write_private(&file, format!("{password}\n").as_bytes());
            host.set("BITTENSOR_WALLET_PASSWORD_FILE", file.display());
        }
    };
    with_a_wallet_that_is(|host| encrypt(host, None))
        .code(2)
        .stderr(
            contains("encrypted, and no password was given")
                .and(contains("BITTENSOR_WALLET_PASSWORD_FILE")),
        );
    with_a_wallet_that_is(|host| encrypt(host, Some("sesame")))
        .code(2)
        .stderr(
            contains("the password is wrong or the file is damaged").and(contains("sesame").not()),
        );
    let address = case["ss58_address"].as_str().expect("text");
    with_a_wallet_that_is(|host| encrypt(host, Some(password)))
        .code(2)
        .stderr(contains(format!(
            "hotkey {address} is not registered on subnet 12"
        )));
    with_a_wallet_that_is(|host| {
        encrypt(host, Some(password));
        set_mode(&host.path("password"), 0o640);
    })
    .code(2)
    .stderr(contains("its mode is 640"));
    // systemd's way, in which an empty one means that there is none
    let by_systemd = |host: &mut Host, password: &str| {
        write_private(&host.path("wallet-password"), password.as_bytes());
        set_mode(&host.path("wallet-password"), 0o440);
        host.set("CREDENTIALS_DIRECTORY", host.path("").display());
    };
    with_a_wallet_that_is(|host| {
        encrypt(host, None);
        by_systemd(host, password);
    })
    .code(2)
    .stderr(contains(format!("hotkey {address} is not registered")));
    with_a_wallet_that_is(|host| {
        encrypt(host, None);
        by_systemd(host, "\n");
    })
    .code(2)
    .stderr(contains("encrypted, and no password was given"));
}

#[test]
fn a_public_key_cannot_sign() {
    with_a_wallet_that_is(|host| {
        let public = std::fs::read(host.path("wallets/test/coldkeypub.txt")).expect("read");
        write_private(&host.hotkey_file(), &public);
    })
    .code(2)
    .stderr(contains("holds a public key only, which cannot sign"));
}

#[test]
fn a_coldkey_is_never_opened() {
    with_a_wallet_that_is(|host| host.set("BITTENSOR_WALLET_HOTKEY_NAME", "../coldkey"))
        .code(2)
        .stderr(contains(
            "`../coldkey`, which is not the plain name of a file",
        ));
    with_a_wallet_that_is(|host| {
        let coldkey = host.path("wallets/test/coldkey");
        std::fs::rename(host.hotkey_file(), &coldkey).expect("moved");
        symlink(coldkey, host.hotkey_file()).expect("a link");
    })
    .code(2)
    .stderr(contains(
        "leads to a coldkey, which never belongs on a validator",
    ));
}

// the settings

#[test]
fn a_missing_setting_is_named_with_an_example() {
    for (name, example) in [
        ("BITTENSOR_NETWORK", "finney"),
        ("BITTENSOR_NETUID", "12"),
        ("BITTENSOR_WALLET_NAME", "mywallet"),
        ("BITTENSOR_WALLET_HOTKEY_NAME", "default"),
    ] {
        with_a_wallet_that_is(|host| host.unset(name))
            .code(2)
            .stderr(
                contains(format!("setting {name} is missing"))
                    .and(contains(format!("for example {name}={example}")))
                    .and(contains("`horde config` shows every setting")),
            );
    }
}

#[test]
fn a_malformed_setting_is_shown_with_what_it_should_be() {
    for (name, value, wanted) in [
        ("BITTENSOR_NETUID", "twelve", "a whole number in range"),
        ("BITTENSOR_NETUID", "-1", "a whole number in range"),
        ("MIGRATING", "perhaps", "1/0, true/false, yes/no or on/off"),
        (
            "BITTENSOR_NETWORK",
            "fineny",
            "a network's name or a node's address",
        ),
    ] {
        with_a_wallet_that_is(|host| host.set(name, value))
            .code(2)
            .stderr(
                contains(format!("setting {name} from the environment is `{value}`"))
                    .and(contains(format!("which is not {wanted}"))),
            );
    }
}

#[test]
fn no_error_quotes_a_secret_from_the_settings() {
    let secret = "hunter2";
    for line in [
        &format!("EMAIL_HOST_PASSWORD='{secret}"),
        &format!("EMAIL_HOST_PASSWORD {secret}"),
        &format!("EMAIL_HOST_PASSWORD=\"{secret}\" {secret}"),
    ] {
        with_a_wallet_that_is(|host| {
            std::fs::write(host.path(".env"), format!("{line}\n")).expect("written");
        })
        .code(2)
        .stderr(
            contains("the settings file `.env` cannot be read: ")
                .and(contains("line 1"))
                .and(contains(secret).not()),
        );
    }
    // what is not ours is not read
    let host = Host::new();
    let others = format!("{secret}\n{secret} without a name\nTHEIR_PASSWORD='{secret}\n");
    std::fs::write(host.path(".env"), others).expect("written");
    host.horde(&["config"])
        .success()
        .stdout(contains(secret).not());
    with_a_wallet_that_is(|host| {
        host.set(
            "BITTENSOR_NETWORK",
            format!("https://me:{secret}@node/{secret}"),
        );
    })
    .code(2)
    .stderr(contains("is `https://node`").and(contains(secret).not()));
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    Host::new()
        .horde(&["--env-file", "elsewhere.env", "config"])
        .code(2)
        .stderr(contains("the settings file `elsewhere.env` cannot be read"));
}

// our standing

#[test]
fn a_second_run_of_a_pass_leaves_the_work_to_the_first() {
    let (node, host) = with_weights_due();
    for pass in ["set-weights", "run-synthetic", "schedule-synthetic"] {
        let lock = Lock::try_take(&host.database(), LockName::Pass(pass)).expect("a file");
        let _lock = lock.expect("nobody else runs");
        host.horde(&[pass])
            .success()
            .stdout(contains(format!("another run of {pass} is under way")));
    }
    assert!(sent(&node).is_empty());
}

#[test]
fn a_server_that_is_not_serving_runs_no_batch_and_writes_no_weights() {
    let (node, mut host) = with_weights_due();
    host.set("MIGRATING", 1);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains("not serving: no weights are written"));
    host.horde(&["run-synthetic", "--now"])
        .success()
        .stdout(contains("not serving: no batch is run"));
    assert!(sent(&node).is_empty());
}

#[test]
fn a_validator_with_too_little_stake_for_the_cycle_is_told_so_once() {
    let mut config = host::chain(CommitScheme::Off);
    config.neurons[0].stake_tao = 999;
    let start = i64::try_from(START).expect("a height");
    let cycle = cycle_containing(start, config.netuid, config.hyperparameters.tempo);
    let node = host::start(config);
    node.produce_to(u64::try_from(cycle.stop).expect("a height") + 1);
    let host = Host::on(&node);
    for _ in 0..2 {
        host.horde(&["schedule-synthetic"]).success().stdout(
            contains("this hotkey is not among the 1 validators of the cycle")
                .and(contains("it needs at least 1000 stake")),
        );
    }
    assert_eq!(host.events().len(), 1);
    assert!(host.store().last_batches(1).expect("readable").is_empty());
}

#[test]
fn a_hotkey_that_is_not_registered_is_told_what_to_do() {
    let (node, host) = with_weights_due();
    node.deregister(&Account::validator().hotkey());
    node.produce_block();
    host.horde(&["set-weights"]).code(2).stderr(
        contains("is not registered on subnet 12").and(contains("try: register the hotkey")),
    );
    assert!(sent(&node).is_empty());
}

#[test]
fn the_subnet_s_rate_limit_is_waited_for_without_trying() {
    let (node, host) = with_weights_due();
    host.horde(&["set-weights"]).success();
    let from = node.last_update_of(VALIDATOR) + 30;
    node.set_hyperparameters(|subnet| subnet.weights_rate_limit = 30);
    host.finish_batch(&node, &SCORES);
    host.horde(&["set-weights"])
        .success()
        .stdout(contains(format!(
            "the subnet's rate limit allows the next write at block {from}"
        )));
    assert_eq!(sent(&node).len(), 1);
    node.produce_to(from - 1);
    host.horde(&["set-weights"]).success();
    assert_eq!(sent(&node).len(), 2);
}

#[test]
fn a_rate_limit_that_the_chain_insists_on_is_left_to_the_next_pass() {
    let (node, host) = with_weights_due();
    node.fault(|faults| {
        let refusal = SubmitFault::Refuse(PoolRefusal::PriorityTooLow);
        faults.submits.push_back(refusal);
    });
    host.horde(&["set-weights"]).code(75).stderr(
        contains("the chain refused to set weights: PriorityTooLow")
            .and(contains("does another program sign with it")),
    );
    host.horde(&["set-weights"]).success();
}

#[test]
fn what_only_the_operator_can_put_right_comes_with_a_hint() {
    let alone = |spoil: fn(&Node), error: &str, hint: &str| {
        let (node, host) = with_weights_due();
        spoil(&node);
        node.produce_block();
        host.horde(&["set-weights"]).code(2).stderr(
            contains(format!("the chain refused to set weights: {error}"))
                .and(contains(format!("try: {hint}"))),
        );
        assert_eq!(recorded(&host, "set-weights"), PassOutcome::Misconfigured);
        assert!(node.weights_of(VALIDATOR).is_empty());
    };
    alone(
        |node| node.set_stake(&Account::validator().hotkey(), 1),
        "NotEnoughStakeToSetWeights",
        "total stake is below the threshold: stake more",
    );
    alone(
        |node| node.set_permit(VALIDATOR, false),
        "NoValidatorPermit",
        "not among the top validators: needs more stake",
    );
    alone(
        |node| {
            node.set_hyperparameters(|subnet: &mut Hyperparameters| subnet.weights_version_key = 9);
        },
        "IncorrectNetworkVersionKey",
        "the subnet demands a newer validator release",
    );
}

//! What the commands print: what an operator reads, and what a machine parses.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use assert_cmd::assert::{Assert, OutputAssertExt};
use chrono::{TimeDelta, Utc};
use horde_validator::devnet::accounts::Account;
use horde_validator::devnet::node::CommitScheme;
use horde_validator::store::{FacilitatorSeen, PassOutcome};
use predicates::prelude::*;
use predicates::str::{contains, is_match};
use serde_json::{Value, json};

use crate::host::{self, Host};
use crate::http_server::{Answer, HttpServer};

const COMMANDS: [&str; 30] = [
    "schedule-synthetic",
    "run-synthetic",
    "set-weights",
    "relay-organic",
    "fetch-receipts",
    "sync-params",
    "send-events",
    "prompts",
    "evict",
    "backup-db",
    "list-backups",
    "verify-backup",
    "restore-db",
    "provision-buckets",
    "debug-run",
    "status",
    "inspect",
    "report",
    "metrics",
    "doctor",
    "params",
    "serving",
    "miners",
    "config",
    "migrate",
    "notify",
    "completions",
    "man",
    "devnet",
    "demo",
];

/// What was printed, without what differs from run to run.
fn shown(host: &Host, run: &Assert) -> String {
    let stdout = String::from_utf8_lossy(&run.get_output().stdout);
    stdout
        .replace(&host.path("").display().to_string(), "[folder]/")
        .replace("127.0.0.1", "[host]")
}

fn filtered(check: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r" +\d+ s ago", " [ago]");
    settings.add_filter(r"10\d{5}", "[block]");
    settings.bind(check);
}

#[test]
fn help_fits_80_columns() {
    let host = Host::new();
    for command in COMMANDS {
        for arguments in [[command, "--help"], [command, "-h"]] {
            host.horde(&arguments)
                .success()
                .stdout(predicate::function(|text: &str| {
                    text.lines().all(|line| line.chars().count() <= 80)
                }));
        }
    }
    let run = host.horde(&["--help"]).success();
    insta::assert_snapshot!(shown(&host, &run), @r"
    A ComputeHorde validator: each subcommand makes one pass and exits

    Passes work on one SQLite file and are meant to be started by timers. Running
    any of them twice does no harm: the second run finds what the first one did.
    Settings come from the environment and a .env file; `horde config` shows them.

    Exit codes: 0 done or nothing due; 1 failed; 2 usage or configuration; 75 the
    outside could not be reached, the next pass tries again.

    Usage: horde [OPTIONS] <COMMAND>

    Commands:
      schedule-synthetic  Plan this cycle's batch; mark missed ones
      run-synthetic       Run the batch that is due
      set-weights         Set, commit or reveal weights, whichever is due
      relay-organic       Take users' jobs, run them on miners, report
      fetch-receipts      Fetch and check the receipts that miners publish
      prompts             Make prompts with known answers, for the tests of LLM
                          executors
      sync-params         Fetch the parameters that the subnet owner publishes
      send-events         Send system events to the stats collector
      evict               Delete rows that are past their time
      backup-db           Back up the database, here and where the settings say
      list-backups        Show the backups that can be restored, newest first
      verify-backup       Rehearse a restore: everything but the last step
      restore-db          Put a backup in the place of the database
      provision-buckets   Make and verify the buckets of prompts and answers
      debug-run           Try one miner, with every step shown
      status              Show what happened last, what is due, and what is wrong
      inspect             Show what happened, and why a miner got its weight
      report              Write a page about the last days, with charts
      metrics             Print metrics for Prometheus
      doctor              Check all that a validator needs, and say what to do
      params              Show or pin the subnet's parameters, and where each value
                          comes from
      serving             Take part or not: batches, weights and jobs of users
      miners              Show known miners, and block some from getting jobs of
                          users
      config              Show every setting, where it comes from and what it means
      migrate             Bring the database up to date, or make a new one
      notify              Tell by mail that a unit has failed
      completions         Print completions for a shell
      man                 Print the manual page, or write one per subcommand
      devnet              Run a local subnet to play with, until Ctrl-C
      demo                Rehearse a whole cycle on a local subnet, in about a
                          minute
      help                Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Everywhere:
          --env-file <FILE>
              Read settings from this file instead of .env or /etc/horde/horde.env

          --json
              Print one JSON document to stdout

      -v, --verbose...
              Log more (-v: debug, -vv: trace)

      -q, --quiet
              Log errors only, draw no progress

          --no-color
              No colours (also: NO_COLOR)

          --log-format <FORM>
              Form of the log on stderr [default: journald under systemd, else text]

              Possible values:
              - text
              - json
              - journald: With priorities that journald understands, without times
    ");
}

#[test]
fn the_version_names_the_commit() {
    Host::new().horde(&["--version"]).success().stdout(
        is_match(r"^horde \d+\.\d+\.\d+ \((\w{7,}(-dirty)?|unknown commit)\)\n$")
            .expect("a pattern"),
    );
}

#[test]
fn wrong_usage_exits_2() {
    let host = Host::new();
    for arguments in [
        &["dance"][..],
        &[],
        &["status", "--tomorrow"],
        &["--quiet", "--verbose", "status"],
        &["devnet", "--block-time", "0"],
    ] {
        host.horde(arguments)
            .code(2)
            .stderr(contains("For more information, try '--help'").or(contains("Usage:")));
    }
}

/// Each version that operators may have is kept as a file.
#[test]
fn an_old_database_is_brought_up_to_date_and_loses_nothing() {
    upgrade(include_bytes!("../databases/v1.db"));
    upgrade(include_bytes!("../databases/v2.db"));
    upgrade(include_bytes!("../databases/v3.db"));
    upgrade(include_bytes!("../databases/v4.db"));
    let db = upgrade(include_bytes!("../databases/v5.db"));
    let jobs: i64 = db
        .query_row(
            "SELECT count(*) FROM jobs JOIN batch_miners USING (batch_id)",
            [],
            |row| row.get(0),
        )
        .expect("a number");
    let of_users: i64 = db
        .query_row("SELECT count(*) FROM organic_jobs", [], |row| row.get(0))
        .expect("a number");
    let samples: i64 = db
        .query_row("SELECT count(*) FROM prompt_samples", [], |row| row.get(0))
        .expect("a number");
    assert_eq!((jobs, of_users, samples), (1, 1, 1));
    let mut weights = db
        .prepare("SELECT weights_id, value, score FROM miner_weights WHERE uid = 2")
        .expect("SQL");
    let weights: Vec<(i64, i64, Option<f64>)> = weights
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(Iterator::collect)
        .expect("rows");
    assert_eq!(weights, [(1, 65_535, Some(0.1)), (2, 7, None)]);
}

fn upgrade(file: &[u8]) -> rusqlite::Connection {
    let host = Host::new();
    std::fs::write(host.database(), file).expect("written");
    host.horde(&["migrate"])
        .success()
        .stdout(contains("is up to date, version 6"));
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    let kept: String = db
        .query_row(
            "SELECT miner_hotkey FROM receipts WHERE job_uuid = 'a job'",
            [],
            |row| row.get(0),
        )
        .expect("the receipt is still there");
    assert_eq!(kept, "a miner");
    assert_eq!(host.json(&["status"])["serving"], false);
    db
}

#[test]
fn a_database_is_made_once() {
    let host = Host::new();
    let (first, second) = (host.horde(&["migrate"]), host.horde(&["migrate"]));
    insta::assert_snapshot!(shown(&host, &first.success()), @"[folder]/horde.db made, version 6");
    insta::assert_snapshot!(shown(&host, &second.success()), @"[folder]/horde.db is up to date, version 6");
}

#[test]
fn the_status_of_a_new_installation_is_short() {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    let run = host.horde(&["status"]).success();
    insta::assert_snapshot!(shown(&host, &run), @r"
    serving    yes
    database   [folder]/horde.db (version 6)
    chain      not seen yet
    batch      none planned yet
    weights    none decided yet

    all is well
    ");
}

#[test]
fn status_shows_what_was_done_and_what_is_wrong() {
    let node = host::start(host::chain(CommitScheme::Off));
    let mut host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0)]);
    host.horde(&["set-weights"]).success();
    host.set("MIGRATING", 1);
    host.unset("BITTENSOR_NETUID");
    host.horde(&["schedule-synthetic"]).code(2);
    let run = host.horde(&["status"]).success();
    filtered(|| {
        insta::assert_snapshot!(shown(&host, &run), @r"
    serving    NO
    database   [folder]/horde.db (version 6)
    chain      block [block], seen [ago]
    on chain   our last write is 2 blocks old (0.1 tempos)
    batch      1 at block [block]: done
    last run   1, [ago]: 1/1 miners answered, 1/1 jobs succeeded
    weights    1 (set): final since block [block]

    schedule-synthetic [ago] misconfigured setting BITTENSOR_NETUID is miss...
    set-weights [ago] done          weights 1 set in block [block]; ...

    ! schedule-synthetic: setting BITTENSOR_NETUID is missing (the subnet: 12 on ...
      -> `horde config` shows every setting
    ! not serving: MIGRATING is set
      -> unset MIGRATING on the server that is to serve
    ")
    });
}

#[test]
fn the_status_of_the_worst_night_fits_one_screen() {
    let mut host = Host::new();
    host.set("MIGRATING", 1);
    host.horde(&["migrate"]).success();
    let mut store = host.store();
    let now = Utc::now();
    let names = horde_validator::status::PERIODS.map(|(name, _)| name);
    for name in names
        .into_iter()
        .chain(["relay-organic", "provision-buckets"])
    {
        let pass = store.begin_pass(name, "x", now).expect("kept");
        let summary = "a long story ".repeat(20);
        let outcome = PassOutcome::Misconfigured;
        store.end_pass(pass, outcome, &summary, now).expect("kept");
    }
    let run = host.horde(&["status"]).success();
    let text = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(text.lines().count() <= 23 && widest <= Some(80), "{text}");
    let cut = |line: &str| line.starts_with("  ->") && line.ends_with("...");
    assert!(!text.lines().any(cut), "what to do is told in full: {text}");
    for part in [
        "prompts-generate",
        "provision-buckets",
        "! ",
        "more: `horde status --json`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    host.horde(&["status", "--watch"])
        .code(2)
        .stderr(contains("needs a terminal"));
}

#[test]
fn status_says_what_comes_next_and_when() {
    let node = host::start(host::chain(CommitScheme::Epochs));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0)]);
    node.produce_to(host::START + host::COMMIT_WINDOW.start);
    host.horde(&["set-weights"]).success();
    let due = host.json(&["status"])["weights"]["due"].clone();
    let from = host.weights().reveal_from.expect("known");
    assert_eq!(
        (&due["what"], &due["block"]),
        (&json!("reveal"), &json!(from))
    );
    let seen = host.store().chain_seen().expect("readable").expect("seen");
    let wait = (from - seen.block) * 4;
    let at: chrono::DateTime<Utc> = due["at"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .expect("a time");
    assert_eq!(
        (at - seen.at).num_seconds(),
        i64::try_from(wait).expect("small")
    );
    let text = host.horde(&["status"]).success();
    text.stdout(contains(format!(
        "1 (hash): placed, reveal from block {from}"
    )));
}

#[test]
fn status_does_not_miss_a_pass_that_still_runs() {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    let problems = |minutes: i64| {
        let began = Utc::now() - TimeDelta::minutes(minutes);
        let mut store = host.store();
        store.begin_pass("run-synthetic", "x", began).expect("kept");
        host.json(&["status"])["problems"].clone()
    };
    // a batch
    assert_eq!(problems(30), json!([]));
    // no unit lets it run so long: it was killed, and nothing has started it again
    let found = problems(61);
    assert_eq!(found[0]["what"], "run-synthetic last ran 61 minutes ago");
}

#[test]
fn a_pass_that_has_just_begun_does_not_hide_how_the_one_before_ended() {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    let mut store = host.store();
    for name in ["set-weights", "relay-organic"] {
        let pass = store.begin_pass(name, "x", Utc::now()).expect("kept");
        let failed = PassOutcome::Unreachable;
        store
            .end_pass(pass, failed, "no node", Utc::now())
            .expect("kept");
        store.begin_pass(name, "x", Utc::now()).expect("kept");
    }
    // that of the relay runs as long as all is well
    let found = host.json(&["status"])["problems"].clone();
    assert_eq!(found[0]["what"], "set-weights: no node");
    assert_eq!(found[1], Value::Null);
    host.horde(&["metrics"]).success().stdout(
        contains("horde_pass_failing{pass=\"set-weights\"} 1")
            .and(contains("horde_pass_failing{pass=\"relay-organic\"}").not()),
    );
}

#[test]
fn a_relay_that_tries_in_vain_is_a_problem_after_two_minutes() {
    let host = Host::new();
    host.horde(&["migrate"]).success();
    let mut store = host.store();
    let mut problems = |minutes_ago: i64, is_connected: bool| {
        let at = Utc::now() - TimeDelta::minutes(minutes_ago);
        let pass = store.begin_pass("relay-organic", "x", at);
        pass.expect("kept");
        let finding = format!("refused {minutes_ago} minutes ago");
        let seen = FacilitatorSeen {
            at,
            is_connected,
            finding,
        };
        store.note_facilitator(seen).expect("kept");
        host.json(&["status"])["problems"].clone()
    };
    assert_eq!(problems(60, true), json!([]));
    assert_eq!(problems(1, false), json!([]));
    assert_eq!(problems(30, true), json!([]));
    // it is tried again and again meanwhile
    problems(3, false);
    assert_eq!(
        problems(0, false)[0]["what"],
        "relay-organic is not connected: refused 0 minutes ago"
    );
    assert_eq!(problems(0, true), json!([]));
}

#[test]
fn config_shows_where_each_setting_comes_from() {
    let mut host = Host::new();
    std::fs::write(host.path(".env"), "MIGRATING=yes\nBITTENSOR_NETUID=174\n").expect("written");
    host.set("BITTENSOR_NETWORK", "wss://me:secret@node.example/secret");
    let run = host.horde(&["config"]).success();
    insta::assert_snapshot!(shown(&host, &run), @r"
    HORDE_DB=[folder]/horde.db
        the SQLite file; else horde.db in $STATE_DIRECTORY, else in ~/.local/share/horde (from the environment)
    BITTENSOR_NETUID=12
        the subnet: 12 on mainnet, 174 on testnet (from the environment)
    BITTENSOR_NETWORK=wss://node.example
        finney, test, archive, local, or host:port, ws:// or wss:// of a node (from the environment)
    BITTENSOR_WALLET_DIRECTORY=[folder]/wallets
        where the wallets lie (from the environment)
    BITTENSOR_WALLET_NAME=test
        the wallet's folder (from the environment)
    BITTENSOR_WALLET_HOTKEY_NAME=default
        the hotkey's file (from the environment)
    BITTENSOR_WALLET_PASSWORD_FILE=
        file with the password of an encrypted hotkey file (from nowhere)
    FACILITATOR_URI=wss://facilitator.computehorde.io/ws/v0/
        where users' jobs come from (from the default)
    STATS_COLLECTOR_URL=https://facilitator.computehorde.io/stats_collector/v0/
        where system events are sent; empty: nowhere (from the default)
    DYNAMIC_CONFIG_ENV=prod
        which published parameters: prod, staging, testing (from the default)
    DYNAMIC_CONFIG_URL=
        the published parameters themselves, instead of the subnet owner's (from nowhere)
    VALIDATOR_VERSION=
        version told to the facilitator; else that of this program (from nowhere)
    VALIDATOR_RUNNER_VERSION=
        version of what runs it, told likewise (from nowhere)
    HORDE_SEND_MACHINE_SPECS=0
        tell the facilitator the hardware of executors that passed a batch (from the default)
    MIGRATING=yes
        1: start without serving (from .env)
    SYNTHETIC_JOBS_RUN_OFFSET=24
        blocks between the start of a cycle and its first batch (from the default)
    HORDE_SCORE_AVG_PARAM=0
        alpha of the horde score: weight of the mean job score (from the default)
    HORDE_SCORE_SIZE_PARAM=0
        beta of the horde score: steepness in the size of the horde (from the default)
    HORDE_SCORE_CENTRAL_SIZE_PARAM=1
        size of a horde at the middle of the curve (delta = 1 / this) (from the default)
    PROMPT_GENERATION_MODEL=phi3
        which model the trusted miner generates prompts with (from the default)
    TRUSTED_MINER_KEY=
        hotkey of the miner that generates prompts and answers (from nowhere)
    TRUSTED_MINER_ADDRESS=
        its address (from nowhere)
    TRUSTED_MINER_PORT=
        its port (from nowhere)
    AWS_ACCESS_KEY_ID=
        key pair for the buckets: its name (from nowhere)
    AWS_SECRET_ACCESS_KEY=
        its secret half (from nowhere)
    AWS_ENDPOINT_URL=
        the S3 server; else Amazon's, with public addresses at https://s3.amazonaws.com (from nowhere)
    AWS_DEFAULT_REGION=
        region of the buckets; else AWS_REGION, else us-east-1 (from nowhere)
    AWS_REGION=
        the same, where AWS_DEFAULT_REGION is not set (from nowhere)
    AWS_SIGNATURE_VERSION=
        how uploads are signed: s3v4, or s3 for servers that know only version 2 (from nowhere)
    S3_BUCKET_NAME_PROMPTS=
        bucket of generated prompts (from nowhere)
    S3_BUCKET_NAME_ANSWERS=
        bucket of sampled prompts and of answers (from nowhere)
    BACKUP_DIRECTORY=
        where backups are kept; else backups in $STATE_DIRECTORY, else .backups where you are (from nowhere)
    BACKUP_LOCAL_ROTATE_KEEP_LAST=
        keep this many newest backups; all, if this and the three below are unset (from nowhere)
    BACKUP_LOCAL_ROTATE_KEEP_DAILY=
        keep also the newest of each of so many days (from nowhere)
    BACKUP_LOCAL_ROTATE_KEEP_WEEKLY=
        keep also the newest of each of so many weeks (from nowhere)
    BACKUP_LOCAL_ROTATE_KEEP_MONTHLY=
        keep also the newest of each of so many months (from nowhere)
    BACKUP_AGE_RECIPIENTS=
        public keys that what leaves this machine is encrypted for, with commas between (from nowhere)
    BACKUP_B2_BUCKET_NAME=
        Backblaze B2: the bucket (from nowhere)
    BACKUP_B2_BUCKET=
        the same, where BACKUP_B2_BUCKET_NAME is not set (from nowhere)
    BACKUP_B2_KEY_ID=
        its application key: the name (from nowhere)
    BACKUP_B2_KEY_SECRET=
        its application key: the secret half (from nowhere)
    BACKUP_B2_API_URL=https://api.backblazeb2.com/
        where a key of B2 is told its server (from the default)
    BACKUP_S3_BUCKET_NAME=
        any S3 server: the bucket of backups (from nowhere)
    BACKUP_S3_ACCESS_KEY_ID=
        its key pair; if unset, key pair, server and region are those of AWS_* (from nowhere)
    BACKUP_S3_SECRET_ACCESS_KEY=
        the secret half of that (from nowhere)
    BACKUP_S3_ENDPOINT_URL=
        its server; else Amazon's (from nowhere)
    BACKUP_S3_REGION=us-east-1
        its region (from the default)
    EMAIL_HOST=
        server that mail is handed to (from nowhere)
    EMAIL_PORT=587
        its port; 465 speaks TLS from the first byte on (from the default)
    EMAIL_USE_TLS=1
        1: nothing is said before STARTTLS; 0: nothing is encrypted (from the default)
    EMAIL_HOST_USER=
        login there, if it wants one (from nowhere)
    EMAIL_HOST_PASSWORD=
        password of that login (from nowhere)
    EMAIL_TARGET=
        who gets backups by mail; several with commas between (from nowhere)
    DEFAULT_FROM_EMAIL=
        sender of mail; else EMAIL_HOST_USER, else EMAIL_TARGET (from nowhere)
    EMAIL_ATTACHMENT_LIMIT_MIB=20
        a larger backup is not attached; the mail says where it is (from the default)
    HORDE_HEALTHCHECK_URL=
        called after each pass, with /fail after one that failed: a dead man's switch (from nowhere)
    HORDE_MONITORING_CERTS=/etc/horde/monitoring
        where cert.crt, cert.key and ca.crt are; with them `horde metrics` serves over TLS only (from the default)
    SENTRY_DSN=
        failures are told to this Sentry (from nowhere)
    ENV=prod
        name of the environment in what is told to Sentry (from the default)
    DEBUG_MINER_KEY=
        test this miner instead of those of the metagraph (from nowhere)
    DEBUG_MINER_ADDRESS=
        its address (from nowhere)
    DEBUG_MINER_PORT=0
        its port; further miners count up (from the default)
    DEBUG_MINER_COUNT=1
        how many such miners; from the second on with made-up hotkeys (from the default)
    DEBUG_DONT_STAGGER_VALIDATORS=0
        run a batch at once, without waiting for its block (from the default)
    DEBUG_OVERRIDE_WEIGHTS_VERSION=
        instead of DYNAMIC_WEIGHTS_VERSION (from nowhere)
    DEBUG_HASH_JOB=
        letters,digits,hashes of each part of a hash job; refused on the main network (from nowhere)
    DEBUG_BATCH_TIME_SCALE=
        factor on the time limits of a batch; refused on the main network (from nowhere)
    ");
    let json = host.json(&["config"]);
    assert_eq!(json["MIGRATING"]["source"], ".env");
    assert_eq!(json["BITTENSOR_NETWORK"]["value"], "wss://node.example");
}

#[test]
fn a_dry_run_shows_each_weight_and_why_and_sends_nothing() {
    let node = host::start(host::chain(CommitScheme::Off));
    let host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0), (3, 2.5), (4, 0.0), (9, 1.0)]);
    node.register(3, &host::miner(3));
    node.produce_block();
    let run = host.horde(&["set-weights", "--dry-run"]).success();
    insta::assert_snapshot!(shown(&host, &run), @r"
    hotkey                                             uid       score  weight  why
    5CVKn7HAZW1Ky4r7Vkgsr7VEW88C2sHgUNDiwHY9Ct2hjU8q     -   22.000000       0  no longer on the subnet
    5Dfis6XL8J2P6JHUnUtArnFWndn62SydeP8ee8sG2ky9nfm9     2   22.000000   65535  its share of the scores
    5DiDShBWa1fQx6gLzpf3SFBhMinCoyvHM1BWjPNsmXS8hkrW     4    0.000000       0  its share of the scores
    5F4H97f7nQovyrbiq4ZetaaviNwThSVcFobcA5aGab6167dK     3   55.000000       0  registered after the batch began
    batch 1 would be written (set), 1 uids; nothing was sent
    ");
    assert!(node.ledger().is_empty());
}

/// Every key of a document, at any depth.
pub(crate) fn keys(document: &Value, found: &mut BTreeSet<String>) {
    match document {
        Value::Object(entries) => {
            for (key, value) in entries {
                found.insert(key.clone());
                keys(value, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_a_json_document_is_documented() {
    let node = host::start(host::chain(CommitScheme::Off));
    let mut host = Host::on(&node);
    host.finish_batch(&node, &[(2, 1.0)]);
    let document = r#"{"DYNAMIC_MAX_WEIGHT": {"description": "", "items": [{"value": 8}]}}"#;
    let server = HttpServer::start([Answer::Body(document.to_owned()), Answer::Status(201)]);
    host.set("DYNAMIC_CONFIG_URL", server.url("/"));
    host.set("STATS_COLLECTOR_URL", server.url("/"));
    let mut found = BTreeSet::new();
    for arguments in [
        &["set-weights", "--dry-run"][..],
        &["set-weights"],
        &["set-weights"],
        &["schedule-synthetic"],
        &["run-synthetic"],
        &["run-synthetic", "--now"],
        &["fetch-receipts"],
        &["status"],
        &["migrate"],
        &["sync-params"],
        &["send-events"],
        &["prompts", "generate"],
        &["prompts", "sample"],
        &["evict"],
        &["backup-db"],
        &["list-backups"],
        &["verify-backup"],
        &["status"],
        &["doctor"],
        &["restore-db"],
        &["status"],
        &["params", "pin", "DYNAMIC_MAX_WEIGHT", "9"],
        &["serving"],
        &["miners"],
        &["miners", "block", &Account::miner(2).hotkey().to_string()],
        &["miners"],
    ] {
        keys(&host.json(arguments), &mut found);
    }
    for by_name in ["config", "params"] {
        let document = host.json(&[by_name]);
        for entry in document.as_object().expect("an object").values() {
            keys(entry, &mut found);
        }
    }
    host.unset("BITTENSOR_NETWORK");
    let failure = host.json(&["set-weights"]);
    assert_eq!(failure["exit_code"], 2);
    assert_eq!(failure["outcome"], "misconfigured");
    keys(&failure, &mut found);
    assert_documented(&found);
}

pub(crate) fn assert_documented(found: &BTreeSet<String>) {
    let page = include_str!("../../docs/json.md");
    let documented: BTreeSet<&str> = page.split('`').collect();
    let missing: Vec<&String> = found
        .iter()
        .filter(|key| !documented.contains(key.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/json.md lacks {missing:?}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let host = Host::new();
    for arguments in [&["config"][..], &["--help"], &["config", "--json"]] {
        let mut child = host
            .command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it was started");
        output.assert().success().stderr("");
    }
}

#[test]
fn the_local_subnet_prints_settings_that_work_and_ends_with_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut host = Host::new();
        let mut child = host
            .command()
            .args(["devnet", "--block-time", "0.2", "--tempo", "9"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let mut said = BufReader::new(child.stdout.take().expect("piped"));
        let (mut settings, mut line) = (String::new(), String::new());
        while !line.starts_with("# uid") {
            settings.push_str(&line);
            line.clear();
            assert_ne!(said.read_line(&mut line).expect("text"), 0, "it ended");
        }
        std::fs::write(host.path("devnet.env"), settings).expect("written");
        for name in [
            "HORDE_DB",
            "BITTENSOR_NETUID",
            "BITTENSOR_WALLET_DIRECTORY",
            "BITTENSOR_WALLET_NAME",
            "BITTENSOR_WALLET_HOTKEY_NAME",
        ] {
            host.unset(name);
        }
        for pass in ["schedule-synthetic", "set-weights", "status"] {
            host.horde(&["--env-file", "devnet.env", pass]).success();
        }
        Command::new("kill")
            .args([signal, &child.id().to_string()])
            .assert()
            .success();
        assert_eq!(child.wait().expect("it was started").code(), Some(0));
    }
}

#[test]
fn completions_and_manual_pages_know_every_subcommand() {
    let host = Host::new();
    for shell in ["bash", "zsh", "fish"] {
        host.horde(&["completions", shell])
            .success()
            .stdout(contains("restore-db"));
    }
    host.horde(&["man"])
        .success()
        .stdout(contains(".TH horde 1"));
    let folder = host.path("man1");
    std::fs::create_dir(&folder).expect("made");
    host.horde(&["man", "--folder", &folder.display().to_string()])
        .success();
    for command in COMMANDS {
        let page = folder.join(format!("horde-{}.1", command));
        assert!(page.is_file(), "{}", page.display());
    }
}

//! Buckets on two servers: moto, which is not ours, and that of the local subnet, which checks
//! signatures. The real `horde` and the real `provision_s3.sh` make them, and look at them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt;
use horde_validator::buckets::{self, Wanted};
use horde_validator::devnet::bucket::{Behaviour, BucketConfig, BucketServer};
use horde_validator::http::{Client, HttpError, Limits};
use horde_validator::objects::{AccessBlock, Lifecycle, ObjectStore, SignedUrl, Standing};
use horde_validator::settings::{BucketName, Environment};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::commands::{assert_documented, keys};
use crate::host::{self, Host};
use crate::moto::{Moto, element};
use crate::program::tool;

pub(crate) type Settings = Vec<(&'static str, String)>;

const LIMITS: Limits = Limits {
    idle: Duration::from_secs(20),
    total: Duration::from_secs(30),
    bytes: 1024 * 1024,
};

pub(crate) fn moto_settings(url: String) -> Settings {
    vec![
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", "AKIAMOTO".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "a/secret+of-moto".to_owned()),
    ]
}

pub(crate) fn server() -> BucketServer {
    BucketServer::start(BucketConfig::default()).expect("a free port on loopback")
}

/// The settings of each server that there is.
pub(crate) fn places(devnet: &BucketServer) -> Vec<Settings> {
    let moto = Moto::shared().map(|moto| moto_settings(moto.url()));
    moto.into_iter().chain([devnet.environment()]).collect()
}

fn host(settings: &Settings) -> Host {
    let mut host = Host::new();
    for (name, value) in settings {
        host.set(name, value);
    }
    host
}

pub(crate) fn store(settings: &Settings) -> ObjectStore {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = settings.iter().map(|(name, value)| (*name, value.clone()));
    let environment = Environment::from_pairs(settings).expect("well-formed");
    let store = ObjectStore::from_settings(&environment).expect("complete");
    store.expect("a key pair is set")
}

pub(crate) fn bucket(name: &str) -> BucketName {
    name.parse().expect("a bucket's name")
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::for_signed(LIMITS)
}

async fn put(url: &str, content: &str) -> Result<(), HttpError> {
    let content = content.as_bytes().to_vec();
    client().put(url, &Default::default(), content).await
}

async fn get(url: &str) -> Result<String, HttpError> {
    let bytes = client().get(url).await?.bytes().await?;
    Ok(String::from_utf8(bytes).expect("text"))
}

/// A server that checks signatures from now on, and the settings of a user who may do everything.
pub(crate) fn strict_moto() -> Option<(Moto, Settings)> {
    // the three requests that follow
    let moto = Moto::start(&[("INITIAL_NO_AUTH_ACTION_COUNT", "3")])?;
    let user = "&UserName=horde&Version=2010-05-08";
    moto.query("iam", &format!("Action=CreateUser{user}"));
    let key = moto.query("iam", &format!("Action=CreateAccessKey{user}"));
    let everything = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect\
                      %22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A*%22%2C%22Resource%22%3A%22*\
                      %22%7D%5D%7D";
    moto.query(
        "iam",
        &format!("Action=PutUserPolicy&PolicyName=all&PolicyDocument={everything}{user}"),
    );
    let mut settings = moto_settings(moto.url());
    settings[1].1 = element(&key, "AccessKeyId").to_owned();
    settings[2].1 = element(&key, "SecretAccessKey").to_owned();
    Some((moto, settings))
}

/// The AWS CLI against the server of these settings.
pub(crate) fn aws(settings: &Settings, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(tool("aws")?);
    command.args(["--region", "us-east-1", "s3api"]);
    command.args(arguments).envs(settings.iter().cloned());
    let output = command.output().expect("started");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    Some(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_buckets_are_made_and_a_second_run_finds_them_right() {
    let devnet = server();
    for settings in places(&devnet) {
        let host = host(&settings);
        let arguments = ["provision-buckets", "made-prompts", "made-answers"];
        let checked = [&arguments[..], &["--check"]].concat();
        host.horde(&checked)
            .code(1)
            .stdout(contains("made-prompts: it does not exist"))
            .stdout(contains("made-answers: it does not exist"))
            .stderr(contains("2 things are wrong"));
        host.horde(&arguments)
            .success()
            .stdout(contains("made-prompts: made\n"))
            .stdout(contains("made-answers: proved"))
            .stdout(contains("S3_BUCKET_NAME_PROMPTS=made-prompts\n"))
            .stdout(contains("both buckets are ready\n"));
        host.horde(&checked)
            .success()
            .stdout("both buckets are right\n");
        let again = host.json(&arguments);
        let mut found = BTreeSet::new();
        keys(&again, &mut found);
        keys(&host.json(&checked), &mut found);
        // names of variables are no keys of ours
        found.retain(|key| !key.starts_with("S3_"));
        assert_documented(&found);
        let steps = again["steps"].as_array().expect("a list");
        assert_eq!(steps.len(), 10, "{again}");
        assert!(steps.iter().all(|step| step["changed"] == false), "{again}");
        assert_eq!(again["settings"]["S3_BUCKET_NAME_ANSWERS"], "made-answers");
        assert!(!host.database().exists(), "no database is needed");
    }
    assert_eq!(devnet.object("made-prompts", "horde-probe"), None);
    assert_eq!(devnet.ledger().puts_of("made-prompts/horde-probe"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_short_at_any_request_is_finished_by_the_next() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wanted = Wanted {
        prompts: bucket("cut-prompts"),
        answers: bucket("cut-answers"),
        expire_prompts_days: Some(30),
        patience: Duration::ZERO,
    };
    let mut failures = 0;
    for requests in 0.. {
        let devnet = server();
        let store = store(&devnet.environment());
        devnet.behave(Behaviour::FailsAfter { requests });
        let first = buckets::provision(&store, &wanted, |_| {}).await;
        devnet.behave(Behaviour::Honest);
        let second = buckets::provision(&store, &wanted, |_| {}).await;
        second.expect("it finishes");
        let problems = buckets::check(&store, &wanted).await.expect("it answers");
        assert_eq!(problems, [], "after {requests} requests");
        match first {
            Ok(_) => break,
            Err(error) => assert!(error.to_string().contains("run it again"), "{error}"),
        }
        failures += 1;
    }
    assert!(failures > 15, "it failed after each of {failures} requests");
}

/// The same with a process that dies, on a server that is not ours.
#[cfg(feature = "failpoints")]
#[test]
fn a_killed_run_is_finished_by_the_next() {
    let Some(moto) = Moto::shared() else {
        return;
    };
    let mut host = host(&moto_settings(moto.url()));
    for point in (2..).step_by(2) {
        let names = ["prompts", "answers"].map(|name| format!("killed-{name}-{point}"));
        let arguments = ["provision-buckets", &names[0], &names[1]];
        host.set("HORDE_KILL_AT", point);
        let is_over = host.horde(&arguments).get_output().status.success();
        host.unset("HORDE_KILL_AT");
        host.horde(&arguments).success();
        host.horde(&[&arguments[..], &["--check"]].concat())
            .success();
        if is_over {
            assert!(point > 20, "it was over after {point} points");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_each_kind_of_damage_and_a_run_repairs_it() {
    if tool("aws").is_none() {
        return;
    }
    let devnet = server();
    for settings in places(&devnet) {
        let host = host(&settings);
        let arguments = ["provision-buckets", "torn-prompts", "torn-answers"];
        let arguments = [&arguments[..], &["--expire-prompts-days", "30"]].concat();
        let checked = [&arguments[..], &["--check"]].concat();
        host.horde(&arguments).success();
        let other_policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
            "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::torn-prompts/*"}]}"#;
        let all_blocked = "BlockPublicAcls=true,IgnorePublicAcls=true,\
                           BlockPublicPolicy=true,RestrictPublicBuckets=true";
        let seven_days = r#"{"Rules": [{"ID": "horde-expire", "Status": "Enabled",
            "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}]}"#;
        for (damage, finding) in [
            (&["delete-bucket-policy"][..], "it has no policy"),
            (
                &["put-bucket-policy", "--policy", other_policy],
                "its policy is another one",
            ),
            (
                &["delete-public-access-block"],
                "it has no public access block",
            ),
            (
                &[
                    "put-public-access-block",
                    "--public-access-block-configuration",
                    all_blocked,
                ],
                "RestrictPublicBuckets of its public access block is true, it should be false",
            ),
            (&["delete-bucket-lifecycle"], "old objects stay for ever"),
            (
                &[
                    "put-bucket-lifecycle-configuration",
                    "--lifecycle-configuration",
                    seven_days,
                ],
                "after 7 days, not after 30",
            ),
        ] {
            aws(&settings, &[damage, &["--bucket", "torn-prompts"]].concat());
            host.horde(&checked)
                .code(1)
                .stdout(contains(finding).and(contains("torn-answers").not()));
            let found = host.json(&checked);
            assert_eq!(found["outcome"], "failed");
            assert_eq!(found["problems"][0]["bucket"], "torn-prompts");
            let mut names = BTreeSet::new();
            keys(&found, &mut names);
            assert_documented(&names);
            host.horde(&arguments).success();
            host.horde(&checked).success();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_replaced_is_shown() {
    let devnet = server();
    let settings = devnet.environment();
    let (host, name) = (host(&settings), "old-prompts");
    let arguments = ["provision-buckets", name, "old-answers"];
    host.horde(&arguments).success();
    let policy = r#"{"Statement":[{"Effect":"Deny"}]}"#;
    if aws(
        &settings,
        &["put-bucket-policy", "--bucket", name, "--policy", policy],
    )
    .is_some()
    {
        host.horde(&arguments)
            .success()
            .stdout(contains(format!("it replaces {policy}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_a_lifecycle_that_somebody_has_made_are_left_alone() {
    let devnet = server();
    let settings = devnet.environment();
    let rules = r#"{"Rules": [{"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "x/"},
        "Expiration": {"Days": 7}}]}"#;
    let host = host(&settings);
    let arguments = ["provision-buckets", "ruled-prompts", "ruled-answers"];
    host.horde(&arguments).success();
    let put = [
        "put-bucket-lifecycle-configuration",
        "--bucket",
        "ruled-prompts",
        "--lifecycle-configuration",
        rules,
    ];
    if aws(&settings, &put).is_none() {
        return;
    }
    host.horde(&[&arguments[..], &["--expire-prompts-days", "30"]].concat())
        .code(1)
        .stderr(contains("rules that were not made here").and(contains("setting the public")));
    let kept = store(&settings).lifecycle(&bucket("ruled-prompts")).await;
    assert_eq!(kept, Ok(Lifecycle::Foreign));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_somebody_else_has_is_refused() {
    let devnet = BucketServer::start(BucketConfig {
        taken: vec!["taken-answers".to_owned()],
        ..BucketConfig::default()
    })
    .expect("a free port on loopback");
    let mut places = vec![devnet.environment()];
    if let Some(moto) = Moto::shared() {
        let role = "Action=AssumeRole&RoleArn=arn:aws:iam::111111111111:role/x\
                    &RoleSessionName=other&Version=2011-06-15";
        let xml = moto.query("sts", role);
        let mut others = moto_settings(moto.url());
        others[1].1 = element(&xml, "AccessKeyId").to_owned();
        others[2].1 = element(&xml, "SecretAccessKey").to_owned();
        let made = store(&others).create(&bucket("taken-answers")).await;
        made.expect("it is free");
        places.push(moto_settings(moto.url()));
    }
    for settings in places {
        let host = host(&settings);
        let arguments = ["provision-buckets", "free-prompts", "taken-answers"];
        host.horde(&arguments)
            .code(1)
            .stdout(contains("free-prompts: proved"))
            .stderr(contains("somebody else has a bucket of this name"))
            .stderr(contains("taken-answers: making the bucket failed"))
            .stderr(contains("try: take another name"));
        host.horde(&[&arguments[..], &["--check"]].concat())
            .code(1)
            .stdout(contains("taken-answers: somebody else"));
        script(&settings, &arguments[1..])
            .code(1)
            .stderr(contains("somebody else has a bucket of this name"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_pair_is_named_and_not_shown() {
    let devnet = server();
    let strict = strict_moto();
    let moto = strict.as_ref().map(|(_, settings)| settings.clone());
    for settings in [devnet.environment()].into_iter().chain(moto) {
        let right = store(&settings).standing(&bucket("no-such-bucket")).await;
        assert_eq!(right, Ok(Standing::Absent));
        for (name, code, advice) in [
            (
                "AWS_SECRET_ACCESS_KEY",
                "SignatureDoesNotMatch",
                "try: check the access key's secret",
            ),
            (
                "AWS_ACCESS_KEY_ID",
                "InvalidAccessKeyId",
                "try: check the access key's id",
            ),
        ] {
            let mut host = host(&settings);
            host.set(name, "AKIAWRONG");
            let run = host.horde(&["provision-buckets", "wrong-prompts", "wrong-answers"]);
            run.code(2)
                .stdout("")
                .stderr(contains(code).and(contains(advice)))
                .stderr(contains("AKIAWRONG").not());
        }
    }
}

#[test]
fn settings_that_are_missing_and_servers_that_are_away_are_told_apart() {
    let mut host = Host::new();
    let arguments = ["provision-buckets", "any-prompts", "any-answers"];
    host.horde(&arguments)
        .code(2)
        .stderr(contains("AWS_ACCESS_KEY_ID is missing"));
    host.set("AWS_ACCESS_KEY_ID", "AKIA");
    host.horde(&arguments)
        .code(2)
        .stderr(contains("AWS_SECRET_ACCESS_KEY is missing"));
    host.set("AWS_SECRET_ACCESS_KEY", "hush");
    host.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    host.horde(&arguments)
        .code(75)
        .stderr(contains("cannot reach http://127.0.0.1:1"));
    host.horde(&["provision-buckets", "same-name", "same-name"])
        .code(2)
        .stderr(contains("a bucket each"));
    host.horde(&["provision-buckets", "Up", "down"]).code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_to_a_signed_address_can_be_read_by_everybody() {
    let devnet = server();
    for settings in places(&devnet) {
        for version in ["s3v4", "s3"] {
            let mut settings = settings.clone();
            settings.push(("AWS_SIGNATURE_VERSION", version.to_owned()));
            let store = store(&settings);
            let wanted = Wanted {
                prompts: bucket("signed-prompts"),
                answers: bucket("signed-answers"),
                expire_prompts_days: None,
                patience: Duration::ZERO,
            };
            let made = buckets::provision(&store, &wanted, |_| {}).await;
            made.expect("made");
            for key in ["plain", "a b", "a+b", "deep/er/ü ß.txt", "100%&?#=~'()"] {
                let url = store.presigned_put(&wanted.prompts, key, Duration::from_secs(60));
                let url: SignedUrl = url.expect("signed");
                let content = format!("{version} {key}");
                put(url.reveal(), &content).await.expect("taken");
                let read = get(&store.public_url(&wanted.prompts, key)).await;
                assert_eq!(read.expect("public"), content, "{url}");
            }
        }
    }
    let refused = devnet.ledger().refused;
    let missing = ["NoSuchBucket", "NoSuchBucketPolicy"];
    assert!(
        refused.keys().all(|code| missing.contains(code)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_address_is_good_for_one_object_one_method_and_a_while() {
    let devnet = server();
    let (name, other) = (bucket("one-prompts"), bucket("other-prompts"));
    devnet.make_public(&name);
    devnet.make_public(&other);
    for version in ["s3v4", "s3"] {
        let mut settings = devnet.environment();
        settings.push(("AWS_SIGNATURE_VERSION", version.to_owned()));
        let store = store(&settings);
        let signed = |seconds| {
            let url = store.presigned_put(&name, "key", Duration::from_secs(seconds));
            url.expect("signed").reveal().to_owned()
        };
        let url = signed(60);
        for changed in [
            url.replace("/key?", "/kez?"),
            url.replace("one-prompts", "other-prompts"),
            url.replace("ignature=", "ignature=0"),
            url.replace("Expires=", "Expires=1"),
        ] {
            let refused = put(&changed, "x").await;
            assert!(matches!(refused, Err(HttpError::Status(400 | 403))));
        }
        assert!(get(&url).await.is_err(), "it is for uploads");
        put(&url, "x").await.expect("taken");
        let short = signed(1);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while put(&short, "x").await.is_ok() {
            assert!(tokio::time::Instant::now() < deadline, "it never expires");
        }
    }
    assert_eq!(devnet.object("other-prompts", "key"), None);
}

/// Signatures that Amazon's own library makes pass our server, so that what passes it from us is
/// what Amazon takes.
#[tokio::test(flavor = "multi_thread")]
async fn our_server_takes_the_signatures_of_botocore() {
    const SIGN: &str = "import sys, botocore.session
from botocore.config import Config
url, key, secret, version = sys.argv[1:]
client = botocore.session.get_session().create_client('s3', 'us-east-1', endpoint_url=url,
    aws_access_key_id=key, aws_secret_access_key=secret,
    config=Config(signature_version=version, s3={'addressing_style': 'path'}))
print(client.generate_presigned_url('put_object', {'Bucket': 'boto-prompts', 'Key': 'a b+ü'}))";
    let Some(moto) = tool("moto_server") else {
        return;
    };
    let devnet = server();
    devnet.make_public(&bucket("boto-prompts"));
    let [url, id, secret] = [0, 1, 2].map(|n| devnet.environment()[n].1.clone());
    let python = moto.with_file_name("python3");
    for version in ["s3v4", "s3"] {
        let mut command = Command::new(&python);
        command.args(["-c", SIGN, &url, &id, &secret, version]);
        let run = command.output().expect("started");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        put(said.trim(), version).await.expect("taken");
        let kept = devnet.object("boto-prompts", "a b+ü").expect("it is there");
        assert_eq!(kept, version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_misbehaves_as_it_is_told() {
    let devnet = BucketServer::start(BucketConfig {
        most_bytes: 100,
        ..BucketConfig::default()
    })
    .expect("a free port on loopback");
    let name = bucket("odd-prompts");
    devnet.make_public(&name);
    let store = store(&devnet.environment());
    let write = async |key: &str, content: &str| {
        let url = store.presigned_put(&name, key, Duration::from_secs(60));
        put(url.expect("signed").reveal(), content).await
    };
    let read = async |key: &str| get(&store.public_url(&name, key)).await;
    let is_missing = |read: Result<String, HttpError>| matches!(read, Err(HttpError::Status(404)));

    assert!(is_missing(read("k").await));
    write("k", "old").await.expect("taken");
    write("k", "new").await.expect("taken");
    assert_eq!(read("k").await.expect("there"), "new");
    devnet.behave(Behaviour::Stale);
    assert_eq!(read("k").await.expect("there"), "old");
    devnet.behave(Behaviour::Loses {
        part_of_key: "k".to_owned(),
    });
    assert!(is_missing(read("k").await));
    devnet.behave(Behaviour::Oversized { bytes: 200_000 });
    assert_eq!(read("k").await.expect("there").len(), 200_000);
    devnet.behave(Behaviour::FailsNowAndThen { every: 2 });
    assert!(read("k").await.is_ok() && read("k").await.is_err() && read("k").await.is_ok());
    devnet.behave(Behaviour::Slow(Duration::from_millis(50)));
    let started = tokio::time::Instant::now();
    assert!(read("k").await.is_ok() && started.elapsed() >= Duration::from_millis(50));
    devnet.behave(Behaviour::LateUploads(Duration::from_millis(300)));
    write("late", "x").await.expect("taken");
    assert!(is_missing(read("late").await));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while read("late").await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "it never comes");
    }
    devnet.behave(Behaviour::Honest);
    assert!(write("big", &"x".repeat(101)).await.is_err());
    assert!(write("big", &"x".repeat(100)).await.is_ok());

    let ledger = devnet.ledger();
    assert_eq!(ledger.puts_of("odd-prompts/k"), 2);
    assert!(ledger.gets_of("odd-prompts/k") >= 7);
    assert_eq!(ledger.refused["EntityTooLarge"], 1);
    let url = devnet.url();
    drop(devnet);
    assert!(get(&url).await.is_err(), "it has stopped");
}

fn script(settings: &Settings, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("provision_s3.sh");
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env("PATH", path_with_tools())
        .env_remove("AWS_REGION")
        .envs(settings.iter().cloned());
    command.assert()
}

fn path_with_tools() -> std::ffi::OsString {
    let tools = tool("aws").and_then(|aws| Some(aws.parent()?.to_owned()));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = tools.into_iter().chain(std::env::split_paths(&paths));
    std::env::join_paths(paths).expect("folders")
}

/// All that provisioning sets.
async fn state(
    store: &ObjectStore,
    name: &str,
) -> (Standing, Value, Option<AccessBlock>, Lifecycle) {
    let name = bucket(name);
    let policy = store.policy(&name).await.expect("an answer").expect("set");
    // the bucket's own name stands in it
    let policy = policy.replace(name.as_str(), "[bucket]");
    (
        store.standing(&name).await.expect("an answer"),
        serde_json::from_str(&policy).expect("JSON"),
        store.access_block(&name).await.expect("an answer"),
        store.lifecycle(&name).await.expect("an answer"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_leaves_what_the_command_leaves() {
    if tool("aws").is_none() {
        return;
    }
    let devnet = server();
    for settings in places(&devnet) {
        let host = host(&settings);
        let expiry = ["--expire-prompts-days", "30"];
        let by_command = ["command-prompts", "command-answers"];
        let by_script = ["script-prompts", "script-answers"];
        host.horde(&[&["provision-buckets"][..], &by_command, &expiry].concat())
            .success();
        script(&settings, &[&by_script[..], &expiry].concat())
            .success()
            .stdout(contains("S3_BUCKET_NAME_PROMPTS=script-prompts\n"))
            .stdout(contains("both buckets are ready\n"));
        let store = store(&settings);
        for (one, other) in by_command.iter().zip(&by_script) {
            assert_eq!(state(&store, one).await, state(&store, other).await);
        }
        // each finds the other's work right
        let again = [&["provision-buckets"][..], &by_script, &expiry].concat();
        let steps = host.json(&again)["steps"].clone();
        let steps = steps.as_array().expect("a list");
        assert!(steps.iter().all(|step| step["changed"] == json!(false)));
        script(&settings, &[&by_command[..], &expiry].concat())
            .success()
            .stdout(contains("policy is already so").and(contains("replacing").not()))
            .stdout(contains("lifecycle is already so"))
            .stdout(contains("public access block is already so"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_can_be_piped_and_says_what_failed() {
    if tool("aws").is_none() {
        return;
    }
    let devnet = server();
    let settings = devnet.environment();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("provision_s3.sh");
    let text = std::fs::read_to_string(&path).expect("the script");
    assert!(text.ends_with("\nmain \"$@\"\n"));
    assert_cmd::Command::new("bash")
        .args(["-s", "--", "piped-prompts", "piped-answers"])
        .env("PATH", path_with_tools())
        .env_remove("AWS_REGION")
        .envs(settings.iter().cloned())
        .write_stdin(text.clone())
        .assert()
        .success();
    // a download that was cut short does nothing
    let cut = &text[..text.len() - "main \"$@\"\n".len()];
    assert_cmd::Command::new("bash")
        .args(["-s", "--", "short-prompts", "short-answers"])
        .write_stdin(cut)
        .assert()
        .success()
        .stdout("");
    let mut wrong = settings.clone();
    wrong[2].1 = "wrong".to_owned();
    script(&wrong, &["lost-prompts", "lost-answers"])
        .code(1)
        .stderr(contains("lost-prompts: making the bucket failed"))
        .stderr(contains("SignatureDoesNotMatch"));
    wrong[0].1 = "http://127.0.0.1:1".to_owned();
    script(&wrong, &["lost-prompts", "lost-answers"]).code(75);
}

#[test]
fn the_script_explains_itself_in_80_columns() {
    let nothing = Settings::new();
    script(&nothing, &["--help"])
        .success()
        .stdout(contains("--expire-prompts-days N"))
        .stdout(predicate::function(|text: &str| {
            text.lines().all(|line| line.len() <= 84)
        }));
    for wrong in [
        &["one"][..],
        &["same-name", "same-name"],
        &["Up", "down"],
        &["-x"],
    ] {
        script(&nothing, wrong).code(2).stderr(contains("--help"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_of_the_command_says_what_is_done() {
    let devnet = server();
    let host = host(&devnet.environment());
    // location, making, access block twice, policy twice
    devnet.behave(Behaviour::FailsAfter { requests: 6 });
    let run = host.horde(&["provision-buckets", "half-prompts", "half-answers"]);
    run.code(75)
        .stdout(contains("half-prompts: policy set"))
        .stderr(contains("setting the public access block failed"))
        .stderr(contains("done already: making the bucket, removing"))
        .stderr(contains("InternalError"));
    let failure = host.json(&["provision-buckets", "half-prompts", "half-answers"]);
    assert_eq!(failure["outcome"], "unreachable");
    devnet.behave(Behaviour::Honest);
    host::poll("both buckets", Duration::from_secs(30), || {
        let arguments = ["provision-buckets", "half-prompts", "half-answers"];
        (host.json(&arguments)["outcome"] == "done").then_some(())
    });
}

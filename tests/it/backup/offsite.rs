//! Copies elsewhere: on S3 servers, one of which is not ours, in Backblaze's way, and by mail
//! through a server that is not ours; and the way back from each of them.

use age::secrecy::ExposeSecret;
use horde_validator::devnet::bucket::{Behaviour, BucketConfig, BucketServer};
use horde_validator::objects::ObjectStore;
use horde_validator::settings::{BucketName, Environment};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use super::{backups, machine, traces, write_trace};
use crate::host::Host;
use crate::moto::Moto;
use crate::smtp_server::SmtpServer;

const BUCKET: &str = "mybackups";

fn bucket() -> BucketName {
    BUCKET.parse().expect("a bucket's name")
}

/// Settings for backups into a bucket of this server, which is made.
async fn use_s3(host: &mut Host, server: &[(&'static str, String)]) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let environment = Environment::from_pairs(server.iter().cloned()).expect("well-formed");
    let store = ObjectStore::from_settings(&environment).expect("complete");
    let store = store.expect("a key pair");
    store.create(&bucket()).await.expect("made");
    for (name, value) in server {
        let own = match *name {
            "AWS_ACCESS_KEY_ID" => "BACKUP_S3_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY" => "BACKUP_S3_SECRET_ACCESS_KEY",
            "AWS_ENDPOINT_URL" => "BACKUP_S3_ENDPOINT_URL",
            "AWS_DEFAULT_REGION" => "BACKUP_S3_REGION",
            other => panic!("{other} is no setting of a server"),
        };
        host.set(own, value);
    }
    host.set("BACKUP_S3_BUCKET_NAME", BUCKET);
}

fn devnet() -> BucketServer {
    BucketServer::start(BucketConfig::default()).expect("a free port")
}

fn use_b2(host: &mut Host, server: &BucketServer) {
    let config = BucketConfig::default();
    host.set("BACKUP_B2_BUCKET_NAME", BUCKET);
    host.set("BACKUP_B2_KEY_ID", config.access_key_id);
    host.set("BACKUP_B2_KEY_SECRET", config.secret_access_key);
    host.set("BACKUP_B2_API_URL", server.url());
}

/// Another machine with the same settings and wallet, and nothing else.
fn another(host: &Host) -> Host {
    let mut other = Host::new();
    for (name, value) in host.settings() {
        let is_own = matches!(
            *name,
            "HOME" | "HORDE_DB" | "BITTENSOR_WALLET_DIRECTORY" | "BACKUP_DIRECTORY"
        );
        if !is_own {
            other.set(name, value);
        }
    }
    other.set("BACKUP_DIRECTORY", other.path("backups").display());
    other
}

/// A key as `age-keygen` writes it; the public half is set.
fn use_encryption(host: &mut Host) -> String {
    let identity = age::x25519::Identity::generate();
    host.set("BACKUP_AGE_RECIPIENTS", identity.to_public());
    let path = host.path("key.txt");
    let text = format!("# a key\n{}\n", identity.to_string().expose_secret());
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn outcomes(made: &serde_json::Value) -> Vec<[String; 2]> {
    let copies = made["copies"].as_array().expect("a list").iter();
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    copies
        .map(|copy| [text(&copy["target"]), text(&copy["outcome"])])
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_in_s3_and_in_a_mail_comes_back_encrypted_on_empty_machines() {
    let (Some(moto), Some(mail)) = (Moto::shared(), SmtpServer::with_login()) else {
        return;
    };
    let mut host = machine();
    let server = [
        ("AWS_ACCESS_KEY_ID", "x".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "x".to_owned()),
        ("AWS_ENDPOINT_URL", moto.url()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
    ];
    use_s3(&mut host, &server).await;
    mail.serve(&mut host);
    let identity = use_encryption(&mut host);
    write_trace(&host, "before");
    let made = host.json(&["backup-db"]);
    let sent = |target: &str| [target.to_owned(), "sent".to_owned()];
    assert_eq!(outcomes(&made), [sent("s3"), sent("mail")]);
    let name = made["backup"]["name"].as_str().expect("a name").to_owned();
    assert_eq!(backups(&host), [name.as_str()], "nothing is left beside it");
    let listed = host.json(&["list-backups"]);
    let places: Vec<_> = listed["backups"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["place"].clone(),
                one["name"].clone(),
                one["checked_at"].is_null(),
            )
        })
        .collect();
    let encrypted = format!("{name}.age");
    assert_eq!(
        places,
        [
            ("local".into(), name.clone().into(), false),
            ("s3".into(), encrypted.clone().into(), false),
        ]
    );

    let from_s3 = another(&host);
    from_s3
        .horde(&["list-backups"])
        .success()
        .stdout(contains(&encrypted).and(contains("not checked")));
    from_s3
        .horde(&["restore-db", "latest", "--from", "s3"])
        .code(2)
        .stderr(contains("no identity was given").and(contains("--identity FILE")));
    let restore = [
        "restore-db",
        "latest",
        "--from",
        "s3",
        "--identity",
        &identity,
    ];
    from_s3.horde(&restore).success();
    assert_eq!(traces(&from_s3), ["before"]);

    let letters = mail.mails();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(
        letter["headers"]["subject"],
        format!("Backup of {encrypted}")
    );
    assert_eq!(letter["attachments"][0][0], encrypted);
    let text = letter["text"].as_str().expect("text");
    assert!(text.contains("S3, bucket mybackups"), "{text}");
    let from_mail = another(&host);
    let attachment = mail.folder().join("attachment-1-0");
    let path = from_mail.path(&encrypted);
    std::fs::copy(attachment, &path).expect("saved");
    let path = path.display().to_string();
    from_mail
        .horde(&["restore-db", &path, "--identity", &identity])
        .success();
    assert_eq!(traces(&from_mail), ["before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_backblaze_finds_its_server_and_brings_the_backup_back() {
    let server = devnet();
    let mut host = machine();
    use_s3(&mut host, &server.environment()).await;
    for name in [
        "BUCKET_NAME",
        "ACCESS_KEY_ID",
        "SECRET_ACCESS_KEY",
        "ENDPOINT_URL",
        "REGION",
    ] {
        host.unset(&format!("BACKUP_S3_{name}"));
    }
    use_b2(&mut host, &server);
    write_trace(&host, "before");
    let made = host.json(&["backup-db"]);
    assert_eq!(outcomes(&made), [["b2".to_owned(), "sent".to_owned()]]);
    host.horde(&["status"]).success().stdout(contains(", b2"));
    let other = another(&host);
    other.horde(&["verify-backup", "--from", "b2"]).success();
    other.horde(&["restore-db", "--from", "b2"]).success();
    assert_eq!(traces(&other), ["before"]);
    let mut wrong = another(&host);
    wrong.set("BACKUP_B2_KEY_SECRET", "wrong");
    wrong
        .horde(&["list-backups"])
        .code(1)
        .stdout(contains("b2: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_costs_the_others_nothing() {
    let server = devnet();
    let mut host = machine();
    use_s3(&mut host, &server.environment()).await;
    use_b2(&mut host, &server);
    host.set("BACKUP_S3_SECRET_ACCESS_KEY", "wrong");
    host.horde(&["backup-db"]).code(1).stderr(
        contains("the backup is kept here, but not everywhere: s3: ").and(contains("wrong").not()),
    );
    let made = backups(&host).remove(0);
    assert!(server.object(BUCKET, &made).is_some(), "b2 has it");
    // gone altogether: the next pass may do better
    host.set("BACKUP_S3_ENDPOINT_URL", "http://127.0.0.1:1");
    host.horde(&["backup-db"])
        .code(75)
        .stderr(contains("s3: cannot reach http://127.0.0.1:1"));
    host.horde(&["status"]).success().stdout(contains(
        "! backup-db: the backup is kept here, but not everywhere",
    ));
    assert_eq!(backups(&host).len(), 2);
}

/// Makes the backup larger than one part of an upload.
fn make_large(host: &Host) {
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    db.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80)
         INSERT INTO events (type, subtype, timestamp, description, data)
         SELECT 'x', 'x', '2026-01-01T00:00:00.000000Z', '', hex(randomblob(200000)) FROM n",
    )
    .expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_in_the_middle_of_an_upload_has_the_whole_backup_later() {
    let server = devnet();
    let mut host = machine();
    use_s3(&mut host, &server.environment()).await;
    make_large(&host);
    server.behave(Behaviour::Vanishes { after_parts: 1 });
    host.horde(&["backup-db"])
        .code(75)
        .stderr(contains("not everywhere: s3: cannot reach"));
    assert_eq!(backups(&host).len(), 1);
    let listed = host.json(&["list-backups", "--local"]);
    assert_eq!(listed["backups"].as_array().map(Vec::len), Some(1));
    server.behave(Behaviour::Honest);
    host.horde(&["backup-db"]).success();
    host.horde(&["verify-backup", "--from", "s3"]).success();
    // and on the way back
    server.behave(Behaviour::BreaksReads {
        after: 1 << 20,
        times: 2,
    });
    host.horde(&["restore-db", "--from", "s3"]).success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_changed_in_its_bucket_is_not_restored() {
    let server = devnet();
    let mut host = machine();
    use_s3(&mut host, &server.environment()).await;
    write_trace(&host, "before");
    let name = host.json(&["backup-db"])["backup"]["name"].clone();
    let name = name.as_str().expect("a name");
    let environment = Environment::from_pairs(server.environment()).expect("well-formed");
    let store = ObjectStore::from_settings(&environment).expect("complete");
    let store = store.expect("a key pair");
    let mut content = server.object(BUCKET, name).expect("sent").to_vec();
    content[2000] ^= 1;
    store
        .put_object(&bucket(), name, content)
        .await
        .expect("put");
    write_trace(&host, "after");
    host.horde(&["restore-db", "--from", "s3"])
        .code(1)
        .stderr(contains("is damaged: its SHA-256 is"));
    let sum = format!("{name}.sha256");
    store.delete_object(&bucket(), &sum).await.expect("deleted");
    host.horde(&["restore-db", "--from", "s3"])
        .code(1)
        .stderr(contains("has no sum beside it"));
    assert_eq!(traces(&host), ["before", "after"]);
}

#[test]
fn a_backup_that_is_too_large_for_a_mail_is_told_of() {
    let Some(mail) = SmtpServer::with_login() else {
        return;
    };
    let mut host = machine();
    mail.serve(&mut host);
    host.set("EMAIL_ATTACHMENT_LIMIT_MIB", 0);
    let made = host.json(&["backup-db"]);
    assert_eq!(
        outcomes(&made),
        [["mail".to_owned(), "announced".to_owned()]]
    );
    let letters = mail.mails();
    assert_eq!(letters[0]["attachments"].as_array().map(Vec::len), Some(0));
    let text = letters[0]["text"].as_str().expect("text");
    let folder = host.path("backups").display().to_string();
    assert!(
        text.contains("too large for a mail") && text.contains(&folder),
        "{text}"
    );
    assert!(
        text.contains(made["backup"]["sha256"].as_str().expect("a sum")),
        "{text}"
    );
    // a wrong password is named, and not shown
    host.set("EMAIL_HOST_PASSWORD", "swordfish");
    host.horde(&["backup-db"])
        .code(1)
        .stderr(contains("mail: ").and(contains("swordfish").not()));
    assert_eq!(backups(&host).len(), 2);
}

//! Killing what keeps the database and the operator well: eviction, migration, the mail about a
//! unit that failed, copies of backups elsewhere. `provision-buckets` is killed in `buckets`.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use horde_validator::devnet::bucket::{BucketConfig, BucketServer};
use predicates::str::contains;

use super::backup::is_killed;
use crate::backup::machine;
use crate::evict::ten_years;
use crate::host::Host;
use crate::smtp_server::SmtpServer;

fn rows(host: &Host, table: &str) -> i64 {
    let db = rusqlite::Connection::open(host.database()).expect("it opens");
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
        row.get(0)
    })
    .expect("a number")
}

#[test]
fn eviction_goes_on_wherever_it_was_killed() {
    let whole = machine();
    ten_years(&whole);
    whole.horde(&["evict"]).success();
    let tables = [
        "passes WHERE name <> 'evict'",
        "events",
        "intents",
        "weights",
        "batches",
    ];
    let expected = tables.map(|table| rows(&whole, table));
    let mut points = 0;
    // a batch is a piece of its own: of thousands of points the first, and then some
    for point in (1..30).step_by(4).chain((30..).step_by(2_500)) {
        let host = machine();
        ten_years(&host);
        let is_killed = is_killed(&host, &["evict"], point);
        host.horde(&["evict"]).success();
        let left = tables.map(|table| rows(&host, table));
        assert_eq!(left, expected, "killed at point {point}");
        if !is_killed {
            break;
        }
        points = point;
    }
    assert!(points >= 30, "{points} points");
}

/// The steps of a migration are the library's that makes it, so time decides where it dies.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_database_is_brought_up_to_date_however_often_that_is_killed() {
    let mut killed = 0;
    for milliseconds in 0.. {
        let host = Host::new();
        std::fs::write(host.database(), include_bytes!("../../databases/v1.db")).expect("written");
        let mut command = host.command();
        let mut child = command
            .arg("migrate")
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        child.kill().expect("our child");
        let status = child.wait().expect("our child");
        host.horde(&["migrate"])
            .success()
            .stdout(contains("up to date"));
        assert_eq!(
            rows(&host, "receipts WHERE job_uuid = 'a job'"),
            1,
            "killed after {milliseconds} ms"
        );
        if status.signal().is_none() {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 10, "{killed} kills");
}

#[test]
fn a_failure_is_told_wherever_telling_it_is_killed() {
    let Some(server) = SmtpServer::with_login() else {
        return;
    };
    let mut points = 0;
    for point in 1.. {
        let mut host = machine();
        server.serve(&mut host);
        host.horde(&["set-weights"]).code(2);
        let before = server.mails().len();
        let is_killed = is_killed(&host, &["notify", "set-weights"], point);
        host.horde(&["notify", "set-weights"]).success();
        let told = server.mails().len() - before;
        assert!(
            (1..=2).contains(&told),
            "killed at point {point}: {told} mails"
        );
        if !is_killed {
            assert_eq!(told, 1);
            break;
        }
        points = point;
    }
    assert!(points >= 2, "{points} points");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_elsewhere_is_whole_wherever_the_backup_is_killed() {
    let mut points = 0;
    for point in 1.. {
        let server = BucketServer::start(BucketConfig::default()).expect("a free port");
        server.make_private(&"mybackups".parse().expect("a bucket's name"));
        let mut host = machine();
        let config = BucketConfig::default();
        host.set("BACKUP_S3_BUCKET_NAME", "mybackups");
        host.set("BACKUP_S3_ACCESS_KEY_ID", config.access_key_id);
        host.set("BACKUP_S3_SECRET_ACCESS_KEY", config.secret_access_key);
        host.set("BACKUP_S3_ENDPOINT_URL", server.url());
        let is_killed = is_killed(&host, &["backup-db"], point);
        host.horde(&["backup-db"]).success();
        let listed = host.json(&["list-backups"]);
        let listed = listed["backups"].as_array().expect("a list");
        let elsewhere: Vec<_> = listed.iter().filter(|one| one["place"] == "s3").collect();
        assert!(!elsewhere.is_empty(), "killed at point {point}");
        for one in elsewhere {
            let name = one["name"].as_str().expect("a name");
            host.horde(&["verify-backup", name, "--from", "s3"])
                .success();
        }
        if !is_killed {
            break;
        }
        points = point;
    }
    assert!(points >= 15, "{points} points");
}

//! Files that go into buckets and come back, on two servers: moto, which is not ours, and that of the
//! local subnet, which can also misbehave.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use chrono::{TimeDelta, Utc};
use horde_validator::devnet::bucket::{Behaviour, BucketConfig, BucketServer};
use horde_validator::objects::{ObjectStore, ObjectsError};
use horde_validator::settings::BucketName;
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::buckets::{aws, bucket, places, server, store, strict_moto};

const MIB: usize = 1024 * 1024;

/// A bucket of this name on a server of the local subnet, and a folder for files.
struct Place {
    devnet: BucketServer,
    store: ObjectStore,
    bucket: BucketName,
    folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        Self::on(server()).await
    }

    async fn on(devnet: BucketServer) -> Self {
        let store = store(&devnet.environment());
        let bucket = bucket("mybackups");
        store.create(&bucket).await.expect("made");
        Self {
            devnet,
            store,
            bucket,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn file(&self, bytes: usize) -> PathBuf {
        file(self.folder.path(), bytes)
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    async fn upload(&self, key: &str, file: &Path) -> Result<(), ObjectsError> {
        self.store.upload(&self.bucket, key, file, |_| {}).await
    }

    async fn download(&self, key: &str, most: usize) -> Result<(), ObjectsError> {
        let (into, most) = (self.target(), most as u64);
        let download = self.store.download(&self.bucket, key, &into, most, |_| {});
        download.await
    }

    fn kept(&self, key: &str) -> Option<Vec<u8>> {
        let object = self.devnet.object("mybackups", key);
        object.map(|object| object.to_vec())
    }

    fn refused(&self, code: &str) -> usize {
        let refused = self.devnet.ledger().refused;
        refused.get(code).copied().unwrap_or_default()
    }
}

/// No two parts of it are alike.
fn content(bytes: usize) -> Vec<u8> {
    (0..bytes)
        .map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8)
        .collect()
}

fn file(folder: &Path, bytes: usize) -> PathBuf {
    let path = folder.join(format!("{bytes}-bytes"));
    std::fs::write(&path, content(bytes)).expect("written");
    path
}

fn code(result: Result<(), ObjectsError>) -> String {
    let error = result.expect_err("it cannot go well");
    error.code().unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_any_size_go_up_and_come_back_unchanged() {
    let devnet = server();
    let name = bucket("round-trip");
    let folder = tempfile::tempdir().expect("a folder");
    for settings in places(&devnet) {
        let store = store(&settings);
        store.create(&name).await.expect("made");
        for bytes in [0, 5, 8 * MIB, 8 * MIB + 1, 20 * MIB] {
            let key = format!("db/a b+ü&{bytes}");
            let (sent, received) = (Mutex::new(Vec::new()), Mutex::new(0));
            let path = file(folder.path(), bytes);
            let note = |bytes| sent.lock().expect("no panic").push(bytes as usize);
            let upload = store.upload(&name, &key, &path, note).await;
            upload.unwrap_or_else(|error| panic!("{bytes}: {error}"));
            let sent = sent.into_inner().expect("no panic");
            assert_eq!(sent.iter().sum::<usize>(), bytes);
            assert_eq!(sent.len(), bytes.div_ceil(8 * MIB).max(1), "{sent:?}");
            let found = store.object_bytes(&name, &key).await;
            assert_eq!(found, Ok(Some(bytes as u64)));

            let into = folder.path().join("back");
            let count = |bytes| *received.lock().expect("no panic") += bytes as usize;
            let download = store.download(&name, &key, &into, bytes as u64, count);
            download.await.expect("it is there");
            assert!(std::fs::read(&into).expect("a file") == content(bytes));
            assert_eq!(received.into_inner().expect("no panic"), bytes);
            let mode = std::fs::metadata(&into)
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::remove_file(&into).expect("it can be removed");
        }
        let absent = store.object_bytes(&name, "absent").await;
        assert_eq!(absent, Ok(None));
        let into = folder.path().join("absent");
        let download = store.download(&name, "absent", &into, 10, |_| {}).await;
        assert_eq!(code(download), "NoSuchKey");
        assert!(!into.exists());
    }
    let ledger = devnet.ledger();
    let key = format!("round-trip/db/a b+ü&{}", 20 * MIB);
    assert_eq!((ledger.parts_of(&key), ledger.puts_of(&key)), (3, 1));
    assert_eq!(devnet.unfinished_uploads("round-trip"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_all_objects_of_many_pages_and_no_others() {
    let devnet = server();
    let name = bucket("many-keys");
    for settings in places(&devnet) {
        let store = store(&settings);
        store.create(&name).await.expect("made");
        let mut keys: Vec<String> = (0..1003).map(|n| format!("db/{n:04}")).collect();
        keys[7] = "db/0007 <&>\"'+ü".to_owned();
        for key in keys.iter().map(String::as_str).chain(["da", "dc"]) {
            let content = key.as_bytes().to_vec();
            store.put_object(&name, key, content).await.expect("taken");
        }
        let list = store.list(&name, "db/").await.expect("a list");
        let listed: Vec<_> = list.iter().map(|entry| entry.key.clone()).collect();
        assert_eq!(listed, keys);
        assert!(
            list.iter()
                .all(|entry| entry.bytes == entry.key.len() as u64)
        );
        let age = Utc::now() - list[0].modified;
        assert!(age.abs() < TimeDelta::hours(1), "{age}");
        assert_eq!(store.list(&name, "").await.expect("a list").len(), 1005);
        assert_eq!(store.list(&name, "dx").await, Ok(Vec::new()));
        let nowhere = store.list(&bucket("no-such-bucket"), "").await;
        assert_eq!(code(nowhere.map(drop)), "NoSuchBucket");
    }
}

/// As a process that is killed does.
#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_were_dropped_are_given_up_by_age_and_prefix() {
    let config = BucketConfig {
        page: 2,
        ..BucketConfig::default()
    };
    let place = Place::on(BucketServer::start(config).expect("a free port")).await;
    let path = place.file(8 * MIB + 1);
    for key in ["a/1", "a/2", "a/2", "a/3", "a/4", "b/1"] {
        let arrived = Notify::new();
        let note = |_| arrived.notify_one();
        tokio::select! {
            _ = place.store.upload(&place.bucket, key, &path, note) => panic!("it was too fast"),
            () = arrived.notified() => {}
        }
    }
    let unfinished = || place.devnet.unfinished_uploads("mybackups");
    assert_eq!(unfinished(), 6);
    let abort = async |prefix: &str, age| {
        let before = Utc::now() - age;
        place
            .store
            .abort_uploads(&place.bucket, prefix, before)
            .await
    };
    assert_eq!(abort("a/", TimeDelta::hours(1)).await, Ok(0));
    assert_eq!(abort("a/", TimeDelta::zero()).await, Ok(5));
    assert_eq!(unfinished(), 1);
    assert_eq!(abort("", TimeDelta::zero()).await, Ok(1));
    assert_eq!(unfinished(), 0);
    assert_eq!(place.store.list(&place.bucket, "").await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_others_have_begun_are_given_up_on_each_server() {
    let devnet = server();
    let name = bucket("left-over");
    for settings in places(&devnet) {
        let store = store(&settings);
        store.create(&name).await.expect("made");
        for key in ["db/1", "db/ü &", "other"] {
            let begin = [
                "create-multipart-upload",
                "--bucket",
                "left-over",
                "--key",
                key,
            ];
            if aws(&settings, &begin).is_none() {
                return;
            }
        }
        let soon = Utc::now() + TimeDelta::minutes(1);
        let abort = async |prefix, before| store.abort_uploads(&name, prefix, before).await;
        assert_eq!(abort("db/", soon).await, Ok(2));
        assert_eq!(abort("", soon).await, Ok(1));
        assert_eq!(abort("", soon).await, Ok(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_changed_on_the_way_is_refused_and_sent_again() {
    let place = Place::new().await;
    let path = place.file(9 * MIB);
    place.devnet.behave(Behaviour::Garbles { times: 1 });
    place.upload("k", &path).await.expect("the second is right");
    assert!(place.kept("k").expect("it is there") == content(9 * MIB));
    assert_eq!(place.refused("XAmzContentSHA256Mismatch"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_asked_three_times_and_no_more() {
    let place = Place::new().await;
    let path = place.file(9 * MIB);
    place.devnet.behave(Behaviour::Busy { times: 2 });
    place.upload("k", &path).await.expect("the third is taken");
    assert_eq!(place.refused("SlowDown"), 2);
    place.devnet.behave(Behaviour::Busy { times: 3 });
    let error = place
        .upload("l", &path)
        .await
        .expect_err("the third is refused");
    assert!(
        error.is_passing() && error.code() == Some("SlowDown"),
        "{error}"
    );
    assert_eq!(place.kept("l"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_vanishes_in_the_middle_leaves_parts_that_can_be_given_up() {
    let place = Place::new().await;
    let path = place.file(17 * MIB);
    place.devnet.behave(Behaviour::Vanishes { after_parts: 1 });
    let error = place.upload("k", &path).await.expect_err("it has vanished");
    assert!(matches!(error, ObjectsError::Unreachable { .. }), "{error}");
    assert_eq!(place.kept("k"), None);
    assert_eq!(place.devnet.unfinished_uploads("mybackups"), 1);
    place.devnet.behave(Behaviour::Honest);
    let given_up = place
        .store
        .abort_uploads(&place.bucket, "", Utc::now())
        .await;
    assert_eq!(given_up, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_the_server_loses_fails_the_upload_and_leaves_nothing_there() {
    let place = Place::new().await;
    let path = place.file(17 * MIB);
    place.devnet.behave(Behaviour::LosesPart { number: 2 });
    assert_eq!(code(place.upload("k", &path).await), "InvalidPart");
    assert_eq!(place.kept("k"), None);
    assert_eq!(place.devnet.unfinished_uploads("mybackups"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_is_asked_for_again_when_it_failed_and_when_nobody_heard_that_it_worked() {
    let place = Place::new().await;
    let path = place.file(9 * MIB);
    for behaviour in [Behaviour::FailsToJoin { times: 1 }, Behaviour::JoinsUnheard] {
        let key = format!("{behaviour:?}");
        place.devnet.behave(behaviour);
        place
            .upload(&key, &path)
            .await
            .expect("it is there in the end");
        assert!(place.kept(&key).expect("it is there") == content(9 * MIB));
        assert_eq!(
            place.devnet.ledger().parts_of(&format!("mybackups/{key}")),
            2
        );
    }
    assert_eq!(place.refused("NoSuchUpload"), 1);
    place.devnet.behave(Behaviour::FailsToJoin { times: 3 });
    assert_eq!(code(place.upload("never", &path).await), "InternalError");
    assert_eq!(place.devnet.unfinished_uploads("mybackups"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_not_whole_or_not_there_afterwards_is_no_success() {
    let place = Place::new().await;
    place.devnet.behave(Behaviour::Shortens);
    for bytes in [5, 9 * MIB] {
        let error = place.upload("k", &place.file(bytes)).await;
        let error = error.expect_err("a byte is missing").to_string();
        let lengths = format!("has {} bytes of k, {bytes} were sent", bytes - 1);
        assert!(error.contains(&lengths), "{error}");
    }
    place.devnet.behave(Behaviour::Loses {
        part_of_key: "k".to_owned(),
    });
    let error = place
        .upload("k", &place.file(5))
        .await
        .expect_err("it is lost");
    assert!(matches!(error, ObjectsError::Lost { .. }), "{error}");
    assert!(error.advice().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_named_before_anything_is_asked() {
    let place = Place::new().await;
    let before = place.devnet.ledger().requests;
    let path = place.folder.path().join("absent");
    let error = place.upload("k", &path).await.expect_err("it is absent");
    assert!(error.to_string().contains("absent"), "{error}");
    assert_eq!(place.devnet.ledger().requests, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_broke_three_times_and_no_more() {
    let place = Place::new().await;
    let path = place.file(5 * MIB);
    place.upload("k", &path).await.expect("taken");
    let breaks = |times| {
        place
            .devnet
            .behave(Behaviour::BreaksReads { after: MIB, times })
    };
    breaks(3);
    place
        .download("k", 5 * MIB)
        .await
        .expect("the fourth is whole");
    assert!(std::fs::read(place.target()).expect("a file") == content(5 * MIB));
    assert_eq!(place.devnet.ledger().gets_of("mybackups/k"), 4);
    std::fs::remove_file(place.target()).expect("it can be removed");
    breaks(4);
    let error = place
        .download("k", 5 * MIB)
        .await
        .expect_err("it breaks again");
    assert!(error.is_passing(), "{error}");
    assert!(!place.target().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_objects_are_never_mixed_in_one_file() {
    let place = Place::new().await;
    place
        .upload("k", &place.file(5 * MIB))
        .await
        .expect("taken");
    let breaks = Behaviour::BreaksReads {
        after: MIB,
        times: 1,
    };
    place.devnet.behave(breaks);
    let is_replaced = Mutex::new(false);
    let replace = |_| {
        let mut is_replaced = is_replaced.lock().expect("no panic");
        if !std::mem::replace(&mut *is_replaced, true) {
            let put = place
                .store
                .put_object(&place.bucket, "k", vec![b'x'; 5 * MIB]);
            let put = || tokio::runtime::Handle::current().block_on(put);
            tokio::task::block_in_place(put).expect("taken");
        }
    };
    let (into, most) = (place.target(), 5 * MIB as u64);
    let download = place
        .store
        .download(&place.bucket, "k", &into, most, replace);
    let error = download.await.expect_err("it is another one now");
    assert!(matches!(error, ObjectsError::Replaced { .. }), "{error}");
    assert!(!into.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_keeps_its_bounds_and_touches_no_file_that_is_there() {
    let place = Place::new().await;
    place.upload("k", &place.file(1000)).await.expect("taken");
    for behaviour in [Behaviour::Honest, Behaviour::Oversized { bytes: MIB }] {
        place.devnet.behave(behaviour);
        let error = place.download("k", 999).await.expect_err("it is larger");
        assert!(
            matches!(error, ObjectsError::TooLarge { most: 999, .. }),
            "{error}"
        );
        assert!(!place.target().exists());
    }
    std::fs::write(place.target(), "precious").expect("written");
    place.devnet.behave(Behaviour::Honest);
    let error = place.download("k", 1000).await.expect_err("it is there");
    assert!(matches!(error, ObjectsError::File { .. }), "{error}");
    assert_eq!(std::fs::read(place.target()).expect("a file"), b"precious");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_pair_is_refused_at_the_first_request_of_each_kind() {
    let devnet = server();
    let strict = strict_moto();
    let moto = strict.as_ref().map(|(_, settings)| settings.clone());
    let name = bucket("strict-bucket");
    let folder = tempfile::tempdir().expect("a folder");
    let [short, long] = [5, 9 * MIB].map(|bytes| file(folder.path(), bytes));
    for settings in [devnet.environment()].into_iter().chain(moto) {
        let right = store(&settings);
        right.create(&name).await.expect("made");
        right
            .upload(&name, "k", &long, |_| {})
            .await
            .expect("taken");
        let mut settings = settings;
        settings[2].1 = "wrong".to_owned();
        let wrong = store(&settings);
        let into = folder.path().join("into");
        for refused in [
            wrong.upload(&name, "k", &short, |_| {}).await,
            wrong.upload(&name, "k", &long, |_| {}).await,
            wrong.list(&name, "").await.map(drop),
            wrong.abort_uploads(&name, "", Utc::now()).await.map(drop),
            wrong.download(&name, "k", &into, 1 << 30, |_| {}).await,
        ] {
            let error = refused.expect_err("the secret is wrong");
            assert_eq!(error.code(), Some("SignatureDoesNotMatch"), "{error}");
            assert!(!error.is_passing() && error.advice().expect("there is").contains("secret"));
        }
        let error = wrong.object_bytes(&name, "k").await.expect_err("wrong");
        assert_eq!(error.code(), Some("status 403"));
    }
}

//! Deploying by `git push`, with real repositories and a real sshd.

use std::time::Duration;

use rusqlite::Connection;

use super::remote::Pair;
use super::{PYTHON_ENV, write_wallet};
use crate::debian::{Debian, said};
use crate::host::poll;

/// What a push says, and whether git took it. A hook after the fact cannot refuse it.
fn push(pair: &Pair, what: &str) -> String {
    let output = pair
        .own
        .run(&format!("cd /src && git push production {what}"));
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

/// The project as a repository that can be pushed to the server.
fn make_repository(pair: &Pair) {
    pair.own.run_well(
        "cd /src && mv horde /srv/ && git init -q -b master && \
         git config user.name test && git config user.email test@example.org && \
         git add . && git commit -qm first && git remote add production server:repos/validator.git",
    );
}

/// Makes a commit that is another version.
fn commit(pair: &Pair, branch: &str) {
    pair.own.run_well(&format!(
        "cd /src && git checkout -q -B {branch} && date +%N >version && git add version && \
         git commit -qm 'another version'"
    ));
}

/// The deployed version's own mark.
fn deployed(pair: &Pair) -> String {
    pair.server
        .run_well("cat /root/domains/validator/version 2>/dev/null || echo none")
}

fn version(pair: &Pair, branch: &str) -> String {
    pair.own
        .run_well(&format!("cd /src && git show {branch}:version"))
}

#[test]
fn master_is_deployed_others_are_not_and_what_fails_leaves_the_old_version() {
    let Some(pair) = Pair::new() else {
        return;
    };
    let hotkey = write_wallet(&pair.own, "w", "h");
    let environment = "BITTENSOR_NETWORK=finney BITTENSOR_NETUID=12";
    let output = pair.install(
        environment,
        &format!("remote --binary horde server {hotkey}"),
    );
    assert!(output.status.success(), "{}", said(&output));
    // in place of ten minutes of compiling; each version differs
    pair.server.run_well("cp /src/horde /root/built");
    let build =
        r#"HORDE_BUILD='cat /root/built version >"$HORDE_BINARY" && chmod 755 "$HORDE_BINARY"'"#;
    let output = pair.install(build, "git-deploy server");
    assert!(output.status.success(), "{}", said(&output));
    make_repository(&pair);

    commit(&pair, "master");
    let said_first = push(&pair, "master");
    assert!(said_first.contains("deployed: "), "{said_first}");
    assert_eq!(deployed(&pair), version(&pair, "master"));
    pair.server.run_well(
        "test -e /usr/local/bin/horde.previous; ls /var/lib/horde/backups | grep -q db_dump",
    );

    commit(&pair, "other");
    let said_other = push(&pair, "other");
    assert!(
        said_other.contains("other is not master: nothing is deployed"),
        "{said_other}"
    );
    assert_eq!(deployed(&pair), version(&pair, "master"));
    push(&pair, "--force other:master");
    assert_eq!(deployed(&pair), version(&pair, "other"));

    let program = pair.server.run_well("sha256sum /usr/local/bin/horde");
    let before = deployed(&pair);
    pair.server.run_well("mv /root/built /root/away");
    commit(&pair, "master");
    let said_build = push(&pair, "--force master");
    assert!(said_build.contains("was NOT deployed"), "{said_build}");
    assert!(said_build.contains("the build failed"), "{said_build}");
    assert_eq!(deployed(&pair), before);

    pair.server.run_well("mv /root/away /root/built");
    Connection::open(pair.server.path("/var/lib/horde/horde.db"))
        .and_then(|db| {
            db.execute(
                "INSERT INTO refinery_schema_history VALUES (99, 'later', '', '0')",
                [],
            )
        })
        .expect("a newer version");
    commit(&pair, "master");
    let said_database = push(&pair, "--force master");
    assert!(said_database.contains("version 99"), "{said_database}");
    assert!(
        said_database.contains("was NOT deployed"),
        "{said_database}"
    );
    assert_eq!(deployed(&pair), before);
    assert_eq!(
        pair.server.run_well("sha256sum /usr/local/bin/horde"),
        program
    );
}

#[test]
fn of_two_pushes_at_once_the_second_waits_for_the_first() {
    let Some(pair) = Pair::new() else {
        return;
    };
    // the first build ends when it is told to, and in any case some time
    let build = r#"HORDE_BUILD='n=0
        until [ -e /root/go ] || [ $((n += 1)) = 600 ]; do sleep 0.1; done
        cp /src/horde "$HORDE_BINARY"'"#;
    let output = pair.install(build, "git-deploy server");
    assert!(output.status.success(), "{}", said(&output));
    make_repository(&pair);
    commit(&pair, "master");
    commit(&pair, "other");
    std::thread::scope(|threads| {
        let pushes = threads.spawn(|| {
            pair.own.run_well(
                "cd /src; git push production master 2>/root/first & \
                 until grep -q building /root/first; do sleep 0.1; done; \
                 git push production other:master 2>/root/second; wait",
            )
        });
        poll("a push that waits", Duration::from_secs(40), || {
            let told = pair.own.read("/root/second");
            told.contains("another push is being deployed; waiting")
                .then_some(())
        });
        assert_eq!(deployed(&pair), "none\n");
        pair.server.write("/root/go", "");
        pushes.join().expect("both pushes");
    });
    let told = pair.own.read("/root/first");
    assert!(told.contains("deployed: "), "{told}");
    assert_eq!(deployed(&pair), version(&pair, "other"));
}

#[test]
fn a_machine_deploys_to_itself_and_takes_over_what_lay_there() {
    let Some(debian) = Debian::new() else {
        return;
    };
    debian.write("/root/domains/validator/.env", PYTHON_ENV);
    debian.run_well(
        "cd /src && HORDE_BUILD='cp /src/horde \"$HORDE_BINARY\"' ./install.sh git-deploy",
    );
    debian.run_well(
        "cp -r /src /root/clone; cd /root/clone; rm horde; git init -q -b master; git config user.name test; \
         git config user.email test@example.org; git add .; git commit -qm first",
    );
    let told = debian.run_well("cd /root/clone && git push /root/repos/validator.git master");
    assert!(told.contains("deployed: "), "{told}");
    let settings = debian.read("/etc/horde/horde.env");
    assert!(settings.starts_with(PYTHON_ENV.trim_end()), "{settings}");
    debian.run_well(
        "test -f /root/domains/validator/install.sh; test -f /root/domains/validator.before/.env; \
         cmp /src/horde /usr/local/bin/horde",
    );
}

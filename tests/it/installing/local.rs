//! `install.sh local` and `uninstall`.

use rusqlite::Connection;

use super::{ANOTHER, PYTHON_ENV, installed, write_wallet};
use crate::debian::{Debian, said};

/// A system on which the validator is installed.
fn with_a_validator() -> Option<Debian> {
    let debian = Debian::new()?;
    debian.write("/src/python.env", PYTHON_ENV);
    let hotkey = write_wallet(&debian, "mywallet", "default");
    debian.run_well(&format!(
        "cd /src && ./install.sh local --binary horde --env-file python.env --hotkey {hotkey}"
    ));
    Some(debian)
}

#[test]
fn an_installation_takes_over_the_settings_of_the_old_validator_and_is_sealed() {
    let Some(debian) = with_a_validator() else {
        return;
    };
    let places = installed(&debian);
    for place in [
        "etc/horde 750 root:horde",
        "etc/horde/horde.env 640 root:horde",
        "etc/horde/wallets 750 horde:horde",
        "etc/horde/wallets/mywallet/hotkeys/default 600 horde:horde",
        "usr/local/bin/horde 755 root:root",
        "var/lib/horde 700 horde:horde",
        "var/lib/horde/horde.db 600 horde:horde",
        "var/lib/horde/backups 700 horde:horde",
    ] {
        assert!(places.contains(place), "{place}: {places}");
    }
    let settings = debian.read("/etc/horde/horde.env");
    assert!(settings.starts_with(PYTHON_ENV.trim_end()), "{settings}");
    let config = debian.run_well("horde --env-file /etc/horde/horde.env config");
    assert!(
        config.contains("HORDE_DB=/var/lib/horde/horde.db"),
        "{config}"
    );
    assert!(
        config.contains("BACKUP_LOCAL_ROTATE_KEEP_LAST=3"),
        "{config}"
    );
    // the units wait for a systemd
    let enabled = debian.run_well(
        "systemctl is-enabled horde.target horde-set-weights.timer horde-relay-organic.service \
         horde-metrics.timer horde-metrics.socket || true",
    );
    // what listens is the operator's choice
    assert_eq!(enabled, "enabled\nenabled\nenabled\nenabled\ndisabled\n");
    debian.run_well("runuser -u horde -- horde --env-file /etc/horde/horde.env status");
}

#[test]
fn doing_it_again_changes_nothing_and_a_rehearsal_neither() {
    let Some(debian) = with_a_validator() else {
        return;
    };
    let before = installed(&debian);
    let again = "cd /src && ./install.sh local --binary horde --env-file python.env";
    let said = debian.run_well(again);
    assert!(said.contains("keeping the settings"), "{said}");
    assert!(said.contains("in place already"), "{said}");
    assert_eq!(installed(&debian), before);
    debian.run_well(&format!(
        "{ANOTHER}; cd /src; ./install.sh --dry-run local --binary another"
    ));
    debian.run_well("cd /src; ./install.sh uninstall --purge --dry-run");
    assert_eq!(installed(&debian), before);
}

#[test]
fn an_upgrade_keeps_settings_makes_a_backup_and_leaves_the_way_back() {
    let Some(debian) = with_a_validator() else {
        return;
    };
    let settings = debian.read("/etc/horde/horde.env");
    debian.run_well(&format!(
        "{ANOTHER}; cd /src; echo '# changed' >>systemd/horde-evict.timer; \
         rm systemd/horde-evict.service; ./install.sh local --binary another"
    ));
    assert_eq!(debian.read("/etc/horde/horde.env"), settings);
    debian.run_well(
        "cmp /src/another /usr/local/bin/horde; cmp /src/horde /usr/local/bin/horde.previous",
    );
    let backups =
        debian.run_well("runuser -u horde -- horde --env-file /etc/horde/horde.env list-backups");
    assert!(backups.contains("db_dump_"), "{backups}");
    // units of a version are those of that version
    assert!(
        debian
            .read("/etc/systemd/system/horde-evict.timer")
            .ends_with("# changed\n")
    );
    assert!(
        !debian
            .path("/etc/systemd/system/horde-evict.service")
            .exists()
    );
}

#[test]
fn a_program_that_does_not_run_or_does_not_know_the_database_changes_nothing() {
    let Some(debian) = with_a_validator() else {
        return;
    };
    let before = installed(&debian);
    let output =
        debian.run("cd /src; printf '#!/bin/sh\\nexit 1\\n' >bad; ./install.sh local --binary bad");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("does not run on this machine"),
        "{}",
        said(&output)
    );
    assert_eq!(installed(&debian), before);
    Connection::open(debian.path("/var/lib/horde/horde.db"))
        .and_then(|db| {
            db.execute(
                "INSERT INTO refinery_schema_history VALUES (99, 'later', '', '0')",
                [],
            )
        })
        .expect("a newer version");
    let before = installed(&debian);
    let output = debian.run(&format!(
        "{ANOTHER}; cd /src; ./install.sh local --binary another --no-backup"
    ));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("the database has version 99"),
        "{}",
        said(&output)
    );
    assert_eq!(installed(&debian), before);
}

#[test]
fn uninstalling_keeps_settings_and_data_unless_they_are_to_go() {
    let Some(debian) = with_a_validator() else {
        return;
    };
    debian.run_well("cd /src; ./install.sh uninstall");
    let left = debian.run_well("ls /usr/local/bin /etc/systemd/system | grep horde || true");
    assert_eq!(left, "");
    assert!(debian.path("/var/lib/horde/horde.db").exists());
    assert!(debian.path("/etc/horde/horde.env").exists());
    let output = debian.run("cd /src; ./install.sh uninstall --purge");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    debian.run_well("cd /src; ./install.sh uninstall --purge --yes");
    assert!(!debian.path("/var/lib/horde").exists());
    assert!(!debian.path("/etc/horde").exists());
    debian.run_well("! getent passwd horde");
}

#[test]
fn without_its_settings_nothing_is_started_and_they_are_named() {
    let Some(debian) = Debian::new() else {
        return;
    };
    let said = debian.run_well("cd /src && ./install.sh local --binary horde");
    for missing in [
        "BITTENSOR_NETWORK",
        "BITTENSOR_NETUID",
        "BITTENSOR_WALLET_NAME",
    ] {
        assert!(said.contains(missing), "{said}");
    }
    let settings = debian.read("/etc/horde/horde.env");
    assert!(settings.contains("\nBITTENSOR_NETUID=\n"), "{settings}");
    assert!(settings.contains("#EMAIL_PORT=587"), "{settings}");
    debian.run_well("! systemctl is-enabled horde.target");
}

//! `install.sh` on a real Debian system: on the machine itself, over a real sshd, and by `git push`.

mod accounts;
mod deploying;
mod local;
mod package;
mod rehearsal;
mod remote;
mod trusted_miner;

use horde_validator::devnet::accounts::Account;

use crate::debian::Debian;

/// A file as operators of the Python validator have it.
const PYTHON_ENV: &str = r#"# of the validator in containers
NGINX_HOST=localhost
SECRET_KEY=django-insecure-123
POSTGRES_USER=postgres
POSTGRES_PASSWORD="p4ss w$rd"
BITTENSOR_NETUID=12
BITTENSOR_NETWORK=finney
BITTENSOR_WALLET_NAME=mywallet
BITTENSOR_WALLET_HOTKEY_NAME=default
HOST_WALLET_DIR=/home/ubuntu/.bittensor/wallets
FACILITATOR_URI=wss://facilitator.computehorde.io/ws/v0/
BACKUP_LOCAL_ROTATE_KEEP_LAST=3
EMAIL_HOST=
EMAIL_TARGET=
"#;

/// Puts a wallet with this name of a hotkey into the system, and gives back the hotkey's path.
fn write_wallet(debian: &Debian, wallet: &str, hotkey: &str) -> String {
    let coldkey = Account::validator_coldkey().hotkey();
    Account::validator()
        .write_wallet(&debian.path("/srv/wallets"), wallet, hotkey, &coldkey)
        .expect("a wallet");
    format!("/srv/wallets/{wallet}/hotkeys/{hotkey}")
}

/// Everything that an installation has put there, with owners, modes and contents.
fn installed(debian: &Debian) -> String {
    debian.run_well(
        "cd / && find etc/horde usr/local/bin etc/systemd/system/horde* var/lib/horde \
         -name '*.lock' -prune -o -name '*-wal' -prune -o -name '*-shm' -prune -o \
         -type f -printf '%p %m %u:%g ' -exec sh -c 'sha256sum <\"$1\"' - {} \\; \
         -o -printf '%p %m %u:%g\\n' | sort",
    )
}

/// Makes a program that is another one and does the same.
const ANOTHER: &str = "cp /src/horde /src/another; echo >>/src/another";

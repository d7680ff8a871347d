//! Keys that everybody knows, from Substrate's keyring: for rehearsals, never for anything of
//! value. Also writes them as a Bittensor wallet, so that the real binary can sign with them.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;
use sp_keyring::Sr25519Keyring;
use sp_keyring::sr25519::sr25519::Pair;

use crate::keys::{Hotkey, Keypair};

/// A development account.
#[derive(Clone)]
pub struct Account(Pair);

impl Account {
    /// The hotkey of the validator under rehearsal: Alice.
    pub fn validator() -> Self {
        Self(Sr25519Keyring::Alice.pair())
    }

    /// The coldkey behind the validator.
    pub fn validator_coldkey() -> Self {
        Self(Sr25519Keyring::AliceStash.pair())
    }

    /// Somebody else's validator: Bob.
    pub fn other_validator() -> Self {
        Self(Sr25519Keyring::Bob.pair())
    }

    /// One of any number of miners; the same number is the same key always.
    pub fn miner(number: usize) -> Self {
        Self(Sr25519Keyring::numeric(number))
    }

    /// The coldkey behind all miners.
    pub fn miners_coldkey() -> Self {
        Self(Sr25519Keyring::BobStash.pair())
    }

    pub fn keypair(&self) -> Keypair {
        Keypair::from_secret(&self.secret()).expect("made by the same library")
    }

    pub fn hotkey(&self) -> Hotkey {
        self.keypair().hotkey()
    }

    fn secret(&self) -> [u8; 64] {
        let pair: &schnorrkel::Keypair = self.0.as_ref();
        pair.secret.to_bytes()
    }

    /// Writes this account as the hotkey `{wallets}/{wallet}/hotkeys/{hotkey}` and `coldkey` as
    /// the `coldkeypub.txt` beside it. Returns the path of the hotkey's file, which only its
    /// owner may read.
    ///
    /// # Errors
    /// When the files cannot be written; those that are there already are replaced.
    pub fn write_wallet(
        &self,
        wallets: &Path,
        wallet: &str,
        hotkey: &str,
        coldkey: &Hotkey,
    ) -> Result<PathBuf> {
        let folder = wallets.join(wallet);
        fs::create_dir_all(folder.join("hotkeys"))?;
        fs::write(
            folder.join("coldkeypub.txt"),
            public_half(coldkey).to_string(),
        )?;
        let mut content = public_half(&self.hotkey());
        content["privateKey"] = json!(format!("0x{}", hex::encode(self.secret())));
        let path = folder.join("hotkeys").join(hotkey);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        // a file that was there keeps its mode otherwise
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(content.to_string().as_bytes())?;
        Ok(path)
    }
}

fn public_half(hotkey: &Hotkey) -> serde_json::Value {
    let public = format!("0x{}", hex::encode(hotkey.public()));
    json!({
        "accountId": public,
        "publicKey": public,
        "ss58Address": hotkey.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::keyfile::{self, LoadedKey};

    #[test]
    fn alice_has_the_address_that_everybody_knows() {
        assert_eq!(
            Account::validator().hotkey().to_string(),
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
        );
    }

    #[test]
    fn a_written_wallet_signs_as_the_account_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let account = Account::miner(3);
        let coldkey = Account::miners_coldkey().hotkey();
        let path = account
            .write_wallet(folder.path(), "demo", "default", &coldkey)
            .expect("written");
        assert!(path.ends_with("demo/hotkeys/default"));
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let key = keyfile::decode(&fs::read(&path).expect("read"), None).expect("a key");
        assert!(matches!(key, LoadedKey::Signing(_)));
        assert_eq!(key.hotkey(), account.hotkey());
        let coldkeypub = fs::read(folder.path().join("demo/coldkeypub.txt")).expect("read");
        let key = keyfile::decode(&coldkeypub, None).expect("a key");
        assert_eq!(key.hotkey(), coldkey);
    }
}

//! Finding and reading the hotkey file. Refuses files that others can read, and never opens a
//! coldkey. The forms of the file are the business of `keys`.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::keys::Keypair;
use crate::keys::keyfile::{self, KeyfileError, LoadedKey};
use crate::settings::WalletPlace;

/// Larger than any hotkey file; a wrong path must not fill the memory.
const MAX_BYTES: u64 = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    #[error("{setting} is `{name}`, which is not the plain name of a file")]
    Name { setting: &'static str, name: String },
    #[error("`{}` leads to a coldkey, which never belongs on a validator", .0.display())]
    Coldkey(PathBuf),
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("`{}` can be read by others: its mode is {mode:03o}, not 600 or 400", path.display())]
    Mode { path: PathBuf, mode: u32 },
    #[error("`{}` is larger than any hotkey file", .0.display())]
    TooLarge(PathBuf),
    #[error("`{}` is not a usable hotkey file", path.display())]
    Keyfile {
        path: PathBuf,
        #[source]
        cause: KeyfileError,
    },
    #[error("`{}` holds a public key only, which cannot sign", .0.display())]
    PublicOnly(PathBuf),
}

/// Reads the hotkey, with the password file where the hotkey file is encrypted.
pub fn load_hotkey(place: &WalletPlace) -> Result<Keypair, WalletError> {
    let path = hotkey_path(place)?;
    let content = read_secret(&path)?;
    let password = match &place.password_file {
        Some(file) => Some(as_password(file, read_secret(file)?)?),
        None => from_credential(place)?,
    };
    match keyfile::decode(&content, password.as_ref().map(|text| text.as_str())) {
        Ok(LoadedKey::Signing(pair)) => Ok(pair),
        Ok(LoadedKey::PublicOnly(_)) => Err(WalletError::PublicOnly(path)),
        Err(cause) => Err(WalletError::Keyfile { path, cause }),
    }
}

fn hotkey_path(place: &WalletPlace) -> Result<PathBuf, WalletError> {
    plain_name("BITTENSOR_WALLET_NAME", &place.name)?;
    plain_name("BITTENSOR_WALLET_HOTKEY_NAME", &place.hotkey_name)?;
    let path = place
        .directory
        .join(&place.name)
        .join("hotkeys")
        .join(&place.hotkey_name);
    // a link may lead anywhere, also to the coldkey
    let real = std::fs::canonicalize(&path).map_err(|cause| WalletError::Unreadable {
        path: path.clone(),
        cause,
    })?;
    match real
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("coldkey"))
    {
        true => Err(WalletError::Coldkey(path)),
        false => Ok(path),
    }
}

fn plain_name(setting: &'static str, name: &str) -> Result<(), WalletError> {
    let is_plain = !name.contains(['/', '\0']) && name != "." && name != "..";
    match is_plain {
        true => Ok(()),
        false => Err(WalletError::Name {
            setting,
            name: name.to_owned(),
        }),
    }
}

/// systemd has seen to it that nobody else can read it, in ways that its mode does not show.
fn from_credential(place: &WalletPlace) -> Result<Option<Zeroizing<String>>, WalletError> {
    let Some(path) = &place.credential else {
        return Ok(None);
    };
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(WalletError::Unreadable {
            path: path.clone(),
            cause,
        }),
        Ok(content) => {
            let password = as_password(path, Zeroizing::new(content))?;
            Ok(Some(password).filter(|password| !password.is_empty()))
        }
    }
}

fn as_password(path: &Path, content: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, WalletError> {
    let text = std::str::from_utf8(&content).map_err(|error| WalletError::Unreadable {
        path: path.to_owned(),
        cause: io::Error::new(io::ErrorKind::InvalidData, error),
    })?;
    // an editor ends the file with a line feed that is not part of the password
    Ok(Zeroizing::new(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}

fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, WalletError> {
    let unreadable = |cause| WalletError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(WalletError::Mode {
            path: path.to_owned(),
            mode,
        });
    }
    if metadata.len() > MAX_BYTES {
        return Err(WalletError::TooLarge(path.to_owned()));
    }
    std::fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

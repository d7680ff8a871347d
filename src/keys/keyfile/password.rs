//! Where the password of an encrypted key file comes from when none is given: the wallet's rule.
//! Pure: the caller brings the variables.

use std::path::Path;

/// `BT_COLD_PW_` and the upper-cased name of the folder that holds the file:
/// `HOTKEYS` for a hotkey, the wallet's name for its cold key.
pub fn password_variable(keyfile: &Path) -> Option<String> {
    let folder = keyfile.parent()?.file_name()?.to_str()?;
    Some(format!("BT_COLD_PW_{}", folder.to_uppercase()))
}

/// The password for `keyfile` among `variables`, whose names are compared without case.
pub fn password_from<'a>(
    keyfile: &Path,
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<&'a str> {
    let wanted = password_variable(keyfile)?;
    variables
        .into_iter()
        .find_map(|(name, value)| (name.to_uppercase() == wanted).then_some(value))
}

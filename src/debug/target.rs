//! Which miner is meant: given with its address, or looked up on the subnet by its hotkey.

use crate::miner::MinerAddress;
use crate::pass::{self, ChainAccess, Failure};
use crate::settings::{DebugMiners, Environment, SettingsError};
use crate::store::Store;

/// What was said on the command line; the debug settings say the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    pub hotkey: Option<String>,
    pub address: Option<String>,
    pub port: Option<u16>,
}

impl Target {
    /// Finds the miner. Asks the chain only where hotkey is all there is.
    ///
    /// # Errors
    /// Something is missing, or the chain does not know the miner.
    pub async fn find(&self, environment: &Environment) -> Result<MinerAddress, Failure> {
        let debug = match environment.debug_miners() {
            // with a hotkey of its own the command line needs nothing of the settings
            Err(_) if self.hotkey.is_some() => None,
            debug => debug?,
        };
        match self.given(debug)? {
            Ok(address) => Ok(address),
            Err(hotkey) => look_up(&hotkey, environment).await,
        }
    }

    /// The address as given, or the hotkey to look up.
    fn given(&self, debug: Option<DebugMiners>) -> Result<Result<MinerAddress, String>, Failure> {
        let missing = |name, meaning, example| SettingsError::Missing {
            name,
            meaning,
            example,
        };
        let settings = debug.filter(|debug| {
            let meant = self.hotkey.as_ref();
            meant.is_none_or(|hotkey| *hotkey == debug.hotkey)
        });
        let hotkey = self.hotkey.clone();
        let hotkey = hotkey.or_else(|| settings.as_ref().map(|debug| debug.hotkey.clone()));
        let Some(hotkey) = hotkey else {
            let example = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
            let meaning = "or --miner-hotkey: which miner is asked";
            return Err(missing("DEBUG_MINER_KEY", meaning, example).into());
        };
        let host = self.address.clone();
        let host = host.or_else(|| settings.as_ref().map(|debug| debug.address.clone()));
        let port = self
            .port
            .or_else(|| settings.as_ref().map(|debug| debug.port))
            .filter(|port| *port != 0);
        Ok(match (host, port) {
            (Some(host), Some(port)) => Ok(MinerAddress { hotkey, host, port }),
            (None, None) => Err(hotkey),
            (None, Some(_)) => {
                let meaning = "or --miner-address: where the miner listens";
                return Err(missing("DEBUG_MINER_ADDRESS", meaning, "127.0.0.1").into());
            }
            (Some(_), None) => {
                let meaning = "or --miner-port: on which port the miner listens";
                return Err(missing("DEBUG_MINER_PORT", meaning, "8000").into());
            }
        })
    }
}

/// On the subnet as it is now, or as a database here remembers it.
async fn look_up(hotkey: &str, environment: &Environment) -> Result<MinerAddress, Failure> {
    let found = match from_chain(environment).await {
        Err(failure) if failure.is_passing() => match Store::open(&environment.database()) {
            Ok(store) => pass::miners_in(&store)?,
            Err(_) => return Err(failure),
        },
        found => found?,
    };
    let found = found.into_iter().find(|miner| miner.hotkey == hotkey);
    found.ok_or_else(|| Failure::NoSuchMiner {
        hotkey: hotkey.to_owned(),
    })
}

async fn from_chain(environment: &Environment) -> Result<Vec<MinerAddress>, Failure> {
    let chain = ChainAccess::of(environment).connect().await?;
    let metagraph = pass::metagraph(&chain, environment.netuid()?).await?;
    Ok(pass::serving(&metagraph))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "hotkey A";

    fn settings() -> Option<DebugMiners> {
        Some(DebugMiners {
            hotkey: A.to_owned(),
            address: "10.0.0.1".to_owned(),
            port: 8000,
            count: 1,
        })
    }

    fn target(hotkey: Option<&str>, address: Option<&str>, port: Option<u16>) -> Target {
        Target {
            hotkey: hotkey.map(str::to_owned),
            address: address.map(str::to_owned),
            port,
        }
    }

    #[test]
    fn the_command_line_wins_over_the_settings_which_fill_the_gaps() {
        for (said, expected) in [
            (target(None, None, None), "hotkey A at 10.0.0.1:8000"),
            (target(None, None, Some(9)), "hotkey A at 10.0.0.1:9"),
            (target(Some(A), None, None), "hotkey A at 10.0.0.1:8000"),
            (target(Some("B"), Some("::1"), Some(7)), "B at ::1:7"),
            (target(Some("B"), None, None), "look up B"),
        ] {
            let found = match said.given(settings()).expect("complete") {
                Ok(miner) => format!("{} at {}:{}", miner.hotkey, miner.host, miner.port),
                Err(hotkey) => format!("look up {hotkey}"),
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (said, name) in [
            (target(None, None, None), "DEBUG_MINER_KEY"),
            (target(Some("B"), Some("::1"), None), "DEBUG_MINER_PORT"),
            (target(Some("B"), None, Some(7)), "DEBUG_MINER_ADDRESS"),
        ] {
            let failure = said.given(None).expect_err("incomplete");
            assert!(failure.to_string().contains(name), "{failure}");
            assert_eq!(failure.exit_code(), 2);
        }
    }
}

//! Which node to speak to: the network names of the Bittensor tools, or an address.
//! Knows names and addresses, opens nothing. Names after the public SDK.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::Hash;

/// The first block of the main network; a node that claims to be `finney` must have it.
pub const FINNEY_GENESIS: Hash = Hash::new([
    0x2f, 0x05, 0x55, 0xcc, 0x76, 0xfc, 0x28, 0x40, 0xa2, 0x5a, 0x6e, 0xa3, 0xb9, 0x63, 0x71, 0x46,
    0x80, 0x6f, 0x1f, 0x44, 0xb0, 0x90, 0xc1, 0x75, 0xff, 0xde, 0x2a, 0x7e, 0x5a, 0xb3, 0x6c, 0x03,
]);

/// A node as the operator named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The main network.
    Finney,
    /// The public test network.
    Test,
    /// The main network, with the state of every block since the first.
    Archive,
    /// A node of one's own on this machine.
    Local,
    /// Anything else, `ws://` or `wss://`.
    Custom(Url),
}

/// A text that names no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is neither finney, test, archive, local, host:port nor a ws:// or wss:// address"
)]
pub struct NotAnEndpoint {
    given: String,
}

impl Endpoint {
    /// The websocket address, password included if there is one.
    pub fn address(&self) -> &str {
        match self {
            Self::Finney => "wss://entrypoint-finney.opentensor.ai:443",
            Self::Test => "wss://test.finney.opentensor.ai:443",
            Self::Archive => "wss://archive.chain.opentensor.ai:443",
            Self::Local => "ws://127.0.0.1:9944",
            Self::Custom(url) => url.as_str(),
        }
    }

    /// The genesis hash that this name promises; `None` where the name promises nothing.
    pub fn expected_genesis(&self) -> Option<Hash> {
        match self {
            Self::Finney | Self::Archive => Some(FINNEY_GENESIS),
            Self::Test | Self::Local | Self::Custom(_) => None,
        }
    }
}

impl FromStr for Endpoint {
    type Err = NotAnEndpoint;

    fn from_str(text: &str) -> Result<Self, NotAnEndpoint> {
        let given = text.trim();
        match given {
            "finney" => return Ok(Self::Finney),
            "test" => return Ok(Self::Test),
            "archive" => return Ok(Self::Archive),
            "local" => return Ok(Self::Local),
            _ => {}
        }
        let refused = || NotAnEndpoint {
            given: without_password(given),
        };
        let address = if given.contains("://") {
            given.to_owned()
        } else if has_port(given) {
            format!("ws://{given}")
        } else {
            return Err(refused());
        };
        let url = Url::parse(&address).map_err(|_| refused())?;
        if !matches!(url.scheme(), "ws" | "wss") || url.host().is_none() {
            return Err(refused());
        }
        Ok(Self::Custom(url))
    }
}

/// `host:port`, where the port is what tells an address from a misspelt network name.
fn has_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// What may be shown of an address that could not be parsed.
fn without_password(text: &str) -> String {
    let shown = text.rsplit_once('@').map_or(text, |(_, host)| host);
    shown.chars().take(80).collect()
}

/// The name or the address without user, password and query: providers put keys there.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finney => f.write_str("finney"),
            Self::Test => f.write_str("test"),
            Self::Archive => f.write_str("archive"),
            Self::Local => f.write_str("local"),
            Self::Custom(url) => {
                write!(
                    f,
                    "{}://{}",
                    url.scheme(),
                    url.host_str().unwrap_or_default()
                )?;
                url.port().map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> String {
        text.parse::<Endpoint>()
            .expect("a known endpoint")
            .address()
            .to_owned()
    }

    #[test]
    fn network_names_stand_for_addresses() {
        assert_eq!(
            address("finney"),
            "wss://entrypoint-finney.opentensor.ai:443"
        );
        assert_eq!(address(" local "), "ws://127.0.0.1:9944");
    }

    #[test]
    fn a_bare_host_and_port_means_plain_websocket() {
        assert_eq!(address("10.0.0.7:9944"), "ws://10.0.0.7:9944/");
        assert_eq!(address("node.example:9944"), "ws://node.example:9944/");
        assert_eq!(address("[::1]:9944"), "ws://[::1]:9944/");
    }

    #[test]
    fn a_misspelt_name_is_not_taken_for_a_host() {
        for text in [
            "fineny",
            "",
            "http://node:9944",
            "wss://",
            "node:port",
            "node:99999",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_in_an_address_are_never_shown() {
        let endpoint: Endpoint = "wss://me:secret@node.example:443/v1/secret?key=secret"
            .parse()
            .expect("a websocket address");
        assert_eq!(endpoint.to_string(), "wss://node.example");
        let refused = "https://me:secret@node.example"
            .parse::<Endpoint>()
            .expect_err("not ws");
        assert!(!refused.to_string().contains("secret"));
    }

    #[test]
    fn only_main_network_names_promise_a_genesis() {
        assert_eq!(Endpoint::Finney.expected_genesis(), Some(FINNEY_GENESIS));
        assert_eq!(Endpoint::Test.expected_genesis(), None);
        assert!(FINNEY_GENESIS.to_string().starts_with("0x2f0555cc76fc2840"));
    }
}

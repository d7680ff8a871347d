//! Where a miner listens, and under which name it is asked.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::keys::Hotkey;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinerAddress {
    /// A text: the hotkeys of debug miners are no real addresses.
    pub hotkey: String,
    /// An IP address, or a name where an operator gave one.
    pub host: String,
    pub port: u16,
}

impl MinerAddress {
    /// 4 or 6; a name counts as 4.
    pub fn ip_version(&self) -> u8 {
        match self.host.parse() {
            Ok(IpAddr::V6(_)) => 6,
            Ok(IpAddr::V4(_)) | Err(_) => 4,
        }
    }

    /// The websocket that this miner opens for `validator`.
    pub fn url(&self, validator: &Hotkey) -> String {
        format!(
            "ws://{}/v0.1/validator_interface/{validator}",
            self.authority()
        )
    }

    /// The file with the receipts that this miner publishes.
    pub fn receipts_url(&self) -> String {
        format!("http://{}/receipts/receipts.csv", self.authority())
    }

    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        match self.ip_version() {
            6 => format!("[{host}]:{port}"),
            _ => format!("{host}:{port}"),
        }
    }
}

/// Why a text is not the address of a miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MinerAddressError {
    #[error("a miner is given as HOTKEY@HOST:PORT")]
    Form,
    #[error("what stands before the `@` is not a hotkey")]
    Hotkey,
    #[error("what stands after the `@` is not a host; IPv6 goes into brackets")]
    Host,
    #[error("the port is not a number from 1 to 65535")]
    Port,
}

/// `HOTKEY@HOST:PORT`, where the host is a name, an IPv4 address or an IPv6 address in brackets.
impl FromStr for MinerAddress {
    type Err = MinerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (hotkey, authority) = text.split_once('@').ok_or(MinerAddressError::Form)?;
        let (host, port) = authority.rsplit_once(':').ok_or(MinerAddressError::Form)?;
        if hotkey.parse::<Hotkey>().is_err() {
            return Err(MinerAddressError::Hotkey);
        }
        let bare = match host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(address) => address.parse::<Ipv6Addr>().is_ok().then_some(address),
            None => is_name(host).then_some(host),
        };
        let bare = bare.ok_or(MinerAddressError::Host)?;
        match port.parse() {
            Ok(port) if port > 0 => Ok(Self {
                hotkey: hotkey.to_owned(),
                host: bare.to_owned(),
                port,
            }),
            _ => Err(MinerAddressError::Port),
        }
    }
}

/// Names and IPv4 addresses are made of these characters, and no URL is broken by them. What ends in
/// a number has to be an address, by the rules for URLs.
fn is_name(host: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    host.chars().all(is_usual) && url::Host::parse(host).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_is_put_into_brackets() {
        let validator = Hotkey::new([1; 32]);
        let mut miner = MinerAddress {
            hotkey: String::new(),
            host: "2001:db8::7".into(),
            port: 8000,
        };
        let path = format!("/v0.1/validator_interface/{validator}");
        assert_eq!(
            miner.url(&validator),
            format!("ws://[2001:db8::7]:8000{path}")
        );
        miner.host = "192.0.2.7".into();
        assert_eq!(miner.url(&validator), format!("ws://192.0.2.7:8000{path}"));
    }
    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn an_address_on_the_command_line_names_hotkey_host_and_port() {
        for (text, host, url) in [
            ("127.0.0.1:80", "127.0.0.1", "http://127.0.0.1:80"),
            (
                "miner-7.example:8091",
                "miner-7.example",
                "http://miner-7.example:8091",
            ),
            (
                "[2001:db8::7]:8091",
                "2001:db8::7",
                "http://[2001:db8::7]:8091",
            ),
        ] {
            let miner: MinerAddress = format!("{ALICE}@{text}").parse().expect("an address");
            assert_eq!((miner.hotkey.as_str(), miner.host.as_str()), (ALICE, host));
            assert_eq!(miner.receipts_url(), format!("{url}/receipts/receipts.csv"));
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_the_part_that_is_wrong() {
        for (text, error) in [
            ("127.0.0.1:80".to_owned(), MinerAddressError::Form),
            (format!("{ALICE}@127.0.0.1"), MinerAddressError::Form),
            ("Alice@127.0.0.1:80".to_owned(), MinerAddressError::Hotkey),
            (format!("{ALICE}@2001:db8::7:80"), MinerAddressError::Host),
            (format!("{ALICE}@[127.0.0.1]:80"), MinerAddressError::Host),
            (format!("{ALICE}@:80"), MinerAddressError::Host),
            (format!("{ALICE}@a/b:80"), MinerAddressError::Host),
            (format!("{ALICE}@miner.0992:80"), MinerAddressError::Host),
            (format!("{ALICE}@127.0.0.1:0"), MinerAddressError::Port),
            (format!("{ALICE}@127.0.0.1:65536"), MinerAddressError::Port),
        ] {
            assert_eq!(text.parse::<MinerAddress>(), Err(error), "{text}");
        }
    }
}

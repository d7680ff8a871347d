//! Where a miner listens, and under which name it is asked.

use std::net::IpAddr;

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
        let Self { host, port, .. } = self;
        let host = if self.ip_version() == 6 {
            format!("[{host}]")
        } else {
            host.clone()
        };
        format!("ws://{host}:{port}/v0.1/validator_interface/{validator}")
    }
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
}

//! Which miners are asked when an operator names one instead of the subnet's.

use crate::miner::MinerAddress;

/// `count` miners at one host on ports from `port` on. The first has `hotkey`, the i-th after it
/// a made-up one: `5u{i:03}u` and the hotkey from its seventh character on. Ports end at 65535.
pub fn debug_targets(hotkey: &str, host: &str, port: u16, count: u16) -> Vec<MinerAddress> {
    let rest: String = hotkey.chars().skip(6).collect();
    let name = |i: u16| match i {
        0 => hotkey.to_owned(),
        _ => format!("5u{i:03}u{rest}"),
    };
    let ports = (0..count).map_while(|i| Some((i, port.checked_add(i)?)));
    ports
        .map(|(i, port)| MinerAddress {
            hotkey: name(i),
            host: host.to_owned(),
            port,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_hotkeys_are_numbered_and_keep_the_tail() {
        let hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let targets = debug_targets(hotkey, "127.0.0.1", 65_534, 3);
        let seen: Vec<_> = targets
            .iter()
            .map(|t| (t.hotkey.as_str(), t.port))
            .collect();
        let second = "5u001uEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        assert_eq!(seen, [(hotkey, 65_534), (second, 65_535)]);
    }
}

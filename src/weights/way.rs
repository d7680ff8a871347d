//! Which way weights take to the chain: in clear, as a hash, or time-locked. Pure.
//! The chain decides; where the dynamic parameter says otherwise, that is remarked and ignored.

use crate::chain::{Capabilities, Subnet};
use crate::store::Way;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayChoice {
    pub way: Way,
    /// For the operator, where the chain and the parameter disagree.
    pub remark: Option<&'static str>,
}

/// `is_wanted` is the parameter `DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED`; it counts only on
/// runtimes that can commit but have no switch per subnet.
pub fn way_for(capabilities: &Capabilities, subnet: &Subnet, is_wanted: bool) -> WayChoice {
    let committing = match (capabilities.timelock, capabilities.hash_commits) {
        (Some(_), _) => Some(Way::Timelock),
        (None, Some(_)) => Some(Way::Hash),
        (None, None) => None,
    };
    let (way, remark) = match (committing, subnet.commit_reveal_enabled) {
        (None, _) => (
            Way::Set,
            is_wanted.then_some("this runtime cannot commit weights"),
        ),
        (Some(way), Some(true)) => (
            way,
            (!is_wanted).then_some("the subnet demands commits, whatever the parameter says"),
        ),
        (Some(_), Some(false)) => (
            Way::Set,
            is_wanted.then_some("the subnet takes no commits, whatever the parameter says"),
        ),
        (Some(way), None) if is_wanted => (way, None),
        (Some(_), None) => (Way::Set, None),
    };
    WayChoice { way, remark }
}

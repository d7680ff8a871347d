//! `system_*`: what kind of node this is, and the next nonce of an account.

use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

use super::Methods;
use crate::devnet::node::types::AccountId32;
use crate::keys::Hotkey;

pub(super) fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.register_method("system_name", |_, _, _| "horde devnet")?;
    methods.register_method("system_version", |_, _, _| env!("CARGO_PKG_VERSION"))?;
    methods.register_method("system_chain", |_, _, _| "Devnet")?;
    methods.register_method("system_chainType", |_, _, _| "Development")?;
    methods.register_method(
        "system_health",
        |_, _, _| json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false }),
    )?;
    methods.register_method(
        "system_properties",
        |_, _, _| json!({ "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO" }),
    )?;
    methods.register_method("system_accountNextIndex", |params, chain, _| {
        let account: Hotkey = params.one()?;
        let account = AccountId32::from(&account);
        let state = chain.state();
        let nonce = state.nonce(account);
        Ok::<_, ErrorObjectOwned>(state.pool.next_nonce(account, nonce))
    })?;
    Ok(())
}

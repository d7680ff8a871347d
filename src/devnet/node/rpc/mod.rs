//! The JSON-RPC methods of a Substrate node, as far as clients of Subtensor use them.

mod author;
mod chain;
mod error;
mod state;
mod system;

use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde_json::json;

use super::chain::Chain;

type Methods = RpcModule<Chain>;

pub(super) fn methods(chain: Arc<Chain>) -> Result<Methods, RegisterMethodError> {
    let mut methods = RpcModule::from_arc(chain);
    chain::register(&mut methods)?;
    state::register(&mut methods)?;
    system::register(&mut methods)?;
    author::register(&mut methods)?;
    let names: Vec<&str> = methods.method_names().collect();
    methods.register_method("rpc_methods", move |_, _, _| json!({ "methods": names }))?;
    Ok(methods)
}

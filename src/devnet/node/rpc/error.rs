//! What a Substrate node answers when it cannot do what it was asked for: codes and texts.

use jsonrpsee::types::ErrorObjectOwned;

use crate::devnet::node::chain::SubmitError;
use crate::devnet::node::state::State;
use crate::devnet::node::types::Hash;

const CLIENT_ERROR: i32 = 4003;
const BAD_FORMAT: i32 = 1001;

fn client_error(what: &str) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(CLIENT_ERROR, format!("Client error: {what}"), None::<()>)
}

pub(super) fn no_such_call(name: &str) -> ErrorObjectOwned {
    client_error(&format!(
        "Execution failed: Exported method {name} is not found"
    ))
}

pub(super) fn malformed_call(name: &str) -> ErrorObjectOwned {
    client_error(&format!("Execution failed: bad arguments for {name}"))
}

pub(super) fn refused(error: &SubmitError) -> ErrorObjectOwned {
    match error {
        SubmitError::Malformed(reason) => {
            let message = format!("Extrinsic has invalid format: {reason}");
            ErrorObjectOwned::owned(BAD_FORMAT, message, None::<()>)
        }
        SubmitError::Refused(refusal) => {
            let (code, message) = refusal.json_rpc();
            ErrorObjectOwned::owned(code, message, Some(refusal.to_string()))
        }
        SubmitError::Cut => client_error("the connection is gone"),
    }
}

/// The block of `at`, or the best one.
pub(super) fn block(state: &State, at: Option<Hash>) -> Result<u64, ErrorObjectOwned> {
    let Some(hash) = at else {
        return Ok(state.best().number);
    };
    state.number_of(&hash).ok_or_else(|| {
        let hash = hex::encode(hash);
        client_error(&format!(
            "UnknownBlock: Header was not found in the database: 0x{hash}"
        ))
    })
}

/// The block of `at`, or the best one, if its state is still there.
pub(super) fn readable(state: &State, at: Option<Hash>) -> Result<u64, ErrorObjectOwned> {
    let number = block(state, at)?;
    if state.is_readable(number) {
        return Ok(number);
    }
    let hash = hex::encode(at.unwrap_or_default());
    Err(client_error(&format!(
        "UnknownBlock: State already discarded for 0x{hash}"
    )))
}

//! The document of published parameters, as the subnet's owner keeps one
//! (vectors: dynamic_config).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONNECTION, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde_json::json;

use super::server::Shared;

pub(super) const PATH: &str = "/config/validator-config-prod.json";

pub(super) async fn serve(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let document = shared.published.borrow().clone();
    // one connection, one request: a pause leaves none open
    let headers = [(CONTENT_TYPE, "application/json"), (CONNECTION, "close")];
    (headers, document)
}

/// What is published at first: values that are no surprise, one of them with a history.
pub(super) fn document() -> String {
    let parameter = |description: &str, items| json!({"description": description, "items": items});
    let document = json!({
        "DYNAMIC_WEIGHTS_VERSION": parameter(
            "version of the jobs and of their scores",
            json!([
                {"value": 3, "effective_from": "2024-08-01T00:00:00Z"},
                {"value": 4, "effective_from": "2024-11-01T00:00:00Z", "reason": "stronger jobs"},
                {"value": 3, "effective_from": "9999-01-01T00:00:00Z", "reason": "not yet"},
            ]),
        ),
        "DYNAMIC_MANIFEST_SCORE_MULTIPLIER": parameter(
            "for miners whose number of executors changes",
            json!([{"value": 1.05}]),
        ),
        "DYNAMIC_MAX_WEIGHT": parameter("the largest weight", json!([{"value": 65_535}])),
        "DYNAMIC_NOBODY_KNOWS_THIS": parameter("for a version to come", json!([{"value": "x"}])),
    });
    format!("{document:#}\n")
}

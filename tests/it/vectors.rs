//! Golden vectors: read from `tests/vectors`, or from the folder named by `HORDE_VECTORS`.

use std::path::PathBuf;

use serde_json::Value;

/// The cases of one vector file, the optional ones included.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let folder = std::env::var_os("HORDE_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file: Value = serde_json::from_str(&text).expect("a vector file is JSON");
    match file["cases"].take() {
        Value::Array(cases) if !cases.is_empty() => cases,
        _ => panic!("{} holds no cases", path.display()),
    }
}

/// Cases without `level` are required.
pub(crate) fn is_required(case: &Value) -> bool {
    case["level"]
        .as_str()
        .is_none_or(|level| level == "required")
}

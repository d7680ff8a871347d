//! Output uploads: where a job's executor puts its results.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names and values as texts: form fields, headers.
type Texts = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "output_upload_type", rename_all = "snake_case")]
pub enum OutputUpload {
    ZipAndHttpPost(ZipPost),
    ZipAndHttpPut(ZipPut),
    SingleFilePost(FilePost),
    SingleFilePut(FilePut),
    MultiUpload {
        uploads: Vec<FileUpload>,
        system_output: Option<ZipUpload>,
    },
}

/// All output as one zip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "output_upload_type", rename_all = "snake_case")]
pub enum ZipUpload {
    ZipAndHttpPost(ZipPost),
    ZipAndHttpPut(ZipPut),
}

/// One file of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "output_upload_type", rename_all = "snake_case")]
pub enum FileUpload {
    SingleFilePost(FilePost),
    SingleFilePut(FilePut),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZipPost {
    pub url: String,
    pub form_fields: Option<Texts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZipPut {
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePost {
    pub url: String,
    pub form_fields: Option<Texts>,
    pub relative_path: String,
    pub signed_headers: Option<Texts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePut {
    pub url: String,
    pub relative_path: String,
    pub signed_headers: Option<Texts>,
}

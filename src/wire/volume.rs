//! Volumes: the files that a job finds in its container.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "volume_type", rename_all = "snake_case")]
pub enum Volume {
    Inline(Packed),
    ZipUrl(Packed),
    SingleFile(RemoteFile),
    MultiVolume { volumes: Vec<SingleVolume> },
}

/// A volume that may be a part of a `multi_volume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "volume_type", rename_all = "snake_case")]
pub enum SingleVolume {
    Inline(Packed),
    ZipUrl(Packed),
    SingleFile(RemoteFile),
}

/// A zip: itself in base 64 (`inline`), or where to get it (`zip_url`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    pub contents: String,
    pub relative_path: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    pub url: String,
    pub relative_path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeType {
    Inline,
    ZipUrl,
    SingleFile,
    MultiVolume,
}

impl Volume {
    /// A zip without entries, where a volume has to be named and nothing is in it.
    pub const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

    /// A zip in base 64, unpacked at the top of the volume.
    pub fn inline(contents: String) -> Self {
        Self::Inline(Packed {
            contents,
            relative_path: None,
        })
    }

    pub const fn volume_type(&self) -> VolumeType {
        match self {
            Self::Inline(_) => VolumeType::Inline,
            Self::ZipUrl(_) => VolumeType::ZipUrl,
            Self::SingleFile(_) => VolumeType::SingleFile,
            Self::MultiVolume { .. } => VolumeType::MultiVolume,
        }
    }
}

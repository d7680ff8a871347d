//! Buckets of an S3 server: addresses of objects, presigned uploads, what makes a bucket readable
//! for everybody, and files that are put into one and fetched from it with the key pair itself. The
//! only place that knows rusoto; its types stay in here.
//!
//! What everybody may write and read goes over plain HTTP (`http`), at the addresses that come from
//! here.

mod ask;
mod attempts;
mod b2;
mod bucket;
mod download;
mod error;
mod lifecycle;
mod list;
mod page;
mod presign;
mod public;
mod signed_url;
mod store;
mod transport;
mod upload;
mod xml;

pub use b2::{b2_access, b2_server};
pub use bucket::Standing;
pub use error::ObjectsError;
pub use lifecycle::Lifecycle;
pub use list::ObjectEntry;
pub use page::{Page, Unfinished};
pub use public::{AccessBlock, is_public_read, public_read_policy};
pub use signed_url::SignedUrl;
pub use store::ObjectStore;

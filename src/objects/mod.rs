//! Buckets of an S3 server: addresses of objects, presigned uploads, and what makes a bucket
//! readable for everybody. The only place that knows rusoto; its types stay in here.
//!
//! Objects are written and read over plain HTTP (`http`), at the addresses that come from here.

mod bucket;
mod error;
mod lifecycle;
mod presign;
mod public;
mod signed_url;
mod store;
mod transport;

pub use bucket::Standing;
pub use error::ObjectsError;
pub use lifecycle::Lifecycle;
pub use public::{AccessBlock, public_read_policy};
pub use signed_url::SignedUrl;
pub use store::ObjectStore;

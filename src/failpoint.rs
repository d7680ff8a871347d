//! Counted points at which a test build kills itself, to prove that a pass can die anywhere.
//! In an ordinary build `hit` is empty. With the feature `failpoints` the variable
//! `HORDE_KILL_AT=n` ends the process with SIGKILL's semantics at the n-th point reached.

/// Marks a point at which losing the process must lose nothing and repeat nothing.
#[inline]
pub fn hit(name: &'static str) {
    #[cfg(feature = "failpoints")]
    counted::hit(name);
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

#[cfg(feature = "failpoints")]
mod counted {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static KILL_AT: LazyLock<Option<u64>> =
        LazyLock::new(|| std::env::var_os("HORDE_KILL_AT")?.to_str()?.parse().ok());
    static REACHED: AtomicU64 = AtomicU64::new(0);

    pub(super) fn hit(name: &'static str) {
        let count = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        tracing::trace!(name, count, "failpoint");
        if *KILL_AT == Some(count) {
            // abort runs no destructor and flushes nothing: the kernel sees a sudden death
            std::process::abort();
        }
    }
}

//! Disk and long computation, kept off the threads that serve the network.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `f` here, after telling the runtime (if there is one with several threads) to move its other
/// tasks elsewhere.
pub fn run<T>(f: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(f),
        Ok(_) | Err(_) => f(),
    }
}

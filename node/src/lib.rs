//! One Party's node: keys and files, the store, gossip, HTTP, Malachite's engine, and their wiring.

// Files and keys of a node.
pub mod config;
pub mod durable;
pub mod identity;

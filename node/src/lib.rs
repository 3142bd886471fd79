//! One Party's node: keys and files, the store, gossip, HTTP, Malachite's engine, and their wiring.

// Files and keys of a node.
pub mod config;
pub mod durable;
pub mod identity;

// What it keeps.
pub mod blocking;
pub mod clock;
pub mod guard;
pub mod store;

// How it agrees with others.
pub mod application;
pub mod engine;
pub mod gossip;

// Several of them on one machine.
pub mod bench;
pub mod demo;
pub mod localnet;

// Who it serves.
pub mod http;
pub mod intake;

// All of it together.
pub mod run;

//! Whole networks in one thread and virtual time: the production consensus core, replica and rules.
//!
//! ```text
//! scenario + seed → World: one queue of events → Host (core-consensus + Replica + Disk) for each Party
//!                                             → Network delays or loses → Checker looks at everything
//! ```
//!
//! The same seed gives the same events, to the byte: the report's trace digest says so. What is absent:
//! no thread, no runtime, no wall clock, no order that depends on hashing or addresses.

// What a run is made of.
pub mod parties;
pub mod region;
pub mod scenario;
pub mod signatures;
pub mod trade;

// Time and chance.
pub mod clock;
pub mod moment;
pub mod random;

// The parts of the world.
pub mod adversary;
pub mod bug;
pub mod disk;
pub mod host;
pub mod network;
pub mod packet;
pub mod world;

// What is looked at, and told.
pub mod check;
pub mod counters;
pub mod report;
pub mod results;

// Many runs at once.
pub mod campaign;
pub mod progress;
pub mod sweep;

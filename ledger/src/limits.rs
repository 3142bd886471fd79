//! Every limit on what others send us, in one place.

/// Bytes of one signed record.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Offices that may sign one record together.
pub const OFFICES_PER_RECORD_MAX: usize = 4;
/// Lines of one permit: blocks A–D and annex pages.
pub const LINES_MAX: usize = 250;
/// Origin permits that one line may cite.
pub const ORIGINS_PER_LINE_MAX: usize = 16;
/// Bytes of one block, records and carried quorum included.
pub const BLOCK_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Records of one block.
pub const BLOCK_RECORDS_MAX: usize = 2_000;
/// Refused records of one author in one block; more would let one Party fill the log with noise.
pub const REFUSED_PER_AUTHOR_MAX: usize = 50;
/// Validators of one set.
pub const VALIDATORS_MAX: usize = 200;
/// Bytes of one reply to a node that catches up.
pub const SYNC_REPLY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Bytes of a proof file.
pub const PROOF_BYTES_MAX: usize = 2 * 1024 * 1024;
/// State paths of one proof.
pub const PROOF_PATHS_MAX: usize = 32;
/// Records of one proof.
pub const PROOF_RECORDS_MAX: usize = 16;
/// Validator hand-overs of one proof.
pub const PROOF_HANDOVERS_MAX: usize = 64;
/// Bytes of a permit XML.
pub const XML_BYTES_MAX: usize = 1024 * 1024;
/// Depth of elements in a permit XML.
pub const XML_DEPTH_MAX: usize = 32;
/// Records that may wait in a node, in all.
pub const MEMPOOL_RECORDS_MAX: usize = 20_000;
/// Records of one Party that may wait in a node.
pub const MEMPOOL_RECORDS_PER_PARTY_MAX: usize = 5_000;
/// Bytes that may wait in a node, in all.
pub const MEMPOOL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A record may ask to stay admissible at most this long after its inclusion, in milliseconds (90 days).
pub const GOOD_UNTIL_MS_MAX: u64 = 90 * 24 * 60 * 60 * 1000;
/// A record may claim to be made at most this much after the block that holds it, in milliseconds.
pub const MADE_AT_AHEAD_MS_MAX: u64 = 2 * 60 * 1000;
/// A fresh proposal's time may be ahead of a validator's clock by this, in milliseconds.
pub const PROPOSAL_AHEAD_MS_MAX: u64 = 2_000;
/// A fresh proposal's time may be behind a validator's clock by this for each round begun, in milliseconds.
pub const PROPOSAL_BEHIND_MS_PER_ROUND: u64 = 10_000;

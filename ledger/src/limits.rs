//! Every limit on what others send us, in one place.

/// Bytes of one signed record.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one leaf of the log: a signed record and its receipt.
pub const LEAF_BYTES_MAX: usize = RECORD_BYTES_MAX + 128;
/// Offices that may sign one record together.
pub const OFFICES_PER_RECORD_MAX: usize = 4;
/// Lines of one permit: blocks A–D and annex pages.
pub const LINES_MAX: usize = 250;
/// Origin permits that one line may cite.
pub const ORIGINS_PER_LINE_MAX: usize = 16;
/// Re-exports one after the other that a line may have behind it.
pub const CHAIN_DEPTH_MAX: u8 = 32;
/// Digits of a serial number in a range of forms or stamps.
pub const SERIAL_DIGITS_MAX: usize = 12;
/// Characters before, and behind, the digits of a serial number.
pub const SERIAL_AFFIX_CHARS_MAX: usize = 20;
/// Ranges of revoked forms and stamps that a Party keeps.
pub const REVOKED_RANGES_MAX: usize = 256;
/// Suspensions of the exports of one Party.
pub const SUSPENSIONS_MAX: usize = 256;
/// Claims on one number of paper of a Party that is not on the ledger.
pub const PAPER_CLAIMS_MAX: usize = 32;
/// Ports that are counted one by one on a permit; attempts at further ports only add to the sum.
pub const PORTS_COUNTED_MAX: usize = 16;
/// Bytes of one value of the state that is read back: a permit of 250 lines with all their origins.
pub const STATE_VALUE_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a header.
pub const HEADER_BYTES_MAX: usize = 1024;
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
/// Elements of one permit XML.
pub const XML_ELEMENTS_MAX: usize = 40_000;
/// Attributes of one element of a permit XML.
pub const XML_ATTRIBUTES_MAX: usize = 16;
/// Faults, and warnings, that are told of one permit; how many more there are is counted.
pub const FAULTS_MAX: usize = 500;
/// Characters of a permit number (UN/EDIFACT allows 70).
pub const NUMBER_CHARS_MAX: usize = 70;
/// Bytes of a permit's secret file: a leaf has about 60, and a document of 1 MiB has at most 40,000.
pub const SECRET_FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a seal on paper: base45 of it fits the largest QR code (4,296 characters at the lowest correction).
pub const SEAL_BYTES_MAX: usize = 2_800;
/// Characters of the text of a seal: `CP1:` and base45 of its bytes.
pub const SEAL_TEXT_CHARS_MAX: usize = 4 + SEAL_BYTES_MAX / 2 * 3;
/// Bytes of the disclosure of one field.
pub const DISCLOSURE_BYTES_MAX: usize = 64 * 1024;
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::vec::Vec;
    use std::{fs, vec};

    #[test]
    fn every_public_limit_stands_in_this_file() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders: Vec<PathBuf> = vec![source.clone()];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder of sources") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).expect("source");
                let is_limit = |line: &&str| {
                    let name = line
                        .strip_prefix("pub const ")
                        .and_then(|rest| rest.split_once(':'));
                    name.is_some_and(|(name, _)| name.ends_with("_MAX"))
                };
                for line in text.lines().map(str::trim).filter(is_limit) {
                    let here = path == source.join("limits.rs");
                    assert!(here, "`{line}` in {}", path.display());
                    found += 1;
                }
            }
        }
        assert!(found > 20, "{found}");
    }
}

//! Tests of commitments, disclosures and secret files.

//! What the network agreed on as numbers, as the state keeps it under `parameters`.

use minicbor::{Decode, Encode};

use crate::quorum::PROTOCOL_VERSION;

/// Parameters of the network. Genesis sets them; only a recorded decision changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Parameters {
    /// Version of the rules and formats in force.
    #[n(0)]
    pub protocol_version: u8,
    /// An idle network decides an empty block after this many milliseconds, so that a fresh checkpoint exists.
    #[n(1)]
    pub heartbeat_ms: u64,
    /// A permit's first day begins at 00:00 this many minutes east of UTC.
    #[n(2)]
    pub date_begins_offset_minutes: i16,
    /// A permit's last day ends at 24:00 this many minutes east of UTC (negative: west).
    #[n(3)]
    pub date_ends_offset_minutes: i16,
    /// A grant date more than this many days before block time needs the `retrospective` flag.
    #[n(4)]
    pub retrospective_days: u16,
    /// A verdict resting on a block older than this many milliseconds is not green.
    #[n(5)]
    pub max_age_ms: u64,
    /// A verifier that has not followed the validators for this many days must start from genesis again:
    /// old voting keys may have leaked since.
    #[n(6)]
    pub trusting_period_days: u16,
}

impl Default for Parameters {
    /// A date lasts as long as it is that date anywhere on Earth: the traveller's benefit.
    fn default() -> Self {
        Self {
            protocol_version: PROTOCOL_VERSION,
            heartbeat_ms: 5 * 60 * 1000,
            date_begins_offset_minutes: EAST_MINUTES_MAX,
            date_ends_offset_minutes: -WEST_MINUTES_MAX,
            retrospective_days: 30,
            max_age_ms: 10 * 60 * 1000,
            trusting_period_days: 30,
        }
    }
}

/// Easternmost time zone, UTC+14.
const EAST_MINUTES_MAX: i16 = 14 * 60;
/// Westernmost time zone, UTC−12, as minutes west.
const WEST_MINUTES_MAX: i16 = 12 * 60;
/// Shorter would spin; longer would leave officers without a fresh checkpoint for more than a day.
const HEARTBEAT_MS: core::ops::RangeInclusive<u64> = 100..=24 * 60 * 60 * 1000;
/// Beyond a week no verdict could be called current.
const AGE_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;
/// Beyond a year "late by a weak line" explains nothing.
const DAYS_MAX: u16 = 366;

/// Why parameters are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum ParameterFault {
    /// Another version than this program speaks.
    #[error("protocol_version must be {PROTOCOL_VERSION}")]
    ProtocolVersion,
    /// Out of range.
    #[error("heartbeat_ms must be from 100 (0.1 s) to 86400000 (24 h)")]
    Heartbeat,
    /// Out of range.
    #[error("date_begins_offset_minutes must be from -720 (UTC-12) to 840 (UTC+14)")]
    DateBegins,
    /// Out of range.
    #[error("date_ends_offset_minutes must be from -720 (UTC-12) to 840 (UTC+14)")]
    DateEnds,
    /// A date would be shorter than a day.
    #[error(
        "date_begins_offset_minutes must not be less than date_ends_offset_minutes: a date lasts at least 24 hours"
    )]
    DateSpan,
    /// Out of range.
    #[error("retrospective_days must be from 1 to 366")]
    Retrospective,
    /// Below the heartbeat nothing is ever green on an idle network; beyond a week nothing is current.
    #[error("max_age_ms must be from heartbeat_ms to 604800000 (7 days)")]
    MaxAge,
    /// Out of range.
    #[error("trusting_period_days must be from 1 to 366")]
    TrustingPeriod,
}

impl Parameters {
    /// Every rule these numbers break, in a fixed order.
    pub fn faults(&self) -> impl Iterator<Item = ParameterFault> {
        let zones = -WEST_MINUTES_MAX..=EAST_MINUTES_MAX;
        let (begins, ends) = (
            self.date_begins_offset_minutes,
            self.date_ends_offset_minutes,
        );
        [
            (
                self.protocol_version == PROTOCOL_VERSION,
                ParameterFault::ProtocolVersion,
            ),
            (
                HEARTBEAT_MS.contains(&self.heartbeat_ms),
                ParameterFault::Heartbeat,
            ),
            (zones.contains(&begins), ParameterFault::DateBegins),
            (zones.contains(&ends), ParameterFault::DateEnds),
            (begins >= ends, ParameterFault::DateSpan),
            (
                (1..=DAYS_MAX).contains(&self.retrospective_days),
                ParameterFault::Retrospective,
            ),
            (
                (self.heartbeat_ms..=AGE_MS_MAX).contains(&self.max_age_ms),
                ParameterFault::MaxAge,
            ),
            (
                (1..=DAYS_MAX).contains(&self.trusting_period_days),
                ParameterFault::TrustingPeriod,
            ),
        ]
        .into_iter()
        .filter_map(|(holds, fault)| (!holds).then_some(fault))
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::codec;

    #[test]
    fn the_defaults_are_sound_and_their_bytes_are_fixed() {
        let parameters = Parameters::default();
        assert_eq!(parameters.faults().count(), 0);
        let bytes = codec::encode(&parameters);
        assert_eq!(
            crate::digest::hex(&bytes),
            "a70001011a000493e002190348033902cf04181e051a000927c006181e"
        );
        assert_eq!(codec::decode(&bytes, 64), Ok(parameters));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "rows of one table")]
    fn each_number_out_of_range_is_named() {
        use ParameterFault as F;
        let good = Parameters::default();
        let rows = [
            (
                Parameters {
                    protocol_version: 2,
                    ..good
                },
                vec![F::ProtocolVersion],
            ),
            (
                Parameters {
                    heartbeat_ms: 99,
                    ..good
                },
                vec![F::Heartbeat],
            ),
            (
                Parameters {
                    heartbeat_ms: 86_400_001,
                    ..good
                },
                vec![F::Heartbeat, F::MaxAge],
            ),
            (
                Parameters {
                    date_begins_offset_minutes: 841,
                    ..good
                },
                vec![F::DateBegins],
            ),
            (
                Parameters {
                    date_ends_offset_minutes: -721,
                    ..good
                },
                vec![F::DateEnds],
            ),
            (
                Parameters {
                    date_begins_offset_minutes: -1,
                    date_ends_offset_minutes: 0,
                    ..good
                },
                vec![F::DateSpan],
            ),
            (
                Parameters {
                    retrospective_days: 0,
                    ..good
                },
                vec![F::Retrospective],
            ),
            (
                Parameters {
                    max_age_ms: good.heartbeat_ms - 1,
                    ..good
                },
                vec![F::MaxAge],
            ),
            (
                Parameters {
                    trusting_period_days: 367,
                    ..good
                },
                vec![F::TrustingPeriod],
            ),
        ];
        for (parameters, expected) in rows {
            assert_eq!(parameters.faults().collect::<Vec<_>>(), expected);
        }
    }
}

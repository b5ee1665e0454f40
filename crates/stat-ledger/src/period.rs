//! The period of a run: a calendar month.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use lambda_core::variables::Variables;

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    first: Date,
}

/// Years in which texts can have been written, and which lie within jiff's calendar (it ends in 9999).
const YEARS: RangeInclusive<i16> = 1900..=9998;

/// Error of a text that is not a period, which is written `YYYY-MM`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a period is a month written like 2026-10, with a month from 01 to 12")]
pub struct MalformedPeriod;

impl Period {
    /// Returns the month before the one that contains `instant` in `zone`.
    ///
    /// The instant is converted to the zone first: 01:00 in Seoul on the 1st is still the last day of the month in UTC.
    ///
    /// # Errors
    /// When the year is not from 1900 to 9998.
    pub fn before(instant: Timestamp, zone: &TimeZone) -> Result<Self, MalformedPeriod> {
        let this_month = instant.to_zoned(zone.clone()).date().first_of_month();
        if !YEARS.contains(&this_month.year()) {
            return Err(MalformedPeriod);
        }
        Ok(Self {
            first: this_month - 1.month(),
        })
    }

    /// Returns the month before this one.
    pub fn previous(self) -> Self {
        Self {
            first: self.first - 1.month(),
        }
    }

    /// Returns the first day.
    pub fn start(self) -> Date {
        self.first
    }

    /// Returns the last day, inclusive.
    pub fn end(self) -> Date {
        self.first.last_of_month()
    }

    /// Returns the first instant of the period and the first instant after it, in `zone`.
    ///
    /// # Errors
    /// When an instant lies outside the calendar, which ends in the year 9999.
    pub fn instants(self, zone: &TimeZone) -> Result<(Timestamp, Timestamp), jiff::Error> {
        let midnight = |date: Date| date.to_zoned(zone.clone()).map(|midnight| midnight.timestamp());
        Ok((midnight(self.first)?, midnight(self.end().checked_add(1.day())?)?))
    }

    /// Returns whether the period has ended at `now`.
    pub fn has_ended(self, now: Timestamp, zone: &TimeZone) -> bool {
        self.instants(zone).is_ok_and(|(_, end)| end <= now)
    }
}

/// Reads `STAT_TIME_ZONE`, the time zone in which months begin and end; the default is `Asia/Seoul`.
pub fn time_zone(variables: &Variables) -> Option<TimeZone> {
    let zone = |name: &str| TimeZone::get(name).map_err(|_| "expected an IANA time zone like Asia/Seoul");
    let seoul = zone("Asia/Seoul").expect("the zones are bundled");
    variables.parsed("STAT_TIME_ZONE", seoul, zone)
}

impl FromStr for Period {
    type Err = MalformedPeriod;

    fn from_str(text: &str) -> Result<Self, MalformedPeriod> {
        let (year, month) = text.split_once('-').ok_or(MalformedPeriod)?;
        let digits =
            |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(MalformedPeriod);
        }
        let year: i16 = year.parse().map_err(|_| MalformedPeriod)?;
        let month: i8 = month.parse().map_err(|_| MalformedPeriod)?;
        if !YEARS.contains(&year) {
            return Err(MalformedPeriod);
        }
        Date::new(year, month, 1)
            .map(|first| Self { first })
            .map_err(|_| MalformedPeriod)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seoul() -> TimeZone {
        TimeZone::get("Asia/Seoul").expect("the zone is bundled")
    }

    #[track_caller]
    fn check(instant: &str, expected: &str) {
        let instant: Timestamp = instant.parse().expect("a test's instant");
        assert_eq!(
            Period::before(instant, &seoul())
                .map(|period| period.to_string())
                .expect("in bounds"),
            expected,
            "at {instant}"
        );
    }

    #[test]
    fn is_the_month_before_the_event_for_every_schedule_from_2020_to_2035() {
        for year in 2020..=2035 {
            for month in 1..=12 {
                let (before_year, before_month) = if month == 1 {
                    (year - 1, 12)
                } else {
                    (year, month - 1)
                };
                let expected = format!("{before_year}-{before_month:02}");
                // 01:00 in Seoul (UTC+9, no daylight saving since 1988) on the 1st …
                check(&format!("{year}-{month:02}-01T01:00:00+09:00"), &expected);
                // … is the instant of cron(0 16 L * ? *) in UTC, on the last day of the month before.
                let last = Date::new(before_year, before_month, 1)
                    .expect("a month")
                    .last_of_month();
                check(&format!("{last}T16:00:00Z"), &expected);
            }
        }
    }

    #[test]
    fn changes_at_midnight_in_seoul() {
        check("2026-10-31T14:59:59Z", "2026-09");
        check("2026-10-31T15:00:00Z", "2026-10");
    }

    #[test]
    fn knows_leap_years_and_the_turn_of_the_year() {
        let end = |period: &str| period.parse::<Period>().expect("a period").end().to_string();
        assert_eq!(end("2024-02"), "2024-02-29");
        assert_eq!(end("2026-02"), "2026-02-28");
        assert_eq!(end("2100-02"), "2100-02-28");
        assert_eq!(end("2026-12"), "2026-12-31");
        assert_eq!(
            "2026-01"
                .parse::<Period>()
                .expect("a period")
                .previous()
                .to_string(),
            "2025-12"
        );
    }

    #[test]
    fn runs_from_midnight_to_midnight_of_the_zone() {
        let period: Period = "2026-10".parse().expect("a period");
        let (start, end) = period.instants(&seoul()).expect("in range");
        assert_eq!(start.to_string(), "2026-09-30T15:00:00Z");
        assert_eq!(end.to_string(), "2026-10-31T15:00:00Z");
        // In New York the clocks change on 1 November, and October begins in summer time.
        let new_york = TimeZone::get("America/New_York").expect("the zone is bundled");
        let (start, end) = period.instants(&new_york).expect("in range");
        assert_eq!(start.to_string(), "2026-10-01T04:00:00Z");
        assert_eq!(end.to_string(), "2026-11-01T04:00:00Z");
    }

    #[test]
    fn has_not_ended_before_its_last_midnight() {
        let period: Period = "2026-10".parse().expect("a period");
        let at = |instant: &str| period.has_ended(instant.parse().expect("an instant"), &seoul());
        assert!(!at("2026-10-31T14:59:59Z"));
        assert!(at("2026-10-31T15:00:00Z"));
    }

    #[test]
    fn refuses_texts_that_are_not_a_month() {
        for text in [
            "2026-13",
            "2026-00",
            "2026-1",
            "26-10",
            "2026/10",
            "2026-10-01",
            "",
            "+026-10",
            "２０２６-10",
        ] {
            assert_eq!(text.parse::<Period>(), Err(MalformedPeriod), "{text}");
        }
    }
}

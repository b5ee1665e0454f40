//! The demo's two months, in Seoul.

use anyhow::{Context, Result};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

/// In which the demo's tenants live.
pub fn seoul() -> TimeZone {
    TimeZone::get("Asia/Seoul").expect("the zones are bundled")
}

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    pub first: Date,
}

impl Month {
    /// The last month that is over at `now`.
    pub fn last_full(now: Timestamp) -> Self {
        let first = now.to_zoned(seoul()).date().first_of_month() - 1.month();
        Self { first }
    }

    /// `2026-10`.
    pub fn parse(text: &str) -> Result<Self> {
        let first = format!("{text}-01").parse();
        let first = first.with_context(|| format!("{text:?} is no month"))?;
        Ok(Self { first })
    }

    /// The one before.
    pub fn before(self) -> Self {
        let first = self.first - 1.month();
        Self { first }
    }

    /// As the functions name it.
    pub fn id(self) -> String {
        self.first.strftime("%Y-%m").to_string()
    }

    /// A day of it, from 1.
    pub fn day(self, day: i8) -> Result<Date> {
        Date::new(self.first.year(), self.first.month(), day)
            .with_context(|| format!("{} has no day {day}", self.id()))
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        let midnight = self
            .first
            .to_zoned(seoul())
            .expect("the demo's months are near today");
        midnight.timestamp()
    }

    /// How many days it has.
    pub fn days(self) -> i8 {
        self.first.days_in_month()
    }

    /// When the schedule sends its event: 01:00 in Seoul on the 1st, 16:00 UTC on the month's last day.
    pub fn schedule(self) -> String {
        format!("{}T16:00:00Z", self.first.last_of_month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(now: &str, month: &str, before: &str, schedule: &str) {
        let last = Month::last_full(now.parse().unwrap());
        assert_eq!(
            (last.id(), last.before().id(), last.schedule()),
            (month.to_owned(), before.to_owned(), schedule.to_owned())
        );
    }

    #[test]
    fn are_the_last_two_that_are_over_in_seoul() {
        check(
            "2026-11-20T00:00:00Z",
            "2026-10",
            "2026-09",
            "2026-10-31T16:00:00Z",
        );
        // Still October in UTC, November in Seoul.
        check(
            "2026-10-31T15:00:00Z",
            "2026-10",
            "2026-09",
            "2026-10-31T16:00:00Z",
        );
        check(
            "2026-10-31T14:59:59Z",
            "2026-09",
            "2026-08",
            "2026-09-30T16:00:00Z",
        );
        check(
            "2028-03-01T00:00:00Z",
            "2028-02",
            "2028-01",
            "2028-02-29T16:00:00Z",
        );
        check(
            "2027-01-15T00:00:00Z",
            "2026-12",
            "2026-11",
            "2026-12-31T16:00:00Z",
        );
    }
}

//! The hours in which a resume connects to the database.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Days from the 1st on which every resume connects: a month is computed then, and a lost task should not wait.
const BUSY_DAYS: i8 = 5;

/// Hours between two connections on all other days.
const QUIET_HOURS: i8 = 6;

/// Returns whether the resume of this instant connects.
///
/// A database that sleeps when it is idle (Aurora, Neon) is billed for every hour in which something connects. The
/// schedule invokes the function every hour all the same, because the alarm for a stopped schedule counts its
/// invocations.
pub(crate) fn connects(time: Timestamp, zone: &TimeZone) -> bool {
    let time = time.to_zoned(zone.clone());
    time.day() <= BUSY_DAYS || time.hour() % QUIET_HOURS == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time: &str, expected: bool) {
        let zone = TimeZone::get("Asia/Seoul").expect("the zone is bundled");
        let time = time.parse().expect("a test's instant");
        assert_eq!(connects(time, &zone), expected, "{time}");
    }

    #[test]
    fn connects_every_hour_on_the_first_five_days() {
        // In Seoul it is the 1st already, in UTC still the last day of the month before.
        check("2026-10-31T16:37:00Z", true);
        check("2026-11-05T23:37:00+09:00", true);
    }

    #[test]
    fn connects_every_six_hours_on_other_days_at_any_minute() {
        check("2026-11-06T00:37:00+09:00", true);
        check("2026-11-06T01:37:00+09:00", false);
        check("2026-11-30T17:00:00+09:00", false);
        check("2026-11-30T18:59:59+09:00", true);
    }
}

//! The mail about the month.

use jiff::Zoned;

use crate::change::{self, Change};
use crate::locale::{Locale, change_of, counted, grouped, percent_change};
use crate::summary::Summary;

/// SNS takes less than 100 characters.
const LONGEST_SUBJECT: usize = 99;
/// SNS takes 256 KB in all; a list of failed buildings ends before that.
const LONGEST_TEXT: usize = 200_000;
/// How many changes the mail names.
const CHANGES_NAMED: usize = 3;
/// What is shown of a building's name or id, in characters.
const LONGEST_NAME: usize = 100;

/// Links to the report, and who can open them until when.
#[derive(Clone, Debug)]
pub struct Links {
    /// To the CSV.
    pub csv: String,
    /// To the page.
    pub html: String,
    /// When they end; without an end they need a login to the AWS console.
    pub until: Option<Zoned>,
}

/// Subject and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line, shorter than 100 characters.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Writes the mail: what happened stands in it, and the report behind its links has the rest.
pub fn write(summary: &Summary, changes: &[Change], links: &Links, locale: Locale) -> Mail {
    let subject: String = subject(summary, locale).chars().take(LONGEST_SUBJECT).collect();
    let mut text = totals(summary, locale);
    push_changes(&mut text, summary, changes, locale);
    text.push_str(&links_paragraph(links, locale));
    push_unknown(&mut text, summary, locale);
    push_failed(&mut text, summary, locale);
    Mail { subject, text }
}

fn subject(summary: &Summary, locale: Locale) -> String {
    let Summary { period, .. } = summary;
    let correction = if summary.is_correction {
        locale.pick("[정정] ", "[corrected] ")
    } else {
        ""
    };
    let failed = summary.failed().count();
    let incomplete = match failed {
        0 => String::new(),
        _ => locale.pick(
            format!(" (건물 {failed}곳 분석 실패)"),
            format!(" ({} failed)", counted(failed as i64, "building")),
        ),
    };
    locale.pick(
        format!("{correction}{period} 건물별 통계{incomplete}"),
        format!("{correction}{period}: statistics by building{incomplete}"),
    )
}

fn totals(summary: &Summary, locale: Locale) -> String {
    let (total, buildings) = (summary.total(), grouped(summary.buildings.len() as i64));
    let (documents, morphemes) = (grouped(total.documents), grouped(total.morphemes));
    let (start, end) = (summary.period.start(), summary.period.end());
    let change = summary.comparable_before().map(|before| {
        let before = before.counted.documents;
        let percent =
            percent_change(total.documents, before).map_or(String::new(), |percent| format!(", {percent}"));
        let change = change_of(total.documents, before);
        locale.pick(
            format!("전월 대비 글 {change}건{percent}\n"),
            format!("Against the month before: {change} texts{percent}\n"),
        )
    });
    let totals = locale.pick(
        format!("기간: {start} ~ {end}\n건물 {buildings}곳, 글 {documents}건, 형태소 {morphemes}개\n"),
        format!(
            "Period: {start} to {end}\n{}, {}, {}\n",
            counted(summary.buildings.len() as i64, "building"),
            counted(total.documents, "text"),
            counted(total.morphemes, "morpheme")
        ),
    );
    totals + &change.unwrap_or_default()
}

fn push_changes(text: &mut String, summary: &Summary, changes: &[Change], locale: Locale) {
    if !summary.is_compared {
        text.push_str(locale.pick(
            "\n전월과의 단어 비교는 없습니다. 전월 통계가 완료되지 않았거나 다른 분석기로 만들어졌습니다.\n",
            "\nThere is no comparison of terms with the month before: it is not complete, or another analyser made it.\n",
        ));
        return;
    }
    let loudest = change::loudest(changes, CHANGES_NAMED);
    if loudest.is_empty() {
        text.push_str(locale.pick(
            "\n전월보다 두드러지게 달라진 단어는 없습니다.\n",
            "\nNo term changed noticeably against the month before.\n",
        ));
        return;
    }
    let (before, now) = (summary.period.previous().start(), summary.period.start());
    text.push_str(&locale.pick(
        format!(
            "\n가장 크게 달라진 것 ({}월 → {}월, 괄호 안은 건물의 단어 가운데 비중):\n",
            before.month(),
            now.month()
        ),
        format!(
            "\nWhat changed most ({} → {}; in brackets the share of the building's terms):\n",
            before.strftime("%B"),
            now.strftime("%B")
        ),
    ));
    for change in loudest {
        let building = summary
            .buildings
            .iter()
            .find(|building| building.building_id == change.building_id);
        let name = building.map_or(&change.building_id, |building| &building.name);
        text.push_str(&line_of(change, &one_line(name), locale));
    }
}

fn line_of(change: &Change, building: &str, locale: Locale) -> String {
    let (term, before, now) = (
        one_line(&change.term),
        grouped(change.before),
        grouped(change.now),
    );
    let (share_before, share_now) = (change.share_before * 100.0, change.share_now * 100.0);
    let times = locale.pick("회", "");
    format!("- {building}: {term} {before}{times} → {now}{times} ({share_before:.1}% → {share_now:.1}%)\n")
}

fn links_paragraph(links: &Links, locale: Locale) -> String {
    let Links { csv, html, until } = links;
    let links = locale.pick(
        format!("\n보고서: {html}\nCSV: {csv}\n"),
        format!("\nReport: {html}\nCSV: {csv}\n"),
    );
    let access = match until {
        Some(until) => {
            let until = until.strftime("%Y-%m-%d %H:%M %Z");
            locale.pick(
                format!("링크는 {until}까지 누구나 열 수 있습니다.\n"),
                format!("Anybody can open the links until {until}.\n"),
            )
        }
        None => locale
            .pick(
                "링크는 AWS 콘솔에 로그인해야 열립니다.\n",
                "The links need a login to the AWS console.\n",
            )
            .to_owned(),
    };
    links + &access
}

fn push_unknown(text: &mut String, summary: &Summary, locale: Locale) {
    if summary.unknown_texts == 0 {
        return;
    }
    let (texts, ids) = (
        grouped(summary.unknown_texts),
        summary
            .unknown_buildings
            .iter()
            .map(|id| one_line(id))
            .collect::<Vec<_>>()
            .join(", "),
    );
    text.push_str(&locale.pick(
        format!("\n등록되지 않은 건물의 글 {texts}건은 분석하지 않았습니다: {ids}\n"),
        format!("\n{texts} texts of unknown buildings were not analysed: {ids}\n"),
    ));
}

fn push_failed(text: &mut String, summary: &Summary, locale: Locale) {
    let failed: Vec<_> = summary.failed().collect();
    if failed.is_empty() {
        return;
    }
    text.push_str(&locale.pick(
        format!("\n분석하지 못한 건물 {}곳:\n", failed.len()),
        format!("\nBuildings whose analysis failed ({}):\n", failed.len()),
    ));
    for (listed, building) in failed.iter().enumerate() {
        if text.len() > LONGEST_TEXT {
            let rest = failed.len() - listed;
            text.push_str(&locale.pick(format!("- 그 밖에 {rest}곳\n"), format!("- and {rest} more\n")));
            break;
        }
        text.push_str(&format!(
            "- {} ({})\n",
            one_line(&building.name),
            one_line(&building.building_id)
        ));
    }
    let period = summary.period;
    text.push_str(&locale.pick(
        format!("다시 분석하려면 stat-prep에 {{\"period\":\"{period}\",\"failed\":true}}를 보내십시오.\n"),
        format!("To try them again, send {{\"period\":\"{period}\",\"failed\":true}} to stat-prep.\n"),
    ));
}

/// A name as a part of a line: a name of any length, or with lines of its own, must neither forge the mail nor
/// make it larger than SNS takes.
fn one_line(name: &str) -> String {
    let mut characters = name.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = characters.by_ref().take(LONGEST_NAME).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{BuildingSummary, Counted, MonthBefore, TREND_MONTHS};

    fn summary(failed: usize) -> Summary {
        let building = |index: usize, counted| BuildingSummary {
            building_id: format!("B{index}"),
            name: format!("한빛 {index}동"),
            counted,
            trend: [None; TREND_MONTHS],
        };
        let mut buildings: Vec<_> = (1..=failed).map(|index| building(index, None)).collect();
        buildings.push(building(
            0,
            Some(Counted {
                documents: 1234,
                morphemes: 56789,
            }),
        ));
        Summary {
            period: "2026-10".parse().expect("a period"),
            buildings,
            before: None,
            trend: [None; TREND_MONTHS],
            is_compared: true,
            is_correction: false,
            unknown_texts: 0,
            unknown_buildings: Vec::new(),
        }
    }

    fn links(until: Option<&str>) -> Links {
        Links {
            csv: "https://s3/csv".into(),
            html: "https://s3/html".into(),
            until: until.map(|until| until.parse().expect("a time")),
        }
    }

    #[test]
    fn says_period_totals_links_and_what_they_need() {
        let mail = write(&summary(0), &[], &links(None), Locale::Ko);
        assert_eq!(mail.subject, "2026-10 건물별 통계");
        assert_eq!(
            mail.text,
            "기간: 2026-10-01 ~ 2026-10-31\n건물 1곳, 글 1,234건, 형태소 56,789개\n\n\
             전월보다 두드러지게 달라진 단어는 없습니다.\n\n\
             보고서: https://s3/html\nCSV: https://s3/csv\n링크는 AWS 콘솔에 로그인해야 열립니다.\n"
        );
    }

    #[test]
    fn says_what_changed_against_the_month_before() {
        let mut summary = summary(0);
        summary.before = Some(MonthBefore {
            buildings: 1,
            counted: Counted {
                documents: 1000,
                morphemes: 50_000,
            },
        });
        let change = |term: &str, before, now, z_score| Change {
            building_id: "B0".into(),
            term: term.into(),
            before,
            now,
            share_before: before as f64 / 1000.0,
            share_now: now as f64 / 2000.0,
            z_score,
        };
        let changes = [
            change("누수", 2, 40, 5.1),
            change("주차", 60, 10, -8.0),
            change("소음", 10, 30, 3.4),
            change("난방", 10, 29, 3.3),
        ];
        let mail = write(&summary, &changes, &links(None), Locale::Ko);
        assert!(
            mail.text
                .contains("글 1,234건, 형태소 56,789개\n전월 대비 글 +234건, +23%\n"),
            "{}",
            mail.text
        );
        assert!(
            mail.text.contains(
                "- 한빛 0동: 주차 60회 → 10회 (6.0% → 0.5%)\n\
                 - 한빛 0동: 누수 2회 → 40회 (0.2% → 2.0%)\n\
                 - 한빛 0동: 소음 10회 → 30회 (1.0% → 1.5%)\n\n보고서"
            ),
            "{}",
            mail.text
        );
        summary.is_compared = false;
        let mail = write(&summary, &[], &links(None), Locale::Ko);
        assert!(mail.text.contains("단어 비교는 없습니다"), "{}", mail.text);
    }

    #[test]
    fn says_when_a_signed_link_ends() {
        let mail = write(
            &summary(0),
            &[],
            &links(Some("2026-11-01T02:10:00+09:00[Asia/Seoul]")),
            Locale::En,
        );
        assert!(mail.text.contains("until 2026-11-01 02:10 KST"), "{}", mail.text);
    }

    #[test]
    fn names_each_building_that_failed() {
        let mail = write(&summary(2), &[], &links(None), Locale::Ko);
        assert_eq!(mail.subject, "2026-10 건물별 통계 (건물 2곳 분석 실패)");
        assert!(
            mail.text.contains("- 한빛 1동 (B1)\n- 한빛 2동 (B2)\n"),
            "{}",
            mail.text
        );
        assert!(mail.text.contains(r#"{"period":"2026-10","failed":true}"#));
    }

    #[test]
    fn shows_a_hostile_name_as_a_part_of_its_line() {
        let mut summary = summary(1);
        summary.buildings[0].name = format!("동\n링크: https://evil\n{}", "x".repeat(1_000_000));
        summary.unknown_texts = 1;
        summary.unknown_buildings = vec!["\r\n".repeat(500_000)];
        let mail = write(&summary, &[], &links(None), Locale::Ko);
        assert!(
            mail.text.len() < 2_000 && mail.text.contains("- 동 링크: https://evil x"),
            "{}",
            mail.text
        );
    }

    #[test]
    fn stays_within_what_sns_takes() {
        let mut many = summary(20_000);
        many.is_correction = true;
        let mail = write(&many, &[], &links(None), Locale::En);
        assert!(mail.text.len() < 256_000 && mail.text.contains("more\n"));
        assert!(mail.subject.chars().count() < 100);
    }
}

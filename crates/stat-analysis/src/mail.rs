//! The mail about the month.

use jiff::Zoned;
use lambda_core::locale::Locale;

use crate::number_format::{counted, difference, grouped, percent, percent_difference};
use crate::statistics::category_share::CategoryShare;
use crate::statistics::change::{self, Change};
use crate::statistics::summary::{BuildingSummary, Summary};
use crate::statistics::thresholds::{CATEGORIES_IN_MAIL, CHANGES_IN_MAIL, LONGEST_NAME};
use crate::wording::{category_name, comparison_note, counts_and_share, no_change};

/// SNS accepts subjects of less than 100 characters.
const LONGEST_SUBJECT: usize = 99;
/// SNS accepts 256 KB for the whole message; the list of failed buildings ends before that.
const LONGEST_TEXT: usize = 200_000;

/// Links to the files of the report.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub(crate) html: String,
    pub(crate) xlsx: String,
    /// Terms of every building.
    pub(crate) csv: String,
    /// Categories of every building.
    pub(crate) categories: String,
    /// Expiry of presigned links; `None` for links that need a login to the AWS console.
    pub(crate) until: Option<Zoned>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// One line of less than 100 characters.
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// Writes the mail: the outcome itself, and links to everything else.
pub(crate) fn write(summary: &Summary, changes: &[Change], links: &Links, locale: Locale) -> Mail {
    let mut text = totals(summary, locale);
    push_changes(&mut text, summary, changes, locale);
    push_categories(&mut text, &summary.categories, locale);
    push_links(&mut text, links, locale);
    push_unknown(&mut text, summary, locale);
    push_failed(&mut text, summary, locale);
    Mail {
        subject: subject(summary, locale).chars().take(LONGEST_SUBJECT).collect(),
        text,
    }
}

fn subject(summary: &Summary, locale: Locale) -> String {
    let period = summary.period;
    let correction = if summary.is_correction {
        locale.pick("[정정] ", "[corrected] ")
    } else {
        ""
    };
    let failed = match summary.failed().count() {
        0 => String::new(),
        failed => locale.pick(
            format!(" (건물 {failed}곳 분석 실패)"),
            format!(" ({} failed)", counted(failed as i64, "building")),
        ),
    };
    locale.pick(
        format!("{correction}{period} 건물별 통계{failed}"),
        format!("{correction}{period}: statistics by building{failed}"),
    )
}

fn totals(summary: &Summary, locale: Locale) -> String {
    let (documents, buildings) = (summary.documents(), summary.buildings.len() as i64);
    let (start, end) = (summary.period.start(), summary.period.end());
    let change = summary.comparable_before().map(|before| {
        let difference = difference(documents, before.documents);
        let percent = percent_difference(documents, before.documents)
            .map_or(String::new(), |percent| format!(", {percent}"));
        locale.pick(
            format!("전월 대비 글 {difference}건{percent}\n"),
            format!("Against the month before: {difference} texts{percent}\n"),
        )
    });
    let totals = locale.pick(
        format!(
            "기간: {start} ~ {end}\n건물 {}곳, 글 {}건\n",
            grouped(buildings),
            grouped(documents)
        ),
        format!(
            "Period: {start} to {end}\n{}, {}\n",
            counted(buildings, "building"),
            counted(documents, "text")
        ),
    );
    totals + &change.unwrap_or_default()
}

fn push_changes(text: &mut String, summary: &Summary, changes: &[Change], locale: Locale) {
    let changes = change::strongest(changes, CHANGES_IN_MAIL);
    if let Some(note) = comparison_note(summary, locale) {
        text.push_str(&format!("\n{note}\n"));
    } else if changes.is_empty() {
        text.push_str(&format!("\n{}\n", no_change(locale)));
    } else {
        text.push_str(&changes_heading(summary, locale));
        for change in changes {
            text.push_str(&change_line(change, summary, locale));
        }
    }
}

fn changes_heading(summary: &Summary, locale: Locale) -> String {
    let (before, now) = (summary.period.previous().start(), summary.period.start());
    locale.pick(
        format!(
            "\n가장 크게 달라진 것 ({}월 → {}월):\n",
            before.month(),
            now.month()
        ),
        format!(
            "\nWhat changed most ({} → {}):\n",
            before.strftime("%B"),
            now.strftime("%B")
        ),
    )
}

/// Writes `- 한빛 오피스텔: 누수 2건 → 40건, 이 건물 문의의 12%`.
fn change_line(change: &Change, summary: &Summary, locale: Locale) -> String {
    let id = &change.building_id;
    let building = match summary.building(id) {
        Some(building) => one_line_label(building),
        None => one_line(id),
    };
    let term = one_line(&change.term);
    format!("- {building}: {term} {}\n", counts_and_share(change, locale))
}

/// Writes the texts of each category: `- 주차 210건, 12% (전월 대비 +12건)`. The last one is that of all other texts.
fn push_categories(text: &mut String, categories: &[CategoryShare], locale: Locale) {
    if categories.is_empty() {
        return;
    }
    text.push_str(locale.pick(
        "\n분류별 글 (한 글이 여러 분류에 들어갈 수 있습니다):\n",
        "\nTexts by category (a text may have several):\n",
    ));
    let is_shown =
        |(place, category): &(usize, &CategoryShare)| *place < CATEGORIES_IN_MAIL || category.is_other();
    let shown: Vec<_> = categories.iter().enumerate().filter(is_shown).collect();
    for (_, category) in &shown {
        text.push_str(&category_line(category, locale));
    }
    let rest = categories.len() - shown.len();
    if rest > 0 {
        text.push_str(&locale.pick(
            format!("- 그 밖의 분류 {rest}개는 보고서에 있습니다\n"),
            format!("- {rest} more categories are in the report\n"),
        ));
    }
}

fn category_line(category: &CategoryShare, locale: Locale) -> String {
    let name = one_line(category_name(&category.category, locale));
    let documents = category.now.documents;
    let share = category.now.share().map_or(String::new(), percent);
    let change = category.before.map_or(String::new(), |before| {
        let difference = difference(documents, before.documents);
        locale.pick(
            format!(" (전월 대비 {difference}건)"),
            format!(" ({difference} against the month before)"),
        )
    });
    locale.pick(
        format!("- {name} {}건, {share}{change}\n", grouped(documents)),
        format!("- {name}: {}, {share}{change}\n", counted(documents, "text")),
    )
}

fn push_links(text: &mut String, links: &Links, locale: Locale) {
    let Links {
        html,
        xlsx,
        csv,
        categories,
        until,
    } = links;
    text.push_str(&locale.pick(
        format!("\n보고서: {html}\nExcel: {xlsx}\nCSV: {csv}\n분류 CSV: {categories}\n"),
        format!("\nReport: {html}\nExcel: {xlsx}\nCSV: {csv}\nCategories as CSV: {categories}\n"),
    ));
    let Some(until) = until else {
        text.push_str(locale.pick(
            "링크는 AWS 콘솔에 로그인해야 열립니다.\n",
            "The links need a login to the AWS console.\n",
        ));
        return;
    };
    let until = until.strftime("%Y-%m-%d %H:%M %Z");
    text.push_str(&locale.pick(
        format!("링크는 {until}까지 누구나 열 수 있습니다.\n"),
        format!("Anybody can open the links until {until}.\n"),
    ));
}

fn push_unknown(text: &mut String, summary: &Summary, locale: Locale) {
    if summary.unknown_texts == 0 {
        return;
    }
    let texts = grouped(summary.unknown_texts);
    let ids: Vec<String> = summary.unknown_buildings.iter().map(|id| one_line(id)).collect();
    let ids = ids.join(", ");
    text.push_str(&locale.pick(
        format!("\n등록되지 않은 건물의 글 {texts}건은 분석하지 않았습니다: {ids}\n"),
        format!("\n{texts} texts of unknown buildings were not analysed: {ids}\n"),
    ));
}

fn push_failed(text: &mut String, summary: &Summary, locale: Locale) {
    let failed: Vec<&BuildingSummary> = summary.failed().collect();
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
        let (name, id) = (one_line(&building.name), one_line(&building.building_id));
        text.push_str(&format!("- {name} ({id})\n"));
    }
    let period = summary.period;
    text.push_str(&locale.pick(
        format!("다시 분석하려면 stat-prep에 {{\"period\":\"{period}\",\"failed\":true}}를 보내십시오.\n"),
        format!("To try them again, send {{\"period\":\"{period}\",\"failed\":true}} to stat-prep.\n"),
    ));
}

/// Returns the building's label as a part of one line. The id stays complete behind a name that is cut.
fn one_line_label(building: &BuildingSummary) -> String {
    let name = one_line(&building.name);
    if building.has_namesake {
        format!("{name} ({})", one_line(&building.building_id))
    } else {
        name
    }
}

/// Returns the name as a part of one line. A hostile name, of any length or with line breaks, must neither forge a
/// line of the mail nor exceed SNS's limit.
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
    use uuid::Uuid;

    use crate::statistics::category_share::Part;
    use crate::statistics::summary::{Comparison, MonthBefore};
    use crate::statistics::term_list::OTHER;
    use crate::statistics::thresholds::TREND_MONTHS;

    fn summary(failed: usize) -> Summary {
        let building = |index: usize, documents| BuildingSummary {
            building_id: format!("B{index}"),
            name: format!("한빛 {index}동"),
            has_namesake: false,
            documents,
            trend: [None; TREND_MONTHS],
        };
        let mut buildings: Vec<_> = (1..=failed).map(|index| building(index, None)).collect();
        buildings.push(building(0, Some(1234)));
        Summary {
            period: "2026-10".parse().expect("a period"),
            buildings,
            categories: Vec::new(),
            before: None,
            trend: [None; TREND_MONTHS],
            comparison: Comparison::With(Uuid::nil()),
            is_correction: false,
            unknown_texts: 0,
            unknown_buildings: Vec::new(),
        }
    }

    fn links(until: Option<&str>) -> Links {
        Links {
            html: "https://s3/html".into(),
            xlsx: "https://s3/xlsx".into(),
            csv: "https://s3/csv".into(),
            categories: "https://s3/categories".into(),
            until: until.map(|until| until.parse().expect("a time")),
        }
    }

    #[test]
    fn has_the_period_totals_and_links() {
        let mail = write(&summary(0), &[], &links(None), Locale::Korean);
        assert_eq!(mail.subject, "2026-10 건물별 통계");
        assert_eq!(
            mail.text,
            "기간: 2026-10-01 ~ 2026-10-31\n건물 1곳, 글 1,234건\n\n\
             전월보다 우연이라고 보기 어려울 만큼 달라진 단어는 없습니다.\n\n\
             보고서: https://s3/html\nExcel: https://s3/xlsx\nCSV: https://s3/csv\n분류 CSV: https://s3/categories\n\
             링크는 AWS 콘솔에 로그인해야 열립니다.\n"
        );
    }

    #[test]
    fn names_the_strongest_changes() {
        let mut summary = summary(0);
        summary.before = Some(MonthBefore {
            buildings: 1,
            documents: 1000,
        });
        summary.buildings[0].has_namesake = true;
        let change = |term: &str, before, now, z_score| Change {
            building_id: "B0".into(),
            term: term.into(),
            before,
            now,
            share_before: before as f64 / 1000.0,
            share_now: now as f64 / 200.0,
            z_score,
        };
        let changes = [
            change("누수", 2, 40, 5.1),
            change("주차", 60, 1, -8.0),
            change("소음", 10, 30, 3.4),
            change("난방", 10, 29, 3.3),
        ];
        let mail = write(&summary, &changes, &links(None), Locale::Korean);
        assert!(
            mail.text.contains(
                "글 1,234건\n전월 대비 글 +234건, +23%\n\n\
                 가장 크게 달라진 것 (9월 → 10월):\n\
                 - 한빛 0동 (B0): 주차 60건 → 1건, 이 건물 문의의 0.5%\n\
                 - 한빛 0동 (B0): 누수 2건 → 40건, 이 건물 문의의 20%\n\
                 - 한빛 0동 (B0): 소음 10건 → 30건, 이 건물 문의의 15%\n\n보고서"
            ),
            "{}",
            mail.text
        );
        let mail = write(&summary, &changes, &links(None), Locale::English);
        let line = "\n- 한빛 0동 (B0): 누수 2 → 40 texts, 20% of this building's texts\n";
        assert!(mail.text.contains(line), "{}", mail.text);
    }

    #[test]
    fn names_the_categories_and_always_the_texts_without_one() {
        let part = |documents, all| Part { documents, all };
        let category = |name: &str, documents, before| CategoryShare {
            category: name.into(),
            now: part(documents, 1234),
            before,
        };
        let mut summary = summary(0);
        summary.categories = (0..30)
            .map(|n| category(&format!("분류{n}"), 100, None))
            .collect();
        summary.categories[0] = category("주차", 150, Some(part(138, 1000)));
        summary
            .categories
            .push(category(OTHER, 300, Some(part(300, 1000))));
        let text = write(&summary, &[], &links(None), Locale::Korean).text;
        let first = "들어갈 수 있습니다):\n- 주차 150건, 12% (전월 대비 +12건)\n- 분류1 100건, 8.1%\n";
        let last = "- 분류19 100건, 8.1%\n- 기타 300건, 24% (전월 대비 ±0건)\n- 그 밖의 분류 10개는 보고서에 있습니다\n\n보고서";
        assert!(text.contains(first) && text.contains(last), "{text}");
        let text = write(&summary, &[], &links(None), Locale::English).text;
        let english =
            "- Other: 300 texts, 24% (±0 against the month before)\n- 10 more categories are in the report\n";
        assert!(text.contains(english), "{text}");
    }

    #[test]
    fn names_the_recount_of_a_month_that_another_version_counted() {
        let mut summary = summary(0);
        summary.comparison = Comparison::OtherVersion;
        for locale in [Locale::Korean, Locale::English] {
            let mail = write(&summary, &[], &links(None), locale);
            let recount = r#"{"period":"2026-09","force":true,"mail":false}"#;
            assert!(mail.text.contains(recount), "{}", mail.text);
        }
    }

    #[test]
    fn states_when_presigned_links_expire() {
        let mail = write(
            &summary(0),
            &[],
            &links(Some("2026-11-01T02:10:00+09:00[Asia/Seoul]")),
            Locale::English,
        );
        assert!(mail.text.contains("until 2026-11-01 02:10 KST"), "{}", mail.text);
    }

    #[test]
    fn names_each_failed_building() {
        let mail = write(&summary(2), &[], &links(None), Locale::Korean);
        assert_eq!(mail.subject, "2026-10 건물별 통계 (건물 2곳 분석 실패)");
        assert!(
            mail.text.contains("- 한빛 1동 (B1)\n- 한빛 2동 (B2)\n"),
            "{}",
            mail.text
        );
        assert!(mail.text.contains(r#"{"period":"2026-10","failed":true}"#));
    }

    #[test]
    fn keeps_a_hostile_name_on_one_line() {
        let mut summary = summary(1);
        summary.buildings[0].name = format!("동\n링크: https://evil\n{}", "x".repeat(1_000_000));
        summary.unknown_texts = 1;
        summary.unknown_buildings = vec!["\r\n".repeat(500_000)];
        let mail = write(&summary, &[], &links(None), Locale::Korean);
        assert!(
            mail.text.len() < 2_000 && mail.text.contains("- 동 링크: https://evil x"),
            "{}",
            mail.text
        );
    }

    #[test]
    fn stays_within_the_limits_of_sns() {
        let mut many = summary(20_000);
        many.is_correction = true;
        let mail = write(&many, &[], &links(None), Locale::English);
        assert!(mail.text.len() < 256_000 && mail.text.contains("more\n"));
        assert!(mail.subject.chars().count() < 100);
    }
}

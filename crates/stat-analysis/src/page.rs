//! The report as a page: one file that needs nothing else and can be read on a phone.
//!
//! Names, totals and terms are there without its script, which sorts and filters the table and unfolds a
//! building's charts, changes and examples from the data behind its row.

mod assets;
mod details;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::json;
use std::collections::HashMap;

use crate::change::{self, Change};
use crate::example::Example;
use crate::keyword::Keyword;
use crate::locale::{Locale, change_of, counted, grouped, percent_change};
use crate::summary::{BuildingSummary, Summary, trend_months};

use details::{Details, TERMS_SHOWN, shown};

/// How many of a building's terms the page looks at: a compound and its parts become one of them.
pub const TERMS_READ: u32 = 3 * TERMS_SHOWN as u32;
/// How many changes stand on top.
const LOUDEST_SHOWN: usize = 8;
/// How many terms stand below a building's name.
const TERMS_IN_ROW: usize = 3;

/// Nothing is loaded from anywhere, and no script runs but the page's own two (CSP Level 3).
fn content_policy() -> String {
    let (script, chart) = (assets::SCRIPT_HASH, assets::CHART_HASH);
    format!(
        "default-src 'none'; script-src 'sha256-{script}' 'sha256-{chart}'; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'"
    )
}

/// A page that is written building by building, so that only its text is held.
pub struct Page<'s> {
    summary: &'s Summary,
    changes: &'s [Change],
    examples: &'s HashMap<String, Vec<Example>>,
    locale: Locale,
    html: String,
    /// How many of the summary's buildings are written.
    written: usize,
    /// The terms of the next one.
    keywords: Vec<Keyword>,
}

impl<'s> Page<'s> {
    /// A page with everything that stands above the buildings. `changes` are in the order of their buildings' ids,
    /// as Rust compares them.
    pub fn new(
        summary: &'s Summary,
        changes: &'s [Change],
        examples: &'s HashMap<String, Vec<Example>>,
        locale: Locale,
    ) -> Self {
        Self {
            html: head(summary, changes, locale).into_string(),
            summary,
            changes,
            examples,
            locale,
            written: 0,
            keywords: Vec::new(),
        }
    }

    /// Adds a term: by building in the order of the summary, and by rank.
    pub fn push(&mut self, keyword: Keyword) {
        while self
            .next_building()
            .is_some_and(|building| building.building_id != keyword.building_id)
        {
            self.write_building();
        }
        self.keywords.push(keyword);
    }

    /// The file.
    pub fn finish(mut self) -> String {
        while self.next_building().is_some() {
            self.write_building();
        }
        self.html.push_str("</tbody></table></div></section></main>");
        self.html
            .push_str(&scripts(self.summary, self.locale).into_string());
        self.html.push_str("</body></html>");
        self.html
    }

    fn next_building(&self) -> Option<&'s BuildingSummary> {
        self.summary.buildings.get(self.written)
    }

    fn write_building(&mut self) {
        if let Some(building) = self.next_building() {
            let id = building.building_id.as_str();
            let changes = change::of_building(self.changes, id);
            let examples = self.examples.get(id).map_or(&[][..], Vec::as_slice);
            let details = Details::of(&building.trend, &self.keywords, changes, examples);
            let row = row(building, &self.keywords, &details, self.locale);
            self.html.push_str(&row.into_string());
        }
        self.written += 1;
        self.keywords.clear();
    }
}

/// Everything before the first building. The table stays open until [`Page::finish`].
fn head(summary: &Summary, changes: &[Change], locale: Locale) -> Markup {
    let title = title(summary, locale);
    html! {
        (DOCTYPE)
        (PreEscaped(format!("<html lang=\"{}\">", locale.tag())))
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content=(content_policy());
            meta name="referrer" content="no-referrer";
            link rel="icon" href="data:,";
            title { (title) }
            style { (PreEscaped(assets::STYLE)) }
        }
        (PreEscaped("<body>"))
        header {
            h1 { (title) }
            p.period {
                (summary.period.start()) " – " (summary.period.end())
                @if summary.is_correction { (locale.pick(" · 정정본", " · corrected")) }
            }
        }
        (PreEscaped("<main>"))
        (totals(summary, locale))
        (notes(summary, locale))
        (loudest(summary, changes, locale))
        (PreEscaped("<section aria-labelledby=\"buildings\">"))
        h2 #buildings { (locale.pick("건물", "Buildings")) }
        (filter(summary, locale))
        (PreEscaped("<div class=\"scroll\"><table id=\"table\">"))
        (header_row(locale))
        (PreEscaped("<tbody>"))
    }
}

fn title(summary: &Summary, locale: Locale) -> String {
    let first = summary.period.start();
    locale.pick(
        format!("{}년 {}월 건물별 통계", first.year(), first.month()),
        format!("{}: statistics by building", first.strftime("%B %Y")),
    )
}

fn totals(summary: &Summary, locale: Locale) -> Markup {
    let (total, before) = (summary.total(), summary.comparable_before());
    let buildings = summary.buildings.len() as i64;
    let figure = |name: &'static str, number: i64, before: Option<i64>| {
        html! {
            div {
                dt { (name) }
                dd {
                    strong { (grouped(number)) }
                    @if let Some(before) = before {
                        span.change {
                            (locale.pick("전월 대비 ", "against the month before: "))
                            (change_of(number, before))
                            @if let Some(percent) = percent_change(number, before) { " (" (percent) ")" }
                        }
                    }
                }
            }
        }
    };
    let comparable = before.filter(|_| summary.is_compared);
    html! {
        section aria-labelledby="totals" {
            h2 #totals { (locale.pick("한눈에 보기", "At a glance")) }
            dl.totals {
                (figure(locale.pick("건물", "Buildings"), buildings, before.map(|before| before.buildings)))
                (figure(locale.pick("글", "Texts"), total.documents, before.map(|before| before.counted.documents)))
                (figure(
                    locale.pick("형태소", "Morphemes"),
                    total.morphemes,
                    comparable.map(|before| before.counted.morphemes),
                ))
            }
            @if summary.trend.iter().flatten().count() > 1 {
                div.chart.trend { canvas #total-trend role="img" {} }
            }
        }
    }
}

fn notes(summary: &Summary, locale: Locale) -> Markup {
    let failed: Vec<&BuildingSummary> = summary.failed().collect();
    html! {
        @if !failed.is_empty() {
            div.note.bad {
                p {
                    (locale.pick(
                        format!("분석하지 못한 건물 {}곳:", failed.len()),
                        format!("Buildings whose analysis failed ({}):", failed.len()),
                    ))
                }
                ul { @for building in &failed { li { (building.name) " (" (building.building_id) ")" } } }
            }
        }
        @if !summary.is_compared {
            p.note {
                (locale.pick(
                    "전월과의 단어 비교가 없습니다. 전월 통계가 완료되지 않았거나 다른 분석기로 만들어졌습니다.",
                    "There is no comparison of terms with the month before: it is not complete, or another analyser made it.",
                ))
            }
        }
        @if summary.unknown_texts > 0 {
            p.note {
                (locale.pick(
                    format!("등록되지 않은 건물의 글 {}건은 분석하지 않았습니다: ", grouped(summary.unknown_texts)),
                    format!("{} texts of unknown buildings were not analysed: ", grouped(summary.unknown_texts)),
                ))
                (summary.unknown_buildings.join(", "))
            }
        }
        noscript {
            p.note {
                (locale.pick(
                    "이 브라우저는 스크립트를 실행하지 않아 정렬, 검색, 차트를 쓸 수 없습니다. 특징적인 단어의 숫자는 CSV에 있습니다.",
                    "This browser runs no scripts, so there are no charts, no sorting and no search. The CSV has the numbers of the distinctive terms.",
                ))
            }
        }
    }
}

fn loudest(summary: &Summary, changes: &[Change], locale: Locale) -> Markup {
    let loudest = change::loudest(changes, LOUDEST_SHOWN);
    let names: HashMap<&str, &str> = summary
        .buildings
        .iter()
        .map(|building| (building.building_id.as_str(), building.name.as_str()))
        .collect();
    html! {
        @if !loudest.is_empty() {
            section aria-labelledby="loudest" {
                h2 #loudest { (locale.pick("가장 크게 달라진 것", "What changed most")) }
                ul.loudest {
                    @for change in loudest {
                        li {
                            a href={ "#b=" (percent_encoding::utf8_percent_encode(&change.building_id, percent_encoding::NON_ALPHANUMERIC)) } {
                                (names.get(change.building_id.as_str()).copied().unwrap_or(&change.building_id))
                            }
                            ": " b { (change.term) } " "
                            span.(if change.is_rise() { "up" } else { "down" }) {
                                (if change.is_rise() { "▲ " } else { "▼ " })
                                (change_in_words(change, locale))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `2회 → 41회 (비중 0.8% → 2.9%)`.
fn change_in_words(change: &Change, locale: Locale) -> String {
    let (before, now) = (grouped(change.before), grouped(change.now));
    let (share_before, share_now) = (change.share_before * 100.0, change.share_now * 100.0);
    let shares = format!("{share_before:.1}% → {share_now:.1}%");
    locale.pick(
        format!("{before}회 → {now}회 (비중 {shares})"),
        format!("{before} → {now} times (share {shares})"),
    )
}

fn filter(summary: &Summary, locale: Locale) -> Markup {
    let shown = summary.buildings.len() as i64;
    html! {
        p.filter {
            label for="filter" { (locale.pick("건물이나 주요 단어로 찾기", "Find a building or a main term")) }
            input #filter type="search" autocomplete="off" spellcheck="false";
            output #shown for="filter" aria-live="polite" {
                (locale.pick(format!("{}곳", grouped(shown)), counted(shown, "building")))
            }
        }
    }
}

/// Sorted by name, number of texts, or their change. The header cells have buttons once the script runs.
fn header_row(locale: Locale) -> Markup {
    let columns = locale.pick(
        [("name", "건물"), ("texts", "글 수"), ("change", "증감")],
        [("name", "Building"), ("texts", "Texts"), ("change", "Change")],
    );
    html! {
        thead { tr { @for (key, name) in columns { th scope="col" data-sort=(key) { (name) } } } }
    }
}

fn row(building: &BuildingSummary, keywords: &[Keyword], details: &Details<'_>, locale: Locale) -> Markup {
    let terms: Vec<&str> = shown(keywords, TERMS_IN_ROW)
        .into_iter()
        .map(|keyword| keyword.term.as_str())
        .collect();
    let documents = building.counted.map(|counted| counted.documents);
    let before = building.documents_before();
    let change = documents.zip(before);
    html! {
        tr data-id=(building.building_id) {
            th scope="row" {
                span.name { (building.name) }
                @if !terms.is_empty() { span.terms { (terms.join(" · ")) } }
            }
            @match documents {
                Some(documents) => td data-value=(documents) { (grouped(documents)) },
                None => td.bad { (locale.pick("분석 실패", "failed")) },
            }
            @match change {
                Some((now, before)) => td data-value=(now - before) {
                    (change_of(now, before))
                    @if let Some(percent) = percent_change(now, before) { span.percent { (percent) } }
                },
                None => td { "–" },
            }
        }
        @if documents.is_some() {
            script type="application/json" { (PreEscaped(details.to_json())) }
        }
    }
}

/// The words and numbers that the script needs, and the script.
fn scripts(summary: &Summary, locale: Locale) -> Markup {
    let words = locale.pick(
        json!({
            "shown": "{shown}곳 / 모두 {all}곳",
            "texts": "글 수",
            "trend": "최근 여섯 달의 글 수",
            "terms": "이 건물의 특징적인 단어",
            "frequent": "자주 나온 단어",
            "frequentExplained": "다른 건물보다 두드러지는 단어가 없어, 많이 나온 순서로 보여 줍니다.",
            "explained": "다른 건물보다 두드러지게 자주 나온 단어입니다. 막대가 길수록 뚜렷합니다 (z 값).",
            "columns": ["단어", "횟수", "글 수", "특징도 (z)", "전월 횟수"],
            "rising": "늘어난 단어",
            "falling": "줄어든 단어",
            "nothing": "두드러진 변화가 없습니다.",
            "uncompared": "전월과 비교할 수 없습니다.",
            "move": "{before}회 → {now}회 (비중 {shareBefore}% → {shareNow}%)",
            "examples": "이런 글이 있었습니다",
            "table": "표로 보기",
            "noTerms": "단어가 없습니다.",
            "month": "{month}월",
            "unknown": "자료 없음",
        }),
        json!({
            "shown": "{shown} of {all}",
            "texts": "Texts",
            "trend": "Texts in the last six months",
            "terms": "Distinctive terms",
            "frequent": "Frequent terms",
            "frequentExplained": "No term stands out against the other buildings; these are the most frequent ones.",
            "explained": "Terms that stand out against the other buildings. The longer the bar, the more they do (z-score).",
            "columns": ["Term", "Count", "Texts", "Distinctiveness (z)", "Count the month before"],
            "rising": "Rising terms",
            "falling": "Falling terms",
            "nothing": "No change stands out.",
            "uncompared": "There is no month to compare with.",
            "move": "{before} → {now} times (share {shareBefore}% → {shareNow}%)",
            "examples": "What people wrote",
            "table": "As a table",
            "noTerms": "There are no terms.",
            "month": "{month}",
            "unknown": "no data",
        }),
    );
    let months = trend_months(summary.period).map(|month| month.start().strftime("%Y-%m").to_string());
    let page = json!({
        "words": words,
        "months": months,
        "trend": summary.trend,
        "isCompared": summary.is_compared,
    });
    html! {
        script #page type="application/json" { (PreEscaped(page.to_string().replace('<', "\\u003c"))) }
        script { (PreEscaped(assets::chart())) }
        script { (PreEscaped(assets::SCRIPT)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{Counted, TREND_MONTHS, Trend};

    const NO_CHANGES: [Change; 0] = [];

    fn render(summary: &Summary, keywords: &[Keyword], changes: &[Change], examples: &[Example]) -> String {
        let examples = HashMap::from([("B1".to_owned(), examples.to_vec())]);
        let mut page = Page::new(summary, changes, &examples, Locale::Ko);
        keywords.iter().for_each(|keyword| page.push(keyword.clone()));
        page.finish()
    }

    fn building(id: &str, name: &str, trend: Trend) -> BuildingSummary {
        BuildingSummary {
            building_id: id.into(),
            name: name.into(),
            counted: trend[TREND_MONTHS - 1].map(|documents| Counted {
                documents,
                morphemes: documents * 10,
            }),
            trend,
        }
    }

    fn summary() -> Summary {
        Summary {
            period: "2026-10".parse().expect("a period"),
            buildings: vec![
                building(
                    "B1",
                    "<b>한빛</b> & \"동\", '별관'\n뒤",
                    [None, None, None, None, Some(1000), Some(1200)],
                ),
                building("B2", "은솔", [None; 6]),
            ],
            before: None,
            trend: [None; 6],
            is_compared: false,
            is_correction: false,
            unknown_texts: 3,
            unknown_buildings: vec!["X<9>".into()],
        }
    }

    fn keyword(term: &str) -> Keyword {
        Keyword {
            building_id: "B1".into(),
            building: "한빛".into(),
            rank: 1,
            term: term.into(),
            frequency: 1234,
            documents: 9,
            z_score: 2.345,
            previous_frequency: None,
            share_change: None,
        }
    }

    #[test]
    fn escapes_what_people_wrote() {
        let hostile = "</script><script>alert(1)</script>";
        let example = Example {
            text: format!("누수 {hostile}"),
            term: hostile.into(),
        };
        let change = Change {
            building_id: "B1".into(),
            term: hostile.into(),
            before: 1,
            now: 20,
            share_before: 0.01,
            share_now: 0.2,
            z_score: 4.0,
        };
        let page = render(&summary(), &[keyword(hostile)], &[change], &[example]);
        assert!(!page.contains("alert(1)</script>") && !page.contains("<script>alert"));
        assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains(r#"["\u003c/script>\u003cscript>alert(1)\u003c/script>",1234,9,2.35,null]"#));
        assert!(page.contains("&lt;b&gt;한빛&lt;/b&gt; &amp; &quot;동&quot;, '별관'\n뒤"));
        assert!(page.contains("X&lt;9&gt;"));
    }

    #[test]
    fn says_what_is_missing() {
        let summary = summary();
        let page = render(&summary, &[keyword("누수")], &NO_CHANGES, &[]);
        assert!(page.contains("전월과의 단어 비교가 없습니다"));
        assert!(page.contains("분석하지 못한 건물 1곳:") && page.contains("<li>은솔 (B2)</li>"));
        assert!(page.contains("등록되지 않은 건물의 글 3건"));
        let examples = HashMap::new();
        let page = Page::new(&summary, &NO_CHANGES, &examples, Locale::En).finish();
        assert!(
            page.contains("There is no comparison") && page.contains("Buildings whose analysis failed (1):")
        );
    }

    #[test]
    fn holds_the_month_against_the_one_before() {
        let page = render(&summary(), &[], &NO_CHANGES, &[]);
        assert!(page.contains("<td data-value=\"200\">+200<span class=\"percent\">+20%</span></td>"));
        let mut summary = summary();
        summary.buildings.pop();
        summary.before = Some(crate::summary::MonthBefore {
            buildings: 1,
            counted: Counted {
                documents: 1500,
                morphemes: 1,
            },
        });
        let page = render(&summary, &[], &NO_CHANGES, &[]);
        assert!(page.contains("전월 대비 -300 (-20%)"));
    }

    #[test]
    fn has_every_building_once_and_its_terms_with_it() {
        let mut summary = summary();
        let nothing = [None, None, None, None, None, Some(0)];
        summary.buildings.push(building("B3", "빈 곳", nothing));
        summary.buildings.push(building("B4", "끝 동", nothing));
        let of_last = Keyword {
            building_id: "B4".into(),
            ..keyword("주차권")
        };
        let page = render(
            &summary,
            &[keyword("누수"), keyword("소음"), of_last],
            &NO_CHANGES,
            &[],
        );
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        let order = [
            "data-id=\"B1\"",
            "누수 · 소음",
            "data-id=\"B2\"",
            "data-id=\"B3\"",
            "data-id=\"B4\"",
            "주차권",
        ];
        let order = order.map(place);
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(page.matches("<tr data-id").count(), 4);
    }

    #[test]
    fn lets_nothing_be_loaded() {
        let page = render(&summary(), &[keyword("누수")], &NO_CHANGES, &[]);
        assert!(page.contains("content=\"default-src 'none'; script-src 'sha256-"));
        for reference in [
            "src=",
            "@import",
            "url(",
            "<link rel=\"stylesheet",
            "sourceMappingURL",
        ] {
            let found = page.replace(assets::chart(), "").contains(reference);
            assert!(!found, "{reference}");
        }
    }
}

//! The report as a page: one file that needs nothing else and can be read on a phone.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::keyword::{BuildingSummary, Keyword, Summary};
use crate::locale::{Locale, grouped};

/// How many of a building's terms the page shows; the CSV has them all.
pub const TERMS_SHOWN: u32 = 10;

const STYLE: &str = "
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:60rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .25rem}
p{margin:.25rem 0}.note{border-left:.25rem solid;padding-left:.75rem;margin:1rem 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .5rem;border-bottom:1px solid #8884;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}
";

/// A page that is written building by building, so that only its text is held.
pub struct Page<'s> {
    summary: &'s Summary,
    locale: Locale,
    html: String,
    /// How many of the summary's buildings are written.
    written: usize,
    /// The terms of the next one.
    keywords: Vec<Keyword>,
}

impl<'s> Page<'s> {
    /// A page with its head.
    pub fn new(summary: &'s Summary, locale: Locale) -> Self {
        let html = head(summary, locale).into_string();
        Self {
            summary,
            locale,
            html,
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
        self.html.push_str("</body></html>");
        self.html
    }

    fn next_building(&self) -> Option<&'s BuildingSummary> {
        self.summary.buildings.get(self.written)
    }

    fn write_building(&mut self) {
        if let Some(building) = self.next_building() {
            self.html
                .push_str(&section(building, &self.keywords, self.locale).into_string());
        }
        self.written += 1;
        self.keywords.clear();
    }
}

/// Everything before the first building. `body` stays open until [`Page::finish`].
fn head(summary: &Summary, locale: Locale) -> Markup {
    let Summary { period, .. } = summary;
    let title = locale.pick(
        format!("{period} 건물별 통계"),
        format!("{period}: statistics by building"),
    );
    html! {
        (DOCTYPE)
        (PreEscaped(format!("<html lang=\"{}\">", locale.tag())))
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { (title) }
            style { (PreEscaped(STYLE)) }
        }
        (PreEscaped("<body>"))
        h1 { (title) }
        (totals(summary, locale))
        (notes(summary, locale))
    }
}

fn totals(summary: &Summary, locale: Locale) -> Markup {
    let total = summary.total();
    let (buildings, documents, morphemes) = (
        summary.buildings.len() as i64,
        grouped(total.documents),
        grouped(total.morphemes),
    );
    html! {
        p { (summary.period.start()) " – " (summary.period.end()) }
        p {
            (locale.pick(
                format!("건물 {}곳 · 글 {documents}건 · 형태소 {morphemes}개", grouped(buildings)),
                format!("{} buildings · {documents} texts · {morphemes} morphemes", grouped(buildings)),
            ))
        }
    }
}

fn notes(summary: &Summary, locale: Locale) -> Markup {
    html! {
        @if !summary.is_compared {
            p.note {
                (locale.pick(
                    "지난달과의 비교가 없습니다. 완결된 지난달 통계가 없거나 다른 분석기로 만든 것입니다.",
                    "There is no comparison with the month before: it is not complete, or another analyser made it.",
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
    }
}

fn section(building: &BuildingSummary, keywords: &[Keyword], locale: Locale) -> Markup {
    html! {
        h2 { (building.name) }
        @match building.counted {
            None => p.note { (locale.pick("분석하지 못했습니다.", "The analysis failed.")) },
            Some(counted) => {
                p {
                    (locale.pick(
                        format!("글 {}건", grouped(counted.documents)),
                        format!("{} texts", grouped(counted.documents)),
                    ))
                }
                @if !keywords.is_empty() { (terms(keywords, locale)) }
            }
        }
    }
}

fn terms(keywords: &[Keyword], locale: Locale) -> Markup {
    let header = locale.pick(
        ["단어", "횟수", "글 수", "특징도(z)", "지난달", "비중 변화(%p)"],
        [
            "Term",
            "Count",
            "Texts",
            "Distinctiveness (z)",
            "Month before",
            "Change of share (pp)",
        ],
    );
    html! {
        div.scroll {
            table {
                thead { tr { @for name in header { th scope="col" { (name) } } } }
                tbody {
                    @for keyword in keywords {
                        tr {
                            td { (keyword.term) }
                            td { (grouped(keyword.frequency)) }
                            td { (grouped(keyword.documents)) }
                            td { (format!("{:.1}", keyword.z_score)) }
                            td { (keyword.previous_frequency.map_or("–".to_owned(), grouped)) }
                            td {
                                (keyword.share_change.map_or("–".to_owned(), |change| format!("{:+.2}", change * 100.0)))
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyword::Counted;

    fn render(summary: &Summary, keywords: &[Keyword], locale: Locale) -> String {
        let mut page = Page::new(summary, locale);
        keywords.iter().for_each(|keyword| page.push(keyword.clone()));
        page.finish()
    }

    fn summary() -> Summary {
        let building = |id: &str, name: &str, documents: Option<i64>| BuildingSummary {
            building_id: id.into(),
            name: name.into(),
            counted: documents.map(|documents| Counted {
                documents,
                morphemes: documents * 10,
            }),
        };
        Summary {
            period: "2026-10".parse().expect("a period"),
            buildings: vec![
                building("B1", "<b>한빛</b> & \"동\"", Some(1200)),
                building("B2", "은솔", None),
            ],
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
        let page = render(&summary(), &[keyword("<script>alert(1)</script>")], Locale::Ko);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"));
        assert!(page.contains("&lt;b&gt;한빛&lt;/b&gt; &amp; &quot;동&quot;"));
        assert!(page.contains("X&lt;9&gt;"));
    }

    #[test]
    fn says_what_is_missing() {
        let page = render(&summary(), &[keyword("누수")], Locale::Ko);
        assert!(page.contains("지난달과의 비교가 없습니다"));
        assert!(page.contains("분석하지 못했습니다"));
        assert!(page.contains("등록되지 않은 건물의 글 3건"));
        let page = render(&summary(), &[keyword("누수")], Locale::En);
        assert!(page.contains("There is no comparison") && page.contains("The analysis failed"));
    }

    #[test]
    fn has_every_building_once_and_its_terms_below_it() {
        let mut summary = summary();
        let empty = BuildingSummary {
            building_id: "B3".into(),
            name: "빈 곳".into(),
            counted: Some(Counted::default()),
        };
        summary.buildings.push(empty);
        let last = BuildingSummary {
            building_id: "B4".into(),
            name: "끝 동".into(),
            counted: Some(Counted::default()),
        };
        summary.buildings.push(last);
        let of_last = Keyword {
            building_id: "B4".into(),
            ..keyword("주차권")
        };
        let page = render(&summary, &[keyword("누수"), keyword("소음"), of_last], Locale::Ko);
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
        let order = ["한빛", "누수", "소음", "은솔", "빈 곳", "끝 동", "주차권"].map(place);
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(page.matches("<h2>").count(), 4);
    }

    #[test]
    fn needs_nothing_from_the_network() {
        let page = render(&summary(), &[keyword("누수")], Locale::Ko);
        for reference in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(reference), "{reference}");
        }
    }
}

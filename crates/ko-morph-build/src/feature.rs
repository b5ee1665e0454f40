use ko_morph::Tag;
use ko_morph::image::layout::{EXPANDED, OWN_TEXT};

/// Columns of a feature that an image needs.
pub(crate) struct Feature<'a> {
    pub(crate) label: &'a str,
    pub(crate) meaning: &'a str,
    pub(crate) final_consonant: &'a str,
    pub(crate) kind: &'a str,
    expression: &'a str,
}

impl<'a> Feature<'a> {
    pub(crate) fn parse(feature: &'a str) -> Result<Self, String> {
        let columns: Vec<_> = feature.splitn(8, ',').collect();
        let &[label, meaning, final_consonant, _, kind, _, _, expression] = columns.as_slice() else {
            return Err(format!(
                "the feature {feature:?} has {} columns, expected 8",
                columns.len()
            ));
        };
        Ok(Self {
            label,
            meaning,
            final_consonant,
            kind,
            expression,
        })
    }

    /// Encodes the word's [`Analysis`](ko_morph::image::Analysis) for the pool of an image.
    pub(crate) fn analysis(&self, surface: &str) -> Result<Vec<u8>, String> {
        let parts = parts(self.expression)?;
        let expanded = self.kind == "Inflect" || (self.label.contains('+') && !parts.is_empty());
        // An expanded word has no tag of its own.
        let tag = self.label.split('+').next().unwrap_or_default();
        let own_text = parts.iter().map(|(text, _)| *text).collect::<String>() != surface;

        let mut shape = 0;
        shape |= if expanded { EXPANDED } else { 0 };
        shape |= if own_text { OWN_TEXT } else { 0 };
        let mut analysis = vec![shape, number(tag)?, length(self.label)?];
        analysis.extend(self.label.bytes());
        analysis.push(u8::try_from(parts.len()).map_err(|_| "more than 255 parts".to_owned())?);
        for (text, tag) in parts {
            let text = with_final_jamo(text);
            analysis.extend([number(tag)?, length(&text)?]);
            if own_text {
                analysis.extend(text.bytes());
            }
        }
        Ok(analysis)
    }
}

/// Parses an expression: parts of the form `형태/태그/의미`, joined with `+`, where the meaning may be missing.
/// Skips a part without text, such as the copula in 고양이로소이다.
fn parts(expression: &str) -> Result<Vec<(&str, &str)>, String> {
    if expression == "*" {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for (end, _) in expression.match_indices('+').chain([(expression.len(), "")]) {
        let part = &expression[start..end];
        if !part.contains('/') && end < expression.len() {
            // This plus is the text of a part: "+/SY/*".
            continue;
        }
        start = end + 1;
        let (rest, last) = part
            .rsplit_once('/')
            .ok_or_else(|| format!("{part:?} has no tag"))?;
        let (text, tag) = match rest.rsplit_once('/') {
            Some((text, tag)) => (text, tag),
            None => (rest, last),
        };
        if !text.is_empty() {
            parts.push((text, tag));
        }
    }
    Ok(parts)
}

/// Replaces a leading initial ㅂ (U+1107) by the final one (U+11B8): mecab-ko-dic sometimes writes ㅂ니다 with the
/// initial one.
fn with_final_jamo(text: &str) -> String {
    match text.strip_prefix('\u{1107}') {
        Some(rest) => format!("\u{11b8}{rest}"),
        None => text.to_owned(),
    }
}

fn number(tag: &str) -> Result<u8, String> {
    tag.parse::<Tag>()
        .map(|tag| tag as u8)
        .map_err(|error| error.to_string())
}

fn length(text: &str) -> Result<u8, String> {
    u8::try_from(text.len()).map_err(|_| format!("{text:?} has {} bytes, expected at most 255", text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ko_morph::image::Analysis;

    #[track_caller]
    fn check(surface: &str, feature: &str, expected: &str) {
        let pool = Feature::parse(feature)
            .and_then(|feature| feature.analysis(surface))
            .expect("is valid");
        let analysis = Analysis::read(&pool, 0).expect("reads back");
        let parts: Vec<_> = analysis
            .parts(surface)
            .map(|(text, tag)| format!("{text}/{tag}"))
            .collect();
        let shape = if analysis.is_expanded() { "=" } else { ":" };
        assert_eq!(
            format!("{}{shape}{}", analysis.label(), parts.join("+")),
            expected
        );
    }

    #[test]
    fn simple_words_have_no_parts() {
        check("집", "NNG,장소,T,집,*,*,*,*", "NNG:");
    }

    #[test]
    fn inflected_words_are_expanded() {
        check(
            "살펴봤",
            "VV+EP,*,T,살펴봤,Inflect,VV,EP,살펴보/VV/*+았/EP/*",
            "VV+EP=살펴보/VV+았/EP",
        );
        check("걸", "NNB,*,T,걸,Inflect,NNB,NNB,것/NNB/*", "NNB=것/NNB");
        check(
            "갔",
            "VV+EP,*,T,갔,Inflect,VV,EP,가/VV+았/EP",
            "VV+EP=가/VV+았/EP",
        );
    }

    #[test]
    fn compound_nouns_stay_whole() {
        check(
            "주차장",
            "NNG,장소,T,주차장,Compound,*,*,주차/NNG/행위+장/NNG/*",
            "NNG:주차/NNG+장/NNG",
        );
        check(
            "고춧값",
            "NNG,*,T,고춧값,Compound,*,*,고추/NNG/*+값/NNG/*",
            "NNG:고추/NNG+값/NNG",
        );
    }

    #[test]
    fn pre_analysed_names_stay_whole_and_sentences_do_not() {
        check(
            "한강",
            "NNP,지명,T,한강,Preanalysis,NNP,NNG,한/NNP/지명+강/NNG/*",
            "NNP:한/NNP+강/NNG",
        );
        check(
            "고양이로소이다",
            "NNG+VCP+EC,*,F,고양이로소이다,Preanalysis,NNG,EC,고양이/NNG/*+/VCP/*+로소이다/EC/*",
            "NNG+VCP+EC=고양이/NNG+로소이다/EC",
        );
    }

    #[test]
    fn a_plus_may_be_text() {
        check(
            "+가",
            "SY+JKS,*,F,+가,Inflect,SY,JKS,+/SY/*+가/JKS/*",
            "SY+JKS=+/SY+가/JKS",
        );
    }

    #[test]
    fn replaces_the_initial_jamo_of_an_ending() {
        check(
            "갑니다",
            "VV+EF,*,F,갑니다,Inflect,VV,EF,가/VV/*+\u{1107}니다/EF/*",
            "VV+EF=가/VV+\u{11b8}니다/EF",
        );
    }

    #[test]
    fn rejects_malformed_features() {
        let refused = |feature| {
            Feature::parse(feature)
                .and_then(|feature| feature.analysis("가"))
                .is_err()
        };
        assert!(refused("XYZ,*,F,가,*,*,*,*"));
        assert!(refused("NNG,*,F"));
        assert!(refused("NNG,*,F,가,Compound,*,*,가"));
    }
}

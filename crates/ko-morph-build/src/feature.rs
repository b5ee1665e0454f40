use ko_morph::Tag;
use ko_morph::image::Analysis;

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

    /// Encodes the word's [`Analysis`] for the pool of an image.
    pub(crate) fn analysis(&self, surface: &str) -> Result<Vec<u8>, String> {
        let parts = repaired(surface, parts(self.expression)?);
        let expanded = self.is_expanded(&parts);
        // An expanded word has no tag of its own.
        let tag = self.label.split('+').next().unwrap_or_default();
        let with_number = |(text, tag): (String, &str)| Ok((text, parse_tag(tag)?));
        let parts: Vec<_> = parts
            .into_iter()
            .map(with_number)
            .collect::<Result<_, String>>()?;
        Analysis::encode(surface, self.label, parse_tag(tag)?, expanded, &parts)
    }

    /// Returns the morphemes of the word, each with its tag.
    pub(crate) fn morphemes(&self, surface: &str) -> Result<Vec<(String, Tag)>, String> {
        let parts = repaired(surface, parts(self.expression)?);
        let morphemes = if self.is_expanded(&parts) && !parts.is_empty() {
            parts
        } else {
            vec![(surface.to_owned(), self.label)]
        };
        let with_tag = |(form, tag): (String, &str)| Ok((form, parse_tag(tag)?));
        morphemes.into_iter().map(with_tag).collect()
    }

    fn is_expanded(&self, parts: &[(String, &str)]) -> bool {
        self.kind == "Inflect" || (self.label.contains('+') && !parts.is_empty())
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

/// Repairs what mecab-ko-dic writes in more than one way, or wrongly:
///
/// - A part may begin with an initial jamo that stands for a final one: U+1107 in ᄇ니다 becomes U+11B8.
/// - A part may begin with a bare vowel: ㅏ요 becomes 아요, and ㅓㅆ becomes 었.
/// - Words in 으시 may begin with 시 alone, with 으시 and a second 시, or (으셨) end in 는지.
fn repaired<'a>(surface: &str, parts: Vec<(&'a str, &'a str)>) -> Vec<(String, &'a str)> {
    let mut repaired: Vec<(String, &str)> = Vec::with_capacity(parts.len());
    for (text, tag) in parts {
        let previous = repaired.last().map(|(text, tag)| (text.as_str(), *tag));
        let text = match (previous, text) {
            (None, "시") if surface.starts_with("으") => "으시".to_owned(),
            (Some(("으시", "EP")), "시") => continue,
            (Some(_), "는지") if surface == "으셨" => continue,
            (Some((previous, _)), _) => with_syllable(text, previous.ends_with('시')),
            (None, _) => text.to_owned(),
        };
        let mut characters = text.chars();
        let first = characters.next().map(|first| final_jamo(first).unwrap_or(first));
        repaired.push((first.into_iter().chain(characters).collect(), tag));
    }
    repaired
}

/// Replaces a bare vowel at the start of an ending, and the ㅆ after it, by a syllable.
fn with_syllable(text: &str, after_honorific: bool) -> String {
    const VOWELS: [(char, [char; 2]); 5] = [
        ('ㅏ', ['아', '았']),
        ('ㅓ', ['어', '었']),
        ('ㅔ', ['에', '엤']),
        ('ㅕ', ['여', '였']),
        ('ㅣ', ['이', '있']),
    ];
    let mut characters = text.chars();
    let first = characters.next();
    let first = if after_honorific && first == Some('ㅔ') {
        Some('ㅓ')
    } else {
        first
    };
    let Some((_, syllables)) = VOWELS.into_iter().find(|&(vowel, _)| Some(vowel) == first) else {
        return text.to_owned();
    };
    let rest = characters.as_str();
    match rest.strip_prefix('ㅆ') {
        Some(rest) => format!("{}{rest}", syllables[1]),
        None => format!("{}{rest}", syllables[0]),
    }
}

/// Returns the final consonant that looks like an initial one.
fn final_jamo(initial: char) -> Option<char> {
    const INITIALS: &str = "ᄀᄁᄂᄃᄅᄆᄇᄉᄊᄋᄌᄎᄏᄐᄑᄒ";
    const FINALS: &str = "ᆨᆩᆫᆮᆯᆷᆸᆺᆻᆼᆽᆾᆿᇀᇁᇂ";
    let place = INITIALS.chars().position(|character| character == initial)?;
    FINALS.chars().nth(place)
}

fn parse_tag(tag: &str) -> Result<Tag, String> {
    tag.parse::<Tag>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn replaces_the_initial_jamo_of_a_noun_ending() {
        check(
            "막힘",
            "VV+ETN,*,T,막힘,Inflect,VV,ETN,막히/VV/*+\u{1106}/ETN/*",
            "VV+ETN=막히/VV+\u{11b7}/ETN",
        );
        check(
            "어떡",
            "VA+EC,*,T,어떡,Inflect,VA,EC,어떻/VA/*+\u{1100}/EC/*",
            "VA+EC=어떻/VA+\u{11a8}/EC",
        );
    }

    #[test]
    fn replaces_bare_vowels_of_endings() {
        check(
            "쳐다봐요",
            "VV+EF,*,F,쳐다봐요,Inflect,VV,EF,쳐다보/VV/*+ㅏ요/EF/*",
            "VV+EF=쳐다보/VV+아요/EF",
        );
        check(
            "헤어졌었",
            "VV+EP,*,T,헤어졌었,Inflect,VV,EP,헤어지/VV/*+ㅓㅆ었/EP/*",
            "VV+EP=헤어지/VV+었었/EP",
        );
        check(
            "예여",
            "VCP+EF,*,F,예여,Inflect,VCP,EF,이/VCP/*+ㅔ여/EF/*",
            "VCP+EF=이/VCP+에여/EF",
        );
    }

    #[test]
    fn repairs_the_honorific() {
        check(
            "으세요",
            "EP+EF,*,F,으세요,Inflect,EP,EF,시/EP/*+ㅔ요/EF/*",
            "EP+EF=으시/EP+어요/EF",
        );
        check(
            "으셨",
            "EP+EP+EC,*,T,으셨,Inflect,EP,EC,으시/EP/*+었/EP/*+는지/EC/*",
            "EP+EP+EC=으시/EP+었/EP",
        );
        check(
            "으셔서",
            "EP+EP+EC,*,F,으셔서,Inflect,EP,EC,으시/EP/*+시/EP/*+어서/EC/*",
            "EP+EP+EC=으시/EP+어서/EC",
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

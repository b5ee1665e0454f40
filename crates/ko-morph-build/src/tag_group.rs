use ko_morph::Tag;

/// A group of tags that different analysers give to the same morphemes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagGroup {
    Noun,
    Predicate,
    Bound,
    Particle,
    Ending,
    Modifier,
    Affix,
    Symbol,
    Other,
}

impl TagGroup {
    pub(crate) fn of(tag: Tag) -> Self {
        match tag {
            Tag::NNG | Tag::NNP => Self::Noun,
            Tag::VV | Tag::VA | Tag::VX | Tag::VCN => Self::Predicate,
            Tag::NNB | Tag::NNBC | Tag::NR | Tag::NP => Self::Bound,
            Tag::JKS | Tag::JKC | Tag::JKG | Tag::JKO | Tag::JKB => Self::Particle,
            Tag::JKV | Tag::JKQ | Tag::JX | Tag::JC => Self::Particle,
            Tag::EP | Tag::EF | Tag::EC | Tag::ETN | Tag::ETM => Self::Ending,
            Tag::MM | Tag::MAG | Tag::MAJ | Tag::IC => Self::Modifier,
            Tag::XPN | Tag::XSN | Tag::XSV | Tag::XSA | Tag::XR => Self::Affix,
            Tag::SF | Tag::SE | Tag::SSO | Tag::SSC | Tag::SC => Self::Symbol,
            Tag::SY | Tag::SL | Tag::SH | Tag::SN | Tag::SP => Self::Symbol,
            _ => Self::Other,
        }
    }
}

/// Converts a form to one spelling where analysers differ: final jamo become letters, and 아 and 여 at the start of
/// endings become 어.
pub(crate) fn spelling(form: &str, tag: Tag) -> impl Iterator<Item = char> {
    const FINAL: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    let is_ending = TagGroup::of(tag) == TagGroup::Ending;
    form.chars()
        .enumerate()
        .map(move |(place, character)| match character {
            '\u{11a8}'..='\u{11c2}' => FINAL
                .chars()
                .nth(character as usize - 0x11a8)
                .unwrap_or(character),
            '아' | '여' if is_ending && place == 0 => '어',
            '았' | '였' if is_ending && place == 0 => '었',
            _ => character,
        })
}

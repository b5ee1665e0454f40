use std::fmt;
use std::str::FromStr;

macro_rules! tags {
    ($($tag:ident $meaning:literal,)*) => {
        /// A part of speech in the tag set of mecab-ko-dic, which follows the Sejong corpus.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[repr(u8)]
        pub enum Tag {
            $(#[doc = $meaning] $tag,)*
        }

        impl Tag {
            /// Every tag. An image stores a tag as its index in this list.
            pub const ALL: &[Tag] = &[$(Tag::$tag,)*];

            /// Returns the tag as the dictionary writes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Tag::$tag => stringify!($tag),)*
                }
            }
        }
    };
}

// Only append to this list: an image stores a tag as its index here. Any other change needs a new image format.
tags! {
    NNG "Common noun.",
    NNP "Proper noun.",
    NNB "Bound noun.",
    NNBC "Bound noun that counts (개, 명).",
    NR "Numeral.",
    NP "Pronoun.",
    VV "Verb.",
    VA "Adjective.",
    VX "Auxiliary verb or adjective.",
    VCP "Positive copula (이다).",
    VCN "Negative copula (아니다).",
    MM "Determiner.",
    MAG "Adverb.",
    MAJ "Conjunctive adverb.",
    IC "Interjection.",
    JKS "Subject particle.",
    JKC "Complement particle.",
    JKG "Genitive particle.",
    JKO "Object particle.",
    JKB "Adverbial particle.",
    JKV "Vocative particle.",
    JKQ "Quotative particle.",
    JX "Auxiliary particle.",
    JC "Conjunctive particle.",
    EP "Prefinal ending.",
    EF "Final ending.",
    EC "Connective ending.",
    ETN "Nominalising ending.",
    ETM "Adnominal ending.",
    XPN "Noun prefix.",
    XSN "Noun suffix.",
    XSV "Verb suffix.",
    XSA "Adjective suffix.",
    XR "Root.",
    SF "Full stop, question or exclamation mark.",
    SE "Ellipsis.",
    SSO "Opening bracket.",
    SSC "Closing bracket.",
    SC "Separator (, · / :).",
    SY "Other symbol.",
    SL "Foreign word in Latin or another alphabet.",
    SH "Word in Chinese characters.",
    SN "Number.",
    SP "Space-like symbol (Katakana in mecab-ko-dic).",
    NA "Not analysable.",
    UNA "Not analysable: the mark of some dialect words in mecab-ko-dic.",
    VSV "Verb made of a noun and a suffix.",
    UNKNOWN "Unknown word in Hangul or an unlisted script.",
}

impl Tag {
    /// Reports whether the tag is a common or proper noun (NNG, NNP). Bound nouns, numerals and pronouns are not.
    pub const fn is_noun(self) -> bool {
        matches!(self, Tag::NNG | Tag::NNP)
    }

    pub(crate) fn from_number(number: u8) -> Option<Tag> {
        Tag::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An error of a text that is not a tag of mecab-ko-dic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown part of speech {0:?}")]
pub struct UnknownTag(String);

impl FromStr for Tag {
    type Err = UnknownTag;

    fn from_str(text: &str) -> Result<Self, UnknownTag> {
        let known = Tag::ALL.iter().copied().find(|tag| tag.as_str() == text);
        known.ok_or_else(|| UnknownTag(text.chars().take(20).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_parses_back() {
        for &tag in Tag::ALL {
            assert_eq!(tag.as_str().parse(), Ok(tag));
            assert_eq!(Tag::from_number(tag as u8), Some(tag));
        }
    }

    #[test]
    fn rejects_composite_tags() {
        assert!("VV+EP".parse::<Tag>().is_err());
        assert_eq!(Tag::from_number(255), None);
    }
}

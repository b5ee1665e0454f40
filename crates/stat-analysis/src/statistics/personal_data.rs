//! Removal of personal data from a text before anything else reads it.

use std::borrow::Cow;
use std::sync::LazyLock;

use ko_morph::Lexicon;
use regex::Regex;

use super::personal_name::mask_names;

/// Replacement of personal data.
pub(crate) const MASK: &str = "***";

/// Digits include the full-width ones of a Korean keyboard, with the separators that people type between them.
const PATTERN: &str = r"(?xi)
    https?://\S+ | \bwww\.\S+                                                          # addresses of pages
  | [\p{Alphabetic}0-9._%+-]+ \s?(?:[@＠]|골뱅이)\s? [\p{Alphabetic}0-9-]+(?:\.[\p{Alphabetic}0-9-]+)+  # e-mail
  | (?-u:\b)(?:[a-z0-9-]+\.)+(?:com|net|org|info|kr|io|me|app|site|shop)(?-u:\b)(?:/\S*)?  # pages without a scheme
  | [0-9０-９]{4} [\s.\-‐–−－]? [0-9０-９]{4} [\s.\-‐–−－]? [0-9０-９]{4} [\s.\-‐–−－]? [0-9０-９]{3,4}  # cards
  | [0-9０-９]{4} [\s.\-‐–−－]? [0-9０-９]{6} [\s.\-‐–−－]? [0-9０-９]{5}               # cards of 15 digits
  | [0-9０-９]{6} \s? [-‐–−－]? \s? [0-9０-９]{7}                                       # resident registration
  | (?:\+|00)? 82 [\s.\-()]{0,3} [0-9]{1,3} [\s.\-()]{0,3} [0-9]{3,4} [\s.\-]{0,3} [0-9]{4}  # phone, from abroad
  | \(?[0０][0-9０-９]{1,3}\)? [\s.\-‐–−－/]{0,3} [0-9０-９]{3,4} [\s.\-‐–−－]{0,3} [0-9０-９]{4} # phone
  | 1[5689][0-9]{2} \s? - \s? [0-9]{4}                                                 # phone of a company
  | [공영]\s?일\s?[공영일육칠팔구] [\s\-]{0,2} (?:[공영일이삼사오육칠팔구]\s?){3,4} [\s\-]{0,2} (?:[공영일이삼사오육칠팔구]\s?){3}[공영일이삼사오육칠팔구]  # spelled out
";

static PERSONAL_DATA: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(PATTERN).expect("the pattern is a constant"));

/// Replaces URLs, e-mail addresses, phone, resident registration and card numbers, and names of persons by [`MASK`].
///
/// In doubt it masks: a meter reading of 13 digits is masked, and is no term anyway.
pub(crate) fn mask<'t>(text: &'t str, lexicon: Lexicon<'_>) -> Cow<'t, str> {
    mask_names(mask_numbers(text), lexicon)
}

fn mask_numbers(text: &str) -> Cow<'_, str> {
    if may_have_any(text) {
        PERSONAL_DATA.replace_all(text, MASK)
    } else {
        Cow::Borrowed(text)
    }
}

/// Beginnings of spelled numbers, and the Korean name of `@`.
const SIGNS: [&str; 5] = ["골뱅이", "공일", "영일", "공 일", "영 일"];

/// Returns false for nearly every text, so that the slow pattern runs on few. A match needs an `@`, a dot before a
/// letter as in the name of a host, the beginning of a spelled number, or the digits of the shortest number.
fn may_have_any(text: &str) -> bool {
    let mut digits = 0;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'@' => return true,
            b'.' if bytes.get(index + 1).is_some_and(u8::is_ascii_alphabetic) => return true,
            b'/' if bytes[..index].ends_with(b":/") => return true,
            b'0'..=b'9' => digits += 1,
            // The first byte of every full-width digit.
            0xEF if bytes[index..].starts_with("＠".as_bytes()) => return true,
            0xEF => digits += 1,
            // The first bytes of the signs in Hangul.
            0xEA | 0xEC
                if SIGNS
                    .iter()
                    .any(|sign| bytes[index..].starts_with(sign.as_bytes())) =>
            {
                return true;
            }
            _ => {}
        }
    }
    digits >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask_numbers(text), expected);
    }

    #[test]
    fn masks_phone_numbers_as_people_write_them() {
        check("연락처 010-0000-1234 입니다", "연락처 *** 입니다");
        check("01000001234로 주세요", "***로 주세요");
        check("010 0000 1234로", "***로");
        check("010.0000.1234", "***");
        check("02-000-1234나 (031)000-1234", "***나 ***");
        check("+82 10-0000-1234", "***");
        check("０１０－００００－１２３４ 연락", "*** 연락");
        check("1588-0000에 전화", "***에 전화");
        check("공일공 일이삼사 오육칠팔로 주세요", "***로 주세요");
        check("공일공-일이삼사-오육칠팔", "***");
    }

    #[test]
    fn masks_mail_addresses_and_urls() {
        check("kim.minsu+a@example.com으로", "***");
        check("메일 a@example.co.kr 입니다", "메일 *** 입니다");
        check("https://example.com/a?b=c 보세요", "*** 보세요");
        check("WWW.example.com 참고", "*** 참고");
        check("open.kakao.com/o/sAbCd 로 오세요", "*** 로 오세요");
        check("blog.example.kr에 썼어요", "***에 썼어요");
        check("minsu＠example.com, minsu @ example.com", "***, ***");
        check("minsu골뱅이example.com이에요", "***");
    }

    #[test]
    fn masks_registration_and_card_numbers() {
        check("주민번호 900101-1000000 이고", "주민번호 *** 이고");
        check("9001011000000", "***");
        check("카드 0000-1111-2222-3333", "카드 ***");
        check("0000111122223333", "***");
        check("3700-000000-00002", "***");
    }

    #[test]
    fn keeps_ordinary_numbers() {
        for text in [
            "101동 1203호",
            "2026-10-31 15:30에 고장",
            "관리비 123,456원",
            "B2 3층 24시간",
            "공일이 많아요. 영 일이 안 돼요",
            "버전 2.0.Beta, 3.5도",
            "",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn masks_each_number_of_a_list() {
        check("010-0000-1234, 010-0000-5678", "***, ***");
    }
}

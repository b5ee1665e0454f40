//! The values of variables that look like no secret: words, names, numbers, versions, addresses.

use super::pattern;

/// Greatest length of a word of letters and digits such as `node20`, `arm64` or `1a2b3c4`.
const LONGEST_MIXED_WORD: usize = 7;
/// Greatest length of a word of letters or digits alone.
const LONGEST_WORD: usize = 30;
/// Words of a phrase: more may be a passphrase.
const WORDS_OF_A_PHRASE: usize = 3;

/// Reports whether a value without a telling name looks like no secret.
pub(super) fn is_ordinary(value: &str) -> bool {
    let value = value.trim();
    if !pattern::find(value).is_empty() || value.split_whitespace().count() > WORDS_OF_A_PHRASE {
        return false;
    }
    let is_separator = |character: char| " ._-/:@=,+#~()?&".contains(character);
    value.split(is_separator).all(is_ordinary_word)
}

/// Reports whether a word may be a part of a name, which may be longer than a word of an ordinary value, and may have the
/// six random characters that Secrets Manager adds.
pub(super) fn is_word_of_a_name(word: &str) -> bool {
    word.len() <= 12 || is_ordinary_word(word) || word.chars().all(char::is_alphabetic)
}

fn is_ordinary_word(word: &str) -> bool {
    let letters = word.chars().filter(|character| character.is_alphabetic()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    if letters + digits < word.chars().count() {
        return false;
    }
    match (letters, digits) {
        (_, 0) => letters <= LONGEST_WORD && has_ordinary_case(word),
        (0, _) => digits <= LONGEST_WORD,
        _ => word.len() <= LONGEST_MIXED_WORD || is_commit(word) || has_digits_at_one_end(word),
    }
}

/// Reports whether the word is written as people write: small, capital, or as names in code.
fn has_ordinary_case(word: &str) -> bool {
    let capitals = word.chars().filter(|character| character.is_uppercase()).count();
    let length = word.chars().count();
    capitals == 0 || capitals == length || capitals * 3 <= length || (capitals == 1 && length <= 3)
}

fn is_commit(word: &str) -> bool {
    let is_hex = |character: char| matches!(character, '0'..='9' | 'a'..='f');
    (word.len() <= 12 || word.len() == 40) && word.chars().all(is_hex)
}

/// `subnet0123`, `2026q3`, but not `hunter2hunter2`.
fn has_digits_at_one_end(word: &str) -> bool {
    let name = word.trim_end_matches(|character: char| character.is_ascii_digit());
    name.chars().all(char::is_lowercase) && word.len() - name.len() <= 4 && name.len() <= 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_names_numbers_versions_and_addresses_are_ordinary() {
        for value in [
            "production",
            "ap-northeast-2",
            "web-service",
            "123456789012",
            "Asia/Seoul",
            "node20.11.1",
            "2026-11-01T00:00:00Z",
            "aws/codebuild/standard:7.0",
            "arn:aws:sns:ap-northeast-2:123456789012:nightly",
            "https://github.com/acme/web.git?ref=main",
            "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/web",
            "feature/login-2",
            "true",
            "",
            "8f14e45fceea167a5a36dedd4bea2543aab1c2d3",
            "--max-old-space-size=4096",
            "은솔 아파트",
            "SpringBootApplication",
        ] {
            assert!(is_ordinary(value), "{value}");
        }
    }

    #[test]
    fn random_text_passphrases_and_credentials_are_not() {
        for value in [
            "x7Kp2mQ9",
            "correct horse battery staple",
            "hunter2!",
            "wJalrXUtnFEMIbPxRfiCYzEXAMPLEKEY",
            "5ebe2294ecd0e0f08eab7690d2a6ee69",
            "https://me:hunter2@example.com",
            "Tr0ub4dor&3",
            "ghp_0123456789abcdefABCDEF0123456789abcdef",
        ] {
            assert!(!is_ordinary(value), "{value}");
        }
    }
}

//! Texts after the name of a secret that are none: code, types, names of AWS, numbers, placeholders, prose.

use std::ops::Range;

use super::ordinary::is_ordinary;

/// Reports whether the text in `value`, which follows the name of a secret, is certainly no secret.
pub(super) fn is_harmless(text: &str, value: Range<usize>) -> bool {
    let Some(raw) = text.get(value.clone()) else {
        return false;
    };
    let line = text[..value.start].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..value.start];
    let after = text[value.end..].lines().next().unwrap_or_default();
    let place = Place::of(before);
    let bare = raw.trim_matches(|character: char| "\"'`\\".contains(character));
    let trimmed = bare.trim_end_matches([',', ';', ')', ']', '}', '.', ':', '"', '\'', '>', '|']);
    let is_quoted = raw.starts_with(['"', '\'', '\\']);
    trimmed.chars().count() <= 1
        || is_placeholder(bare)
        || is_in_arn(text, value.start, bare)
        || is_action(before, trimmed)
        || trimmed.to_lowercase() == place.last_word()
        || place.is_name_of_no_secret(trimmed)
        || is_number(&place, trimmed)
        || is_docker_option(before, bare)
        || (!is_quoted && (is_code(bare, after) || is_type(&place, trimmed) || is_key_of_a_map(before, bare)))
        || is_prose(&place, is_quoted, bare, trimmed, after)
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(' ')
}

fn has(list: &'static str, word: &str) -> bool {
    words(list).any(|other| other == word)
}

/// The name before a value, and what separates them.
struct Place<'t> {
    /// Name with the words that are joined to it, such as `primary-key`.
    name: &'t str,
    separator: Separator,
    is_after_colon: bool,
    /// A parser's complaint: `Unexpected token: punc`.
    is_of_a_parser: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// `:` and a space, as in prose, YAML and code.
    ColonSpace,
    Space,
    Other,
}

impl<'t> Place<'t> {
    fn of(before: &'t str) -> Self {
        let trimmed = before.trim_end();
        let has_space = trimmed.len() < before.len();
        let separator = match trimmed.chars().next_back() {
            Some(':') if has_space => Separator::ColonSpace,
            Some('=' | ':' | '(' | '>' | '|' | '[') => Separator::Other,
            _ if has_space => Separator::Space,
            _ => Separator::Other,
        };
        let end =
            trimmed.trim_end_matches(|character: char| !character.is_alphanumeric() && character != '_');
        let is_name = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        let start = end.rfind(|character| !is_name(character));
        let start = start.map_or(0, |at| at + end[at..].chars().next().map_or(1, char::len_utf8));
        Self {
            name: &end[start..],
            separator,
            is_after_colon: trimmed.ends_with(':'),
            is_of_a_parser: ["unexpected token", "illegal token", "invalid token"]
                .iter()
                .any(|complaint| end.to_lowercase().ends_with(complaint)),
        }
    }

    fn last_word(&self) -> String {
        let words = self.name.rsplit(['_', '-', '.']);
        let last = words.into_iter().next().unwrap_or_default();
        // The last word of camelCase.
        let start = last
            .rfind(char::is_uppercase)
            .filter(|_| last.chars().any(char::is_lowercase));
        last[start.unwrap_or(0)..].to_lowercase()
    }

    /// Reports whether the name says that the value is something about a secret, or another kind of key.
    fn is_name_of_no_secret(&self, value: &str) -> bool {
        const ABOUT: &str = "name names ref path file filename dir url uri type endpoint method mode policy length count \
            field label version ttl age limit usage provider arn algorithm format header prefix manager \
            store source expiry expires expiration size backend engine driver realm host port domain scheme \
            scope audience issuer class";
        const KEYS: &str = "primary public cache partition sort foreign unique hash range candidate composite restore \
            routing object s3";
        let name = self.name.to_lowercase();
        let is_other_key = words(KEYS).any(|kind| {
            let forms = ["key", "_key", "-key", ".key", "keys", "_keys", "-keys"];
            forms.iter().any(|key| name.ends_with(&format!("{kind}{key}")))
        });
        let is_plain_key = self.name == "key" && !value.chars().any(|character| character.is_ascii_digit());
        let is_error = name.ends_with("exception") || name.ends_with("error");
        let is_id = ["key_id", "key-id", "keyid", "secret_id", "secret-id", "secretid"]
            .iter()
            .any(|id| name.ends_with(id));
        is_other_key
            || ((is_error || is_id) && is_ordinary(value))
            || (is_path(value) && !name.contains("pass") && self.separator == Separator::ColonSpace)
            || ((has(ABOUT, &self.last_word()) || is_plain_key) && is_ordinary(value))
    }

    /// Reports whether a number may be the secret.
    fn is_of_a_short_secret(&self) -> bool {
        let words = [
            "pin",
            "pw",
            "pwd",
            "pass",
            "passwd",
            "password",
            "passcode",
            "passphrase",
            "secret",
            "otp",
        ];
        words.contains(&self.last_word().as_str())
    }
}

/// Reports whether the value is a path of words, as names of secrets are: `prod/db`.
fn is_path(value: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|character| character.is_alphabetic() || character == '-')
    };
    value.trim_start_matches('/').contains('/')
        && value.trim_start_matches('/').split('/').all(is_word)
        && is_ordinary(value)
}

fn is_placeholder(value: &str) -> bool {
    const WORDS: &str = "null none nil undefined true false yes no on off unset set empty redacted hidden masked \
        required missing optional unknown n/a na todo changed unchanged default";
    const BEGINNINGS: &str =
        "(known (line (sensitive (unknown (none (empty (not (hidden (redacted ${ $( {{ !Ref !Sub !GetAtt";
    let word = value
        .trim_end_matches([',', ';', ')', ']', '}', '.', ':'])
        .to_lowercase();
    let is_filler = |character: char| "*•x…-".contains(character);
    has(WORDS, word.trim_matches(['[', '<', '(', '>', ']', ')']))
        || words(BEGINNINGS).any(|beginning| value.starts_with(beginning))
        || (value.starts_with('<') && value.contains('>'))
        || (!word.is_empty() && word.chars().all(is_filler))
        || is_variable(value)
}

/// `$DB_PASSWORD`, `%DB_PASSWORD%`.
fn is_variable(value: &str) -> bool {
    let name = value
        .strip_prefix('$')
        .or_else(|| value.strip_prefix('%'))
        .unwrap_or_default();
    let name = name.trim_end_matches(['%', ',', ';', ')', ']', '}']);
    !name.is_empty()
        && name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name
            .chars()
            .all(|character| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
}

/// Reports whether the value belongs to an ARN, which has `secret:` and `key/` in it.
fn is_in_arn(text: &str, start: usize, value: &str) -> bool {
    let is_end = |character: char| character.is_whitespace() || "\"'(),;<>[]{}=".contains(character);
    let word = text[..start].rfind(is_end).map_or(0, |at| at + 1);
    text.get(word..start)
        .is_some_and(|before| before.starts_with("arn:"))
        || value.starts_with("arn:")
}

/// `secretsmanager:GetSecretValue`.
fn is_action(before: &str, value: &str) -> bool {
    const VERBS: &str = "Get Put Create Delete List Describe Update Batch Decrypt Encrypt Generate Assume Start Stop Tag \
        Untag Rotate Restore Invoke Send Receive Pass Publish Cancel Replicate Validate Enable Disable \
        Re Sign Verify Set Attach";
    let action = value.trim_end_matches('*');
    before.ends_with(':')
        && !action.is_empty()
        && action.chars().all(|character| character.is_ascii_alphabetic())
        && words(VERBS).any(|verb| {
            let rest = action.strip_prefix(verb);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase) || verb == "Re")
        })
}

fn is_number(place: &Place<'_>, value: &str) -> bool {
    let number = value
        .trim_start_matches('v')
        .trim_end_matches(|character: char| "smh%".contains(character));
    let number = number.trim_end_matches("ms").replace([',', '.', '_'], "");
    !number.is_empty()
        && number.len() <= 9
        && number.chars().all(|character| character.is_ascii_digit())
        && !place.is_of_a_short_secret()
}

/// `docker build --secret id=npmrc,src=.npmrc`.
fn is_docker_option(before: &str, value: &str) -> bool {
    let is_secret = before.trim_end_matches([' ', '=']).ends_with("--secret");
    is_secret && (value.starts_with("id=") || value.starts_with("type=") || value.starts_with("src="))
}

/// A call or a path of code: `get_token(session`, `process.env.TOKEN`, `new Token`, `Token::parse(text)?`.
fn is_code(value: &str, after: &str) -> bool {
    const ROOTS: &str = "process os System env ENV self this config cfg settings secrets vars var local module data \
        props event req request response res ctx params options args state context github inputs steps \
        parameters credentials session user app std crate";
    const KEYWORDS: &str = "new await async function lambda fn if import require";
    let is_path = |character: char| character.is_alphanumeric() || "_.:?!&*$".contains(character);
    let path = &value[..value.find(|character| !is_path(character)).unwrap_or(value.len())];
    let rest = &value[path.len()..];
    let name = path.trim_start_matches(['&', '*', '$']);
    let is_identifier = !name.is_empty()
        && name
            .chars()
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
        && name.chars().any(char::is_lowercase);
    let has_digit = name.chars().any(|character| character.is_ascii_digit());
    // A method may end in the number of its version: `fromSecretNameV2(`.
    let is_versioned = name.contains('.')
        && !name
            .trim_end_matches(|character: char| character.is_ascii_digit())
            .chars()
            .any(|character| character.is_ascii_digit());
    let is_call = rest.starts_with('(') && is_identifier && (!has_digit || is_versioned);
    let root = name.split(['.', ':', '?']).next().unwrap_or_default();
    let is_member = name.len() > root.len() && has(ROOTS, root) && is_identifier;
    let is_index = rest.starts_with('[') && has(ROOTS, root.trim_end_matches('['));
    let is_keyword = has(KEYWORDS, value) && after.starts_with([' ', '(']);
    let is_scoped = name.contains("::") && is_identifier && !has_digit;
    is_call || is_member || is_index || is_keyword || is_scoped
}

/// `{name:`, with which a map in braces begins, or `name:` in the line after `credentials:`.
fn is_key_of_a_map(before: &str, value: &str) -> bool {
    let key = match before.trim().is_empty() {
        true => Some(value),
        false => value.strip_prefix('{'),
    };
    let key = key.and_then(|key| key.strip_suffix(':'));
    key.is_some_and(|key| is_ordinary(key) && !key.is_empty())
}

/// The type of a variable, a parameter or a field.
fn is_type(place: &Place<'_>, value: &str) -> bool {
    const TYPES: &str = "String str string int integer Integer i32 i64 u32 u64 usize float double bool boolean Boolean \
        number Number object Object any void bytes Bytes Buffer char text Text uuid Uuid UUID SecretStr \
        SecretString Secret Token CharSequence";
    const GENERIC: &str =
        "Option< Optional[ Vec< List[ List< Dict[ Arc< Box< Rc< Secret< Promise< Union[ Result<";
    let value = value
        .trim_start_matches(['&', '*', '?'])
        .trim_end_matches(['?', '!', '=']);
    place.separator == Separator::ColonSpace
        && (has(TYPES, value)
            || value.starts_with("'static")
            || words(GENERIC).any(|generic| value.starts_with(generic)))
}

/// A sentence: `password: must be at least 8 characters`, `--password via the CLI is insecure`.
fn is_prose(place: &Place<'_>, is_quoted: bool, value: &str, trimmed: &str, after: &str) -> bool {
    let first = value.split_whitespace().next().unwrap_or_default();
    let first = first.trim_matches(|character: char| !character.is_alphanumeric());
    if is_quoted {
        return place.is_after_colon && value.split(' ').count() > 2 && has(PROSE, &first.to_lowercase());
    }
    if place.separator == Separator::Other {
        return false;
    }
    let is_hangul = |character: char| ('가'..='힣').contains(&character);
    let is_korean = place.separator == Separator::ColonSpace
        && trimmed.contains(is_hangul)
        && trimmed
            .chars()
            .all(|character| is_hangul(character) || character.is_ascii_digit());
    if place.is_of_a_parser && is_ordinary(trimmed) {
        return true;
    }
    let continues = after.starts_with([' ', ',', '.']) || after.is_empty();
    let goes_on = !place.name.to_lowercase().contains("pass")
        && place.separator == Separator::ColonSpace
        && is_lower_word(trimmed)
        && after
            .split_whitespace()
            .take(2)
            .filter(|word| is_lower_word(word))
            .count()
            == 2;
    // `credentials: profile "deploy" not found`: those of a log are not one word.
    let is_prose_about_credentials = place.separator == Separator::ColonSpace
        && place.last_word() == "credentials"
        && is_lower_word(trimmed)
        && after.starts_with(' ');
    is_korean || goes_on || is_prose_about_credentials || (continues && has(PROSE, &trimmed.to_lowercase()))
}

fn is_lower_word(word: &str) -> bool {
    word.len() > 1 && word.chars().all(|character| character.is_ascii_lowercase())
}

/// Words with which a sentence about a secret goes on.
const PROSE: &str = "is are was were be been must should may might can cannot can't could will would has have had \
    does doesn't do did not no the a an and or of in on at to from for with without via by as this \
    that it its your you we required missing invalid expired expected unexpected incorrect wrong \
    failed failure error denied unauthorized forbidden found unknown unsupported unable too already \
    please field value values length got received requires needs contains provided using use used \
    unset blank enter given valid ok okay success successful successfully succeeded done created \
    updated deleted loaded generated refreshed accepted verified rotated revoked available \
    unavailable disabled enabled minimum maximum only all any resolving fetching checking \
    validating so creation creating refreshing destroying destruction modifying modifications reading still read \
    resource execution started stopped opened closed ended";

#[cfg(test)]
mod tests {
    use crate::mask::Mask;

    #[track_caller]
    fn check_unchanged(line: &str) {
        assert_eq!(Mask::default().apply(line), line);
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(Mask::default().apply(line), expected);
    }

    #[test]
    fn a_secret_inside_a_call_is_found_nevertheless() {
        check(
            r#"token = login(password="hunter2x9")"#,
            r"token = login(password=***)",
        );
        check(
            "token = get_token(session) # password=hunter2",
            "token = get_token(session) # password=***",
        );
    }

    #[test]
    fn names_of_aws_stay() {
        check_unchanged("not authorized to perform: secretsmanager:GetSecretValue on resource: prod/db");
        check_unchanged(
            "parameter arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:prod/db-AbCdEf is gone",
        );
        check_unchanged(r#"kms_key_id = "arn:aws:kms:ap-northeast-2:123456789012:key/1a2b3c4d" -> null"#);
        check("secret:hunter2", "secret:***");
    }

    #[test]
    fn numbers_stay_unless_they_may_be_the_secret() {
        check_unchanged("prompt_tokens: 512, total_tokens: 640");
        check("pin: 4711", "pin: ***");
        check("PASSWORD=123456", "PASSWORD=***");
    }

    #[test]
    fn a_value_that_only_begins_like_prose_or_code_is_hidden() {
        check("password: isabella99", "password: ***");
        check("password=required9!", "password=***");
        check("token: process3nv", "token: ***");
        check("secret: String9", "secret: ***");
        check("password=$ecret1", "password=***");
        check("password: no-one-knows", "password: ***");
    }
}

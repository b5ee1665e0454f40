//! Patterns of secrets in text.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::harmless::is_harmless;
use super::ordinary::is_ordinary;
use super::token;

/// Finds the secrets in a text.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let mut secrets = token::find(text);
    let lower = text.to_ascii_lowercase();
    for pattern in PATTERNS.iter().filter(|pattern| pattern.may_match(&lower)) {
        let regex = pattern.compiled.get_or_init(|| regex(&pattern.source));
        match pattern.after {
            After::Nothing => {
                let found = regex.captures_iter(text.as_bytes());
                secrets.extend(found.flat_map(|captures| groups(&captures)));
            }
            After::Name => find_named(regex, text, &mut secrets),
            After::NameAndSpace => {
                let looks_random = |value: &Range<usize>| {
                    let value = text.get(value.clone()).unwrap_or_default();
                    let bare = value.trim_matches(['"', '\'']);
                    bare.len() >= SHORTEST_WITHOUT_SIGN && !is_ordinary(bare)
                };
                let found = regex.captures_iter(text.as_bytes());
                secrets.extend(found.flat_map(|captures| groups(&captures)).filter(looks_random));
            }
        }
    }
    if lower.contains("akia") || lower.contains("asia") {
        secrets.extend(beside_access_key_ids(text));
    }
    secrets
}

/// Least bytes of a secret that follows its name without `=` or `:`. In `unexpected token '<'` there is none.
const SHORTEST_WITHOUT_SIGN: usize = 4;

/// A pattern, compiled once a text has one of its needles: all together take as long as a cold start.
struct Pattern {
    /// Texts in lower case, of which every match has one.
    needles: &'static [&'static str],
    /// Another condition of every match, on the text in lower case, where a needle is in many ordinary texts.
    condition: fn(&str) -> bool,
    source: String,
    after: After,
    compiled: OnceLock<Regex>,
}

/// Text that precedes the secret in a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// Nothing but the secret matches.
    Nothing,
    /// The name of a secret, so that the value may be harmless.
    Name,
    /// The name of a secret and a space: the value is one only if it looks like one.
    NameAndSpace,
}

impl Pattern {
    fn new(needles: &'static [&'static str], after: After, source: impl Into<String>) -> Self {
        Self {
            needles,
            condition: |_| true,
            source: source.into(),
            after,
            compiled: OnceLock::new(),
        }
    }

    fn only_if(self, condition: fn(&str) -> bool) -> Self {
        Self { condition, ..self }
    }

    fn may_match(&self, lower: &str) -> bool {
        self.needles.iter().any(|needle| lower.contains(needle)) && (self.condition)(lower)
    }
}

/// Reports whether a word may be an option with a user and a password, such as `-u` or `--user`.
fn has_user_option(lower: &str) -> bool {
    let mut words = lower.split(|character: char| character.is_ascii_whitespace() || character == '\x0b');
    words.any(|word| match word.strip_prefix('-') {
        Some(option) if option.starts_with('-') => {
            option.starts_with("-user") || option.starts_with("-proxy-user")
        }
        Some(option) => option.contains('u'),
        None => false,
    })
}

/// Reports whether a header may be there that [`headers`] finds: most texts have `x-` in a word such as `linux-x86_64`.
fn has_secret_header(lower: &str) -> bool {
    let parts = ["cookie", "bearer", "key", "token", "auth", "signature", "secret"];
    parts.iter().any(|part| lower.contains(part))
}

/// Finds values after the name of a secret. A harmless one may contain another name with its secret, so the search goes
/// on inside.
fn find_named(pattern: &Regex, text: &str, secrets: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(captures) = pattern.captures_at(text.as_bytes(), at) {
        let whole = captures.get_match().range();
        let found: Vec<_> = groups(&captures)
            .into_iter()
            .filter(|value| !is_harmless(text, value.clone()))
            .collect();
        let next = match (found.is_empty(), groups(&captures).into_iter().next()) {
            (true, Some(value)) => value.start,
            _ => whole.end,
        };
        secrets.extend(found);
        at = next.max(whole.start + 1).max(at + 1);
    }
}

/// Returns the groups of a match, which are its secrets. Without groups, the whole match is one.
fn groups(captures: &Captures<'_>) -> Vec<Range<usize>> {
    let skipped = usize::from(captures.len() > 1);
    let groups = captures.iter().skip(skipped).flatten();
    groups.map(|group| group.range()).collect()
}

/// Finds secret access keys in lines with an access key id: `aws … --output text` prints them without a name.
fn beside_access_key_ids(text: &str) -> Vec<Range<usize>> {
    let mut secrets = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        if ACCESS_KEY_ID.is_match(line.as_bytes()) {
            let keys = BARE_SECRET_KEY.find_iter(line.as_bytes());
            secrets.extend(keys.map(|key| begin + key.start()..begin + key.end()));
        }
        begin += line.len();
    }
    secrets
}

/// Compiles a pattern over bytes. Names are ASCII, and values end at ASCII; that takes a third less memory than Unicode
/// patterns.
pub(super) fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(4 << 20)
        .build()
        .expect("the patterns are constants, and tests use each")
}

/// Parts of names that mark a secret anywhere in the name.
const ANYWHERE: &str = r"비밀번호|패스워드|암호|(?:인증|비밀|보안|접근|액세스|서명|서비스|api)[ _-]?키|토큰|sonar[._]login|passw(?:or)?d|storepass|keypass|passphrase|pwd|secret|token|(?:api|access|private|signing|encryption|account|auth|client|master|deploy|shared|session)[ _-]?key|credential|[_-]authorization|connection[ _-]?string|webhook|jwt|session(?:[ _-]?id)?|sessid|x-amz-signature|x-amz-credential";

/// Words that mark a secret only as separate words, between `_`, `-` or `.`: `AUTH`, but not `AUTHOR`.
const WORDS: &str = "auth|pass|pin|pw|pat|sid|sig|otp";

/// Reports whether a variable is named like a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    IN_NAMES.iter().any(|part| lower.contains(part)) && SECRET_NAME.is_match(name.as_bytes())
}

/// The names of variables whose values are secrets.
static SECRET_NAME: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i){ANYWHERE}|(?:^|[_.-])(?:{WORDS}|key)(?:[_.-]|$)|pass$|(?-i:[a-z](?:Key|Pass|Pin|Pw|Pat)$)"
    ))
});

/// Returns the pattern of a name in a text, from the part that marks a secret to its end.
///
/// Before a colon, a dot ends the name, and `PASS` marks no secret: `src/token.rs:12` is a place in a file, and
/// `PASS: name` the result of a test.
fn name(is_before_colon: bool) -> String {
    let (rest, pass) = match is_before_colon {
        true => ("[A-Za-z0-9_-]", "(?-i:pass)"),
        false => ("[A-Za-z0-9_.-]", r"pass|\bkey"),
    };
    format!(
        r"(?:(?:{ANYWHERE}){rest}*|[_.-](?:{WORDS}|key)(?:[_.-]{rest}*)?|\b(?:auth|pin|pw|pat|sid|sig|otp|{pass})(?:[_-]{rest}*)?|[A-Za-z0-9]pass|(?-i:[a-z](?:Key|Pass|Pin|Pw|Pat)))"
    )
}

/// The pattern of a value in quotes, which may be escaped.
const QUOTED: &str = concat!(
    r"\x22{3}[^\x22]+",
    // A shell joins adjacent strings.
    r"|(?:\x22(?:[^\x22\\\n]|\\.)+\x22?|'(?:[^'\\\n]|\\.)+'?)(?:\x22(?:[^\x22\\\n]|\\.)+\x22?|'(?:[^'\\\n]|\\.)+'?|\\')*",
    // JSON in a JSON string; then another level.
    r"|\\\x22(?:[^\x22\\\n]|\\\\(?:\\.|[^\\\n])|\\[^\x22\\\n])+(?:\\\x22)?",
    r"|\\{2,}\x22[^\x22\n]+\x22?",
);

/// Returns the pattern of a value: up to the closing quote, to the end of a list, or else to the next space or quote. It
/// does not begin with a character of `not`.
fn value(not: &str) -> String {
    // A quote before a letter does not end the value.
    let rest = r"(?:[^\s\x22'\\]|\\[^\s\x22']|[\x22'][A-Za-z0-9])*";
    format!(r"({QUOTED}|\[[^\]\n]+\]?{rest}|[^\s\x22'{not}]{rest})")
}

/// Parts of [`ANYWHERE`] and [`WORDS`], of which every name of a secret has one.
const IN_NAMES: &[&str] = &[
    "비밀번호",
    "패스워드",
    "암호",
    "키",
    "토큰",
    "sonar",
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "connection",
    "webhook",
    "jwt",
    "sess",
    "x-amz-",
    "pin",
    "pw",
    "pat",
    "sid",
    "sig",
    "otp",
];

/// Commands and options with a secret that no name announces.
const COMMANDS: &[&str] = &[
    "login",
    "mysql",
    "mariadb",
    "mongo",
    "sshpass",
    "zip",
    "redis-cli",
    "codecov",
    "htpasswd",
    "snyk",
    "doppler",
    "openssl",
    "pgpassword",
    "vault",
    "snowsql",
    "poetry",
    "keychain",
    "sqlcmd",
    "creds",
    "lftp",
    "ldap",
    "sqlplus",
    "http-basic",
    "bundle",
    "net use",
    "getconnection",
    "stdin",
    "sudo",
    "smbclient",
    "appid",
];

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let certain = |needles, source| Pattern::new(needles, After::Nothing, source);
    let webhooks = &["hooks.slack", "discord", "webhook.office", "logic.azure"];
    let in_headers = &["authorization", "cookie", "bearer", "x-"];
    let mut patterns = vec![
        certain(&["private key"], PRIVATE_KEY),
        certain(&["private key"], KEY_WITHOUT_BEGINNING),
        certain(&["://"], IN_ADDRESS).only_if(|lower| lower.contains('@')),
        certain(webhooks, WEBHOOK),
        Pattern::new(in_headers, After::Nothing, headers()).only_if(has_secret_header),
        Pattern::new(IN_NAMES, After::NameAndSpace, beside_name()),
        Pattern::new(&[":"], After::Name, USER_OPTION).only_if(has_user_option),
    ];
    patterns.extend(options().map(|(needles, source)| Pattern::new(needles, After::Name, source)));
    patterns.extend(named().map(|source| Pattern::new(IN_NAMES, After::Name, source)));
    patterns
});

/// Returns the pattern of a text beside the name of a secret, as in `expected token "…"`, `the password is: …`,
/// `비밀번호는 …` and `put("password", "…")`.
fn beside_name() -> String {
    let quoted = r"\x22[^\x22\s]+\x22|'[^'\s]+'";
    format!(
        r"(?i)(?:{ANYWHERE})(?:(?:s|은|는|이|가)?(?:[ \t]+(?:is|was)\b:?)?[ \t]+({quoted}|[A-Za-z0-9+/_!@#$%^&*=-]{{8,}})|[\w.-]*[\x22'],[ \t]*({quoted})|[^\n]*:\s*\n\s*([0-9a-f]{{32}})\b)"
    )
}

/// A private key, up to its end or to the end of the text.
const PRIVATE_KEY: &str = r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)";

/// The end of a private key, because a log tail may begin in the middle of one. Lines of Base64 belong to the key; each may
/// have a prefix, as `docker build` writes it.
const KEY_WITHOUT_BEGINNING: &str = r"(?m)((?:^(?:.*[ \t|>\]:])?[A-Za-z0-9+/=]{16,}[ \t]*\n)*^(?:.*[ \t|>\]:])?[A-Za-z0-9+/=]+[ \t]*\n).*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----";

/// Credentials in an address, up to the last `@`: a password may contain any character except spaces.
const IN_ADDRESS: &str = r"\b[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#@:\x22'<>]*:(?:[^\s\x22'<>]|[\x22'][A-Za-z0-9])*|[^\s/?#@\x22'<>]*)@";

/// The path of a webhook URL, which is the secret.
const WEBHOOK: &str = r"https://(?:hooks\.slack(?:-gov)?\.com/|(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/|[a-z0-9-]+\.webhook\.office\.com/|[a-z0-9.-]+\.logic\.azure\.com(?::443)?/workflows/)([^\s\x22']+)";

/// The option of a command with a user and a password.
const USER_OPTION: &str = r"(?:^|\s)(?:-[A-Za-z]*u|-U|--user|--proxy-user)[=\s]*(?:\x22[^\x22:\n]*:([^\x22\n]+)|'[^':\n]*:([^'\n]+)|[^\s:\x22']*:([^\s\x22']+))";

static ACCESS_KEY_ID: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"));
static BARE_SECRET_KEY: LazyLock<Regex> = LazyLock::new(|| regex(r"[A-Za-z0-9/+]{40,}"));

/// Returns the pattern of headers such as `Authorization: Bearer …`, with the scheme, up to the closing quote or the end
/// of the line.
fn headers() -> String {
    let header =
        r"\b(?:(?:proxy-)?authorization|(?:set-)?cookie2?|x-[a-z-]*(?:key|token|auth|signature|secret))";
    [
        // Quotes around the whole header.
        format!(r"\x22{header}\s*:\s*((?:[^\x22\\\n]|\\.)+)"),
        format!(r"'{header}\s*:\s*([^'\n]+)"),
        // Quotes around its value.
        format!(
            r"{header}\\*[\x22']\]?\s*(?:=>|[:=,])\s*(?:\\+[\x22']([^\x22'\n]+)|\x22((?:[^\x22\\\n]|\\.)+)|'((?:[^'\\\n]|\\.)+))"
        ),
        format!(r"{header}[\x22'\\\]]*[ \t]*:[ \t]*([^\n]+)"),
        r"\b(?:proxy-)?authorization[\x22'\\\]]*[ \t]*=[ \t]*([^\n]+)".to_owned(),
        r"\bbearer\s+([^\s\x22',;]+)".to_owned(),
    ]
    .map(|form| format!("(?i:{form})"))
    .join("|")
}

/// Returns the patterns of values after a name and a space, each with its needles: options of commands, and commands that
/// set a variable.
fn options() -> [(&'static [&'static str], String); 6] {
    let value = value("=:-");
    [
        // An option that reads its value from standard input has none here.
        (IN_NAMES, format!(
            r"(?i)(?:^|[\s\x22'\[(,])(?:--[a-z-]*-stdin\b|--?(?:[\w-]*(?:{ANYWHERE})[\w-]*|(?:[\w-]+-)?(?:{WORDS}))[\x22']?,?[ \t]+{value})"
        )),
        (COMMANDS, format!(
            r"\b(?:login|mysql|mariadb|mongo|sshpass|zip|snowsql|poetry|unlock-keychain)(?:[\w-]*)\b[^\n]*?[ \t]-p[ \t=]*{value}|\bredis-cli\b[^\n]*?[ \t]-a[ \t]+{value}|\b(?:(?:un)?zip|sqlcmd)\b[^\n]*?[ \t]-P[ \t]*{value}"
        )),
        (IN_NAMES, format!(
            r"(?i)\b(?:set|setx|setenv|export|env|arg)[ \t]+[^\s=]*(?:{ANYWHERE})[^\s=]*[ \t]+{value}"
        )),
        (IN_NAMES, format!(
            r"(?i)\b(?:aws_secret_access_key|aws_session_token|SecretAccessKey|SessionToken|_authToken|_password)[ \t|]+{value}"
        )),
        // Tools whose option says nothing about a secret.
        (COMMANDS, r"\bcodecov\b[^\n]*?\s-t[ =]*([A-Za-z0-9-]{20,})|\bhtpasswd\s+-[A-Za-z]*b[A-Za-z]*\s+(?:\S+\s+)?\S+\s+(\S+)|\bsnyk\s+auth\s+(\S+)|\bdoppler\s+configure\s+set\s+token\s+(\S+)|\bvault\s+login\s+(?:-\S+\s+)*(\S{8,})|\bopenssl\b[^\n]*?\s(?:-pass(?:in|out)?\s+pass:|-[kK]\s+)(\S+)|\bPGPASSWORD=(\S+)|--(?:src-|dest-)?creds[ =]+[^\s:]+:(\S+)|\blftp\b[^\n]*?\s-u\s+[^\s,]+,(\S+)|\bldap(?:search|modify|add|whoami)\b[^\n]*?\s-w\s+(\S+)|\bsqlplus\s+[^\s/]+/([^\s@]+)|\bhttp-basic\.\S+\s+\S+\s+(\S+)|\bbundle\s+config\s+(?:set\s+)?(?:--\S+\s+)?\S+\s+[^\s:]+:(\S+)|\bnet\s+use\b[^\n]*?/user:\S+\s+(\S+)|\bgetConnection\([^\n]*?,\s*\x22[^\x22\n]*\x22,\s*\x22([^\x22\n]+)\x22\s*\)|\becho\s+(?:-n\s+)?(\S+)\s*\|\s*(?:sudo\s[^|\n]*-S\b|[^|\n]*--password-stdin\b)|\bsmbclient\b[^\n]*?\s-U\s*['\x22]?[^\s%'\x22]+%([^\s'\x22]+)|[?&]appid=([0-9a-fA-F]{32})\b"
            .to_owned()),
        (IN_NAMES, format!(
            r"(?im)\blogin\s+\S+\s+(?:account\s+\S+\s+)?password\s+{value}|^[ \t]*password[ \t]+(\S+)[ \t]*$"
        )),
    ]
}

/// Returns the patterns of values after a name: `NAME_TOKEN=value`, `"password": "value"`, `<secret>value</secret>`,
/// `token("value")`, `{"name": "DB_PASSWORD", "value": "value"}`.
fn named() -> [String; 8] {
    let (name, before_colon) = (name(false), name(true));
    let end = r"[\x22'\]\\]{0,8}[ \t]*";
    // A YAML value may begin in the next line.
    let space = r"[ \t]*(?:[|>][+-]?[ \t]*)?(?:\n[ \t]*)?";
    // `tokenizers==0.15` is a version, `auth::token` a path.
    let (after_equals, after_two, after_colon) = (value("="), value("=0-9"), value(":"));
    let is_secret =
        format!(r"[\w./:-]*?(?:(?:{ANYWHERE})|(?:\b|[_./-])(?:{WORDS}|key)(?:\b|[_./-]))[\w./:-]*");
    let key = r"(?:name|key)[\x22'\\]*(?:\s*[:=]\s*|\s+)[\x22'\\]*";
    let its_value = format!(r"value[\x22'\\]*(?:[ \t]*[:=]|[ \t])\s*{}", self::value(":="));
    [
        format!(
            r"(?i){name}{end}(?:(?:=>|:=|%3D){space}{after_equals}|=={space}{after_two}|={space}{after_equals})"
        ),
        // Terraform prints the old value and the new one.
        format!(r"(?i){name}{end}=[ \t]*(?:{QUOTED})[ \t]*->[ \t]*{after_equals}"),
        format!(r"(?i){name}{end}=[ \t]*\([ \t]*(?:{QUOTED}),[ \t]*({QUOTED})"),
        format!(r"(?i)(?:{before_colon}{end}:{space})+{after_colon}"),
        format!(
            r"(?i)<[\w:.-]*(?:(?:{ANYWHERE}|{WORDS})[\w.-]*(?:\s[^<>]*)?|\s(?:key|name)=\x22[^\x22<>]*(?:{ANYWHERE})[^\x22<>]*\x22[^<>]*)>([^<]+)</"
        ),
        format!(r"(?i){name}[ \t]*\([ \t]*({QUOTED})"),
        format!(r"(?i){key}{is_secret}(?:[^{{}}\n]*\n){{0,3}}?[^{{}}\n]*?{its_value}"),
        format!(r"(?i)\{{[^{{}}]*?{its_value}[^{{}}]*?{key}{is_secret}"),
    ]
}

#[cfg(test)]
mod tests {
    use crate::mask::Mask;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Mask::default().apply(text), expected);
    }

    #[track_caller]
    fn check_all(lines: &[(&str, &str)]) {
        for (line, expected) in lines {
            check(line, expected);
        }
    }

    #[test]
    fn masks_values_after_the_name_of_a_secret() {
        check("DB_PASSWORD=hunter2", "DB_PASSWORD=***");
        check("export API_KEY='a b c' && run", "export API_KEY=*** && run");
        check(
            r#"{"password": "hun\"ter2", "user": "me"}"#,
            r#"{"password": ***, "user": "me"}"#,
        );
        check(
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG",
            "aws_secret_access_key = ***",
        );
        check("client_secret: abc", "client_secret: ***");
        check("AccountKey=abc==;EndpointSuffix=core", "AccountKey=***");
        check(
            "login --password hunter2 --verbose",
            "login --password *** --verbose",
        );
        check("docker login -u me:hunter2 host", "docker login -u me:*** host");
        check(
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc&X-Amz-Date=1",
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=***",
        );
        check(
            "//registry.example.com/:_authToken=abc",
            "//registry.example.com/:_authToken=***",
        );
        check("X-Api-Key: abc", "X-Api-Key: ***");
    }

    #[test]
    fn a_value_ends_at_a_space_or_the_closing_quote() {
        check_all(&[
            ("DB_PASSWORD=Xy7&hunter2 x", "DB_PASSWORD=*** x"),
            ("password=a,hunter2)x;y y", "password=*** y"),
            ("secret_key    =    hunter2", "secret_key    =    ***"),
            ("password=it's-hunter2", "password=***"),
            (r#"PASSWORD='it'"'"'s hunter2' x"#, "PASSWORD=*** x"),
            ("password: 비밀hunter2 끝", "password: *** 끝"),
            ("password='비밀 hunter2' 끝", "password=*** 끝"),
            ("{password: 'it\\'s hunter2'}", "{password: ***}"),
            ("echo 'token=hunter2' done", "echo 'token=***' done"),
        ]);
    }

    #[test]
    fn the_same_names_mark_secrets_in_logs_and_in_the_environment() {
        for name in [
            "STRIPE_KEY",
            "SSH_KEY",
            "APP_KEY",
            "DBPASS",
            "PGPASS",
            "DB_PW",
            "GITHUB_PAT",
            "JWT",
            "SESSION_ID",
            "DB_PIN",
            "NPM_AUTH",
            "KEY",
            "DEPLOY_TOKEN",
            "stripeKey",
            "PHPSESSID",
            "connect.sid",
        ] {
            check(&format!("{name}=base64:ab1 x"), &format!("{name}=*** x"));
            assert_eq!(
                Mask::new([(name, "ab1")]).apply("the ab1 x"),
                "the *** x",
                "{name}"
            );
        }
        for name in ["AUTHOR", "PATH", "KEYBOARD", "COMPASSION", "SPINE", "STAGE"] {
            check(&format!("{name}=base64:ab1 x"), &format!("{name}=base64:ab1 x"));
            assert_eq!(
                Mask::new([(name, "ab1")]).apply("the ab1 x"),
                "the ab1 x",
                "{name}"
            );
        }
    }

    #[test]
    fn masks_values_in_json_yaml_xml_and_code() {
        check_all(&[
            (
                r#"{\"password\":\"hunter2\",\"a\":1}"#,
                r#"{\"password\":***,\"a\":1}"#,
            ),
            (
                r#"{\"password\":\"hun\\\"ter2\",\"a\":1}"#,
                r#"{\"password\":***,\"a\":1}"#,
            ),
            (
                r#"{"name":"DB_PASSWORD","value":"hunter2"}"#,
                r#"{"name":"DB_PASSWORD","value":***}"#,
            ),
            (
                r#"{"value": "hunter2", "name": "DB_PASSWORD"}"#,
                r#"{"value": ***, "name": "DB_PASSWORD"}"#,
            ),
            (
                r#"{"Name":"/prod/db/password","Type":"SecureString","Value":"hunter2"}"#,
                r#"{"Name":"/prod/db/password","Type":"SecureString","Value":***}"#,
            ),
            (
                "- name: DB_PASSWORD\n  value: hunter2\n- name: A",
                "- name: DB_PASSWORD\n  value: ***\n- name: A",
            ),
            (
                "put-parameter --name /db/password --value hunter2",
                "put-parameter --name /db/password --value ***",
            ),
            ("<password>hunter2</password>", "<password>***</password>"),
            (r#"client.api_key("hunter2").go()"#, r"client.api_key(***).go()"),
            (r#""password" : [ "hunter2", "b" ] x"#, r#""password" : *** x"#),
            (
                "password: >-\n  hunter2\nuser: me",
                "password: >-\n  ***\nuser: me",
            ),
            (
                r#"os.environ["API_TOKEN"] = "hunter2""#,
                r#"os.environ["API_TOKEN"] = ***"#,
            ),
        ]);
    }

    #[test]
    fn masks_headers_to_their_end() {
        check_all(&[
            ("Authorization: Bearer abc.def", "Authorization: ***"),
            ("> authorization: SSWS hunter2", "> authorization: ***"),
            (
                "curl -H 'Authorization: Basic bWU6aHVudGVyMg==' x",
                "curl -H 'Authorization: ***' x",
            ),
            (
                r#"-H "Authorization: GenieKey hunter2" x"#,
                r#"-H "Authorization: ***" x"#,
            ),
            (
                r#"{"Authorization": "Splunk hunter2", "a": 1}"#,
                r#"{"Authorization": "***", "a": 1}"#,
            ),
            ("Cookie: theme=dark; sessionid=hunter2", "Cookie: ***"),
            ("< set-cookie: a=b; Path=/; id=hunter2", "< set-cookie: ***"),
            ("-H 'X-Vault-Token: hunter2' x", "-H 'X-Vault-Token: ***' x"),
            ("got bearer hunter2 there", "got bearer *** there"),
        ]);
    }

    #[test]
    fn masks_options_of_commands() {
        check_all(&[
            (r#"x --password "hunter2 x" y"#, "x --password *** y"),
            ("x --password 'hunter2 x' y", "x --password *** y"),
            (
                "docker login -u me -p hunter2 host",
                "docker login -u me -p *** host",
            ),
            (
                "docker login -u AWS --password-stdin host",
                "docker login -u AWS --password-stdin host",
            ),
            ("docker run -p 8080:80 web", "docker run -p 8080:80 web"),
            ("mysql -u root -phunter2 db", "mysql -u root -p*** db"),
            ("sshpass -p hunter2 ssh host", "sshpass -p *** ssh host"),
            ("curl -ume:hunter2 host", "curl -ume:*** host"),
            ("curl -su 'me:hunter2 x' host", "curl -su 'me:***' host"),
            ("curl --user=me:hunter2 host", "curl --user=me:*** host"),
            (
                "aws configure set aws_secret_access_key hunter2",
                "aws configure set aws_secret_access_key ***",
            ),
            (
                "npm config set //r/:_authToken hunter2",
                "npm config set //r/:_authToken ***",
            ),
            (
                "machine h login bot password hunter2",
                "machine h login bot password ***",
            ),
            ("  password hunter2", "  password ***"),
            ("ENV API_TOKEN hunter2", "ENV API_TOKEN ***"),
            (
                r#"["deploy", "--token", "hunter2"]"#,
                r#"["deploy", "--token", ***]"#,
            ),
        ]);
    }

    #[test]
    fn masks_credentials_in_addresses() {
        check_all(&[
            ("postgres://app:pa/hunter2@db/x", "postgres://***@db/x"),
            ("redis://:p#hunter2@host", "redis://***@host"),
            ("postgres://app:hun@ter@2@db x", "postgres://***@db x"),
        ]);
        check(
            "git clone https://me:hunter2@example.com/x.git",
            "git clone https://***@example.com/x.git",
        );
        check("https://token@example.com/x", "https://***@example.com/x");
        check("postgres://app:p@ss@db:5432/x", "postgres://***@db:5432/x");
        check(
            "https://hooks.slack.com/services/T0/B0/abc done",
            "https://hooks.slack.com/*** done",
        );
    }

    #[test]
    fn masks_complete_and_partial_private_keys() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let key =
            format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n{line}\nab==\n-----END RSA PRIVATE KEY-----");
        check(
            &format!("a\n{key}\nb"),
            "a\n-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nb",
        );
        check(
            &format!("a\n-----BEGIN PRIVATE KEY-----\n{line}\n"),
            "a\n-----BEGIN PRIVATE KEY-----***",
        );
        check(
            &format!("{line}\nab==\n-----END PRIVATE KEY-----\nb"),
            "***-----END PRIVATE KEY-----\nb",
        );
        // The output of `docker build`.
        check(
            &format!("#11 DONE 0.1s\n#12 0.3 {line}\n#12 0.3 ab==\n#12 0.3 -----END PRIVATE KEY-----\nb"),
            "#11 DONE 0.1s\n***#12 0.3 -----END PRIVATE KEY-----\nb",
        );
    }

    #[test]
    fn masks_a_secret_access_key_beside_its_id() {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        check(
            &format!("CREDENTIALS\tASIAQW7ER5TY3UI1OP2A\t2026-11-01T02:00:00Z\t{key}"),
            "CREDENTIALS\t***\t2026-11-01T02:00:00Z\t***",
        );
    }

    #[test]
    fn ordinary_words_of_an_event_need_no_pattern() {
        for text in [
            "Error while executing command: cargo test --workspace. Reason: exit status 101",
            "https://github.com/acme/web.git",
            "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "refs/heads/main^{1f2e3d4c5b6a79880716253443526170889fa0b1}",
        ] {
            let lower = text.to_ascii_lowercase();
            let needed = super::PATTERNS.iter().filter(|pattern| pattern.may_match(&lower));
            assert_eq!(needed.map(|pattern| &pattern.source).next(), None, "{text}");
        }
    }

    #[test]
    fn leaves_ordinary_logs_unchanged() {
        for line in ORDINARY.lines() {
            check(line, line);
        }
        check(ORDINARY, ORDINARY);
    }

    const ORDINARY: &str = r##"error[E0308]: mismatched types
test result: FAILED. 3 passed; 1 failed; 0 ignored; finished in 0.01s
  --> src/main.rs:12:5
   --> src/auth/token.rs:118:42
    |
118 |     let found = Token::parse(text)?;
    |                 ^^^^^^^^^^^^ expected `Secret`, found `Token`
   Compiling jsonwebtoken v9.3.0
   Compiling secrecy v0.8.0 (/codebuild/output/src/secrecy)
    Finished `test` profile [unoptimized + debuginfo] target(s) in 14.27s
test auth::tests::refuses_a_bad_token ... ok
test secrets::password::tests::is_never_logged ... FAILED
thread 'auth::tests::pin' panicked at src/auth.rs:31:9:
assertion `left == right` failed
error: test failed, to rerun pass `--test it`
npm ERR! code ELIFECYCLE
npm error code E404
npm error 404 Not Found - GET https://registry.example.com/@acme%2fweb - Not found
npm http fetch GET 200 https://registry.example.com/js-tokens 45ms (cache hit)
npm warn deprecated keygrip@1.0.3: use something else
added 312 packages, and audited 313 packages in 9s
    at parseToken (/app/src/token.js:12:3)
    at Object.<anonymous> (/app/src/auth.test.js:5:1)
--- PASS: TestLogin (0.00s)
--- FAIL: TestPassword (0.01s)
ok  	acme.example/web/auth	0.012s
PASS src/session.test.js
Collecting tokenizers==0.15.0
Requirement already satisfied: PyJWT==2.8.0 in /usr/lib
Login Succeeded
Step 3/9 : RUN make
#8 sha256:1f2e3d4c5b6a79880716253443526170889fa0b1c2d3e4f5061728394a5b6c7d 3.2MB / 3.2MB 0.4s done
docker run --rm -p 8080:80 acme/web:1a2b3c4
git push -u origin HEAD:main
mkdir -p target/keys
Error while executing command: cargo test. Reason: exit status 101
https://example.com/a?b=c#d
user@example.com wrote 1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d
Author: Alice <alice@example.com>
Downloading https://repo.maven.apache.org/maven2/org/acme/keyring/1.0/keyring-1.0.pom
the following required secrets were not provided
누수 신고 테스트 실패: 기대 3, 결과 4"##;
}

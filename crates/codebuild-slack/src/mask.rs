//! Secrets in foreign texts, made unreadable.
//!
//! A build prints what it likes. Masked are tokens by their shape, values by the name before them, credentials in
//! addresses, private keys, and the values of the build's own environment. Rather too much than too little: a line
//! with `***` can be looked up in the log, a secret in a channel has to be changed.
//!
//! All of them look at the text as it was, and what any of them finds is hidden: none takes away what another one needs
//! to know a secret by.

use regex::bytes::{Regex, RegexBuilder};
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

const HIDDEN: &str = "***";

/// Of the environment, values of at least this length are masked wherever they stand. Shorter ones (`1`, `true`,
/// `dev`) would make the text unreadable, unless their name says that they are secret; and then only as words of
/// their own.
const SHORTEST_VALUE: usize = 6;

/// What a build was given in its environment. Nothing shows the values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Mask {
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    text: String,
    /// Its variable's name says nothing.
    is_ordinary: bool,
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mask({} values)", self.values.len())
    }
}

impl Mask {
    /// Of these variables, with their names.
    pub fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values: Vec<Value> = Vec::new();
        for (name, value) in variables {
            let is_ordinary = !SECRET_NAME.is_match(name.as_bytes());
            let shortest = if is_ordinary { SHORTEST_VALUE } else { 2 };
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= shortest);
            values.extend(lines.map(|line| Value {
                text: line.to_owned(),
                is_ordinary,
            }));
        }
        // Of the same value under two names, the secret one is first and stays.
        values.sort();
        values.dedup_by(|next, first| next.text == first.text);
        Self { values }
    }

    /// The text without secrets.
    pub fn apply(&self, text: &str) -> String {
        let mut found = by_pattern(text);
        found.extend(self.values.iter().flat_map(|value| value.places(text)));
        hide(text, found)
    }

    /// A name without what looks like a secret, and without values whose variables are named like secrets. The
    /// environment's other values stay: a branch is one of them often enough, and its name is no secret because of
    /// that.
    pub fn apply_to_name(&self, name: &str) -> String {
        let mut found = by_pattern(name);
        let secret = self.values.iter().filter(|value| !value.is_ordinary);
        found.extend(secret.flat_map(|value| value.places(name)));
        hide(name, found)
    }
}

impl Value {
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let is_word = |place: &Range<usize>| {
            let before = text[..place.start].chars().next_back();
            let after = text[place.end..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        let places = text
            .match_indices(&self.text)
            .map(|(at, found)| at..at + found.len());
        places
            .filter(|place| self.text.len() >= SHORTEST_VALUE || is_word(place))
            .collect()
    }
}

fn by_pattern(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for pattern in PATTERNS.iter() {
        for captures in pattern.captures_iter(text.as_bytes()) {
            // Its groups are what is to be hidden; where it has none, all of it is.
            let skipped = usize::from(captures.len() > 1);
            found.extend(captures.iter().skip(skipped).flatten().map(|group| group.range()));
        }
    }
    found.extend(beside_access_key_ids(text));
    found
}

/// `aws … --output text` prints the id of a key, and the key itself without any name.
fn beside_access_key_ids(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = 0;
    for line in text.split_inclusive('\n') {
        if ACCESS_KEY_ID.is_match(line.as_bytes()) {
            let keys = BARE_SECRET_KEY.find_iter(line.as_bytes());
            found.extend(keys.map(|key| begin + key.start()..begin + key.end()));
        }
        begin += line.len();
    }
    found
}

fn hide(text: &str, mut found: Vec<Range<usize>>) -> String {
    found.sort_by_key(|range| range.start);
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for range in found.into_iter().filter(|range| !range.is_empty()) {
        // The patterns know nothing of characters that have several bytes.
        let range = text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end);
        // What touches what is hidden already becomes one with it.
        if range.start > end || shown.is_empty() {
            shown.push_str(&text[end..range.start]);
            shown.push_str(HIDDEN);
        }
        end = end.max(range.end);
    }
    shown.push_str(&text[end..]);
    shown
}

/// Over bytes: names are ASCII, and values end at ASCII. That takes a third less memory than patterns over all of Unicode.
fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(4 << 20)
        .build()
        .expect("the patterns are constants, and a test uses each")
}

/// Parts of names that tell of a secret wherever they stand in the name.
const ANYWHERE: &str = r"passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|private|signing|encryption|account|auth|client|master|deploy|shared|session)[ _-]?key|credential|connection[ _-]?string|webhook|jwt|session(?:[ _-]?id)?|sessid|x-amz-signature|x-amz-credential";

/// Words that do so only as words of their own, set off by `_`, `-` or `.`: `AUTH` tells, `AUTHOR` does not.
const WORDS: &str = "auth|pass|pin|pw|pat|sid|sig";

static SECRET_NAME: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i){ANYWHERE}|(?:^|[_.-])(?:{WORDS}|key)(?:[_.-]|$)|pass$|(?-i:[a-z](?:Key|Pass|Pin|Pw|Pat)$)"
    ))
});

/// The end of a name that stands in a text, from where it tells of a secret on.
///
/// In front of a colon, a dot ends it: `src/token.rs:12` is a place; and `PASS: name` is how a test went.
fn name(is_before_colon: bool) -> String {
    let (rest, pass) = match is_before_colon {
        true => ("[A-Za-z0-9_-]", "(?-i:pass)"),
        false => ("[A-Za-z0-9_.-]", r"pass|\bkey"),
    };
    format!(
        r"(?:(?:{ANYWHERE}){rest}*|[_.-](?:{WORDS}|key)(?:[_.-]{rest}*)?|\b(?:auth|pin|pw|pat|sid|sig|{pass})(?:[_-]{rest}*)?|[A-Za-z0-9]pass|(?-i:[a-z](?:Key|Pass|Pin|Pw|Pat)))"
    )
}

/// A value in quotes, which may be escaped ones.
const QUOTED: &str = concat!(
    r"\x22{3}[^\x22]+",
    // A shell joins what stands side by side.
    r"|(?:\x22(?:[^\x22\\\n]|\\.)+\x22?|'(?:[^'\\\n]|\\.)+'?)(?:\x22(?:[^\x22\\\n]|\\.)+\x22?|'(?:[^'\\\n]|\\.)+'?|\\')*",
    // In JSON within JSON; then one within that.
    r"|\\\x22(?:[^\x22\\\n]|\\\\(?:\\.|[^\\\n])|\\[^\x22\\\n])+(?:\\\x22)?",
    r"|\\{2,}\x22[^\x22\n]+\x22?",
);

/// A value: in quotes up to the quote, a list up to its end, otherwise up to the next space or quote. `not` are the
/// characters with which it cannot begin.
fn value(not: &str) -> String {
    // A quote in front of a letter ends nothing.
    let rest = r"(?:[^\s\x22'\\]|\\[^\s\x22']|[\x22'][A-Za-z0-9])*";
    format!(r"({QUOTED}|\[[^\]\n]+\]?{rest}|[^\s\x22'{not}]{rest})")
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let mut patterns = vec![
        regex(PRIVATE_KEY),
        regex(KEY_WITHOUT_BEGINNING),
        regex(IN_ADDRESS),
        regex(WEBHOOK),
        regex(&TOKENS.join("|")),
        regex(&headers()),
    ];
    patterns.extend(options().iter().map(|pattern| regex(pattern)));
    patterns.extend(named().iter().map(|pattern| regex(pattern)));
    patterns
});

/// Where the end is not there yet, up to the end of the text.
const PRIVATE_KEY: &str = r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)";

/// The tail of a log may begin in the middle of a key. Only lines of its own kind are the key's; they may have
/// something in front, as `docker build` writes it.
const KEY_WITHOUT_BEGINNING: &str = r"(?m)((?:^(?:.*[ \t|>\]:])?[A-Za-z0-9+/=]{16,}[ \t]*\n)*^(?:.*[ \t|>\]:])?[A-Za-z0-9+/=]+[ \t]*\n).*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----";

/// A password may hold anything but spaces: up to the last `@`.
const IN_ADDRESS: &str = r"\b[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#@:\x22'<>]*:(?:[^\s\x22'<>]|[\x22'][A-Za-z0-9])*|[^\s/?#@\x22'<>]*)@";

const WEBHOOK: &str = r"https://(?:hooks\.slack(?:-gov)?\.com/|(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/|[a-z0-9-]+\.webhook\.office\.com/)(\S+)";

static ACCESS_KEY_ID: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"));
static BARE_SECRET_KEY: LazyLock<Regex> = LazyLock::new(|| regex(r"[A-Za-z0-9/+]{40,}"));

/// Tokens by their shape. Each line names whose they are.
const TOKENS: [&str; 47] = [
    // AWS: access key ids; session tokens
    r"\b(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[A-Z0-9]{12,}",
    r"\b(?:IQoJ|FwoG|FQoG|AgoJ|AQoD)[A-Za-z0-9+/=_-]{40,}",
    r"\b(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{30,}",
    // GitHub, GitLab
    r"\bgh[pousr]_[A-Za-z0-9]{16,}",
    r"\bgithub_pat_[A-Za-z0-9_]{20,}",
    r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}",
    r"\bGR1348941[A-Za-z0-9_-]{16,}",
    // Atlassian: Bitbucket, Jira
    r"\bATATT3[A-Za-z0-9_=-]{20,}",
    r"\bATBB[A-Za-z0-9_=-]{20,}",
    r"\bATCTT3[A-Za-z0-9_=-]{20,}",
    // Slack
    r"\bxox[a-z](?:\.xox[bp])?-[A-Za-z0-9-]{8,}",
    r"\bxapp-[A-Za-z0-9-]{10,}",
    // npm, PyPI, crates.io, RubyGems, NuGet
    r"\bnpm_[A-Za-z0-9]{20,}",
    r"\bpypi-[A-Za-z0-9_-]{20,}",
    r"\bcio[A-Za-z0-9]{30,}",
    r"\brubygems_[a-f0-9]{30,}",
    r"\boy2[a-z0-9]{40,}",
    // Google: API keys, OAuth
    r"\bAIza[A-Za-z0-9_-]{30,}",
    r"\bGOCSPX-[A-Za-z0-9_-]{20,}",
    r"\bya29\.[A-Za-z0-9_-]{20,}",
    // Stripe, Square, Shopify
    r"\b[spr]k_(?:live|test)_[A-Za-z0-9]{10,}",
    r"\bwhsec_[A-Za-z0-9+/=]{16,}",
    r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
    r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
    // OpenAI, Anthropic, Hugging Face
    r"\bsk-[A-Za-z0-9_-]{20,}",
    r"\bhf_[A-Za-z0-9]{20,}",
    // SendGrid, Twilio, Mailgun, Telegram
    r"\bSG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"\b(?:SK|AC)[0-9a-f]{32}\b",
    r"\bkey-[0-9a-f]{32}\b",
    r"\b(?:bot)?[0-9]{8,10}:[A-Za-z0-9_-]{35,}",
    // Docker, DigitalOcean, Terraform, Vault, Databricks, Pulumi, Doppler, Fly
    r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    r"\bdo[opr]_v1_[a-f0-9]{40,}",
    r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}",
    r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"\bdapi[a-f0-9]{32}",
    r"\bpul-[a-f0-9]{40}",
    r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{20,}",
    r"\bfm[12]_[A-Za-z0-9+/=,_-]{30,}",
    // Sentry, New Relic, Grafana, Linear, Postman, Datadog has none, age
    r"\bsntry[su]_[A-Za-z0-9+/=_-]{20,}",
    r"\bNRAK-[A-Z0-9]{20,}",
    r"\bgl(?:c|sa)_[A-Za-z0-9+/=_]{20,}",
    r"\blin_api_[A-Za-z0-9]{20,}",
    r"\bPMAK-[a-f0-9]{20,}(?:-[a-f0-9]+)?",
    r"\bAGE-SECRET-KEY-1[A-Z0-9]{40,}",
    // JSON Web Tokens, signed or encrypted; other JSON in Base64, such as ECR's passwords; PEM in Base64
    r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}",
    r"\beyJ[A-Za-z0-9+/=_-]{40,}",
    r"\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]+",
];

/// `Authorization: Bearer …` and its kin, with scheme and all: up to the closing quote, or else the end of the line.
fn headers() -> String {
    let header =
        r"\b(?:(?:proxy-)?authorization|(?:set-)?cookie2?|x-[a-z-]*(?:key|token|auth|signature|secret))";
    [
        // The whole header is in quotes.
        format!(r"\x22{header}\s*:\s*((?:[^\x22\\\n]|\\.)+)"),
        format!(r"'{header}\s*:\s*([^'\n]+)"),
        // Its value is.
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

/// What stands after a name and a space: options of commands, and commands that set a value.
fn options() -> [String; 6] {
    let value = value("=:-");
    [
        // What is read from elsewhere has no value here.
        format!(
            r"(?i)(?:^|[\s\x22'\[(,])(?:--[a-z-]*-stdin\b|--?(?:[\w-]*(?:{ANYWHERE})[\w-]*|(?:[\w-]+-)?(?:{WORDS}))[\x22']?,?[ \t]+{value})"
        ),
        format!(
            r"\b(?:login|mysql|mariadb|mongo|sshpass|zip)(?:[\w-]*)\b[^\n]*?[ \t]-p[ \t=]*{value}|\bredis-cli\b[^\n]*?[ \t]-a[ \t]+{value}"
        ),
        r"(?:^|\s)(?:-[A-Za-z]*u|-U|--user|--proxy-user)[=\s]*(?:\x22[^\x22:\n]*:([^\x22\n]+)|'[^':\n]*:([^'\n]+)|[^\s:\x22']*:([^\s\x22']+))"
            .to_owned(),
        format!(
            r"(?i)\b(?:set|setx|setenv|export|env|arg)[ \t]+[^\s=]*(?:{ANYWHERE})[^\s=]*[ \t]+{value}"
        ),
        format!(
            r"(?i)\b(?:aws_secret_access_key|aws_session_token|SecretAccessKey|SessionToken|_authToken|_password)[ \t|]+{value}"
        ),
        format!(
            r"(?im)\blogin\s+\S+\s+(?:account\s+\S+\s+)?password\s+{value}|^[ \t]*password[ \t]+(\S+)[ \t]*$"
        ),
    ]
}

/// What a name stands before: `NAME_TOKEN=value`, `"password": "value"`, `<secret>value</secret>`, `token("value")`,
/// `{"name": "DB_PASSWORD", "value": "value"}`.
fn named() -> [String; 6] {
    let (name, before_colon) = (name(false), name(true));
    let end = r"[\x22'\]\\]{0,8}[ \t]*";
    // YAML may go on in the next line.
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
        format!(r"(?i)(?:{before_colon}{end}:{space})+{after_colon}"),
        format!(r"(?i)<[\w:.-]*(?:{ANYWHERE}|{WORDS})[\w.-]*(?:\s[^<>]*)?>([^<]+)</"),
        format!(r"(?i){name}[ \t]*\([ \t]*({QUOTED})"),
        format!(r"(?i){key}{is_secret}(?:[^{{}}\n]*\n){{0,3}}?[^{{}}\n]*?{its_value}"),
        format!(r"(?i)\{{[^{{}}]*?{its_value}[^{{}}]*?{key}{is_secret}"),
    ]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The text, of which nothing but `kept` may be left.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Mask::default().apply(text), expected);
    }

    #[test]
    fn tokens_are_known_by_their_shape() {
        let sixteen = "0123456789ABCDEF";
        let forty = "0123456789abcdefABCDEF0123456789abcdefAB";
        let hex = "0123456789abcdef0123456789abcdef";
        for token in [
            format!("AKIA{sixteen}"),
            format!("ASIA{sixteen}"),
            format!("IQoJb3JpZ2luX2Vj{forty}{forty}"),
            format!("ghp_{forty}"),
            format!("gho_{forty}"),
            format!("github_pat_11ABC_{forty}"),
            "glpat-0123456789abcdefABCD".to_owned(),
            format!("ATATT3{forty}"),
            "xoxb-123456789012-abcdefghij".to_owned(),
            "xoxe.xoxp-1-Mi0yabcdefghij".to_owned(),
            "xapp-1-A012-345-abcdef".to_owned(),
            format!("npm_{forty}"),
            format!("pypi-AgEIcHlwaS5vcmc{forty}"),
            format!("AIzaSy{forty}"),
            format!("ya29.{forty}"),
            format!("sk_live_{forty}"),
            format!("sk-ant-api03-{forty}"),
            format!("hf_{forty}"),
            format!("SG.{sixteen}abc.{forty}"),
            format!("SK{hex}"),
            format!("key-{hex}"),
            format!("123456789:{}", &forty[..35]),
            format!("dckr_pat_{forty}"),
            format!("dop_v1_{hex}{hex}"),
            format!("{}.atlasv1.{forty}", &forty[..14]),
            format!("hvs.{forty}"),
            format!("dapi{hex}"),
            format!("sntrys_{forty}"),
            format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{forty}"),
        ] {
            check(&format!("before {token} after"), "before *** after");
            check(&format!("'{token}'"), "'***'");
        }
    }

    #[test]
    fn tokens_are_known_by_their_shape_wherever_they_come_from() {
        let forty = "0123456789abcdefABCDEF0123456789abcdefAB";
        let words = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for token in [
            // ECR's password, without dots; a token that is encrypted to a key that both know.
            format!("eyJwYXlsb2FkIjoi{forty}+/{forty}=="),
            format!("eyJhbGciOiJkaXIifQ..{}.{forty}.{}", &forty[..16], &forty[..22]),
            format!("xoxd-{forty}"),
            "GR1348941abcdefABCDEF012345".to_owned(),
            format!("AQoDYXdzEJr{forty}"),
            format!("LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo{forty}"),
            format!("bot123456789:AA{}", &forty[..33]),
        ] {
            check(&format!("before {token} after"), "before *** after");
        }
        check(
            &format!("CREDENTIALS\tASIAQW7ER5TY3UI1OP2A\t2026-11-01T02:00:00Z\t{words}"),
            "CREDENTIALS\t***\t2026-11-01T02:00:00Z\t***",
        );
    }

    #[test]
    fn values_are_known_by_their_name() {
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

    /// Of `hunter2` nothing is left, and of the rest `kept`.
    #[track_caller]
    fn check_hidden(lines: &[(&str, &str)]) {
        for (line, expected) in lines {
            assert_eq!(&Mask::default().apply(line), expected, "{line}");
        }
    }

    #[test]
    fn values_go_up_to_a_space_or_the_closing_quote() {
        check_hidden(&[
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
    fn environment_and_log_know_the_same_names() {
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
    fn structured_texts_are_known() {
        check_hidden(&[
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
    fn headers_are_masked_to_their_end() {
        check_hidden(&[
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
    fn options_of_commands_are_known() {
        check_hidden(&[
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
    fn a_value_of_the_environment_takes_no_name_away() {
        let mask = Mask::new([("AUTH_SCHEME", "Bearer"), ("SECRET_KEY_NAME", "DB_PASSWORD")]);
        assert_eq!(mask.apply("Authorization: Bearer s3cr3t"), "Authorization: ***");
        assert_eq!(mask.apply("DB_PASSWORD=hunter2"), "***=***");
    }

    #[test]
    fn short_secrets_are_masked_as_words_alone() {
        let mask = Mask::new([("USE_AUTH", "no"), ("PIN", "42")]);
        assert_eq!(
            mask.apply("no node_modules, 42 of 1420"),
            "*** node_modules, *** of 1420"
        );
    }

    #[test]
    fn names_are_masked_where_a_variable_calls_them_secret() {
        let mask = Mask::new([("DEPLOY_TOKEN", "abc123"), ("BRANCH", "feature/login")]);
        assert_eq!(mask.apply_to_name("feature/login"), "feature/login");
        assert_eq!(mask.apply_to_name("https://host/abc123/x"), "https://host/***/x");
    }

    #[test]
    fn credentials_are_no_part_of_an_address() {
        check_hidden(&[
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
    fn private_keys_are_masked_whole_or_in_part() {
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
        // As `docker build` prints it.
        check(
            &format!("#11 DONE 0.1s\n#12 0.3 {line}\n#12 0.3 ab==\n#12 0.3 -----END PRIVATE KEY-----\nb"),
            "#11 DONE 0.1s\n***#12 0.3 -----END PRIVATE KEY-----\nb",
        );
    }

    #[test]
    fn values_of_the_environment_are_masked_wherever_they_stand() {
        let mask = Mask::new([
            ("STAGE", "dev"),
            ("GREETING", "hello-world"),
            ("PIN", "42"),
            ("KEYS", "one-line\nsecond-line"),
        ]);
        assert_eq!(
            mask.apply("dev says hello-world! 42 one-line second-line"),
            "dev says ***! *** *** ***"
        );
        assert_eq!(format!("{mask:?}"), "Mask(4 values)");
    }

    #[test]
    fn ordinary_logs_stay_as_they_are() {
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

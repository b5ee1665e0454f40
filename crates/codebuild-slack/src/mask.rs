//! Secrets in foreign texts, made unreadable.
//!
//! A build prints what it likes. Masked are tokens by their shape, values by the name before them, credentials in
//! addresses, private keys, and the values of the build's own environment. Rather too much than too little: a line
//! with `***` can be looked up in the log, a secret in a channel has to be changed.

use regex::{Captures, Regex, RegexBuilder};
use std::fmt;
use std::sync::LazyLock;

const HIDDEN: &str = "***";

/// Of the environment, values of at least this length are masked wherever they stand. Shorter ones (`1`, `true`,
/// `dev`) would make the text unreadable, unless their name says that they are secret.
const SHORTEST_VALUE: usize = 6;

/// What a build was given in its environment. Nothing shows the values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Mask {
    /// The longest first: one may be a part of another.
    values: Vec<String>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mask({} values)", self.values.len())
    }
}

impl Mask {
    /// Of these variables, with their names.
    pub fn new<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut values: Vec<String> = Vec::new();
        for (name, value) in variables {
            let is_secret = SECRET_NAME.is_match(name);
            let lines = value.lines().map(str::trim);
            let worth = lines.filter(|line| line.len() >= if is_secret { 2 } else { SHORTEST_VALUE });
            values.extend(worth.map(str::to_owned));
        }
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// The text without secrets.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.values {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), HIDDEN);
            }
        }
        patterns(&text)
    }

    /// A name without what looks like a secret. The environment's values stay: a branch is one of them often enough,
    /// and its name is no secret because of that.
    pub fn shapes(&self, name: &str) -> String {
        patterns(name)
    }
}

fn patterns(text: &str) -> String {
    let text = PRIVATE_KEY.replace_all(text, "-----PRIVATE KEY ***-----");
    let text = KEY_WITHOUT_BEGINNING.replace(&text, "***-----END PRIVATE KEY-----");
    let text = IN_ADDRESS.replace_all(&text, "${scheme}***@");
    let text = WEBHOOK.replace_all(&text, "${host}***");
    let text = TOKEN.replace_all(&text, HIDDEN);
    let text = HEADER.replace_all(&text, "${name}***");
    let text = OPTION.replace_all(&text, "${name}***");
    let text = NAMED.replace_all(&text, |found: &Captures<'_>| {
        format!("{}{HIDDEN}", &found["name"])
    });
    text.into_owned()
}

fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .size_limit(4 << 20)
        .build()
        .expect("the patterns are constants, and a test uses each")
}

/// Names of what is kept secret.
const NAME: &str = r"(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|auth[_-]?key|credential|connection[_-]?string|client[_-]?key|master[_-]?key|deploy[_-]?key|webhook)";

static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!("(?i){NAME}|(?:^|_)(?:auth|key|pass|pin)(?:_|$)")));

static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    // Where the end is not there yet, up to the end of the text.
    regex(
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    )
});

static KEY_WITHOUT_BEGINNING: LazyLock<Regex> = LazyLock::new(|| {
    // The tail of a log may begin in the middle of a key. Only lines of its own kind are the key's.
    regex(r"(?:[A-Za-z0-9+/=]{16,}\s+)*[A-Za-z0-9+/=]+\s+-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
});

static IN_ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#@'\x22<>]*(?:@[^\s/?#@'\x22<>]*)?@")
});

static WEBHOOK: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?P<host>https://(?:hooks\.slack(?:-gov)?\.com/|(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/|[a-z0-9-]+\.webhook\.office\.com/))\S+",
    )
});

/// By their shape. Each line names whose they are.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        // AWS: access key ids; session tokens
        r"\b(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[A-Z0-9]{12,}",
        r"\b(?:IQoJ|FwoG|FQoG|AgoJ)[A-Za-z0-9+/=_-]{40,}",
        r"\b(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{30,}",
        // GitHub, GitLab
        r"\bgh[pousr]_[A-Za-z0-9]{16,}",
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}",
        // Atlassian: Bitbucket, Jira
        r"\bATATT3[A-Za-z0-9_=-]{20,}",
        r"\bATBB[A-Za-z0-9_=-]{20,}",
        r"\bATCTT3[A-Za-z0-9_=-]{20,}",
        // Slack
        r"\bxox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{8,}",
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
        r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b",
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
        // JSON Web Tokens
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    ];
    regex(&shapes.join("|"))
});

/// `Authorization: Bearer …` and its kin, up to the end of the word after the scheme.
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?P<name>\b(?:proxy-)?authorization[\x22']?\s*[:=]\s*[\x22']?(?:(?:bearer|basic|token|digest|apikey|negotiate)\s+)?|\bbearer\s+|\b(?:set-)?cookie\s*:\s*|\bx-[a-z-]*(?:key|token|auth|signature)[\x22']?\s*:\s*[\x22']?)[^\s\x22',;][^\s\x22',]*",
    )
});

/// `--password value`, and `curl -u user:value`.
static OPTION: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)(?P<name>(?:^|\s)(?:--?[\w-]*{NAME}[\w-]*\s+|-u\s+[^\s:]+:|--user\s+[^\s:]+:))[^\s\x22'-][^\s\x22']*"
    ))
});

/// `NAME_TOKEN=value`, `"password": "value"`, `X-Amz-Signature=value`, `secret: value`. A value in quotes goes up to
/// the quote, another one up to the next space.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)(?P<name>(?:\b|_|%)[\w.-]*(?:{NAME}|x-amz-signature|x-amz-credential|\bsig|_auth\b|\bauth\b|_pass\b|\bpass\b)[\w.-]*[\x22'\]]{{0,2}}\s{{0,3}}(?:=>|:=|==|=|:)\s{{0,3}})(?:\x22(?:[^\x22\\\n]|\\.)+\x22?|'(?:[^'\n])+'?|[^\s\x22'&;,)}}\]]+)"
    ))
});

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
        check(
            "AccountKey=abc==;EndpointSuffix=core",
            "AccountKey=***;EndpointSuffix=core",
        );
        check(
            "login --password hunter2 --verbose",
            "login --password *** --verbose",
        );
        check("docker login -u me:hunter2 host", "docker login -u me:*** host");
        check(
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc&X-Amz-Date=1",
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=***&X-Amz-Date=1",
        );
        check(
            "//registry.npmjs.org/:_authToken=abc",
            "//registry.npmjs.org/:_authToken=***",
        );
        check("Authorization: Bearer abc.def", "Authorization: Bearer ***");
        check(
            "curl -H 'Authorization: Basic bWU6aHVudGVyMg==' x",
            "curl -H 'Authorization: Basic ***' x",
        );
        check("X-Api-Key: abc", "X-Api-Key: ***");
    }

    #[test]
    fn credentials_are_no_part_of_an_address() {
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
        check(&format!("a\n{key}\nb"), "a\n-----PRIVATE KEY ***-----\nb");
        check(
            &format!("a\n-----BEGIN PRIVATE KEY-----\n{line}\n"),
            "a\n-----PRIVATE KEY ***-----",
        );
        check(
            &format!("{line}\nab==\n-----END PRIVATE KEY-----\nb"),
            "***-----END PRIVATE KEY-----\nb",
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
    fn ordinary_lines_stay_as_they_are() {
        for line in [
            "error[E0308]: mismatched types",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; finished in 0.01s",
            "  --> src/main.rs:12:5",
            "npm ERR! code ELIFECYCLE",
            "Error while executing command: cargo test. Reason: exit status 101",
            "https://example.com/a?b=c#d",
            "user@example.com wrote 1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
            "Step 3/9 : RUN make",
            "누수 신고 테스트 실패: 기대 3, 결과 4",
        ] {
            check(line, line);
        }
    }
}

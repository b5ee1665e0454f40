//! Tokens with a recognizable shape.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::Regex;

use super::pattern::regex;

/// Shape of a token: its name, texts of which every token has one, its pattern, and fictional examples.
type Token = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
);

/// The shapes of tokens. In an example, `{16}`, `{24}`, `{32}`, `{40h}` and `{40}`
/// stand for as many capital letters and digits, hexadecimal digits (24, 32 and 40), and letters and digits.
pub(super) const TOKENS: [Token; 102] = [
    (
        "AWS access key id",
        &["AKIA", "ASIA", "ABIA", "ACCA", "AIDA", "AROA"],
        r"\b(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[A-Z0-9]{12,}",
        &["AKIA{16}", "ASIA{16}"],
    ),
    (
        "AWS session token",
        &["IQoJ", "FwoG", "FQoG", "AgoJ", "AQoD"],
        r"\b(?:IQoJ|FwoG|FQoG|AgoJ|AQoD)[A-Za-z0-9+/=_-]{40,}",
        &["IQoJb3JpZ2luX2Vj{40}{40}", "AQoDYXdzEJr{40}"],
    ),
    (
        "Amazon Bedrock API key",
        &["ABSK", "bedrock-api-key-"],
        r"\b(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{30,}",
        &["ABSK{40}"],
    ),
    (
        "GitHub token",
        &["gh"],
        r"\bgh[pousr]_[A-Za-z0-9]{16,}",
        &["ghp_{40}", "gho_{40}"],
    ),
    (
        "GitHub fine-grained token",
        &["github_pat_"],
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        &["github_pat_11ABC_{40}"],
    ),
    (
        "GitLab token",
        &["gl"],
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}",
        &["glpat-{16}abcd"],
    ),
    (
        "GitLab runner registration token",
        &["GR1348941"],
        r"\bGR1348941[A-Za-z0-9_-]{16,}",
        &["GR1348941{16}"],
    ),
    (
        "Atlassian API token",
        &["ATATT3"],
        r"\bATATT3[A-Za-z0-9_=-]{20,}",
        &["ATATT3{40}"],
    ),
    (
        "Bitbucket app password",
        &["ATBB"],
        r"\bATBB[A-Za-z0-9_=-]{20,}",
        &["ATBB{40}"],
    ),
    (
        "Atlassian OAuth token",
        &["ATCTT3"],
        r"\bATCTT3[A-Za-z0-9_=-]{20,}",
        &["ATCTT3{40}"],
    ),
    (
        "Slack token",
        &["xox"],
        r"\bxox[a-z](?:\.xox[bp])?-[A-Za-z0-9-]{8,}",
        &["xoxb-{16}-{16}", "xoxe.xoxp-1-{16}", "xoxd-{40}"],
    ),
    (
        "Slack app-level token",
        &["xapp-"],
        r"\bxapp-[A-Za-z0-9-]{10,}",
        &["xapp-1-A012-345-abcdef"],
    ),
    ("npm token", &["npm_"], r"\bnpm_[A-Za-z0-9]{20,}", &["npm_{40}"]),
    (
        "PyPI token",
        &["pypi-"],
        r"\bpypi-[A-Za-z0-9_-]{20,}",
        &["pypi-AgEIcHlwaS5vcmc{40}"],
    ),
    (
        "crates.io token",
        &["cio"],
        r"\bcio[A-Za-z0-9]{30,}",
        &["cio{40}"],
    ),
    (
        "RubyGems key",
        &["rubygems_"],
        r"\brubygems_[a-f0-9]{30,}",
        &["rubygems_{32}"],
    ),
    ("NuGet key", &["oy2"], r"\boy2[a-z0-9]{40,}", &["oy2{32}{32}"]),
    (
        "Google API key",
        &["AIza"],
        r"\bAIza[A-Za-z0-9_-]{30,}",
        &["AIzaSy{40}"],
    ),
    (
        "Google OAuth client secret",
        &["GOCSPX-"],
        r"\bGOCSPX-[A-Za-z0-9_-]{20,}",
        &["GOCSPX-{40}"],
    ),
    (
        "Google OAuth access token",
        &["ya29."],
        r"\bya29\.[A-Za-z0-9_-]{20,}",
        &["ya29.{40}"],
    ),
    (
        "Stripe key",
        &["k_live_", "k_test_"],
        r"\b[spr]k_(?:live|test)_[A-Za-z0-9]{10,}",
        &["sk_live_{40}"],
    ),
    (
        "Stripe webhook secret",
        &["whsec_"],
        r"\bwhsec_[A-Za-z0-9+/=]{16,}",
        &["whsec_{40}"],
    ),
    (
        "Square token",
        &["sq0"],
        r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
        &["sq0atp-{40}"],
    ),
    (
        "Shopify token",
        &["shp"],
        r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
        &["shpat_{32}"],
    ),
    (
        "OpenAI or Anthropic key",
        &["sk-"],
        r"\bsk-[A-Za-z0-9_-]{20,}",
        &["sk-ant-api03-{40}"],
    ),
    (
        "Hugging Face token",
        &["hf_"],
        r"\bhf_[A-Za-z0-9]{20,}",
        &["hf_{40}"],
    ),
    (
        "SendGrid key",
        &["SG."],
        r"\bSG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        &["SG.{16}abc.{40}"],
    ),
    (
        "Twilio key",
        &["SK", "AC"],
        r"\b(?:SK|AC)[0-9a-f]{32}\b",
        &["SK{32}"],
    ),
    ("Mailgun key", &["key-"], r"\bkey-[0-9a-f]{32}\b", &["key-{32}"]),
    (
        "Telegram bot token",
        &[":"],
        r"\b(?:bot)?[0-9]{8,10}:[A-Za-z0-9_-]{35,}",
        &["123456789:{32}abc", "bot123456789:AA{32}a"],
    ),
    (
        "Docker token",
        &["dckr_"],
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
        &["dckr_pat_{40}"],
    ),
    (
        "DigitalOcean token",
        &["do"],
        r"\bdo[opr]_v1_[a-f0-9]{40,}",
        &["dop_v1_{32}{32}"],
    ),
    (
        "Terraform Cloud token",
        &[".atlasv1."],
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}",
        &["0123456789abcd.atlasv1.{40}"],
    ),
    (
        "Vault token",
        &["hv"],
        r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}",
        &["hvs.{40}"],
    ),
    (
        "Databricks token",
        &["dapi"],
        r"\bdapi[a-f0-9]{32}",
        &["dapi{32}"],
    ),
    (
        "Pulumi token",
        &["pul-"],
        r"\bpul-[a-f0-9]{40}",
        &["pul-{32}01234567"],
    ),
    (
        "Doppler token",
        &["dp."],
        r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{20,}",
        &["dp.pt.{40}"],
    ),
    (
        "Fly.io token",
        &["fm"],
        r"\bfm[12]_[A-Za-z0-9+/=,_-]{30,}",
        &["fm2_{40}"],
    ),
    (
        "Sentry token",
        &["sntry"],
        r"\bsntry[su]_[A-Za-z0-9+/=_-]{20,}",
        &["sntrys_{40}"],
    ),
    (
        "New Relic key",
        &["NRAK-"],
        r"\bNRAK-[A-Z0-9]{20,}",
        &["NRAK-{16}{16}"],
    ),
    (
        "Grafana token",
        &["gl"],
        r"\bgl(?:c|sa)_[A-Za-z0-9+/=_]{20,}",
        &["glsa_{40}"],
    ),
    (
        "Linear key",
        &["lin_api_"],
        r"\blin_api_[A-Za-z0-9]{20,}",
        &["lin_api_{40}"],
    ),
    (
        "Postman key",
        &["PMAK-"],
        r"\bPMAK-[a-f0-9]{20,}(?:-[a-f0-9]+)?",
        &["PMAK-{32}-{32}"],
    ),
    (
        "age key",
        &["AGE-SECRET-KEY-1"],
        r"\bAGE-SECRET-KEY-1[A-Z0-9]{40,}",
        &["AGE-SECRET-KEY-1{16}{16}{16}"],
    ),
    ("xAI key", &["xai-"], r"\bxai-[A-Za-z0-9]{60,}", &["xai-{40}{40}"]),
    (
        "JFrog API key",
        &["AKCp"],
        r"\bAKCp[A-Za-z0-9]{60,}",
        &["AKCp{40}{40}"],
    ),
    (
        "JFrog reference token",
        &["cmVmdGtu"],
        r"\bcmVmdGtu[A-Za-z0-9+/=]{40,}",
        &["cmVmdGtu{40}{16}"],
    ),
    (
        "Heroku key",
        &["HRKU-"],
        r"\bHRKU-[A-Za-z0-9_-]{30,}",
        &["HRKU-AA{40}"],
    ),
    (
        "Perplexity key",
        &["pplx-"],
        r"\bpplx-[A-Za-z0-9]{40,}",
        &["pplx-{40}{16}"],
    ),
    (
        "Groq key",
        &["gsk_"],
        r"\bgsk_[A-Za-z0-9]{40,}",
        &["gsk_{40}{16}"],
    ),
    (
        "Replicate token",
        &["r8_"],
        r"\br8_[A-Za-z0-9]{30,}",
        &["r8_{40}"],
    ),
    (
        "1Password service account token",
        &["ops_eyJ"],
        r"\bops_eyJ[A-Za-z0-9+/=_-]{40,}",
        &["ops_eyJ{40}{40}"],
    ),
    (
        "1Password secret key",
        &["A3-"],
        r"\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{5,6}-){4,5}[A-Z0-9]{5,6}\b",
        &["A3-ABC123-ABCDE1-ABCD2-ABCD3-ABCD4-ABCD5"],
    ),
    (
        "CircleCI token",
        &["CCI"],
        r"\bCCI(?:PAT|PRJ)_[A-Za-z0-9]{10,}_[a-f0-9]{30,}",
        &["CCIPAT_{16}_{40h}"],
    ),
    (
        "Figma token",
        &["fig"],
        r"\bfig[doru]_[A-Za-z0-9_-]{30,}",
        &["figd_{40}"],
    ),
    (
        "Notion token",
        &["ntn_", "secret_"],
        r"\b(?:ntn_|secret_)[A-Za-z0-9]{40,}",
        &["ntn_{40}abcdef", "secret_{40}abc"],
    ),
    (
        "Buildkite token",
        &["bk"],
        r"\bbk[a-z]{2}_[a-f0-9]{30,}",
        &["bkua_{40h}", "bkct_{40h}"],
    ),
    (
        "Mailgun key, new",
        &["-"],
        r"\b[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}\b",
        &["{32}-ee05534f-61c414a8"],
    ),
    (
        "Mailchimp key",
        &["-us"],
        r"\b[a-f0-9]{32}-us[0-9]{1,2}\b",
        &["{32}-us12"],
    ),
    (
        "Airtable token",
        &["pat"],
        r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{60,}",
        &["patABCDEF01234567.{32}{32}"],
    ),
    (
        "Adobe client secret",
        &["p8e-"],
        r"\bp8e-[A-Za-z0-9]{32}",
        &["p8e-{32}"],
    ),
    (
        "Alibaba Cloud access key id",
        &["LTAI"],
        r"\bLTAI[A-Za-z0-9]{12,}",
        &["LTAI{16}abcd"],
    ),
    (
        "Tencent Cloud secret id",
        &["AKID"],
        r"\bAKID[A-Za-z0-9]{30,}",
        &["AKID{40}"],
    ),
    (
        "Azure client secret",
        &["Q~"],
        r"\b[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        &["abc8Q~{32}ab"],
    ),
    (
        "Azure storage key",
        &["=="],
        r"\b[A-Za-z0-9+/]{86}==",
        &["{40}{40}ab+/ab=="],
    ),
    (
        "Azure DevOps token",
        &["AZDO"],
        r"\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}",
        &["{40}{32}abcdAZDOabcd"],
    ),
    (
        "Cloudflare origin CA key",
        &["v1.0-"],
        r"\bv1\.0-[a-f0-9]{20,}-[a-f0-9]{100,}",
        &["v1.0-{32}-{32}{32}{32}{32}"],
    ),
    (
        "Contentful token",
        &["CFPAT-"],
        r"\bCFPAT-[A-Za-z0-9_-]{40,}",
        &["CFPAT-{40}abc"],
    ),
    (
        "Dropbox token",
        &["sl."],
        r"\bsl\.(?:u\.)?[A-Za-z0-9_-]{60,}",
        &["sl.{40}{40}"],
    ),
    (
        "Dynatrace token",
        &["dt0"],
        r"\bdt0[a-z][0-9]{2}\.[A-Z0-9]{20,}\.[A-Z0-9]{40,}",
        &["dt0c01.{16}ABCDEFGH.{16}{16}{16}{16}"],
    ),
    (
        "EasyPost key",
        &["EZ"],
        r"\bEZ[AT]K[A-Za-z0-9]{50,}",
        &["EZAK{40}{16}"],
    ),
    (
        "Facebook token",
        &["EAA"],
        r"\bEAA[A-Za-z0-9]{40,}",
        &["EAA{40}{40}"],
    ),
    (
        "Google OAuth refresh token",
        &["1//0"],
        r"\b1//0[A-Za-z0-9_-]{40,}",
        &["1//0{40}{40}"],
    ),
    (
        "Harness token",
        &["pat.", "sat."],
        r"\b[ps]at\.[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}",
        &["pat.{16}abcdef.{24}.{16}abcd"],
    ),
    (
        "HubSpot token",
        &["pat-"],
        r"\bpat-(?:na|eu|ap)[0-9]-[a-f0-9-]{36}",
        &["pat-na1-01234567-89ab-cdef-0123-456789abcdef"],
    ),
    (
        "Infracost key",
        &["ico-"],
        r"\bico-[A-Za-z0-9]{32}",
        &["ico-{32}"],
    ),
    (
        "LaunchDarkly key",
        &["api-", "sdk-", "mob-"],
        r"\b(?:api|sdk|mob)-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}",
        &["sdk-01234567-89ab-cdef-0123-456789abcdef"],
    ),
    (
        "LangSmith key",
        &["lsv2_"],
        r"\blsv2_[a-z]{2}_[a-f0-9]{32}_[a-f0-9]{10}",
        &["lsv2_pt_{32}_0123456789"],
    ),
    (
        "Netlify token",
        &["nf"],
        r"\bnf[a-z]_[A-Za-z0-9]{30,}",
        &["nfp_{40}"],
    ),
    (
        "Neon key",
        &["napi_"],
        r"\bnapi_[a-z0-9]{40,}",
        &["napi_{32}{32}"],
    ),
    (
        "Octopus Deploy key",
        &["API-"],
        r"\bAPI-[A-Z0-9]{25,}",
        &["API-{16}{16}"],
    ),
    (
        "OpenShift token",
        &["sha256~"],
        r"\bsha256~[A-Za-z0-9_-]{40,}",
        &["sha256~{40}abc"],
    ),
    (
        "PlanetScale token",
        &["pscale_"],
        r"\bpscale_(?:tkn|oauth|pw)_[A-Za-z0-9=._-]{30,}",
        &["pscale_tkn_{40}"],
    ),
    (
        "PostHog key",
        &["ph"],
        r"\bph[cx]_[A-Za-z0-9]{40,}",
        &["phc_{40}abc"],
    ),
    (
        "Prefect key",
        &["pn"],
        r"\bpn[ub]_[A-Za-z0-9]{30,}",
        &["pnu_{40}"],
    ),
    (
        "Pinecone key",
        &["pcsk_"],
        r"\bpcsk_[A-Za-z0-9_]{50,}",
        &["pcsk_{40}{32}"],
    ),
    (
        "Brevo key",
        &["xkeysib-", "xsmtpsib-"],
        r"\bx(?:keysib|smtpsib)-[a-f0-9]{60,}-[A-Za-z0-9]{16}",
        &["xkeysib-{32}{32}-{16}"],
    ),
    (
        "Shippo token",
        &["shippo_"],
        r"\bshippo_(?:live|test)_[a-f0-9]{40}",
        &["shippo_live_{40h}"],
    ),
    (
        "Snyk token",
        &["snyk_"],
        r"\bsnyk_[a-z]{3}\.[a-z0-9]{8}\.[A-Za-z0-9._-]{30,}",
        &["snyk_uat.01234567.{40}"],
    ),
    (
        "SonarQube token",
        &["sq"],
        r"\bsq[apu]_[a-f0-9]{40}",
        &["sqp_{40h}"],
    ),
    (
        "Sourcegraph token",
        &["sg"],
        r"\bsg[pd]_(?:[a-f0-9]{16}_)?[a-f0-9]{40}",
        &["sgp_{40h}"],
    ),
    (
        "Supabase key",
        &["sb"],
        r"\bsb(?:p_[a-f0-9]{40}|_secret_[A-Za-z0-9_-]{20,})",
        &["sbp_{40h}", "sb_secret_{32}"],
    ),
    (
        "Tailscale key",
        &["tskey-"],
        r"\btskey-[a-z]+-[A-Za-z0-9-]{15,}",
        &["tskey-auth-{16}CNTRL-{16}"],
    ),
    (
        "Typeform token",
        &["tfp_"],
        r"\btfp_[A-Za-z0-9_=.-]{40,}",
        &["tfp_{40}{16}"],
    ),
    (
        "Yandex Cloud key",
        &["AQVN", "t1."],
        r"\b(?:AQVN[A-Za-z0-9_-]{30,}|t1\.[A-Z0-9a-z_-]+={0,2}\.[A-Z0-9a-z_-]{80,})",
        &["AQVN{40}"],
    ),
    (
        "MongoDB Atlas secret",
        &["mdb_sa_sk_"],
        r"\bmdb_sa_sk_[A-Za-z0-9_-]{30,}",
        &["mdb_sa_sk_{40}"],
    ),
    (
        "Deno token",
        &["dd"],
        r"\bdd[opw]_[A-Za-z0-9]{30,}",
        &["ddp_{40}"],
    ),
    (
        "Toss Payments key",
        &["live_", "test_"],
        r"\b(?:live|test)_g?sk_[A-Za-z0-9]{20,}",
        &["live_sk_{40}", "test_gsk_{40}"],
    ),
    (
        "Langfuse key",
        &["sk-lf-"],
        r"\bsk-lf-[a-f0-9-]{36}",
        &["sk-lf-01234567-89ab-cdef-0123-456789abcdef"],
    ),
    (
        "JSON Web Token, signed or encrypted",
        &["eyJ"],
        r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}",
        &[
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{40}",
            "eyJhbGciOiJkaXIifQ..{16}.{40}.{16}abcdef",
        ],
    ),
    (
        "JSON in Base64, such as an ECR password",
        &["eyJ"],
        r"\beyJ[A-Za-z0-9+/=_-]{40,}",
        &["eyJwYXlsb2FkIjoi{40}+/{40}=="],
    ),
    (
        "PEM in Base64",
        &["LS0tLS1CRUdJTi"],
        r"\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]+",
        &["LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo{40}"],
    ),
];

/// Finds the tokens in a text. A pattern is compiled once a text has one of its needles: all together take as long as a
/// cold start.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    static NEEDLES: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
        let needles = TOKENS
            .iter()
            .enumerate()
            .flat_map(|(index, (_, needles, ..))| needles.iter().map(move |needle| (*needle, index)));
        let (needles, tokens): (Vec<&str>, Vec<usize>) = needles.unzip();
        // The kind that is built fastest: an event has few texts.
        let mut builder = AhoCorasick::builder();
        builder
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .prefilter(false);
        let automaton = builder
            .build(needles)
            .expect("the needles are constants, and tests use each");
        (automaton, tokens)
    });
    static PATTERNS: [OnceLock<Regex>; TOKENS.len()] = [const { OnceLock::new() }; TOKENS.len()];
    let (automaton, tokens) = &*NEEDLES;
    let found = automaton.find_overlapping_iter(text);
    let mut candidates: BTreeSet<usize> = found.map(|needle| tokens[needle.pattern().as_usize()]).collect();
    if !has_long_word(text) {
        candidates.retain(|index| !has_long_word_always(*index));
    }
    let mut ranges = Vec::new();
    for index in candidates {
        let pattern = PATTERNS[index].get_or_init(|| regex(TOKENS[index].2));
        let tokens = pattern.find_iter(text.as_bytes()).map(|token| token.range());
        ranges.extend(tokens.filter(|token| !is_checksum(text, token.start)));
    }
    ranges
}

/// Bytes of the longest word in every token whose needles are single characters.
const LONG_WORD: usize = 32;

/// Reports whether a token has a word of [`LONG_WORD`] bytes in each of its forms. That holds for those whose needles, of
/// one character, are in every text.
fn has_long_word_always(index: usize) -> bool {
    TOKENS[index].1.iter().all(|needle| needle.len() == 1)
}

fn has_long_word(text: &str) -> bool {
    let is_in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut words = text.as_bytes().split(|byte| !is_in_word(byte));
    words.any(|word| word.len() >= LONG_WORD)
}

/// Reports whether a checksum begins there, as in lock files: `sha512-…`.
fn is_checksum(text: &str, start: usize) -> bool {
    let before = &text.as_bytes()[..start];
    ["sha256", "sha384", "sha512"].iter().any(|name| {
        before
            .strip_suffix(b"-")
            .or(before.strip_suffix(b":"))
            .is_some_and(|before| before.ends_with(name.as_bytes()))
    })
}

/// Returns an example with its placeholders filled in. No example is written out: scanners of repositories would report it.
#[cfg(test)]
pub(super) fn expanded(example: &str) -> String {
    example
        .replace("{16}", "0123456789ABCDEF")
        .replace("{24}", "0123456789abcdef01234567")
        .replace("{32}", "0123456789abcdef0123456789abcdef")
        .replace("{40h}", "0123456789abcdef0123456789abcdef01234567")
        .replace("{40}", "0123456789abcdefABCDEF0123456789abcdefAB")
}

#[cfg(test)]
mod tests {
    use super::{LONG_WORD, TOKENS, expanded, has_long_word_always, regex};
    use crate::mask::Mask;

    #[test]
    fn tokens_of_common_characters_have_a_long_word() {
        let common = (0..TOKENS.len()).filter(|index| has_long_word_always(*index));
        // Their patterns repeat a character of a word so many times. Another pattern needs longer needles.
        for index in common {
            let (name, _, pattern, _) = TOKENS[index];
            let counts = pattern.split("]{").skip(1);
            let counts = counts.filter_map(|rest| rest.split([',', '}']).next()?.parse::<usize>().ok());
            assert!(counts.max().is_some_and(|longest| longest >= LONG_WORD), "{name}");
        }
    }

    #[test]
    fn every_example_matches_its_own_pattern_and_is_masked() {
        for (name, needles, pattern, examples) in TOKENS {
            for example in examples {
                let token = expanded(example);
                assert!(needles.iter().any(|needle| token.contains(needle)), "{name}");
                let range = regex(pattern).find(token.as_bytes()).map(|found| found.range());
                assert_eq!(range, Some(0..token.len()), "{name}");
                let masked = Mask::default().apply(&format!("before {token} after '{token}'"));
                assert_eq!(masked, "before *** after '***'", "{name}");
            }
        }
    }
}

//! Tokens with a recognizable shape.

/// The shapes of tokens: name, pattern, and fictional examples. In an example, `{16}`, `{32}` and `{40}` stand for as many
/// capital letters and digits, hexadecimal digits, and letters and digits.
pub(super) const TOKENS: [(&str, &str, &[&str]); 47] = [
    (
        "AWS access key id",
        r"\b(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[A-Z0-9]{12,}",
        &["AKIA{16}", "ASIA{16}"],
    ),
    (
        "AWS session token",
        r"\b(?:IQoJ|FwoG|FQoG|AgoJ|AQoD)[A-Za-z0-9+/=_-]{40,}",
        &["IQoJb3JpZ2luX2Vj{40}{40}", "AQoDYXdzEJr{40}"],
    ),
    (
        "Amazon Bedrock API key",
        r"\b(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{30,}",
        &["ABSK{40}"],
    ),
    (
        "GitHub token",
        r"\bgh[pousr]_[A-Za-z0-9]{16,}",
        &["ghp_{40}", "gho_{40}"],
    ),
    (
        "GitHub fine-grained token",
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        &["github_pat_11ABC_{40}"],
    ),
    (
        "GitLab token",
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_.-]{16,}",
        &["glpat-{16}abcd"],
    ),
    (
        "GitLab runner registration token",
        r"\bGR1348941[A-Za-z0-9_-]{16,}",
        &["GR1348941{16}"],
    ),
    (
        "Atlassian API token",
        r"\bATATT3[A-Za-z0-9_=-]{20,}",
        &["ATATT3{40}"],
    ),
    (
        "Bitbucket app password",
        r"\bATBB[A-Za-z0-9_=-]{20,}",
        &["ATBB{40}"],
    ),
    (
        "Atlassian OAuth token",
        r"\bATCTT3[A-Za-z0-9_=-]{20,}",
        &["ATCTT3{40}"],
    ),
    (
        "Slack token",
        r"\bxox[a-z](?:\.xox[bp])?-[A-Za-z0-9-]{8,}",
        &["xoxb-{16}-{16}", "xoxe.xoxp-1-{16}", "xoxd-{40}"],
    ),
    (
        "Slack app-level token",
        r"\bxapp-[A-Za-z0-9-]{10,}",
        &["xapp-1-A012-345-abcdef"],
    ),
    ("npm token", r"\bnpm_[A-Za-z0-9]{20,}", &["npm_{40}"]),
    (
        "PyPI token",
        r"\bpypi-[A-Za-z0-9_-]{20,}",
        &["pypi-AgEIcHlwaS5vcmc{40}"],
    ),
    ("crates.io token", r"\bcio[A-Za-z0-9]{30,}", &["cio{40}"]),
    ("RubyGems key", r"\brubygems_[a-f0-9]{30,}", &["rubygems_{32}"]),
    ("NuGet key", r"\boy2[a-z0-9]{40,}", &["oy2{32}{32}"]),
    ("Google API key", r"\bAIza[A-Za-z0-9_-]{30,}", &["AIzaSy{40}"]),
    (
        "Google OAuth client secret",
        r"\bGOCSPX-[A-Za-z0-9_-]{20,}",
        &["GOCSPX-{40}"],
    ),
    (
        "Google OAuth access token",
        r"\bya29\.[A-Za-z0-9_-]{20,}",
        &["ya29.{40}"],
    ),
    (
        "Stripe key",
        r"\b[spr]k_(?:live|test)_[A-Za-z0-9]{10,}",
        &["sk_live_{40}"],
    ),
    (
        "Stripe webhook secret",
        r"\bwhsec_[A-Za-z0-9+/=]{16,}",
        &["whsec_{40}"],
    ),
    (
        "Square token",
        r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
        &["sq0atp-{40}"],
    ),
    (
        "Shopify token",
        r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
        &["shpat_{32}"],
    ),
    (
        "OpenAI or Anthropic key",
        r"\bsk-[A-Za-z0-9_-]{20,}",
        &["sk-ant-api03-{40}"],
    ),
    ("Hugging Face token", r"\bhf_[A-Za-z0-9]{20,}", &["hf_{40}"]),
    (
        "SendGrid key",
        r"\bSG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        &["SG.{16}abc.{40}"],
    ),
    ("Twilio key", r"\b(?:SK|AC)[0-9a-f]{32}\b", &["SK{32}"]),
    ("Mailgun key", r"\bkey-[0-9a-f]{32}\b", &["key-{32}"]),
    (
        "Telegram bot token",
        r"\b(?:bot)?[0-9]{8,10}:[A-Za-z0-9_-]{35,}",
        &["123456789:{32}abc", "bot123456789:AA{32}a"],
    ),
    (
        "Docker token",
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
        &["dckr_pat_{40}"],
    ),
    (
        "DigitalOcean token",
        r"\bdo[opr]_v1_[a-f0-9]{40,}",
        &["dop_v1_{32}{32}"],
    ),
    (
        "Terraform Cloud token",
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}",
        &["0123456789abcd.atlasv1.{40}"],
    ),
    ("Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}", &["hvs.{40}"]),
    ("Databricks token", r"\bdapi[a-f0-9]{32}", &["dapi{32}"]),
    ("Pulumi token", r"\bpul-[a-f0-9]{40}", &["pul-{32}01234567"]),
    (
        "Doppler token",
        r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{20,}",
        &["dp.pt.{40}"],
    ),
    ("Fly.io token", r"\bfm[12]_[A-Za-z0-9+/=,_-]{30,}", &["fm2_{40}"]),
    (
        "Sentry token",
        r"\bsntry[su]_[A-Za-z0-9+/=_-]{20,}",
        &["sntrys_{40}"],
    ),
    ("New Relic key", r"\bNRAK-[A-Z0-9]{20,}", &["NRAK-{16}{16}"]),
    (
        "Grafana token",
        r"\bgl(?:c|sa)_[A-Za-z0-9+/=_]{20,}",
        &["glsa_{40}"],
    ),
    ("Linear key", r"\blin_api_[A-Za-z0-9]{20,}", &["lin_api_{40}"]),
    (
        "Postman key",
        r"\bPMAK-[a-f0-9]{20,}(?:-[a-f0-9]+)?",
        &["PMAK-{32}-{32}"],
    ),
    (
        "age key",
        r"\bAGE-SECRET-KEY-1[A-Z0-9]{40,}",
        &["AGE-SECRET-KEY-1{16}{16}{16}"],
    ),
    (
        "JSON Web Token, signed or encrypted",
        r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}",
        &[
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{40}",
            "eyJhbGciOiJkaXIifQ..{16}.{40}.{16}abcdef",
        ],
    ),
    (
        "JSON in Base64, such as an ECR password",
        r"\beyJ[A-Za-z0-9+/=_-]{40,}",
        &["eyJwYXlsb2FkIjoi{40}+/{40}=="],
    ),
    (
        "PEM in Base64",
        r"\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]+",
        &["LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo{40}"],
    ),
];

#[cfg(test)]
mod tests {
    use super::TOKENS;
    use crate::mask::Mask;
    use crate::mask::pattern::regex;

    #[test]
    fn every_example_matches_its_own_pattern_and_is_masked() {
        for (name, pattern, examples) in TOKENS {
            for example in examples {
                let token = example
                    .replace("{16}", "0123456789ABCDEF")
                    .replace("{32}", "0123456789abcdef0123456789abcdef")
                    .replace("{40}", "0123456789abcdefABCDEF0123456789abcdefAB");
                let range = regex(pattern).find(token.as_bytes()).map(|found| found.range());
                assert_eq!(range, Some(0..token.len()), "{name}");
                let masked = Mask::default().apply(&format!("before {token} after '{token}'"));
                assert_eq!(masked, "before *** after '***'", "{name}");
            }
        }
    }
}

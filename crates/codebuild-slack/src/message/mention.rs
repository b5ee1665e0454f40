//! Mentions in a message.

use std::fmt;

/// A mention of a member, a user group or a whole channel, in Slack's markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention(String);

impl Mention {
    /// Parses `@here`, `@channel`, `@everyone`, a member's id `U…` or `W…`, a user group's id `S…`, and Slack's markup
    /// for them: `<!here>`, `<@U…>`, `<!subteam^S…>`. Slack's API does not accept names of members.
    ///
    /// # Errors
    ///
    /// The message lists the accepted forms.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let word = inner.unwrap_or(text);
        let word = word.strip_prefix("!subteam^").unwrap_or(word);
        let word = word.trim_start_matches(['@', '!']);
        let is_id = |first: &[char]| {
            word.len() > 2
                && word.starts_with(first)
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        match word {
            "here" | "channel" | "everyone" => Ok(Self(format!("<!{word}>"))),
            _ if is_id(&['U', 'W']) => Ok(Self(format!("<@{word}>"))),
            _ if is_id(&['S']) => Ok(Self(format!("<!subteam^{word}>"))),
            _ => Err("expected @here, @channel, @everyone, or the id of a member (U…) or a user group (S…)"),
        }
    }
}

impl Mention {
    /// Mentions the member with this id, as Slack returned it.
    pub(crate) fn of_member(id: &str) -> Option<Self> {
        Self::parse(id).ok().filter(|mention| mention.0.starts_with("<@"))
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Mention::parse(text).expect("a mention").to_string(), expected);
    }

    #[test]
    fn parses_every_accepted_form() {
        check("@here", "<!here>");
        check("channel", "<!channel>");
        check("<!here>", "<!here>");
        check("U012ABCDEF", "<@U012ABCDEF>");
        check("<@W012ABCDEF>", "<@W012ABCDEF>");
        check("S012ABCDEF", "<!subteam^S012ABCDEF>");
        check("<!subteam^S012ABCDEF>", "<!subteam^S012ABCDEF>");
    }

    #[test]
    fn rejects_names_and_other_text() {
        for text in [
            "@alice",
            "",
            "C012ABCDEF",
            "<https://example.com|x>",
            "U012 hello",
        ] {
            assert!(Mention::parse(text).is_err(), "{text}");
        }
    }
}

//! Slack's markup: what is escaped, how long a text may be, and what keeps a foreign text from being markup.

/// `& < >` as Slack wants them. Nothing else is special inside of `verbatim` texts but `*_~` and backticks.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The text, escaped, in at most `limit` characters, with `…` where it was cut. An escape is never cut in two.
///
/// Slack does not say what a character is to it: the largest of the usual answers counts, UTF-16's.
pub fn escaped_within(text: &str, limit: usize) -> String {
    let escaped = escape(text);
    if length(&escaped) <= limit {
        return escaped;
    }
    let mut kept = String::new();
    let mut left = limit.saturating_sub(1);
    for character in text.chars() {
        let next = escape(character.encode_utf8(&mut [0; 4]));
        let Some(rest) = left.checked_sub(length(&next)) else {
            break;
        };
        left = rest;
        kept.push_str(&next);
    }
    kept.push('…');
    kept
}

/// The text in at most `limit` characters, unescaped.
pub fn within(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    let mut left = limit.saturating_sub(1);
    let fits = |character: &char| {
        let rest = left.checked_sub(character.len_utf16());
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push('…');
    kept
}

/// In UTF-16 units.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A short foreign text as it is: `*`, `_` and `~` in a branch's name are no markup.
pub fn code(text: &str, limit: usize) -> String {
    format!(
        "`{}`",
        escaped_within(&text.replace('`', "ˋ"), limit.saturating_sub(2))
    )
}

/// Several lines as they are. Three backticks in them would end the block: an invisible character comes between.
pub fn code_block(text: &str, limit: usize) -> String {
    let text = harmless(text);
    format!("```\n{}\n```", escaped_within(&text, limit.saturating_sub(8)))
}

/// How long [`code_block`] is without a limit.
pub fn code_block_length(text: &str) -> usize {
    length(&escape(&harmless(text))) + 8
}

fn harmless(text: &str) -> String {
    let text = text.replace("``", "`\u{200b}`");
    // Of an odd number, the last two are still together.
    text.replace("``", "`\u{200b}`")
}

/// Longer addresses are of no use, and would leave no room for anything else.
const LONGEST_URL: usize = 800;

/// A link. What would end it is encoded in the address and left out of the label. Where the address is too long, it
/// is the label alone.
pub fn link(url: &str, label: &str, limit: usize) -> String {
    let url = url
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('|', "%7C")
        .replace(' ', "%20")
        .replace('&', "&amp;");
    if length(&url) > LONGEST_URL {
        return code(label, limit);
    }
    let label = label.replace(['|', '\n'], " ");
    format!("<{url}|{}>", escaped_within(&label, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_slack_would_read() {
        assert_eq!(escape("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
        assert_eq!(
            link("https://a/?b=1&c=<>|", "x|y<z", 20),
            "<https://a/?b=1&amp;c=%3C%3E%7C|x y&lt;z>"
        );
    }

    #[track_caller]
    fn check(text: &str, limit: usize, expected: &str) {
        let came = escaped_within(text, limit);
        assert_eq!(came, expected);
        assert!(length(&came) <= limit, "{} of {limit}", length(&came));
    }

    #[test]
    fn cuts_at_a_character_and_never_inside_of_an_escape() {
        check("abc", 3, "abc");
        check("abcd", 3, "ab…");
        check("가나다라", 3, "가나…");
        // Three times five characters.
        check("&&&", 15, "&amp;&amp;&amp;");
        check("&&&", 14, "&amp;&amp;…");
        // An emoji is two.
        check("🦀🦀🦀", 6, "🦀🦀🦀");
        check("🦀🦀🦀", 5, "🦀🦀…");
        check("🦀🦀🦀", 4, "🦀…");
    }

    #[test]
    fn a_foreign_text_does_not_leave_its_block() {
        for ticks in 3..9 {
            let block = code_block(&format!("a{}b", "`".repeat(ticks)), 100);
            let inside = block
                .strip_prefix("```\n")
                .and_then(|block| block.strip_suffix("\n```"));
            assert!(!inside.expect("it is a block").contains("``"), "{block}");
        }
        assert_eq!(code("a`b", 10), "`aˋb`");
    }

    #[test]
    fn a_block_keeps_to_its_limit() {
        let block = code_block(&"<`".repeat(1000), 500);
        assert!(length(&block) <= 500, "{}", length(&block));
        let text = "a < b\nc ``` d";
        assert_eq!(code_block_length(text), length(&code_block(text, 1000)));
    }
}

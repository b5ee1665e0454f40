//! Slack's markup: escaping and length limits, so that foreign text is never read as markup.

/// Escapes `&`, `<` and `>`. In a `verbatim` text only `*`, `_`, `~` and backticks are special besides.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Escapes the text and cuts it to `limit` characters, with `…` at the cut. An escape sequence is never split.
///
/// Slack does not document its unit of length. UTF-16 code units, used here, give the largest count.
pub(crate) fn escaped_within(text: &str, limit: usize) -> String {
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

/// Escapes the text and cuts its middle, so that head and end have `limit` characters together. The reason of an error
/// stands at its end.
pub(crate) fn escaped_ends_within(text: &str, limit: usize) -> String {
    if length(&escape(text)) <= limit {
        return escape(text);
    }
    let head = escaped_within(text, limit / 2);
    let mut left = limit.saturating_sub(length(&head));
    let mut end = text.len();
    for (start, character) in text.char_indices().rev() {
        let next = length(&escape(character.encode_utf8(&mut [0; 4])));
        let Some(rest) = left.checked_sub(next) else {
            break;
        };
        (left, end) = (rest, start);
    }
    format!("{head}{}", escape(&text[end..]))
}

/// Cuts the text to `limit` characters, without escaping.
pub(crate) fn within(text: &str, limit: usize) -> String {
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

/// Returns the length in UTF-16 code units.
pub(crate) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Formats a short foreign text as inline code, so that `*`, `_` and `~` in a branch name are no markup.
pub(crate) fn code(text: &str, limit: usize) -> String {
    format!(
        "`{}`",
        escaped_within(&text.replace('`', "ˋ"), limit.saturating_sub(2))
    )
}

/// Formats lines as a code block, with head and end of a text that is too long. An invisible character separates
/// backticks, because three of them end the block.
pub(crate) fn code_block(text: &str, limit: usize) -> String {
    let text = separate_backticks(text);
    format!(
        "```\n{}\n```",
        escaped_ends_within(&text, limit.saturating_sub(8))
    )
}

/// Returns the length of [`code_block`] without a limit.
pub(crate) fn code_block_length(text: &str) -> usize {
    length(&escape(&separate_backticks(text))) + 8
}

fn separate_backticks(text: &str) -> String {
    let text = text.replace("``", "`\u{200b}`");
    // With an odd number of backticks, the last two are still adjacent.
    text.replace("``", "`\u{200b}`")
}

/// Longer URLs would leave no room for other text.
const MAX_URL: usize = 800;

/// Formats a link. Characters that would end it are encoded in the URL and removed from the label. If the URL is too
/// long, only the label remains.
pub(crate) fn link(url: &str, label: &str, limit: usize) -> String {
    let url = url
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('|', "%7C")
        .replace(' ', "%20")
        .replace('&', "&amp;");
    if length(&url) > MAX_URL {
        return code(label, limit);
    }
    let label = label.replace(['|', '\n'], " ");
    format!("<{url}|{}>", escaped_within(&label, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_slacks_special_characters() {
        assert_eq!(escape("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
        assert_eq!(
            link("https://a/?b=1&c=<>|", "x|y<z", 20),
            "<https://a/?b=1&amp;c=%3C%3E%7C|x y&lt;z>"
        );
    }

    #[track_caller]
    fn check(text: &str, limit: usize, expected: &str) {
        let escaped = escaped_within(text, limit);
        assert_eq!(escaped, expected);
        assert!(length(&escaped) <= limit, "{} of {limit}", length(&escaped));
    }

    #[test]
    fn never_cuts_inside_an_escape_sequence() {
        check("abc", 3, "abc");
        check("abcd", 3, "ab…");
        check("가나다라", 3, "가나…");
        // Three escape sequences of five characters each.
        check("&&&", 15, "&amp;&amp;&amp;");
        check("&&&", 14, "&amp;&amp;…");
        // An emoji has two code units.
        check("🦀🦀🦀", 6, "🦀🦀🦀");
        check("🦀🦀🦀", 5, "🦀🦀…");
        check("🦀🦀🦀", 4, "🦀…");
    }

    #[test]
    fn a_long_text_keeps_its_head_and_its_end() {
        for (text, limit, expected) in [
            ("abcdefghij", 10, "abcdefghij"),
            ("abcdefghij", 6, "ab…hij"),
            ("가나다라마바사", 5, "가…마바사"),
            // Each half of 12 characters holds one escape sequence.
            ("&bc&ef&h", 12, "&amp;…&amp;h"),
            ("🦀🦀🦀🦀", 6, "🦀…🦀"),
        ] {
            let ends = escaped_ends_within(text, limit);
            assert_eq!(ends, expected);
            assert!(length(&ends) <= limit, "{} of {limit}", length(&ends));
        }
    }

    #[test]
    fn foreign_text_cannot_end_its_block() {
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
    fn a_block_respects_its_limit() {
        let block = code_block(&"<`".repeat(1000), 500);
        assert!(length(&block) <= 500, "{}", length(&block));
        let text = "a < b\nc ``` d";
        assert_eq!(code_block_length(text), length(&code_block(text, 1000)));
    }
}

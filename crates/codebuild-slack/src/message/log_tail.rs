//! The last lines of a build's log.

use super::mrkdwn;
use crate::mask::Mask;

/// Maximum length of a line. Lines of minified code are longer, and unreadable.
const MAX_LINE: usize = 300;
/// Prefix of the lines that CodeBuild itself writes.
const CODEBUILD_PREFIX: &str = "[Container]";
/// Markers of those CodeBuild lines that report a failure.
const FAILURE_MARKERS: [&str; 6] = [
    "FAILED",
    "did not exit",
    "_ERROR",
    "exit status",
    "TIMED_OUT",
    "not found",
];

/// The last lines of a log, without colours, secrets and empty lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogTail(Vec<String>);

impl LogTail {
    /// Selects the last `count` meaningful lines of `text`.
    ///
    /// CodeBuild's own lines are dropped unless they report a failure: a dozen lines about phases and artifacts follow
    /// the failed command.
    pub(crate) fn of(text: &str, count: usize, mask: &Mask) -> Self {
        let plain = text.lines().map(plain).collect::<Vec<_>>().join("\n");
        // The mask needs the whole text, because a private key spans many lines.
        let masked = mask.apply(&plain);
        let is_meaningful = |line: &&str| {
            let line = line.trim();
            let reports_failure = || FAILURE_MARKERS.iter().any(|marker| line.contains(marker));
            !line.is_empty() && (!line.starts_with(CODEBUILD_PREFIX) || reports_failure())
        };
        let lines: Vec<&str> = masked.lines().filter(is_meaningful).collect();
        let first = lines.len().saturating_sub(count);
        let cut = |line: &&str| mrkdwn::within(line.trim_end(), MAX_LINE);
        Self(lines[first..].iter().map(cut).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Formats the last lines that fit into a code block of `limit` characters. Returns the block and its number of
    /// lines.
    pub(crate) fn code_block(&self, limit: usize) -> (String, usize) {
        let mut lines = self.0.as_slice();
        while lines.len() > 1 && mrkdwn::code_block_length(&lines.join("\n")) > limit {
            lines = &lines[1..];
        }
        (mrkdwn::code_block(&lines.join("\n"), limit), lines.len())
    }
}

/// Removes colours and other control codes from a line, and all but the final state of a progress bar.
pub(crate) fn plain(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let line = line.rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                // Colours and cursor movements: `ESC [ … letter`.
                Some('[') => while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
                // Titles and links: `ESC ] … BEL` or `ESC \`.
                Some(']') => {
                    while let Some(next) = characters.next() {
                        if next == '\u{7}' || (next == '\u{1b}' && characters.next_if_eq(&'\\').is_some()) {
                            break;
                        }
                    }
                }
                Some('(' | ')') => {
                    characters.next();
                }
                _ => {}
            },
            '\u{9b}' => while characters.next().is_some_and(|next| !('@'..='~').contains(&next)) {},
            '\t' => plain.push(character),
            _ if character.is_control() || is_invisible(character) => {}
            _ => plain.push(character),
        }
    }
    plain
}

/// Returns whether the character is invisible or changes the direction of text: it could hide a secret from the mask.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, count: usize, expected: &[&str]) {
        assert_eq!(LogTail::of(text, count, &Mask::default()).0, expected);
    }

    #[test]
    fn selects_the_last_meaningful_lines() {
        check("a\n\nb\n  \nc\r\n", 2, &["b", "c"]);
        check("a", 5, &["a"]);
        check("", 5, &[]);
        check("a\nb", 0, &[]);
    }

    #[test]
    fn drops_codebuilds_own_lines_except_failures() {
        let log = "error: no such file\n\
            [Container] 2026/11/01 01:02:03 Command did not exit successfully make exit status 2\n\
            [Container] 2026/11/01 01:02:03 Phase complete: BUILD State: FAILED\n\
            [Container] 2026/11/01 01:02:03 Phase context status code: COMMAND_EXECUTION_ERROR Message: …\n\
            [Container] 2026/11/01 01:02:03 Entering phase POST_BUILD\n\
            [Container] 2026/11/01 01:02:03 Phase complete: POST_BUILD State: SUCCEEDED\n\
            [Container] 2026/11/01 01:02:03 Phase context status code:  Message:\n";
        let tail = LogTail::of(log, 15, &Mask::default());
        assert_eq!(tail.0.len(), 4, "{tail:?}");
        assert_eq!(tail.0[0], "error: no such file");
    }

    #[test]
    fn removes_colours_and_control_codes() {
        check(
            "\u{1b}[1;31merror\u{1b}[0m: \u{1b}[38;5;9mx\u{1b}[K",
            1,
            &["error: x"],
        );
        check(
            "\u{1b}]8;;https://a\u{7}link\u{1b}]8;;\u{1b}\\ end",
            1,
            &["link end"],
        );
        check("10 %\r50 %\r100 %", 1, &["100 %"]);
        check("a\u{0}b\u{7}c\u{8}", 1, &["abc"]);
        check("a\u{1b}", 1, &["a"]);
        check("pass\u{200b}word\u{202e}", 1, &["password"]);
    }

    #[test]
    fn cuts_long_lines() {
        let tail = LogTail::of(&"가".repeat(1000), 1, &Mask::default());
        assert_eq!(tail.0[0].chars().count(), MAX_LINE);
        assert!(tail.0[0].ends_with('…'));
    }

    #[test]
    fn drops_the_oldest_lines_to_fit_the_limit() {
        let text = (1..=15)
            .map(|n| format!("{n} {}", "<".repeat(60)))
            .collect::<Vec<_>>()
            .join("\n");
        let tail = LogTail::of(&text, 15, &Mask::default());
        let (block, lines) = tail.code_block(1000);
        assert!(
            mrkdwn::length(&block) <= 1000 && lines == 4,
            "{lines} {}",
            mrkdwn::length(&block)
        );
        assert!(block.contains("15 &lt;") && !block.contains("11 &lt;"));
        let one = LogTail::of(&"&".repeat(290), 1, &Mask::default());
        assert!(mrkdwn::length(&one.code_block(500).0) <= 500);
    }
}

//! The last lines of a log.

use crate::mask::Mask;
use crate::mrkdwn;

/// Longer lines are cut: a stack of minified code is nobody's joy.
const LONGEST_LINE: usize = 300;
/// What CodeBuild itself writes at the beginning of its lines.
const OWN: &str = "[Container]";
/// Of its own lines, those that say what went wrong.
const TELLING: [&str; 6] = [
    "FAILED",
    "did not exit",
    "_ERROR",
    "exit status",
    "TIMED_OUT",
    "not found",
];

/// Lines for people: without colours, without secrets, without empty ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTail(Vec<String>);

impl LogTail {
    /// The last `count` lines of this text that say something.
    ///
    /// What CodeBuild writes about its own steps is left out, but for failures: behind the command that failed come a
    /// dozen lines about phases and artifacts.
    pub fn of(text: &str, count: usize, mask: &Mask) -> Self {
        let plain = text.lines().map(plain).collect::<Vec<_>>().join("\n");
        // Masked as a whole: a private key goes over many lines.
        let masked = mask.apply(&plain);
        let says_something = |line: &&str| {
            let line = line.trim();
            !line.is_empty() && (!line.starts_with(OWN) || TELLING.iter().any(|word| line.contains(word)))
        };
        let lines: Vec<&str> = masked.lines().filter(says_something).collect();
        let first = lines.len().saturating_sub(count);
        let cut = |line: &&str| mrkdwn::within(line.trim_end(), LONGEST_LINE);
        Self(lines[first..].iter().map(cut).collect())
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// As many of the last lines as fit into a code block of at most `limit` characters, and their number.
    pub fn code_block(&self, limit: usize) -> (String, usize) {
        let mut lines = self.0.as_slice();
        while lines.len() > 1 && mrkdwn::code_block_length(&lines.join("\n")) > limit {
            lines = &lines[1..];
        }
        (mrkdwn::code_block(&lines.join("\n"), limit), lines.len())
    }
}

/// The line without colours and other control codes; of a progress bar what stands there in the end.
pub fn plain(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let line = line.rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => match characters.next() {
                // Colours and cursor: `ESC [ … letter`.
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

/// What turns the direction of a text, or is not seen in it: it could hide a secret from the mask.
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
    fn is_the_last_lines_that_say_something() {
        check("a\n\nb\n  \nc\r\n", 2, &["b", "c"]);
        check("a", 5, &["a"]);
        check("", 5, &[]);
        check("a\nb", 0, &[]);
    }

    #[test]
    fn leaves_out_what_codebuild_says_about_itself_but_not_a_failure() {
        let log = "error: no such file\n\
            [Container] 2026/11/01 01:02:03 Command did not exit successfully make exit status 2\n\
            [Container] 2026/11/01 01:02:03 Phase complete: BUILD State: FAILED\n\
            [Container] 2026/11/01 01:02:03 Phase context status code: COMMAND_EXECUTION_ERROR Message: …\n\
            [Container] 2026/11/01 01:02:03 Entering phase POST_BUILD\n\
            [Container] 2026/11/01 01:02:03 Phase complete: POST_BUILD State: SUCCEEDED\n\
            [Container] 2026/11/01 01:02:03 Phase context status code:  Message:\n";
        let tail = LogTail::of(log, 15, &Mask::default());
        assert_eq!(tail.len(), 4, "{tail:?}");
        assert_eq!(tail.0[0], "error: no such file");
    }

    #[test]
    fn has_no_colours_and_no_control_codes() {
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
    fn long_lines_are_cut() {
        let tail = LogTail::of(&"가".repeat(1000), 1, &Mask::default());
        assert_eq!(tail.0[0].chars().count(), LONGEST_LINE);
        assert!(tail.0[0].ends_with('…'));
    }

    #[test]
    fn the_oldest_lines_give_way_to_the_limit() {
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

/// How many bytes of a line are analysed at once, so that memory does not grow with the input. Of a longer
/// line, each chunk ends after the last space that fits; without one, between two characters.
pub(crate) const CHUNK_BYTES: usize = 8192;

/// A piece of text that is analysed by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chunk<'t> {
    pub text: &'t str,
    /// Whether a new word starts with it: not where a line without spaces was cut.
    pub starts_word: bool,
}

/// The chunks of a text.
#[derive(Debug)]
pub(crate) struct Chunks<'t> {
    rest: &'t str,
    starts_word: bool,
}

impl<'t> Chunks<'t> {
    pub fn new(text: &'t str) -> Self {
        Self {
            rest: text,
            starts_word: true,
        }
    }
}

impl<'t> Iterator for Chunks<'t> {
    type Item = Chunk<'t>;

    fn next(&mut self) -> Option<Chunk<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let window = &self.rest[..self.rest.floor_char_boundary(CHUNK_BYTES)];
        let (length, ends_word) = match window.find('\n') {
            Some(line) => (line + 1, true),
            None if window.len() == self.rest.len() => (window.len(), true),
            None => match window.rfind(is_separator) {
                Some(space) => (space + 1, true),
                None => (window.len(), false),
            },
        };
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(Chunk {
            text,
            starts_word: std::mem::replace(&mut self.starts_word, ends_word),
        })
    }
}

/// The spaces and control characters of one byte.
fn is_separator(character: char) -> bool {
    character <= ' ' || character == '\x7f'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, bool)]) {
        let chunks: Vec<_> = Chunks::new(text)
            .map(|chunk| (chunk.text.len(), chunk.starts_word))
            .collect();
        assert_eq!(chunks, expected);
        assert_eq!(
            Chunks::new(text).map(|chunk| chunk.text).collect::<String>(),
            text
        );
    }

    #[test]
    fn a_line_is_a_chunk() {
        check("", &[]);
        check("한 줄", &[(7, true)]);
        check("한 줄\n\n두 줄\n", &[(8, true), (1, true), (8, true)]);
    }

    #[test]
    fn a_long_line_is_cut_after_its_last_space() {
        let text = "가나 ".repeat(2000);
        // 8192 bytes hold 1170 words of 7 bytes, and 2 bytes of the next.
        check(&text, &[(8190, true), (5810, true)]);
    }

    #[test]
    fn a_long_word_is_cut_between_characters() {
        // 2730 syllables of 3 bytes are 8190 bytes.
        check(&"가".repeat(3000), &[(8190, true), (810, false)]);
        check(&"가".repeat(2730), &[(8190, true)]);
    }
}

/// Most bytes of a line that are analysed at once, which bounds memory whatever the length of the text.
///
/// A longer line is analysed in chunks. Each chunk ends after the last space that fits or, in a line without
/// spaces, between two characters.
pub const CHUNK_BYTES: usize = 8192;

/// A piece of text that is analysed by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Chunk<'t> {
    pub(crate) text: &'t str,
    /// Offset of the chunk in the text, in bytes.
    pub(crate) offset: usize,
    /// True if the chunk starts an eojeol, false after a cut inside a line without spaces.
    pub(crate) starts_eojeol: bool,
}

/// An iterator over the chunks of a text.
#[derive(Debug)]
pub(crate) struct Chunks<'t> {
    rest: &'t str,
    offset: usize,
    starts_eojeol: bool,
}

impl<'t> Chunks<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            rest: text,
            offset: 0,
            starts_eojeol: true,
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
        let (length, ends_eojeol) = match window.find('\n') {
            Some(line) => (line + 1, true),
            None if window.len() == self.rest.len() => (window.len(), true),
            None => match window.rfind(is_separator) {
                Some(space) => (space + 1, true),
                None => (window.len(), false),
            },
        };
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        let offset = self.offset;
        self.offset += length;
        Some(Chunk {
            text,
            offset,
            starts_eojeol: std::mem::replace(&mut self.starts_eojeol, ends_eojeol),
        })
    }
}

/// Reports whether the character is a space or control character of one byte.
fn is_separator(character: char) -> bool {
    character <= ' ' || character == '\x7f'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, bool)]) {
        let chunks: Vec<_> = Chunks::new(text)
            .map(|chunk| (chunk.text.len(), chunk.starts_eojeol))
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
    fn cuts_a_long_line_after_its_last_space() {
        let text = "가나 ".repeat(2000);
        // 8192 bytes hold 1170 words of 7 bytes, and 2 bytes of the next.
        check(&text, &[(8190, true), (5810, true)]);
    }

    #[test]
    fn cuts_a_long_word_between_characters() {
        // 2730 syllables of 3 bytes are 8190 bytes.
        check(&"가".repeat(3000), &[(8190, true), (810, false)]);
        check(&"가".repeat(2730), &[(8190, true)]);
    }
}

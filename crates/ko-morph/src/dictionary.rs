use std::fmt;
use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::image::{ImageError, View};

/// A dictionary image, checked as far as can be done without reading all of it.
///
/// An image is input. A damaged one is refused here or by [`Dictionary::verify`], and at worst analyses
/// wrongly: the engine never trusts an offset in it.
pub struct Dictionary {
    bytes: Bytes,
}

enum Bytes {
    Static(&'static [u8]),
    Mapped(Mmap),
    Owned(Vec<u64>),
}

impl Dictionary {
    /// A dictionary that is part of the program, see [`include_image!`](crate::include_image).
    pub fn from_static(image: &'static [u8]) -> Result<Self, ImageError> {
        Self::checked(Bytes::Static(image))
    }

    /// Maps an image file into memory: its pages are read when a word needs them.
    ///
    /// The file must not be changed while the dictionary lives; `ko-dictionary` replaces it by a rename,
    /// which leaves the mapped one alone.
    pub fn open(path: &Path) -> Result<Self, ImageError> {
        let read = |source| ImageError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(read)?;
        #[expect(
            unsafe_code,
            reason = "a map is unsound only if the file is changed in place: see above"
        )]
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        Self::checked(Bytes::Mapped(map))
    }

    /// A dictionary from an image in memory, copied to where it can be read.
    pub fn from_bytes(image: &[u8]) -> Result<Self, ImageError> {
        if !image.len().is_multiple_of(8) {
            // Every image is a multiple of 64 bytes; what it says of its length tells which error this is.
            View::parse(image)?;
            return Err(ImageError::Damaged("its length is no multiple of 8"));
        }
        let mut copy = vec![0_u64; image.len() / 8];
        bytemuck::cast_slice_mut(&mut copy).copy_from_slice(image);
        Self::checked(Bytes::Owned(copy))
    }

    /// Name and version of the dictionary, and the first digits of the checksum of its content.
    pub fn version(&self) -> String {
        let view = self.view();
        format!("{} {:08x}", view.name, view.hash >> 32)
    }

    /// Reads the whole image and compares it with its checksum; takes some 10 ms.
    pub fn verify(&self) -> Result<(), ImageError> {
        View::verify(self.image())
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::parse(self.image()).expect("was parsed when the dictionary was made, and does not change")
    }

    fn checked(bytes: Bytes) -> Result<Self, ImageError> {
        let dictionary = Self { bytes };
        View::parse(dictionary.image())?;
        Ok(dictionary)
    }

    fn image(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Static(bytes) => bytes,
            Bytes::Mapped(map) => map,
            Bytes::Owned(numbers) => bytemuck::cast_slice(numbers),
        }
    }
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Dictionary")
            .field(&self.version())
            .finish()
    }
}

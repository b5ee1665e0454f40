use std::fmt;
use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::image::{ImageError, View};

/// A dictionary image that has passed the checks of its header and sections.
///
/// Opening an image checks its magic number, format, length, header checksum and sections, and reads a few
/// hundred bytes for that. [`verify`](Self::verify) also checks the content. The analyser trusts no number in
/// an image: damage inside may lead to wrong analyses, but never to a panic or a read out of bounds.
pub struct Dictionary {
    bytes: Bytes,
}

enum Bytes {
    Static(&'static [u8]),
    Mapped(Mmap),
    Owned(Vec<u64>),
}

impl Dictionary {
    /// Uses an image that is embedded in the program by [`include_image!`](crate::include_image).
    ///
    /// # Errors
    /// Every [`ImageError`] except `Read`.
    pub fn from_static(image: &'static [u8]) -> Result<Self, ImageError> {
        Self::checked(Bytes::Static(image))
    }

    /// Maps an image file into memory. The operating system reads its pages as words need them.
    ///
    /// The file must not change while the dictionary exists. `ko-dictionary` replaces an image by renaming a
    /// new file over it, which leaves the mapped file intact.
    ///
    /// # Errors
    /// Every [`ImageError`] except `Unaligned`.
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

    /// Copies an image into aligned memory.
    ///
    /// # Errors
    /// Every [`ImageError`] except `Read`.
    pub fn from_bytes(image: &[u8]) -> Result<Self, ImageError> {
        if !image.len().is_multiple_of(8) {
            // The length of an image is a multiple of 64: the header decides which error this is.
            View::parse(image)?;
            return Err(ImageError::Damaged("its length is not a multiple of 8"));
        }
        let mut copy = vec![0_u64; image.len() / 8];
        bytemuck::cast_slice_mut(&mut copy).copy_from_slice(image);
        Self::checked(Bytes::Owned(copy))
    }

    /// Returns the name and version of the dictionary and the first eight hex digits of its content's checksum.
    pub fn version(&self) -> String {
        let view = self.view();
        format!("{} {:08x}", view.name, view.hash >> 32)
    }

    /// Compares the content with its checksum. Reads the whole image, which takes about 10 ms.
    ///
    /// # Errors
    /// [`ImageError::Damaged`] where the checksum differs.
    pub fn verify(&self) -> Result<(), ImageError> {
        View::verify(self.image())
    }

    /// Returns the sections of the image.
    pub fn view(&self) -> View<'_> {
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

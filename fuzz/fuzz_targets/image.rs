#![no_main]

use std::sync::LazyLock;

use ko_morph::{Analyser, Dictionary, UserDictionary};
use libfuzzer_sys::fuzz_target;
use nightshift_fuzz::small;
use xxhash_rust::xxh64::xxh64;

static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(small::image);
const TEXT: &str = "주차장에 살펴봤 고춧값 123 뷁뷁 ㅋㅋㅋ 영치기 영차 \0 ★ 😀 주차권가";

/// Returns the offset of the header's checksum, which follows the table of sections.
fn checksum(image: &[u8]) -> usize {
    32 + u32::from_le_bytes(image[12..16].try_into().expect("4 bytes")) as usize * 16
}

// Each five bytes are a change: a section, an offset in it, and two bytes that change the byte there. Offsets are
// relative to sections because most of the image is the section of characters.
fuzz_target!(|data: &[u8]| {
    let mut image = IMAGE.clone();
    let end = checksum(&image);
    let mut changes = data.chunks_exact(5);
    for change in &mut changes {
        let section = usize::from(change[0]) % (end / 16 + 1);
        let start = match section.checked_sub(3) {
            Some(section) => {
                let row = 32 + section * 16;
                let bytes = IMAGE
                    .get(row..row + 8)
                    .map_or([0; 8], |bytes| bytes.try_into().expect("8 bytes"));
                u64::from_le_bytes(bytes) as usize
            }
            None => 0,
        };
        let place = (start + usize::from(u16::from_le_bytes([change[1], change[2]]))) % image.len();
        image[place] = image[place].wrapping_add(change[3]) ^ change[4];
    }
    // Cuts or extends the image at its end.
    if let [last, ..] = *changes.remainder() {
        let length = image.len();
        image.resize(length - 64 + usize::from(last) % 129, 0);
    }
    if let Some(header) = image.get(..end) {
        let sum = xxh64(header, 0);
        image[end..end + 8].copy_from_slice(&sum.to_le_bytes());
    }
    let Ok(dictionary) = Dictionary::from_bytes(&image) else {
        return;
    };
    let _ = dictionary.verify();
    let user = UserDictionary::parse("주차권,NNG\n권가,NNP,-9").expect("the words are valid");
    let analyser = Analyser::new(dictionary, user);
    let mut worker = analyser.worker();
    worker.tokens(TEXT).for_each(drop);
    for morpheme in worker.morphemes(TEXT) {
        morpheme.parts().for_each(drop);
    }
});

//! Names of persons in a text. They are recognised by what stands around them, since no list has all names.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ko_morph::{Lexicon, Tag};

use super::personal_data::MASK;

/// A list of words.
type Words = LazyLock<HashSet<&'static str>>;

/// Surnames of one syllable that at least 10,000 people have (Statistics Korea, census of 2015), and some rarer ones.
const SURNAMES: &str = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민진나류지엄변채원천방공현\
    함염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용예봉경사부가복태목형피두감음빈동온호범좌팽승간갈단견당";

/// Surnames of two syllables.
const LONG_SURNAMES: [&str; 8] = ["남궁", "황보", "제갈", "사공", "선우", "서문", "독고", "동방"];

/// Syllables with which given names begin.
const FIRST_SYLLABLES: &str = "가갑강건경계관광교권규근금기길끝꽃나남누다단달대덕도동두득들라래로루리막만말명모무문미민백범병보복봉분빈\
    빛사삼상새샘서석선설섭성세소솔송수숙순슬승시신실아안애양여연영예오옥완용우운원월유윤율은을의이인일잎자장재점정제종\
    주준중지진찬창채천철청초춘충치칠태택판평필하학한해향헌혁현형혜호홍화환회효후훈휘희흥별봄";

/// Syllables with which given names end.
const LAST_SYLLABLES: &str = "강건겸결경곤관광구국권규균근기길나남늘달담대덕돈동두든라란람랑래량령례로록롬롱룡루르름리린림만명목무묵문미민\
    배백범별병보복봉봄분비빈빛산상서석선설섭성세소솔솜송수숙순슬승식신실심아안애양언연열엽영예오옥온완용우욱운울웅원월유\
    윤율융은을음의이익인일임자재정제조종주준중지진찬창채천철청초춘충치태택팔필하학한해향헌혁현협형혜호홍화환회효후훈휘흔흠희";

/// Particles and endings: a noun of two syllables with one of them is no name (고장이, 이상한).
const PARTICLES: &str = "이가을를는도의에로와과만한된해들요";

/// Nouns of two syllables that begin like a name, and with which longer words begin (유리문, 전기선).
static NOUNS: Words = LazyLock::new(|| {
    words(
        "이상 이사 이중 이동 이용 이웃 이불 이름 이유 이번 이쪽 이면 전기 전등 전화 전선 전체 전세 전원 전용 전자 주차 주민 주방 주말 \
    주택 주변 주인 주간 고장 고객 고지 고무 고압 고층 공사 공동 공용 공기 공지 공실 공조 소음 소리 소방 소독 소화 소변 방음 방충 \
    방화 방문 방수 방송 방범 배관 배수 배달 배선 배출 배변 배전 변기 변압 문의 문제 문서 문틈 유리 유지 유선 유출 유도 우수 우편 \
    오수 오전 오후 오류 오물 온수 온도 하수 하자 하루 하부 현관 현재 현장 신발 신고 신청 신호 신축 신규 조명 조경 조치 조절 정화 \
    정전 정수 정문 정기 정상 정산 지하 지상 지붕 지금 민원 안방 안내 안전 양말 음식 음악 음향 인원 인근 인상 임대 임차 임시 장판 \
    장비 장애 장기 장마 차량 차단 차선 천장 천정 추위 강당 강풍 경비 경보 경고 남자 여자 여름 노후 노인 도로 도배 도색 도난 동작 \
    동파 명절 목욕 반려 반상 석고 선반 설비 설치 성능 세대 손님 송풍 승강 시설 시공 시간 심야 염화 예약 예정 옥상 욕실 욕조 용량 \
    원격 원인 은행 음쓰 국물 금연 금액 기계 기사 기름 단지 단수 두통 마루 명함 모기 목줄 부엌 부품 부분 사람 사무 사고 사용 상가 \
    상수 상담 상하 서류 어제 여기 연기 연결 연락 오늘 용접 우리 위층 유치 육교 진동 진입 채광 추가 탁구 태양 표시 피해 한달 한쪽 \
    현금 호실 홍보 황사",
    )
});

/// Nouns that look like given names and are written after a noun of one syllable (문 수리, 방 조명).
static NO_GIVEN_NAMES: Words = LazyLock::new(|| {
    words(
        "수리 수도 정비 소리 주민 민원 이상 이사 시정 조명 주의 지하 중지 정지 정리 제안 소유 유리 하수 우수 오수 화재 동의 공유 \
    자재 회원 여자 아이 유아 대기 대비 연기 환기 향기 기사 기계 기기 기준 교환 구조 도로 정문 상태 세대 주택 원인 이유 일반 정기 \
    종일 차장 사장 회장 부장 지문 대문 관리 온수 난방 동안 하자 지상 상가 세면 사우 문의 문자 자기 자전 시기 시라 시면 세요 서요 \
    리가 리도 이는 이가 이요 하고 하는 하면 하기 한데 인데 인지 인가 해서 해도 해요 해주 희망 의견 의사 수거 요청",
    )
});

/// Words before a name.
static BEFORE: Words = LazyLock::new(|| {
    words(
        "이름 이름은 성명 성명은 성함 성함은 저는 전 제 신청인 신청자 작성자 작성인 접수자 접수인 민원인 제보자 신고자 문의자 요청자 입주민 \
    입주자 세입자 임차인 임대인 집주인 소유주 소유자 세대주 거주자 계약자 계약인 예약자 담당자 방문자 방문객 수령인 수취인 예금주 차주 \
    보낸이 글쓴이 올린이 주민 동대표 대표 경비 경비원 기사 관리소장 소장 회장 회원 고객 from From FROM",
    )
});

/// Words between a door and a name.
const AFTER_DOOR: [&str; 10] = [
    "거주",
    "거주하는",
    "거주중인",
    "사는",
    "살고",
    "있는",
    "입주민",
    "입주자",
    "세대주",
    "세입자",
];

/// Words with which a letter ends, after the name.
const SIGN_OFFS: [&str; 6] = ["드림", "올림", "배상", "拜上", "씀", "드려요"];

/// Titles after a name.
static TITLES: Words = LazyLock::new(|| {
    words(
        "소장 과장 대리 팀장 주임 실장 반장 기사 회장 대표 사원 부장 차장 이사 선생 사장 교수 원장 할머니 할아버지 어르신 여사 아저씨 아줌마 아주머니 경비원 통장 고객 회원 어머니 아버지 엄마 아빠 학생 의원 매니저 간호사",
    )
});

/// Words that follow the name of a person in an introduction.
static COPULAS: Words =
    LazyLock::new(|| words("입니다 입니당 이에요 예요 이예요 에요 이라고 라고 인데요 이라고요"));

/// Particles and endings that may follow a name in its word.
static TAILS: Words = LazyLock::new(|| {
    words(
        "입니다 입니당 이에요 예요 이예요 에요 이요 인데요 인데 이라고 라고 이며 이고 이 가 은 는 을 를 의 께 와 과 에게 한테 이가 이는 께서 도 \
    입니다만 이라고요",
    )
});

/// Replaces names of persons by [`MASK`]: names beside a door or phone number, before 드림, 올림, 씨, 님 and titles, after
/// words like 이름, and alone on a line. A name that is recognised once is replaced everywhere in the text.
///
/// Names cannot be known for certain: `tests` measures how many are recognised, and how many common nouns are not.
pub(crate) fn mask_names<'t>(text: Cow<'t, str>, lexicon: Lexicon<'_>) -> Cow<'t, str> {
    let names = names(&text, lexicon);
    if names.is_empty() {
        return text;
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = &*text;
    let mut at = 0;
    while let Some(next) = rest.chars().next() {
        let name = names
            .iter()
            .find(|name| name.start == at || name.text.chars().count() > 2 && rest.starts_with(name.text));
        let length = name.map_or(next.len_utf8(), |name| name.text.len());
        masked.push_str(if name.is_some() { MASK } else { &rest[..length] });
        rest = &rest[length..];
        at += length;
    }
    Cow::Owned(masked)
}

/// Returns whether a proper noun looks like a surname and a given name of two syllables.
pub(crate) fn is_full_name(word: &str) -> bool {
    // Districts, rivers, stations, roads: 강동구, 임진강.
    const PLACES: &str = "구동시도리천강산역로주읍면";
    let mut syllables = word.chars();
    let (Some(surname), Some(first), Some(last), None) = (
        syllables.next(),
        syllables.next(),
        syllables.next(),
        syllables.next(),
    ) else {
        return false;
    };
    is_surname(surname) && may_be_first(first) && may_be_last(last) && !PLACES.contains(last)
}

/// A recognised name and its place.
struct Name<'t> {
    start: usize,
    text: &'t str,
}

/// A word between spaces and punctuation.
#[derive(Clone, Copy)]
struct Word<'t> {
    start: usize,
    text: &'t str,
    starts_line: bool,
    /// True for the first word of a line, and of each sentence in it.
    starts_sentence: bool,
}

fn names<'t>(text: &'t str, lexicon: Lexicon<'_>) -> Vec<Name<'t>> {
    let mut names = Vec::new();
    let mut words: [Option<Word<'t>>; 5] = [None; 5];
    let mut rest = words_of(text);
    for place in words.iter_mut().skip(2) {
        *place = rest.next();
    }
    while let Some(word) = words[2] {
        if let Some(name) = name_in(word, &words, lexicon) {
            names.push(name);
        }
        words.rotate_left(1);
        words[4] = rest.next();
    }
    names
}

fn words_of(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    let mut starts_line = true;
    let mut starts_sentence = true;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let skipped = rest.find(is_part_of_word)?;
        starts_line |= rest[..skipped].contains('\n');
        starts_sentence |= starts_line || rest[..skipped].contains(['.', '!', '?', '~', '^', '-']);
        let start = at + skipped;
        let length = text[start..]
            .find(|c| !is_part_of_word(c))
            .unwrap_or(text.len() - start);
        at = start + length;
        Some(Word {
            start,
            text: &text[start..at],
            starts_line: std::mem::take(&mut starts_line),
            starts_sentence: std::mem::take(&mut starts_sentence),
        })
    })
}

/// Digits and letters, and the sign of [`MASK`].
fn is_part_of_word(character: char) -> bool {
    match character {
        '가'..='힣' | '*' => true,
        _ => character.is_alphanumeric(),
    }
}

/// Returns the name with which a word begins, if the words around it (two on each side) tell that it is one.
fn name_in<'t>(word: Word<'t>, around: &[Option<Word<'t>>; 5], lexicon: Lexicon<'_>) -> Option<Name<'t>> {
    let (door, text) = split_door(word.text);
    if !text.chars().next().is_some_and(is_surname) {
        return given_name(word, around, lexicon);
    }
    for length in [3, 4, 2] {
        let Some((name, tail)) = split_syllables(text, length) else {
            continue;
        };
        if !name
            .chars()
            .skip(1)
            .any(|syllable| roles(syllable) & (FIRST | LAST) != 0)
        {
            continue;
        }
        let context = Context::of(tail, !door.is_empty(), word, around);
        if context.is_some_and(|context| context.accepts(name, lexicon)) {
            let start = word.start + door.len();
            return Some(Name { start, text: name });
        }
    }
    given_name(word, around, lexicon)
}

/// Returns a given name before 씨, 드림 or 올림: 지영씨, 민수 드림.
fn given_name<'t>(word: Word<'t>, around: &[Option<Word<'t>>; 5], lexicon: Lexicon<'_>) -> Option<Name<'t>> {
    let (name, tail) = split_syllables(word.text, 2)?;
    let next = around[3]
        .filter(|next| !next.starts_line)
        .map_or("", |next| next.text);
    let marked = if tail.is_empty() { next } else { tail };
    let is_marked = is_sign_off(marked) || marked.starts_with('씨');
    let mut syllables = name.chars();
    let looks_given = syllables.next().is_some_and(may_be_first) && syllables.next().is_some_and(may_be_last);
    (is_marked && looks_given && !is_other_word(name, lexicon) && !lexicon.contains(word.text)).then_some(
        Name {
            start: word.start,
            text: name,
        },
    )
}

/// Sign that a word is a name.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    /// Position before 드림 or 올림.
    SignOff,
    /// Position before 씨, 님 or a title.
    Honorific,
    /// Position after a word like 이름, or before 입니다.
    Label,
    /// Beside a door or a phone number.
    Neighbour,
    /// Alone on its line, or at the end of the text.
    Line,
}

impl Context {
    fn of(tail: &str, has_door: bool, word: Word<'_>, around: &[Option<Word<'_>>; 5]) -> Option<Self> {
        let [before_last, before, _, next, _] = around;
        let next_text = next.filter(|next| !next.starts_line).map_or("", |next| next.text);
        let marked = if tail.is_empty() { next_text } else { tail };
        if is_sign_off(marked) {
            return Some(Self::SignOff);
        }
        if is_honorific(marked) {
            return Some(Self::Honorific);
        }
        if is_title(marked, !tail.is_empty()) {
            return Some(Self::Neighbour);
        }
        if !tail.is_empty() && !TAILS.contains(tail) {
            return None;
        }
        let [before, before_last] = [before, before_last].map(|word| word.map_or("", |word| word.text));
        let is_after_door = is_door(before)
            || AFTER_DOOR.contains(&before) && (is_door(before_last) || AFTER_DOOR.contains(&before_last));
        let is_beside_mask = before == MASK || next_text == MASK || before.ends_with(MASK);
        let is_beside_door = has_door || is_after_door || tail.is_empty() && is_door(next_text);
        if BEFORE.contains(before) || is_beside_door && COPULAS.contains(tail) {
            return Some(Self::Label);
        }
        if is_beside_door || is_beside_mask {
            return Some(Self::Neighbour);
        }
        let greets = word.starts_sentence || before.starts_with("안녕하") || before.starts_with("수고");
        if greets && COPULAS.contains(tail) {
            return Some(Self::Neighbour);
        }
        let ends_line = next.is_none_or(|next| next.starts_line);
        (tail.is_empty() && word.starts_sentence && ends_line).then_some(Self::Line)
    }

    fn accepts(self, name: &str, lexicon: Lexicon<'_>) -> bool {
        let Some((surname, given)) = split_surname(name) else {
            return false;
        };
        if is_other_word(name, lexicon) {
            return false;
        }
        let mut syllables = given.chars();
        let is_long = surname.chars().count() > 1;
        match (syllables.next(), syllables.next(), syllables.next()) {
            (Some(first), Some(last), None) => {
                let fits = [may_be_first(first), may_be_last(last)];
                let fits = match self {
                    Self::SignOff => fits.contains(&true),
                    _ => fits == [true, true],
                };
                fits && !NO_GIVEN_NAMES.contains(given)
                    && (is_long || !self.is_noun_with_ending(name, lexicon))
            }
            (Some(only), None, None) => {
                let is_marked = !matches!(self, Self::Neighbour | Self::Line);
                (is_long || is_marked || self == Self::Label) && may_be_last(only)
            }
            _ => false,
        }
    }

    /// Returns whether the word is a noun of two syllables with a particle or another noun: 고장이, 유리문.
    fn is_noun_with_ending(self, word: &str, lexicon: Lexicon<'_>) -> bool {
        let Some((noun, ending)) = split_syllables(word, 2) else {
            return false;
        };
        let is_noun = || NOUNS.contains(noun) || lexicon.has(noun, |tag| tag == Tag::NNG);
        match self {
            // 안정은 드림 is a name; 주민회 올림 is not.
            Self::SignOff | Self::Honorific => {
                ["회", "측", "들", "실", "팀", "장", "대", "해"].contains(&ending) && is_noun()
            }
            Self::Label | Self::Neighbour | Self::Line => {
                NOUNS.contains(noun) || PARTICLES.contains(ending) && is_noun()
            }
        }
    }
}

/// Returns whether a dictionary has the word as something other than a proper noun.
fn is_other_word(word: &str, lexicon: Lexicon<'_>) -> bool {
    lexicon.has(word, |tag| tag != Tag::NNP)
        || lexicon.contains(word) && !lexicon.has(word, |tag| tag == Tag::NNP)
}

fn words(list: &'static str) -> HashSet<&'static str> {
    list.split(' ').collect()
}

fn is_sign_off(word: &str) -> bool {
    SIGN_OFFS.contains(&word)
}

/// Returns true for words that begin with a title: 소장, 소장님께. In the same word as a name, 차장 may be the end of 주차장.
fn is_title(word: &str, is_in_word: bool) -> bool {
    let ends = word.char_indices().map(|(at, _)| at).chain([word.len()]);
    let mut titles = ends.skip(2).take(3).map(|end| &word[..end]);
    titles.any(|title| TITLES.contains(title) && !(is_in_word && title == "차장"))
}

/// Returns true for 씨 and 님 with particles: 씨가, 님께서.
fn is_honorific(word: &str) -> bool {
    word.starts_with(['씨', '님']) && word.chars().count() <= 4
}

/// Returns true for numbers of doors and buildings: 902호, 101동, 3-1, 902호에.
fn is_door(word: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_numeric());
    let has_number = unit.len() < word.len();
    has_number
        && (["호", "호실", "동", "호의", "호는", "호에", "번지"].contains(&unit)
            || unit.is_empty() && word.chars().count() >= 3)
}

/// Splits the number of a door from the word that follows it without a space: 902호홍길순.
fn split_door(word: &str) -> (&str, &str) {
    let number = word.trim_start_matches(|c: char| c.is_numeric());
    match number.strip_prefix('호') {
        Some(rest) if number.len() < word.len() && !rest.is_empty() => word.split_at(word.len() - rest.len()),
        _ => ("", word),
    }
}

/// Splits a word after a number of syllables. `None` if it has fewer, or other characters among them.
fn split_syllables(word: &str, length: usize) -> Option<(&str, &str)> {
    let mut characters = word.chars();
    let is_hangul = characters
        .by_ref()
        .take(length)
        .filter(|c| ('가'..='힣').contains(c))
        .count()
        == length;
    let rest = characters.as_str();
    is_hangul.then(|| word.split_at(word.len() - rest.len()))
}

fn split_surname(name: &str) -> Option<(&str, &str)> {
    let length = if LONG_SURNAMES.iter().any(|surname| name.starts_with(surname)) {
        2
    } else {
        1
    };
    let (surname, given) = split_syllables(name, length)?;
    let given = if given.is_empty() {
        split_syllables(name, 1)?
    } else {
        (surname, given)
    };
    Some(given)
}

/// Roles that a syllable can have in a name: a sum of these.
const SURNAME: u8 = 1;
const FIRST: u8 = 2;
const LAST: u8 = 4;

/// Returns what the syllable can be in a name.
fn roles(syllable: char) -> u8 {
    const START: u32 = '가' as u32;
    static ROLES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut roles = vec![0; ('힣' as u32 - START + 1) as usize];
        let long = LONG_SURNAMES.iter().filter_map(|surname| surname.chars().next());
        let surnames = SURNAMES.chars().chain(long).map(|syllable| (syllable, SURNAME));
        let first = FIRST_SYLLABLES.chars().map(|syllable| (syllable, FIRST));
        let last = LAST_SYLLABLES.chars().map(|syllable| (syllable, LAST));
        for (syllable, role) in surnames.chain(first).chain(last) {
            roles[(syllable as u32 - START) as usize] |= role;
        }
        roles
    });
    let place = (syllable as u32).checked_sub(START);
    place
        .and_then(|place| ROLES.get(place as usize).copied())
        .unwrap_or(0)
}

fn is_surname(syllable: char) -> bool {
    roles(syllable) & SURNAME != 0
}

fn may_be_first(syllable: char) -> bool {
    roles(syllable) & FIRST != 0
}

fn may_be_last(syllable: char) -> bool {
    roles(syllable) & LAST != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::shipped;

    fn masked(text: &str) -> String {
        mask_names(Cow::Borrowed(text), shipped::analyser().lexicon()).into_owned()
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(masked(text), expected);
    }

    /// Returns the lines of a list without its comment. `\n` is a line break.
    fn lines(list: &str) -> Vec<String> {
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.replace("\\n", "\n")).collect()
    }

    #[test]
    fn recognises_nineteen_of_twenty_signatures() {
        let lines = lines(include_str!("../../tests/names/signatures.tsv"));
        let missed: Vec<&String> = lines
            .iter()
            .filter(|line| {
                let (name, text) = line.split_once('\t').expect("a name and a text");
                masked(text).contains(name)
            })
            .collect();
        assert_eq!(lines.len(), 200);
        assert!(
            missed.len() * 100 <= lines.len() * 5,
            "{} missed: {missed:#?}",
            missed.len()
        );
    }

    #[test]
    fn keeps_common_nouns_in_all_but_one_of_fifty_texts() {
        let lines = lines(include_str!("../../tests/names/harmless.txt"));
        let changed: Vec<String> = lines
            .iter()
            .map(|text| masked(text))
            .zip(&lines)
            .filter(|(masked, text)| masked != *text)
            .map(|(masked, text)| format!("{text} → {masked}"))
            .collect();
        assert_eq!(lines.len(), 200);
        assert!(
            changed.len() * 100 <= lines.len() * 2,
            "{} changed: {changed:#?}",
            changed.len()
        );
    }

    #[test]
    fn masks_a_name_everywhere_once_it_is_recognised() {
        check(
            "902호 홍길순입니다. 홍길순이 봤어요",
            "902호 ***입니다. ***이 봤어요",
        );
        check("경비 최정훈씨가 불친절합니다", "경비 ***씨가 불친절합니다");
        check("902호박서연", "902호***");
    }

    #[test]
    fn keeps_names_that_nothing_marks() {
        check("이순신 장군 동상", "이순신 장군 동상");
        check("", "");
    }
}

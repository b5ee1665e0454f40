#!/usr/bin/env python3
"""Labels lines of text with Kiwi's morphemes, for ko-train to learn from.

usage: label.py [--compounds] TEXTS... > LABELS

Each file TEXTS has one text a line; columns before the last tab are ignored. A line of LABELS is the text, in Unicode's
form C and with personal data masked, and then its morphemes, all separated by tabs. A morpheme is
`form/tag/start/length`: a tag of mecab-ko-dic, the position of its first character in the text, from 0, and the number
of characters that it covers. The morphemes of a contraction cover the same characters. Kiwi corrects misspellings: the
forms are those that were meant. --compounds adds the nouns of compounds.txt, for texts about buildings: elsewhere their
letters may be other words.
"""
import pathlib
import re
import sys
import unicodedata

from kiwipiepy import Kiwi

# The same patterns as in personal_data.rs of stat-analysis: no personal data reaches the labels.
DIGIT, DASH = "[0-9０-９]", r"[\s.\-‐–−－]"
PERSONAL = re.compile("|".join([
    r"https?://\S+",
    r"\bwww\.\S+",
    r"[\w.%+-]+@[\w-]+(?:\.[\w-]+)+",
    rf"{DIGIT}{{4}}{DASH}?{DIGIT}{{4}}{DASH}?{DIGIT}{{4}}{DASH}?{DIGIT}{{3,4}}",
    rf"{DIGIT}{{4}}{DASH}?{DIGIT}{{6}}{DASH}?{DIGIT}{{5}}",
    rf"{DIGIT}{{6}}\s?[-‐–−－]?\s?{DIGIT}{{7}}",
    r"(?:\+|00)?82[\s.\-()]{0,3}[0-9]{1,3}[\s.\-()]{0,3}[0-9]{3,4}[\s.\-]{0,3}[0-9]{4}",
    rf"\(?[0０]{DIGIT}{{1,3}}\)?[\s.\-‐–−－/]{{0,3}}{DIGIT}{{3,4}}{DASH}{{0,3}}{DIGIT}{{4}}",
    r"1[5689][0-9]{2}\s?-\s?[0-9]{4}",
]), re.IGNORECASE)

# Kiwi's tags that mecab-ko-dic writes differently. The others are the same without the suffixes -R and -I of the
# conjugation. Kiwi has no NNBC: the trainer treats NNB and NNBC alike.
TAGS = {
    "SP": "SC", "SS": "SY", "SO": "SY", "SW": "SY", "SB": "SY", "XSM": "XSA", "UN": "UNKNOWN",
    "W_URL": "SL", "W_EMAIL": "SL", "W_HASHTAG": "SY", "W_MENTION": "SY", "W_SERIAL": "SN", "W_EMOJI": "SY",
    "Z_CODA": "SY", "Z_SIOT": "SY", "USER0": "SY",
}


# Nouns of buildings that Kiwi reads wrongly (층간 as 층/NNG + 가/VV + ㄴ/ETM) or divides although each is one word.
WORDS = pathlib.Path(__file__).parent / "words.txt"
COMPOUNDS = WORDS.with_name("compounds.txt")


def mecab_tag(tag):
    tag = tag.split("-")[0]
    return TAGS.get(tag, tag)


def texts(paths):
    for path in paths:
        for line in open(path, encoding="utf-8", errors="replace", newline="\n"):
            text = unicodedata.normalize("NFC", line.rstrip("\r\n").rsplit("\t", 1)[-1])
            text = PERSONAL.sub("***", text)
            yield "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)


def main():
    paths = [argument for argument in sys.argv[1:] if argument != "--compounds"]
    if not paths:
        sys.exit(__doc__)
    words = [WORDS] if paths == sys.argv[1:] else [WORDS, COMPOUNDS]
    # Without the dictionary of phrases, because mecab-ko-dic has single words. Any number of workers gives the same
    # labels. The constructor of 0.24.1 ignores its argument `typos`: only that of tokenize counts.
    kiwi = Kiwi(load_multi_dict=False, num_workers=1)
    for word in (word for path in words for word in path.read_text(encoding="utf-8").split()):
        kiwi.add_user_word(word, "NNG")
    known = (text for text in texts(paths) if text.strip())
    for number, (tokens, text) in enumerate(kiwi.tokenize(known, typos="basic", echo=True), 1):
        # Kiwi places the last morpheme of a contraction at the end of a text after the text.
        last = len(text) - 1
        morphemes = (
            f"{token.form}/{mecab_tag(token.tag)}/{min(token.start, last)}/{token.len}" for token in tokens
        )
        print(text, *morphemes, sep="\t")
        if number % 10000 == 0:
            print(f"  {number} lines", file=sys.stderr, flush=True)


main()

#!/usr/bin/env python3
"""Labels lines of text with Kiwi's morphemes, for ko-train to learn from.

usage: label.py TEXTS > LABELS

TEXTS has one text a line; of `anything<TAB>text`, what stands before the last tab is left out. A line of LABELS is
the text, in Unicode's form C and with personal data masked, and then its morphemes, all separated by tabs; a
morpheme is `form/tag/start`: a tag of mecab-ko-dic, and the place of its first character in the text, from 0.
"""
import re
import sys
import unicodedata

from kiwipiepy import Kiwi

# As crates/stat-analysis/src/personal_data.rs: nothing that belongs to a person reaches the labels.
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

# Kiwi's tags that mecab-ko-dic writes in another way; the others are the same, without -R and -I for the
# conjugation. NNB stands for NNBC as well: the trainer takes them as one.
TAGS = {
    "SP": "SC", "SS": "SY", "SO": "SY", "SW": "SY", "SB": "SY", "XSM": "XSA", "UN": "UNKNOWN",
    "W_URL": "SL", "W_EMAIL": "SL", "W_HASHTAG": "SY", "W_MENTION": "SY", "W_SERIAL": "SN", "W_EMOJI": "SY",
    "Z_CODA": "SY", "Z_SIOT": "SY", "USER0": "SY",
}


def mecab_tag(tag):
    tag = tag.split("-")[0]
    return TAGS.get(tag, tag)


def texts(path):
    with open(path, encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            text = unicodedata.normalize("NFC", line.rstrip("\r\n").rsplit("\t", 1)[-1])
            text = PERSONAL.sub("***", text)
            yield "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # Without the dictionary of phrases: mecab-ko-dic has single words. The labels are the same for any number of workers.
    kiwi = Kiwi(load_multi_dict=False, num_workers=1)
    # Its progress is for people; the labels are the output.
    known = (text for text in texts(sys.argv[1]) if text.strip())
    for number, (tokens, text) in enumerate(kiwi.tokenize(known, echo=True), 1):
        # Of a contraction at the very end Kiwi places the last morpheme behind it.
        morphemes = (f"{token.form}/{mecab_tag(token.tag)}/{min(token.start, len(text) - 1)}" for token in tokens)
        print(text, *morphemes, sep="\t")
        if number % 10000 == 0:
            print(f"  {number} lines", file=sys.stderr, flush=True)


main()

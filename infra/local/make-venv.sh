#!/bin/sh
# Makes the virtual environment $1 with the packages of $2, or brings it up to date, and marks it as ready.
set -eu
venv=$1
requirements=$2
mark=$venv/nightshift-requirements

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
  python=
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  if [ -z "$python" ]; then
    echo 'no Python 3.10 or newer with venv was found.' >&2
    echo 'Debian and Ubuntu: apt install python3-venv; macOS: brew install python; or PYTHON=/path/to/python3' >&2
    exit 1
  fi
  echo "making $venv with $("$python" --version)"
  rm -rf "$venv"
  "$python" -m venv "$venv"
fi

rm -f "$mark"
total=$(grep -c '^[A-Za-z].*==' "$requirements")
# Not in $(…), whose output is no terminal.
terminal=
if [ -t 1 ]; then terminal=1; fi
{
  "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off --requirement "$requirements" 2>&1 \
    && touch "$mark"
} | tee "$venv/pip.log" | awk -v total="$total" -v terminal="$terminal" '
  /^(Collecting|Requirement already)/ {
    done++
    if (terminal) printf "\r\033[K  %d of %d Python packages", done, total
    else if (done % 10 == 0 || done == total) printf "  %d of %d Python packages\n", done, total
    fflush()
  }
  /^Installing/ { printf "%s  installing them%s", terminal ? "\r\033[K" : "", terminal ? "" : "\n"; fflush() }
  END { if (terminal) printf "\r\033[K" }'
if [ ! -f "$mark" ]; then
  tail -n 20 "$venv/pip.log" >&2
  echo "set-up failed: the log is $venv/pip.log" >&2
  exit 1
fi

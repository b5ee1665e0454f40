#!/bin/sh
# Provides PgBouncer for the tests of a month through a pooler: the system's package. Installs it where possible.
# Elsewhere it prints the arguments with which cargo test skips these tests.
set -eu

if command -v pgbouncer >/dev/null 2>&1 || [ -x /usr/sbin/pgbouncer ]; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo 'installing pgbouncer' >&2
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if apt-get update >"$log" 2>&1 \
        && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends pgbouncer >>"$log" 2>&1
    then
        exit 0
    fi
    tail -n 20 "$log" >&2
fi
echo '--skip pgbouncer::'

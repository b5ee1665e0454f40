#!/bin/sh
# Sees to it that there is a browser for the tests of the report's page: Chromium and ChromeDriver from the system's
# packages. Root on Debian and Ubuntu installs them; everybody else gets the command that does.
set -eu

if [ -n "${CHROMEDRIVER:-}" ] || command -v chromedriver >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo 'installing chromium and chromium-driver'
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if apt-get update >"$log" 2>&1 \
        && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium chromium-driver >>"$log" 2>&1
    then
        exit 0
    fi
    tail -n 20 "$log" >&2
fi
cat >&2 <<'END'
the tests open the report in a browser, and there is no chromedriver.
Debian and Ubuntu: apt install chromium chromium-driver; macOS: brew install --cask chromium chromedriver;
or CHROMEDRIVER=/path/to/chromedriver and CHROMIUM=/path/to/chromium; or make test BROWSER=none without these tests
END
exit 1

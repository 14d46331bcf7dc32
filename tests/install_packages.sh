#!/usr/bin/env bash
# What tests need that Python's registry does not have: a browser for pages, Java for Spark. Debian's packages, nothing else.
set -euo pipefail
wanted=()
any() { for name in "$@"; do command -v "$name" >/dev/null && return 0; done; return 1; }
any chromium google-chrome chromium-browser || wanted+=(chromium fonts-noto-core)
any java || [ -n "${JAVA_HOME:-}" ] || wanted+=(default-jre-headless)
# The proxies of docs/how-to/set-up-tls-and-a-proxy.md, and Prometheus: where they cannot be installed, their tests are skipped.
optional=()
PATH="$PATH:/usr/sbin" any nginx || optional+=(nginx-light)
PATH="$PATH:/usr/sbin" any haproxy || optional+=(haproxy)
any promtool || optional+=(prometheus)
PATH="$PATH:/usr/sbin" any pgbouncer || optional+=(pgbouncer)
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then wanted+=("${optional[@]}"); fi
[ ${#wanted[@]} = 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
    exit 0
fi
echo "The tests need ${wanted[*]}. Next step: install (Debian: sudo apt-get install ${wanted[*]}) and run again." >&2
exit 1

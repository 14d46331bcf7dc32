#!/usr/bin/env bash
# The browser that the page is looked at in. Debian's package; nothing is downloaded from elsewhere.
set -euo pipefail
for name in chromium google-chrome chromium-browser; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core >/dev/null
    exit 0
fi
echo "The browser tests need Chromium. Next step: install it (Debian: sudo apt-get install chromium) and run again." >&2
exit 1

#!/usr/bin/env bash
# Brings a Debian 12 machine to where the suite can run: the .venv of the checkout and a few Debian packages.
# Everything is checked before it is done, so a second run takes a fraction of a second; whatever cannot be
# installed from here is told in one line that says what to do.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
venv="$root/.venv"
lock="$root/requirements-dev.lock"
uv_version="0.13.9"

source "$root/deploy/local/pip-settings.sh"

say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

# Debian starts a broker as soon as its package is unpacked. Ours is a node of its own, so the packaged one must not
# even start: a policy-rc.d (invoke-rc.d's documented hook) says so while apt runs, unless the machine has one already.
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        ours=yes
    fi
    local result=0
    "$@" || result=$?
    if [ -n "$ours" ]; then as_root rm -f "$policy"; fi
    return "$result"
}

apt_install() {
    local log="$root/.run/install.log"
    mkdir -p "$root/.run"
    say "installing Debian packages: $*"
    { as_root apt-get update && without_starting_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 \
        || { tail -n 15 "$log" >&2; fail "Debian packages could not be installed; please run: apt-get install $*"; }
}

debian_packages() {
    local missing=()
    if [ -z "${AMQP_URL:-}" ] && ! ls /usr/lib/rabbitmq/bin/rabbitmq-server >/dev/null 2>&1; then
        missing+=(rabbitmq-server)
    fi
    command -v chromium >/dev/null || missing+=(chromium)
    command -v pdftotext >/dev/null || missing+=(poppler-utils)
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
    if [ "${#missing[@]}" -eq 0 ]; then return; fi
    can_install || fail "not root and no sudo; please run as root: apt-get install ${missing[*]}"
    apt_install "${missing[@]}"
}

find_python() {
    local candidate
    for candidate in python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 is needed and not on PATH (Debian 12 has it as python3)"
}

create_venv() {
    local python="$1"
    if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        return
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        can_install || fail "Python's venv module is missing; please run as root: apt-get install python3-venv"
        apt_install python3-venv
    fi
    say "creating .venv"
    "$python" -m venv --clear "$venv"
}

install_uv() {
    if "$venv/bin/python" -m uv --version 2>/dev/null | grep -q "^uv $uv_version"; then return; fi
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check "uv==$uv_version" \
        || fail "pip could not install uv $uv_version; is a package index reachable?"
}

install_libraries() {
    say "installing Python libraries (once per change of requirements-dev.lock)"
    install_uv
    borrow_pip_settings "$venv/bin/python"
    "$venv/bin/python" -m uv pip sync --quiet --python "$venv/bin/python" --require-hashes "$lock" \
        || "$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock" \
        || fail "Python libraries could not be installed; see the lines above"
    # The path is the import path: the checkout itself and the generated contracts, for every process of the suite.
    local site
    site="$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    printf '%s\n%s\n' "$root" "$root/protos/gen/python" >"$site/kabinet.pth"
}

main() {
    create_venv "$(find_python)"
    # The stamp also names the folder: a checkout that was moved or copied has a .pth that points elsewhere.
    local stamp="$venv/.installed" want
    want="$(sha256sum <"$lock") $uv_version $root"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
        install_libraries
        printf '%s' "$want" >"$stamp"
    fi
    debian_packages
}

main "$@"

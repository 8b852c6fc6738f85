# Sourced by install.sh and .ci/lock.
# uv does not read pip's configuration: an index, a mirror or a certificate set for pip is handed to uv. Several indexes
# are treated as pip treats them, as equals; the lock's hashes say which files may come from them.
borrow_pip_settings() {
    local python="$1" name value
    while IFS='=' read -r name value; do
        value="${value#\'}"
        value="${value%\'}"
        value="${value//\\n/ }"
        case "${name##*.}" in
            index-url) export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$value}" ;;
            extra-index-url) export UV_INDEX="${UV_INDEX:-$value}" ;;
            find-links) export UV_FIND_LINKS="${UV_FIND_LINKS:-$value}" ;;
            cert) export SSL_CERT_FILE="${SSL_CERT_FILE:-$value}" ;;
        esac
    done < <("$python" -m pip config list 2>/dev/null)
    export UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
}

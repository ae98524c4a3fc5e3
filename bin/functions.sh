# What bin/install and bin/install-test-tools share. Sourced, never run.

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# As root, or where sudo asks for no password; otherwise a person has to do it.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif sudo -n true 2>/dev/null; then sudo -n "$@"
    else return 1
    fi
}

# apt_install <package>...: quietly. Returns 1 when it can't be done, after what apt-get said.
apt_install() {
    command -v apt-get >/dev/null 2>&1 && as_root true || return 1
    echo "Installing by apt-get: $* ..."
    log=$(mktemp)
    # An update that fails in part (one of several sources is away) may still be enough.
    as_root apt-get update >"$log" 2>&1 || true
    if as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1
    then
        rm -f "$log"
        return 0
    fi
    explain "$log" apt-get
    return 1
}

# explain <log> <program>: what went wrong, in a sentence where it is the network, and the log's end.
explain() {
    echo "$2 failed. Its last lines:" >&2
    tail -n 15 "$1" | sed 's/^/    /' >&2
    if grep -qiE 'retrying \(retry|name resolution|could not resolve|failure resolving|unreachable|connection (refused|timed out|reset|failed)|could not connect|cannot initiate the connection|timed? ?out|proxyerror|E(NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT)\b' "$1"
    then
        echo "$2 can't reach its server: installing needs a network, once. Connect this computer" \
            "(behind a proxy, set HTTPS_PROXY) and try again." >&2
    fi
    rm -f "$1"
}

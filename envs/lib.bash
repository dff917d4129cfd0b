# Where things lie: sourced by envs/run, envs/setup and envs/lock. Not a command.

envs_dir=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root_dir=$(dirname "$envs_dir")
cache_dir=${SAMVAD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/samvad}

die() {
    printf 'samvad: %s\n' "$*" >&2
    exit 1
}

# Make the cache folder where there is none, for its owner alone: what lies there is run. One that is there keeps its
# permissions: a team that shares one makes it beforehand, as SECURITY.md says.
make_cache_dir() {
    [ -d "$cache_dir" ] || (umask 077 && mkdir -p "$cache_dir") ||
        die "the cache folder $cache_dir cannot be made. Set SAMVAD_CACHE to another folder."
}

# Ask whether system packages may be installed: yes by --yes (SAMVAD_YES=1) and in continuous integration (CI=true), by a
# word at a terminal, and by nothing else.
may_install() {
    local answer
    case "${SAMVAD_YES:-}${CI:-}" in *1* | *true*) return 0 ;; esac
    [ -t 0 ] && [ -t 2 ] || return 1
    read -r -p "Install with apt, as root: $* [y/N] " answer
    [[ $answer =~ ^[yYjJ] ]]
}

# Print the folder of an environment's virtual environment: one for each content of its lock and each Python.
environment_dir() {
    local lock="$envs_dir/$1.yaml" hash
    [ -f "$lock" ] || die "there is no environment '$1'; see $envs_dir"
    hash=$(sha256sum "$lock")
    printf '%s/envs/%s-%s' "$cache_dir" "$1" "${hash:0:16}"
}

# Print an environment's list of packages as pip and uv read it: a line for each, its pin, then the hashes of its files.
pip_list() {
    awk '/^ *- pip:$/ { within = 1; next }
        within && /^      - / { if (line) print line; line = substr($0, 9); next }
        within && /^ +--hash=/ { sub(/^ +/, " "); line = line $0 }
        END { if (line) print line }' "$envs_dir/$1.yaml"
}

# Print the folder of Node's packages that tests use: one for each content of the lock in tests/NAME.
node_dir() {
    local hash
    hash=$(sha256sum "$root_dir/tests/$1/package-lock.json")
    printf '%s/tools/%s-%s' "$cache_dir" "$1" "${hash:0:16}"
}

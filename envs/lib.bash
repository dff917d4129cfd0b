# Where things lie: sourced by envs/run, envs/setup and envs/lock. Not a command.

envs_dir=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root_dir=$(dirname "$envs_dir")
# Cron, containers and services may give no home folder: it is what the system says of the user.
if [ -z "${HOME:-}" ]; then
    unset HOME
    HOME=~
    export HOME
fi
# What was closed is opened to nothing, or the first file that a program opens would be its standard output.
for stream in 0 1 2; do
    [ -e "/dev/fd/$stream" ] || eval "exec $stream<>/dev/null"
done
unset stream
cache_dir=${SAMVAD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/samvad}

die() {
    printf 'samvad: %s\n' "$*" >&2
    exit 1
}

# Make the cache folder where there is none, for its owner alone: what lies there is run. SAMVAD_CACHE_GROUP names the group
# of a team that shares it. One that is there keeps its permissions, and is refused where it may be anybody's.
make_cache_dir() {
    local mode owner group
    if [ -d "$cache_dir" ]; then
        read -r mode owner group < <(stat -Lc '%a %u %g' "$cache_dir")
        (((8#$mode & 2) == 0)) ||
            die "every user of this machine may write into the cache folder $cache_dir, and what lies there is run. Run: chmod o-w $cache_dir"
        [ "$(id -u)" = 0 ] || [ "$owner" = 0 ] || [ "$owner" = "$(id -u)" ] ||
            { (((8#$mode & 8#20) != 0)) && [[ " $(id -G) " == *" $group "* ]]; } ||
            die "the cache folder $cache_dir belongs to another user, and not to a group of yours that may write into it. Set SAMVAD_CACHE to another folder."
        return
    fi
    (umask 077 && mkdir -p "$cache_dir") || die "the cache folder $cache_dir cannot be made. Set SAMVAD_CACHE to another folder."
    [ -z "${SAMVAD_CACHE_GROUP:-}" ] || { chgrp "$SAMVAD_CACHE_GROUP" "$cache_dir" && chmod 2770 "$cache_dir"; } ||
        { rmdir "$cache_dir"; die "SAMVAD_CACHE_GROUP=$SAMVAD_CACHE_GROUP is no group that you can give $cache_dir to."; }
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

# Install Debian packages, as root or by the words before (sudo -n). Another apt at work, such as the unattended upgrades of
# a machine that has just started, is waited for; the lists it may be fetching are not asked for twice.
apt_get() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1") && shift; done
    shift
    "${words[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq || true
    "${words[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" >/dev/null
}

# Print the folder of an environment's virtual environment: one for each content of its lock and each Python. An image has
# them in a folder of its own (SAMVAD_ENVS), for the cache is the user's.
environment_dir() {
    local lock="$envs_dir/$1.yaml" hash
    [ -f "$lock" ] || die "there is no environment '$1'; see $envs_dir"
    hash=$(sha256sum "$lock")
    printf '%s/%s-%s' "${SAMVAD_ENVS:-$cache_dir/envs}" "$1" "${hash:0:16}"
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

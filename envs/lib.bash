# Where things lie: sourced by envs/run, envs/setup and envs/lock. Not a command.

envs_dir=$(CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root_dir=$(dirname "$envs_dir")
cache_dir=${SAMVAD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/samvad}

die() {
    printf 'samvad: %s\n' "$*" >&2
    exit 1
}

# Print the folder of an environment's virtual environment: one for each content of its lock and each Python.
environment_dir() {
    local lock="$envs_dir/$1.yaml" hash
    [ -f "$lock" ] || die "there is no environment '$1'; see $envs_dir"
    hash=$(sha256sum "$lock")
    printf '%s/envs/%s-%s' "$cache_dir" "$1" "${hash:0:16}"
}

# Print the folder of Node's packages that tests use: one for each content of the lock in tests/NAME.
node_dir() {
    local hash
    hash=$(sha256sum "$root_dir/tests/$1/package-lock.json")
    printf '%s/tools/%s-%s' "$cache_dir" "$1" "${hash:0:16}"
}

# Where things lie: sourced by envs/run, envs/setup and envs/lock. Not a command.

envs_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
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

# Print the folder of the grammar that the tests check LogQL with: one for each content of its lock.
logql_dir() {
    local hash
    hash=$(sha256sum "$root_dir/tests/logql/package-lock.json")
    printf '%s/tools/logql-%s' "$cache_dir" "${hash:0:16}"
}

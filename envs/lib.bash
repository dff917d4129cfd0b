# Where things lie: sourced by envs/run, envs/setup and envs/lock. Not a command.

case ${BASH_SOURCE[0]} in
*/*) envs_dir=$(CDPATH= cd "${BASH_SOURCE[0]%/*}/" && pwd) ;;
*) envs_dir=$PWD ;;
esac
root_dir=${envs_dir%/*}
root_dir=${root_dir:-/}
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

# The pins of PyTorch's builds for processors alone, for machines without an NVIDIA GPU: the same versions as in the locks,
# from PyTorch's own index, as PyPI has only those that need CUDA's libraries. `envs/lock --torch-cpu` writes it.
torch_cpu_list=$envs_dir/torch-cpu.txt

# Print which build of PyTorch an environment is to have: cpu or cuda; nothing where it has no PyTorch, or only one is to
# be had. SAMVAD_TORCH says it; without it, where the list is there: cpu on a machine that has no NVIDIA GPU, and from which
# no jobs go to machines that may have one.
torch_build() {
    case ${SAMVAD_TORCH:-} in
    '' | cuda | cpu) ;;
    *) die "SAMVAD_TORCH=$SAMVAD_TORCH is no build of PyTorch. Set it to cpu or cuda, or unset it." ;;
    esac
    grep -q '^ *- torch==' "$envs_dir/$1.yaml" && [ "$(uname -sm)" = "Linux x86_64" ] || return 0
    if [ -n "${SAMVAD_TORCH:-}" ]; then
        echo "$SAMVAD_TORCH"
    elif [ -f "$torch_cpu_list" ]; then
        if [ -e /dev/nvidiactl ] || [ -e /dev/dxg ] || command -v nvidia-smi sbatch >/dev/null; then echo cuda; else echo cpu; fi
    fi
}

# Print the folder of an environment's virtual environment: one for each content of its lock, and for each build of
# PyTorch. One that is built serves where nothing asks for the other. An image has them in a folder of its own
# (SAMVAD_ENVS), for the cache is the user's.
environment_dir() {
    local lock="$envs_dir/$1.yaml" hash build folder for_cpu
    [ -f "$lock" ] || die "there is no environment '$1'; see $envs_dir"
    hash=$(sha256sum "$lock")
    folder=${SAMVAD_ENVS:-$cache_dir/envs}/$1-${hash:0:16}
    build=$(torch_build "$1") || exit 1
    if [ "$build" = cpu ] || { [ "$build" = cuda ] && [ -f "$torch_cpu_list" ]; }; then
        [ -f "$torch_cpu_list" ] ||
            die "SAMVAD_TORCH=cpu needs the list of PyTorch's builds for processors. Run once, with a network: envs/lock --torch-cpu"
        hash=$(sha256sum "$torch_cpu_list")
        for_cpu=$folder-cpu-${hash:0:8}
        case $build,${SAMVAD_TORCH:-} in
        cpu,) [ -e "$folder/.complete" ] && [ ! -e "$for_cpu/.complete" ] || folder=$for_cpu ;;
        cuda,) [ -e "$for_cpu/.complete" ] && [ ! -e "$folder/.complete" ] && folder=$for_cpu ;;
        cpu,cpu) folder=$for_cpu ;;
        esac
    fi
    printf '%s' "$folder"
}

# Print an environment's list of packages as pip and uv read it: a line for each, its pin, then the hashes of its files.
# With a second word, `cpu`: with PyTorch's builds for processors, and without CUDA's libraries and its compiler.
pip_list() {
    awk -v build="${2:-}" -v torch_list="$torch_cpu_list" '
        BEGIN { while (build == "cpu" && (getline row < torch_list) > 0)
            if (row ~ /^[a-z]/) { name = row; sub(/==.*/, "", name); own[name] = row } }
        function out() {
            if (!line) return
            name = line; sub(/==.*/, "", name)
            if (build != "cpu") print line
            else if (name in own) print own[name]
            else if (name !~ /^(triton|nvidia-.*-cu[0-9]+)$/) print line
        }
        /^ *- pip:$/ { within = 1; next }
        within && /^      - / { out(); line = substr($0, 9); next }
        within && /^ +--hash=/ { sub(/^ +/, " "); line = line $0 }
        END { out() }' "$envs_dir/$1.yaml"
}

# Print the folder of Node's packages that tests use: one for each content of the lock in tests/NAME.
node_dir() {
    local hash
    hash=$(sha256sum "$root_dir/tests/$1/package-lock.json")
    printf '%s/tools/%s-%s' "$cache_dir" "$1" "${hash:0:16}"
}

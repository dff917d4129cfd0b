# Find uv, or install it privately; hand it the registry settings of pip. Sourced by envs/setup and envs/lock.

UV_VERSION=$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' "$envs_dir/uv.txt")

if ! command -v uv >/dev/null; then
    uv_dir=$cache_dir/tools/uv-$UV_VERSION
    if [ ! -x "$uv_dir/bin/uv" ]; then
        printf 'Installing uv %s into %s\n' "$UV_VERSION" "$uv_dir"
        rm -rf "$uv_dir"
        python3 -m venv "$uv_dir"
        "$uv_dir/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$envs_dir/uv.txt" 2> >(grep -v 'is ignored: it is neither' >&2) ||
            { rm -rf "$uv_dir"; die "uv could not be installed with pip. Is there a network, or a package index in pip's settings?"; }
    fi
    PATH=$uv_dir/bin:$PATH
fi

# uv does not read pip's configuration. Whoever has set an index, extra packages or a certificate there wants them here.
eval "$(python3 - <<'PYTHON'
import ast, shlex, subprocess, sys

listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
settings = [line.split("=", 1) for line in listing.splitlines() if "=" in line]


def values(key):
    """Return the values of a setting, those of the environment (":env:") first, as pip ranks them."""
    found = [(name, ast.literal_eval(value)) for name, value in settings if name.split(".", 1)[-1] == key]
    return [value for _, value in sorted(found, key=lambda item: item[0] != f":env:.{key}")]


def words(key):
    return list(dict.fromkeys(" ".join(values(key)).split()))


extra = words("extra-index-url")
for variable, value in {
    "UV_DEFAULT_INDEX": values("index-url")[:1],
    "UV_EXTRA_INDEX_URL": [" ".join(extra)] if extra else [],
    "UV_FIND_LINKS": [",".join(words("find-links"))],
    "SSL_CERT_FILE": values("cert")[:1],
}.items():
    if value and value[0]:
        print(f"export {variable}=${{{variable}:-{shlex.quote(value[0])}}}")
PYTHON
)"
export UV_COMPILE_BYTECODE=1    # python would do it at the first start; where that is switched off, every start is slow
export UV_PYTHON_PREFERENCE=system    # else one that uv fetches
export UV_CACHE_DIR=${UV_CACHE_DIR:-$cache_dir/uv}    # on the same disk as the environments, so that files are linked

"""envs/quick_start.py: what Snakemake seldom uses is loaded when it is used, and is then what it always is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

#: A package among those that are loaded later, whose module looks back into it while both are being loaded.
PACKAGE = "print('loaded')\nfrom pandas.core import ONE, two\nTHREE = ONE + two()\n"
CORE = "import pandas\nprint('core')\nONE = 1\ndef two():\n    return 2\n"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder of packages with the start of Snakemake in it, and a program of that name."""
    (tmp_path / "pandas").mkdir()
    (tmp_path / "pandas" / "__init__.py").write_text(PACKAGE, "utf-8")
    (tmp_path / "pandas" / "core.py").write_text(CORE, "utf-8")
    install = (
        "import sys, sysconfig; sysconfig.get_path = lambda name: sys.argv[1]; import quick_start as q; q.install()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "envs")}
    subprocess.run([sys.executable, "-c", install, tmp_path], env=environment, check=True)
    (tmp_path / "sitecustomize.py").write_text((tmp_path / "samvad_quick_start.pth").read_text("utf-8"), "utf-8")
    return tmp_path


def said(packages: Path, code: str, program: str = "snakemake") -> list[str]:
    """Return the words that a program prints."""
    (packages / program).write_text(code, "utf-8")
    command = [sys.executable, packages / program]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


def test_a_module_is_loaded_when_something_of_it_is_used(packages: Path) -> None:
    code = (
        "import pandas as p\nprint('imported', p.__name__, p.__path__ != [])\nprint(p.THREE)\nprint(type(p).__name__)\n"
    )
    assert said(packages, code) == ["imported", "pandas", "True", "loaded", "core", "3", "module"]


def test_other_programs_load_it_at_once(packages: Path) -> None:
    assert said(packages, "import pandas\nprint('imported')\n", "another") == ["loaded", "core", "imported"]


def test_a_module_of_a_package_that_is_not_loaded_yet_is_loaded_once(packages: Path) -> None:
    code = (
        "import sys, pandas\nimport pandas.core\nprint(pandas.core.two(), pandas.core is sys.modules['pandas.core'])\n"
        "print(pandas.core.__spec__.origin == pandas.core.__file__)\n"
    )
    assert said(packages, code) == ["loaded", "core", "2", "True", "True"]


def test_names_are_taken_out_of_it_as_ever(packages: Path) -> None:
    code = (
        "import pandas\nfrom pandas import THREE\nprint(THREE)\n"
        "try:\n    pandas.four\nexcept AttributeError as error:\n    print(error)\n"
    )
    assert said(packages, code)[:3] == ["loaded", "core", "3"]
    assert said(packages, code)[-2:] == ["attribute", "'four'"]


def test_threads_see_no_module_that_is_half_loaded(packages: Path) -> None:
    (packages / "pandas" / "__init__.py").write_text("import time\ntime.sleep(0.3)\nTHREE = 3\n", "utf-8")
    code = (
        "import pandas\nfrom concurrent.futures import ThreadPoolExecutor as Pool\n"
        "with Pool(8) as pool:\n    print(*pool.map(lambda _: pandas.THREE, range(8)))\n"
    )
    assert said(packages, code) == ["3"] * 8


@pytest.mark.parametrize("imports_first", [True, False])
def test_two_threads_that_import_parts_of_a_package_do_not_wait_for_each_other(
    packages: Path, imports_first: bool
) -> None:
    """One loads the package, which imports its module; the other imports the module, which looks into the package."""
    slow = "import time, pandas\ntime.sleep(0.5)\n"
    (packages / "pandas" / "__init__.py").write_text(f"{slow}from pandas.core import ONE\n", "utf-8")
    (packages / "pandas" / "core.py").write_text(f"{slow}ONE = pandas.__name__\n", "utf-8")
    first, second = ("0.2", "0") if imports_first else ("0", "0.2")
    code = (
        "import importlib, time, pandas\nfrom concurrent.futures import ThreadPoolExecutor as Pool\n"
        f"def use():\n    time.sleep({first})\n    return pandas.ONE\n"
        f"def take():\n    time.sleep({second})\n    return importlib.import_module('pandas.core').ONE\n"
        "with Pool(2) as pool:\n    print(*[found.result() for found in (pool.submit(use), pool.submit(take))])\n"
        "print(type(pandas).__name__)\n"
    )
    assert said(packages, code) == ["pandas", "pandas", "module"]


@pytest.mark.parametrize("waits", [("0", "0", "0.2"), ("0.2", "0", "0"), ("0", "0.2", "0.1"), ("0.1", "0.2", "0")])
def test_threads_that_import_parts_of_a_package_which_need_each_other_all_get_theirs(
    packages: Path, waits: tuple[str, str, str]
) -> None:
    """The package needs one part, that one the other; each is imported by a thread while another has the lock of it."""
    slow = "import time, pandas\ntime.sleep(0.4)\n"
    (packages / "pandas" / "__init__.py").write_text(f"{slow}from pandas.core import ONE\nimport pandas.io\n", "utf-8")
    (packages / "pandas" / "core.py").write_text(f"{slow}import pandas.io\nONE = pandas.io.TWO - 1\n", "utf-8")
    (packages / "pandas" / "io.py").write_text(f"{slow}import pandas.core\nTWO = 2\n", "utf-8")
    code = (
        "import importlib, time, pandas\nfrom concurrent.futures import ThreadPoolExecutor as Pool\n"
        "def use(wait):\n    time.sleep(wait)\n    return pandas.ONE\n"
        "def take(wait, name, value):\n    time.sleep(wait)\n"
        "    return getattr(importlib.import_module(name), value)\n"
        f"with Pool(3) as pool:\n    found = [pool.submit(use, {waits[0]}),\n"
        f"        pool.submit(take, {waits[1]}, 'pandas.core', 'ONE'),\n"
        f"        pool.submit(take, {waits[2]}, 'pandas.io', 'TWO')]\n    print(*[one.result() for one in found])\n"
        "print(type(pandas).__name__, type(pandas.core).__name__)\n"
    )
    assert said(packages, code) == ["1", "1", "2", "module", "module"]


def test_two_threads_that_load_two_modules_which_use_each_other_do_not_wait_for_each_other(packages: Path) -> None:
    for name, other in (("numpy", "pandas"), ("pandas", "numpy")):
        (packages / name).mkdir(exist_ok=True)
        text = f"import time, {other}\nA = 1\ntime.sleep(0.5)\nB = getattr({other}, 'A', 0) + A\n"
        (packages / name / "__init__.py").write_text(text, "utf-8")
    code = (
        "import numpy, pandas\nfrom concurrent.futures import ThreadPoolExecutor as Pool\n"
        "with Pool(2) as pool:\n    print(*pool.map(lambda module: module.B, (numpy, pandas)))\n"
    )
    assert said(packages, code) == ["2", "2"]


def test_one_that_is_not_there_or_fails_says_so(packages: Path) -> None:
    (packages / "pandas" / "__init__.py").write_text("raise OSError('broken')\n", "utf-8")
    code = (
        "import pandas\nfor _ in range(2):\n"
        "    try:\n        pandas.THREE\n    except OSError as error:\n        print(error)\n"
        "import sys; sys.path[:] = []\ntry:\n    import boto3\nexcept ImportError:\n    print('absent')\n"
    )
    assert said(packages, code) == ["broken", "broken", "absent"]


def test_snakemake_starts_without_pandas_and_boto3() -> None:
    """The environment has it; what is said of the modules is what Snakemake's own start asks for."""
    code = (
        "import samvad_quick_start as quick; quick.begin()\nimport sys, snakemake.cli, smart_open\n"
        "print(*sorted(name for name in quick.LATER if type(sys.modules[name]) is quick.Later))\n"
        "import pandas; print(pandas.DataFrame({'a': [1, 2]}).a.sum())\n"
    )
    done = subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["boto3", "botocore.client", "numpy", "pandas", "requests", "3"]


def test_ctrl_c_while_it_loads_ends_it_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\nprint(1, flush=True)\ntime.sleep(60)\n", "utf-8")
    code = "import quick_start as quick; quick.begin()\nimport slow\n"
    process = subprocess.Popen(
        [ROOT / ".venv" / "bin" / "python", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'envs'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == "Stopped.\n"
    assert process.returncode == -signal.SIGINT


#: Snakemake, stopped while it reads a value of ``--config``, which takes it for one that is no YAML.
STOPPED_IN_CONFIG = """
import os, shutil, signal, sys, threading
shutil.copyfile("envs/quick_start.py", sys.path[0] + "/samvad_quick_start.py")
import samvad_quick_start as quick
quick.begin()
from snakemake import cli
parse = cli.parse_config
def parse_config(entries):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    return parse(entries)
cli.parse_config = parse_config
cli.main(["subtitle", "--dry-run", "--config", "some_value=[" + "1, " * 100_000 + "]"])
"""


def test_ctrl_c_that_snakemake_loses_in_the_words_of_its_command_ends_it(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(STOPPED_IN_CONFIG, "utf-8")
    command = [ROOT / ".venv" / "bin" / "python", tmp_path / "stopped.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert "some_value" not in done.stderr, "it has gone on, to be told what is wrong with the value"
    assert done.stderr.endswith("\nStopped.\n")
    assert done.returncode == -signal.SIGINT


#: Snakemake's own start, a report's modules, and what is loaded by then; then the beginning of a report.
REPORTS = """
import quick_start as quick
quick.begin()
import sys
import snakemake.cli
import snakemake.report.html_reporter as pages
print(*sorted({"docutils", "jinja2"} & set(sys.modules)), "none")
import snakemake.report as reports
collected = reports.auto_report(None, None, None, None)
collected.close()
print("docutils" in sys.modules, reports.EmbeddedImage.__mro__[1].__module__, reports.publish_parts.__module__)
print(reports.directives._directives["embeddedimage"] is reports.EmbeddedImage)
loader = pages.PackageLoader("snakemake", "report/html_reporter/template")
print("index.html.jinja2" in pages.Environment(loader=loader).list_templates())
"""


def test_snakemake_starts_without_what_writes_its_reports_and_loads_it_when_one_is_made() -> None:
    command = [ROOT / ".venv" / "bin" / "python", "-c", REPORTS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "envs")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    images, core = "docutils.parsers.rst.directives.images", "docutils.core"
    assert done.stdout.splitlines() == ["none", f"True {images} {core}", "True", "True"]


def test_what_can_be_imported_is_listed_once_for_each_list_of_places(packages: Path) -> None:
    code = (
        "import os, pkgutil, sys\n"
        "asked = []\n"
        "listed = os.listdir\n"
        "os.listdir = lambda place='.': (asked.append(place), listed(place))[1]\n"
        "first = list(pkgutil.iter_modules())\n"
        "once = len(asked)\n"
        "print(once > 0, list(pkgutil.iter_modules()) == first, len(asked) == once)\n"
        "print('pandas' in {m.name for m in first})\n"
        "print([m.name for m in pkgutil.iter_modules([sys.path[0] + '/pandas'], 'pandas.')])\n"
        "os.mkdir('later')\n"
        "open('later/appeared.py', 'w').close()\n"
        "sys.path.append('later')\n"
        "print('appeared' in {m.name for m in pkgutil.iter_modules()})\n"
    )
    told = said(packages, "import os, sys; os.chdir(sys.path[0])\n" + code)
    assert told == ["True", "True", "True", "True", "['pandas.core']", "True"]

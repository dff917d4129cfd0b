# Where the project lies, and the first look at files of settings, before Snakemake takes each alias of YAML for all that
# it stands for.

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError

# Ctrl-C while Snakemake reads the words of its command is lost in it: envs/quick_start.py keeps it in mind.
if getattr(sys.modules.get("samvad_quick_start"), "interrupted", False):
    raise KeyboardInterrupt


def project(source):
    """Return the folder of the whole project, of which these rules are a part.

    A workflow may take Samvad in from where it is published (`github(…)`, as snakedeploy writes it). Snakemake reads each
    file of rules from a clone without files that it keeps then. The stages need all of the project: it is laid out beside
    that clone, once for each commit.
    """
    if not hasattr(source, "repo"):
        return Path(source.path).parent
    if not hasattr(source, "hosted_repo"):
        raise WorkflowError(
            "This version of Snakemake keeps no clone of Samvad: name the Snakefile of one of your own."
        )
    clone = source.hosted_repo.repo_clone
    commit = subprocess.check_output(["git", "-C", clone, "rev-parse", f"{source.ref}^{{commit}}"], text=True).strip()
    place = clone.with_name(f"{clone.name}-{commit}")
    if not place.is_dir():
        with tempfile.TemporaryDirectory(dir=clone.parent) as folder:
            made = Path(folder, "clone")
            subprocess.run(["git", "clone", "--quiet", "--no-checkout", clone, made], check=True)
            subprocess.run(["git", "-C", made, "checkout", "--quiet", "--detach", commit], check=True)
            try:
                made.rename(place)
            except OSError:  # another run has made it meanwhile
                if not place.is_dir():
                    raise
    return place


# The one edit of the path: a stage script finds the package because it lies beside it, the workflow does not.
sys.path.insert(0, f"{project(workflow.current_basedir)}/scripts")

from samvad.core import variables
from samvad.core.errors import SamvadError
from samvad.settings import configuration
from samvad.workflow import snakemake_api
from samvad.workflow.refusal import RefusedError

os.environ[variables.WORK] = os.getcwd()

try:
    configuration.look_at([*configuration.sources(), *snakemake_api.given_configfiles(workflow)])
except SamvadError as error:
    raise RefusedError(str(error)) from None

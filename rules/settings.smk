# The first look at the files of settings, before Snakemake takes each alias of YAML for all that it stands for.

import sys


# The one edit of the path: a stage script finds the package because it lies beside it, the workflow does not.
sys.path.insert(0, f"{workflow.basedir}/scripts")

from samvad.core.errors import SamvadError
from samvad.settings import configuration
from samvad.workflow import snakemake_api
from samvad.workflow.refusal import RefusedError

try:
    configuration.look_at([*configuration.FILES, *snakemake_api.given_configfiles(workflow)])
except SamvadError as error:
    raise RefusedError(str(error)) from None

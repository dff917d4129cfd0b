# The first look at the files of settings, before Snakemake takes each alias of YAML for all that it stands for.

import sys

from snakemake.exceptions import WorkflowError

# The one edit of the path: a stage script finds the package because it lies beside it, the workflow does not.
sys.path.insert(0, f"{workflow.basedir}/scripts")

from samvad.core.errors import SamvadError
from samvad.settings import configuration
from samvad.workflow import snakemake_api

try:
    configuration.look_at([*configuration.FILES, *snakemake_api.given_configfiles(workflow)])
except SamvadError as error:
    raise WorkflowError(str(error)) from None

# An image with the stages' environments as `make setup` builds them, for clusters without conda and uv (docs/cluster.md).
#
#   docker build -t samvad .
#   docker run --rm -v /films:/films -v "$PWD":/work samvad film /films/a.mkv --source hi --targets en
#
# Where a proxy or an index of your own is needed, mount pip's configuration for the build (-v /etc/pip.conf:/etc/pip.conf:ro).
ARG BASE=debian:bookworm-slim
FROM $BASE
# Which environments the image has: without `asr` and `translation` it is for a cluster's login node.
ARG ENVIRONMENTS="workflow media text asr translation"
# Which build of PyTorch (docs/operations.md): the machine that builds need not have the GPUs that the image will find.
ARG TORCH=cuda

ENV SAMVAD_ENVS=/opt/samvad-envs SAMVAD_TORCH=$TORCH
COPY . /opt/samvad
WORKDIR /opt/samvad
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates git make python3 \
    && SAMVAD_YES=1 envs/system-tools && rm -rf /var/lib/apt/lists/*
RUN SAMVAD_CACHE=/tmp/cache envs/setup $ENVIRONMENTS && rm -rf /tmp/cache
RUN ln -s /opt/samvad/samvad /usr/local/bin/samvad

# The project and its environments stay as they are; films, settings, results and the cache are the user's.
WORKDIR /work
ENTRYPOINT ["samvad", "-d", "/work"]

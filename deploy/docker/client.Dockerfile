# The command line and the library: a client of a Triton that runs elsewhere.
#
#   docker build -f deploy/docker/client.Dockerfile -t amphitrite:0.1.0 .
#
# BASE may be any image with Python 3.11 or 3.12 and its venv; pin it by digest where
# the same bits are wanted again.
ARG BASE=docker.io/library/python:3.12.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY client client
COPY training training
COPY export export
RUN python3 -m venv /opt/amphitrite \
    && /opt/amphitrite/bin/python -m pip install --no-cache-dir -c constraints.txt ".[plots]" \
    && /opt/amphitrite/bin/python -m pip uninstall --yes pip

FROM ${BASE}
LABEL org.opencontainers.image.title="Amphitrite, client" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="BSD-3-Clause"
COPY --from=build /opt/amphitrite /opt/amphitrite
COPY LICENSE NOTICE /
# whatever number the container runs as, its caches have a place
ENV PATH=/opt/amphitrite/bin:$PATH HOME=/tmp
USER 65532:65532
WORKDIR /data
ENTRYPOINT ["amphitrite"]
CMD ["--help"]

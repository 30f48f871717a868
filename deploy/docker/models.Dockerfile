# The published models alone, for a volume that servers load: there is no program in it.
#
#   amphitrite models publish model_repository build/models
#   docker build -f deploy/docker/models.Dockerfile -t amphitrite-models:0.1.0 .
#
# /models/manifest.sha256 has the checksum of each file.
FROM scratch
LABEL org.opencontainers.image.title="Amphitrite, models" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="BSD-3-Clause AND MIT"
COPY LICENSE NOTICE /
# readable for whatever number the server runs as
COPY --chmod=0555 build/models /models
USER 65532:65532

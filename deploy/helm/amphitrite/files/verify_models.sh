#!/bin/sh
# verify_models.sh FOLDER: compare a model repository with its manifest.sha256, which
# "amphitrite models publish" wrote.
set -eu
cd "$1"
if ! test -r manifest.sha256; then
    echo "$1 has no manifest.sha256: publish it with amphitrite models publish" >&2
    exit 1
fi
if ! sha256sum --check --strict --quiet manifest.sha256; then
    echo "$1 is not what its manifest.sha256 says: publish or copy it again" >&2
    exit 1
fi
files=$(find -L . -type f ! -path ./manifest.sha256 | wc -l)
if test "$files" -ne "$(wc -l < manifest.sha256)"; then
    echo "$1 has files that are not in its manifest.sha256: publish it again" >&2
    exit 1
fi

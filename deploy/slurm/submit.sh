#!/bin/bash
# Run a survey as N tasks of a Slurm job array, and merge their parts.
#
#   N=100 PARTS=parts OUT=eb.fits deploy/slurm/submit.sh calnet '/data/lc/*.fits' \
#       --server triton.example.org:8001
#
# N is the number of shards, PARTS a folder for their parts that all nodes see, and OUT
# the result.  SBATCH holds options for both jobs, such as "--partition=long".
set -euo pipefail
: "${N:?is the number of shards}" "${PARTS:?is a folder for parts}" "${OUT:?is the result}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -ra more <<< "${SBATCH:-}"
mkdir -p "$PARTS"
export PARTS OUT AMPHITRITE_SHARDS="$N"

array=$(sbatch "${more[@]}" --parsable --array="0-$((N - 1))" "$here/shard.sh" "$@")
merge=$(sbatch "${more[@]}" --parsable --dependency="afterok:${array%%;*}" "$here/merge.sh")
echo "shards: job ${array%%;*}; merge: job ${merge%%;*}"

#!/bin/bash
#SBATCH --job-name=amphitrite-merge
#SBATCH --open-mode=append
# The job that submit.sh starts when all shards are done.  It ends with 1, which Slurm
# calls a failure, if the result is whole but inputs were skipped; the log names them.
set -euo pipefail
exec amphitrite merge "$PARTS"/*.part --output "$OUT"

#!/bin/bash
#SBATCH --job-name=amphitrite-shard
#SBATCH --cpus-per-task=4
#SBATCH --requeue
#SBATCH --open-mode=append
# One task of the array that submit.sh starts.  A task that failed is started again with
#
#   PARTS=parts AMPHITRITE_SHARDS=100 sbatch --array=17 deploy/slurm/shard.sh calnet ...
#
# Without --server each task starts a Triton of its own on its node, and stops it.
# With Apptainer (untested): apptainer exec amphitrite.sif amphitrite ...
set -uo pipefail
part="$PARTS/$SLURM_ARRAY_TASK_ID.part"
if [ -e "$part" ]; then # a task that was requeued after its end
    exit 0
fi
amphitrite "$@" --shard auto --output "$part" --resume
code=$?
# 3 is the server's fault, which may pass; 2 is a mistake that stays.
if [ "$code" -eq 3 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"

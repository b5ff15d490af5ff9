# What the batch scripts of this folder (and those for PBS) share; they source it, and nobody runs it.

# Sets PATH so that clrun and its companions are found: those of $CLOPENCL_BIN where that is set, else of the build
# folder or the installation that this folder belongs to, else whatever is in PATH already.
find_clopencl() {
  local folder
  for folder in "${CLOPENCL_BIN:-}" "$here"/{..,../..}/build/bin "$here/../../../bin"; do
    if [[ -n $folder && -x $folder/clrun ]]; then
      PATH=$(cd "$folder" && pwd):$PATH
      break
    fi
  done
  if ! command -v clrun >/dev/null; then
    echo "clrun is neither built (launch/quickstart does that) nor in PATH; CLOPENCL_BIN can name its folder" >&2
    exit 127
  fi
}

# Prints the node of each task of the job, a line each. Where nobody asked for a number of tasks: each node once, and the
# first once more, for the program.
nodes_of_tasks() {
  local nodes counts=() part i
  mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
  if [[ -n ${SLURM_NTASKS:-} ]]; then
    for part in ${SLURM_TASKS_PER_NODE//,/ }; do  # "2(x3),1" is 2 2 2 1.
      [[ $part =~ ^([0-9]+)(\(x([0-9]+)\))?$ ]] || { echo "SLURM_TASKS_PER_NODE=$SLURM_TASKS_PER_NODE" >&2; exit 1; }
      for ((i = 0; i < ${BASH_REMATCH[3]:-1}; ++i)); do counts+=("${BASH_REMATCH[1]}"); done
    done
  else
    echo "${nodes[0]}"
  fi
  for ((part = 0; part < ${#nodes[@]}; ++part)); do
    for ((i = 0; i < ${counts[part]:-1}; ++i)); do echo "${nodes[part]}"; done
  done
}

# The number of GPUs that the job has on all its nodes.
gpus_of_job() {
  scontrol show job --details "$SLURM_JOB_ID" |
    sed -n 's/^ *JOB_GRES=//p' | tr ',' '\n' | sed -n 's/^gpu:\(.*:\)\?\([0-9]*\).*/\2/p' | awk '{n += $1} END {print n + 0}'
}

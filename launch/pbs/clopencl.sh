# What the job scripts of this folder share; they source it, and nobody runs it.

for folder in "$here/../../slurm" "$here/../slurm"; do  # In the source tree; in an installation.
  if [[ -f $folder/clopencl.sh ]]; then
    source "$folder/clopencl.sh"
    break
  fi
done

# Whether mpirun starts its daemons by PBS's own task manager (TM).
mpi_has_tm() {
  local mpirun=${CLOPENCL_MPIRUN:-mpirun}
  mpirun=$(command -v "$mpirun") && [[ $("${mpirun%/*}/ompi_info" --parsable 2>/dev/null) == *mca:plm:tm:* ]]
}

# An mpirun without TM gets pbs_tmrsh to start them; so PBS knows of them, and ends them with the job.
prepare_mpi() {
  mpi_has_tm && return
  # shellcheck source=/dev/null
  [[ -r /etc/pbs.conf ]] && PATH=$PATH:$(. /etc/pbs.conf && echo "${PBS_EXEC:-/opt/pbs}/bin")
  if ! command -v pbs_tmrsh >/dev/null; then
    echo "neither has this MPI PBS's TM, nor is there a pbs_tmrsh; mpirun will log in to the other nodes by ssh" >&2
    return
  fi
  export OMPI_MCA_plm_rsh_agent=$here/tmrsh-agent
  export OMPI_MCA_plm_rsh_no_tree_spawn=1
  # A daemon that leaves its session looks to PBS as if its task had ended, and PBS may then kill it.
  export OMPI_MCA_orte_leave_session_attached=1
}

# The job's nodes for mpirun's --hostfile. Always with slots=: a host that stands alone would have as many as cores.
mpi_hostfile() {
  awk '!count[$1]++ { order[++hosts] = $1 } END { for (i = 1; i <= hosts; ++i) print order[i] " slots=" count[order[i]] }' \
    "$PBS_NODEFILE"
}

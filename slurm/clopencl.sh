# What the batch scripts of this folder share; they source it, and nobody runs it.

# Sets PATH so that clrun and its companions are found: those of $CLOPENCL_BIN where that is set, else of the build
# folder or the installation that this folder belongs to, else whatever is in PATH already.
find_clopencl() {
  local folder
  for folder in "${CLOPENCL_BIN:-}" "$here/../build/bin" "$here/../../../bin"; do
    if [[ -n $folder && -x $folder/clrun ]]; then
      PATH=$(cd "$folder" && pwd):$PATH
      break
    fi
  done
  if ! command -v clrun >/dev/null; then
    echo "clrun is not built (launch/quickstart does that) and not in PATH; or say CLOPENCL_BIN=…/bin sbatch …" >&2
    exit 127
  fi
}

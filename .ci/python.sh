# Sourced first by the checks that need Python. Airbyte's packages support 3.10 and 3.11 alike, later ones not all of
# them. They run in the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Ends the script with exit code 0 and a line `Skipped: what (why)` where there is no Python that suits, or one of the
# programs that follow the name of the check is missing. Otherwise sets `environment` to a folder that is removed at
# the end of the script.
start_check() {
  local what=$1 program
  shift
  find_python >/dev/null || skip_check "$what" 'there is no Python 3.10 or 3.11 here'
  for program in "$@"; do
    command -v "$program" >/dev/null || skip_check "$what" "there is no $program on the PATH"
  done
  environment=$(mktemp -d)
  trap 'rm -rf "$environment"' EXIT
}

skip_check() {
  echo "Skipped: $1 ($2)"
  exit 0
}

# Prints the first Python of a version that suits, and fails where there is none.
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.11 python3.10 python3; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 10), (3, 11)))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# Makes a fresh virtual environment in a folder, with the packages that follow.
make_environment() {
  local folder=$1
  shift
  rm -rf "$folder"
  "$(find_python)" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.8.24
  "$folder/bin/uv" pip install --quiet --python "$folder/bin/python" "$@"
}

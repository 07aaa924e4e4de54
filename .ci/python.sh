# Sourced by the checks that need Python. Airbyte's packages support 3.10 and 3.11 alike, later ones not all of them.

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

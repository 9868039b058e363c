#!/usr/bin/env bash
# Unpacks a function's zip and runs the bootstrap in it once, on a sample event.
set -euo pipefail
zip=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 - "$zip" "$folder" <<'PYTHON'
import os, sys, zipfile

with zipfile.ZipFile(sys.argv[1]) as package:
    names = package.namelist()
    assert names == ["bootstrap"], f"the zip holds {names}, expected bootstrap alone"
    mode = package.getinfo("bootstrap").external_attr >> 16
    assert mode & 0o111, f"bootstrap is not executable in the zip: {mode:o}"
    package.extract("bootstrap", sys.argv[2])
os.chmod(os.path.join(sys.argv[2], "bootstrap"), 0o755)
print(f"{sys.argv[1]}: {os.path.getsize(sys.argv[1]):,} bytes")
PYTHON

target/debug/lastwriter replay --bootstrap "$folder/bootstrap" events/update_update.json

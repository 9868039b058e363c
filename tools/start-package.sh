#!/usr/bin/env bash
# Unpacks a function's zip and runs the bootstrap in it as Lambda would: tools/start-package.sh target/lambda/NAME/bootstrap.zip
set -euo pipefail
cd "$(dirname "$0")/.."
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

case $zip in
    */stream-processor/*)
        target/debug/lastwriter replay --bootstrap "$folder/bootstrap" events/update_update.json
        ;;
    */table-reporter/*)
        # The tests of the built reporter, on this one: it publishes a table, and names each wrong setting. Of the whole
        # workspace, so that no other features are resolved and nothing is built again.
        LASTWRITER_TABLE_REPORTER=$folder/bootstrap \
            cargo test --quiet --workspace --test system -- the_table_reporter | tee "$folder/output"
        grep -q "^test result: ok. 2 passed" "$folder/output" || {
            echo "start-package: expected two tests of the table reporter to run" >&2
            exit 1
        }
        ;;
    *)
        echo "start-package: $zip is in no folder of a function that can be started" >&2
        exit 2
        ;;
esac

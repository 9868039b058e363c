#!/usr/bin/env bash
# Installs what the peer functions need into target/peers, unless it is there. Prints NAME=BOOTSTRAP for each peer that
# can be measured, all else to stderr. Arguments: python, node; both without any. Exits with 1 if none can be measured.
set -euo pipefail
cd "$(dirname "$0")"

here=$PWD
prerequisites=$here/../../tools/prerequisites.sh
mkdir -p ../../target/peers
target=$(cd ../../target/peers && pwd)

# These run as conditions, where `set -e` is off: each step ends the function itself.

install_python() {
    local folder=$target/python pinned=$here/python/requirements.txt
    if cmp -s "$pinned" "$folder/stamp" && "$folder/bin/python" -c 'import awslambdaric' 2>/dev/null; then
        return 0
    fi
    "$prerequisites" python3 || return 1
    echo "Installing the Python peer into target/peers/python" >&2
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 || return 1
    # Built packages only: awslambdaric from source takes cmake and autotools.
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r "$pinned" \
        >&2 || return 1
    cp "$pinned" "$folder/stamp"
}

install_node() {
    local folder=$target/node pinned=$here/node
    if cmp -s "$pinned/package-lock.json" "$folder/stamp" && "$folder/node" --version >/dev/null 2>&1; then
        return 0
    fi
    "$prerequisites" node npm || return 1
    echo "Installing the Node peer into target/peers/node" >&2
    rm -rf "$folder"
    mkdir "$folder" || return 1
    cp "$pinned"/{package.json,package-lock.json,.npmrc} "$folder" || return 1
    (cd "$folder" && npm ci --loglevel=error --no-audit --no-fund --ignore-scripts >/dev/null) || return 1
    # The driver gives a short PATH, on which Node may not be.
    ln -s "$(node -p process.execPath)" "$folder/node" || return 1
    cp "$pinned/package-lock.json" "$folder/stamp"
}

(($#)) || set -- python node
found=0
for peer in "$@"; do
    case $peer in
        python | node) ;;
        *)
            echo "no peer '$peer': there are python and node" >&2
            exit 2
            ;;
    esac
    if "install_$peer"; then
        echo "$peer-powertools=$here/$peer/bootstrap"
        found=1
    else
        echo "$peer-powertools is left out, for the reason above. Then run this again: bench/peers/install.sh $peer" >&2
    fi
done
[[ $found == 1 ]]

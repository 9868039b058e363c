#!/usr/bin/env bash
# Changes the code in small ways, one at a time, and tells which changes no unit test notices (cargo-mutants). What is left alone,
# and why, is in .cargo/mutants.toml.
#
#   tools/mutants.sh             everything that is held to this: hours
#   tools/mutants.sh TARGET...   a crate's name, or a file
#
# Exits with 0 if every change was noticed. The list is in target/mutants/TARGET/mutants.out.
set -euo pipefail
cd "$(dirname "$0")/.."
version=27.1.0
everything=(
    conflict
    ledger
    join
    put-back
    functions/stream-processor/src/{answer,batch,deadlines,entry_writer,envelope,in_flight,judged_record,jumps,odd_stamps,prepared_entry,processor,sampler}.rs
    'functions/stream-processor/src/entry/*.rs'
    'functions/stream-processor/src/record/**/*.rs'
)

tools/prerequisites.sh cargo
if [[ $(.tools/bin/cargo-mutants mutants --version 2>/dev/null) != "cargo-mutants $version" ]]; then
    echo "Installing cargo-mutants $version into .tools"
    cargo install --quiet --locked --root .tools "cargo-mutants@$version"
fi

# The sources are copied, and the copies share what is built of the dependencies: the AWS SDK takes minutes.
export CARGO_TARGET_DIR=$PWD/target/mutants/build
(($#)) || set -- "${everything[@]}"
failed=()
for target in "$@"; do
    case $target in
        */*) chosen=(--workspace --file "$target") ;;
        *) chosen=(--package "$target") ;;
    esac
    echo
    echo "$target"
    output=target/mutants/${target//[\/*]/_}
    mkdir -p "$output"
    .tools/bin/cargo-mutants mutants --output "$output" --no-shuffle "${chosen[@]}" || failed+=("$target")
done

if ((${#failed[@]})); then
    printf '\nNot every change was noticed in: %s\n' "${failed[*]}"
    exit 1
fi

#!/usr/bin/env bash
# Tells that a check was left out, so that `make test` can say so in its last lines. Any step may call it: a script, a test in
# any language.
#
#   tools/skip.sh WHAT WHY    reports; in a run of `make test` SKIPPED_CHECKS names the file that collects it
#   tools/skip.sh --list      prints what SKIPPED_CHECKS has, each line once, in the order in which it came
set -euo pipefail

if [[ ${1-} == --list ]]; then
    if [[ -s ${SKIPPED_CHECKS:?} ]]; then
        printf '\nSkipped:\n'
        awk '!seen[$0]++ { print "  " $0 }' "$SKIPPED_CHECKS"
    else
        printf '\nNothing was skipped.\n'
    fi
    exit
fi

if (($# != 2)) || [[ -z $1 || -z $2 ]]; then
    echo "usage: tools/skip.sh WHAT WHY, or tools/skip.sh --list" >&2
    exit 2
fi
echo "skipped: $1: $2" >&2
if [[ -n ${SKIPPED_CHECKS-} ]]; then
    # One write for each line, whoever else reports at the same time; one line, whatever was in the text.
    printf '%s: %s\n' "${1//$'\n'/ }" "${2//$'\n'/ }" >>"$SKIPPED_CHECKS"
fi

#!/usr/bin/env bash
# Builds the Java client and the application that uses its jar, and tests both: the shared vectors, then against `lastwriter
# local`, which `make programs` builds. The first run downloads what the build needs; later ones are offline.
set -euo pipefail
cd "$(dirname "$0")"

# What Maven has to have fetched is what the poms name, so their contents say whether it has; where its repository still is.
stamp=client/target/downloaded-$(cat pom.xml */pom.xml | sha256sum | cut -c1-16)
offline=()
[[ -e $stamp && -d ~/.m2/repository/software/amazon/awssdk/dynamodb ]] && offline=(--offline)
((${#offline[@]})) || echo "Fetching what the Java client's build needs"
mvn --batch-mode --quiet --no-transfer-progress "${offline[@]}" verify
touch "$stamp"

# The jar as a user has it, in an application that knows nothing of this build. What it writes is looked at in e2e.
if ! usage=$(java -jar writer/target/writer.jar 2>&1) && [[ $usage == usage:* ]]; then
    echo "The jar works in an application of its own."
else
    echo "java -jar writer/target/writer.jar did not tell its usage, but: $usage" >&2
    exit 1
fi

#!/usr/bin/env bash
# Publishes ilzo and puts it, compressed, beside what check.sh needs into a folder that can go to a machine with a GPU.
#   pack.sh FOLDER
set -euo pipefail
[ $# = 1 ] || { echo "pack.sh: one folder was expected." >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dotnet publish "$here/../../src/IlZo.Cli" -c Release -r linux-x64 -o "$scratch"
xz -9 -T0 -c "$scratch/ilzo" >"$target/ilzo.xz"
cp "$here"/check.sh "$here"/*.py "$here"/README.md "$target"
# What such a machine takes is limited, here to 60 MiB.
size=$(du -sb "$target" | cut -f1)
echo "$size bytes in '$target'; ilzo itself has $(stat -c %s "$scratch/ilzo")."
[ "$size" -le $((60 << 20)) ] || { echo "pack.sh: that is more than 60 MiB." >&2; exit 1; }

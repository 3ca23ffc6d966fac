#!/usr/bin/env bash
# Publishes ilzo for each platform: one self-contained file each, with its size. Platforms may be named behind the folder.
set -euo pipefail
if [ $# -lt 1 ]; then
    echo "usage: src/publish.sh FOLDER [PLATFORM ...]" >&2
    exit 2
fi

mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
for platform in "${@:-linux-x64 linux-arm64 win-x64 osx-arm64}"; do
    for rid in $platform; do
        dotnet publish IlZo.Cli -c Release -r "$rid" -o "$folder/$rid" --nologo -v quiet
        for file in "$folder/$rid"/*; do
            size=$(wc -c < "$file")
            packed=$(gzip -9 -c "$file" | wc -c)
            echo "$rid $(basename "$file") $((size / 1000000)).$((size / 100000 % 10)) MB, compressed $((packed / 1000000)).$((packed / 100000 % 10)) MB"
        done
    done
done

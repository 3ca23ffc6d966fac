#!/usr/bin/env bash
# Publishes ilzo and ilzo-serve for each platform: one self-contained file each, with its size. Platforms may be named behind the folder.
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
        for program in IlZo.Cli IlZo.Server; do
            dotnet publish "$program" -c Release -r "$rid" -o "$folder/$rid" --nologo -v quiet
        done
        for file in "$folder/$rid"/*; do
            size=$(wc -c < "$file")
            packed=$(gzip -9 -c "$file" | wc -c)
            echo "$rid $(basename "$file") $((size / 1000000)).$((size / 100000 % 10)) MB, compressed $((packed / 1000000)).$((packed / 100000 % 10)) MB"
        done
    done
done

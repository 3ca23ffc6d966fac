#!/usr/bin/env bash
# Prints the folder of a libstdc++ that TorchSharp 0.107 can load, or nothing if the system's can be loaded as it is.
#
#   libstdcxx.sh FOLDER
#
# TorchSharp's wrapper asks for version GLIBCXX_3.4.32 (GCC 13) for the sake of one function that does nothing: libtorch, which is older,
# initializes the streams itself. On Debian 12, Ubuntu 22.04 and others with GCC 12 or older, a library is made in FOLDER that has all
# versions of the system's, that function, and the system's library for everything else. It needs cc and objdump (build-essential).
set -euo pipefail
[ "$(uname -sm)" = 'Linux x86_64' ] || exit 0
system=$(readlink -f "$(/sbin/ldconfig -p | awk '/libstdc\+\+\.so\.6 .*x86-64/ { print $NF; exit }')")
grep -q GLIBCXX_3.4.32 "$system" && exit 0
versions=$1/versions
objdump -p "$system" | sed -n '/^Version definitions/,/^Version References/p' |
    awk '$2 ~ /^0x/ && $4 ~ /^(GLIBCXX|CXXABI)_/ { print $4 " { };" }' >"$versions"
echo 'GLIBCXX_3.4.32 { _ZSt21ios_base_library_initv; };' >>"$versions"

# A stand-in whose name is the system's full path, which is how the new library comes to need that file under no other name.
cc -shared -x c /dev/null -o "$1/system.so" -Wl,-soname,"$system"
echo 'void _ZSt21ios_base_library_initv(void) {}' |
    cc -shared -fPIC -x c - -o "$1/libstdc++.so.6" -Wl,-soname,libstdc++.so.6 -Wl,--version-script="$versions" \
        -Wl,--no-as-needed -x none "$1/system.so"
echo "$1"

#!/bin/sh
# Prints a version, as git describe has it, as Debian orders versions: 1.2.0 for v1.2.0, 1.3.0~rc1 before 1.3.0,
# 1.2.0+5.g1234567 behind 1.2.0; and before all of them, in the order of SOURCE_DATE_EPOCH, or of the commits' times, what
# no tag names: 0~20260131120000.1234567. So are those of images: a box takes from a stick only what is newer. What is no
# commit, for it was changed since or there is no repository, has the present time. One that it printed stays as it is.
set -eu
case $1 in
v[0-9]*.* | [0-9]*.*) echo "${1#v}" | sed -E 's/-([0-9]+)-g([0-9a-f]+)/+\1.g\2/; s/-dirty$/+dirty/; s/-/~/g' ;;
*)
	commit() { case $1 in *-dirty) false ;; *) git -C "$(dirname "$0")" log -1 --format=%ct 2>/dev/null ;; esac; }
	epoch=${SOURCE_DATE_EPOCH:-$(commit "$1" || date +%s)}
	echo "0~$(date -u -d "@$epoch" +%Y%m%d%H%M%S).$1" | sed 's/-/+/g'
	;;
esac

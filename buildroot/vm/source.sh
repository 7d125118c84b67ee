#!/bin/sh
# source.sh FOLDER: unpacks the kernel's source, Debian's linux-source-6.12, into FOLDER/linux and prints the name of the
# package with its version. Needs apt, no root and no configuration of apt's but where Debian is.
set -eu

source_package=linux-source-6.12
work=$1

# Anything that is said goes to stderr: stdout is the answer.
exec 3>&1 1>&2

# fetch: the package into $work: from the suites that apt's sources name; else from the suite trixie of
# the same mirror. All with lists of our own, so that the host's lists and sources stay as they are.
fetch() {
	lists=$work/apt/lists
	mkdir -p "$lists/partial"
	set -- -q -o Dir::State::Lists="$lists" -o Dir::Cache="$work/apt" -o APT::Sandbox::User=root
	apt-get "$@" update || true # one bad source of many is no reason to give up
	(cd "$work" && apt-get "$@" download "$source_package") && return
	# apt, not the shell, fills in this format; a suite with a dash is one of updates, not the archive itself.
	# shellcheck disable=SC2016
	apt-get "$@" indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk '$2 !~ /-/ { print "deb", $1, "trixie main" }' | sort -u >"$work/apt/sources.list"
	set -- "$@" -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
	apt-get "$@" update && (cd "$work" && apt-get "$@" download "$source_package") && return
	echo "source: $source_package is neither in the suites that apt knows nor in trixie of the same mirror"
	exit 1
}

fetch
deb=$(echo "$work/$source_package"_*.deb)
mkdir "$work/linux"
dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards "./usr/src/$source_package.tar.*" |
	tar -xJ -C "$work/linux" --strip-components=1
basename "$deb" .deb >&3

#!/bin/sh
# copyright.sh [GO]: prints who made what is in the programs, and on which terms: Submix, Go's library, and each module. GO
# is the folder with Go's licence, where that is not Go's own.
set -eu
cd "$(dirname "$0")/../.."

# licence DIR: what is in the files that say so. Debian has the text of the Apache License in a place of its own.
licence() {
	for file in "$1"/LICENSE* "$1"/COPYING* "$1"/NOTICE*; do
		if ! [ -f "$file" ]; then
			continue
		elif grep -q 'Apache License' "$file" && grep -q 'TERMS AND CONDITIONS' "$file"; then
			echo "Apache License, Version 2.0; on Debian systems in /usr/share/common-licenses/Apache-2.0"
		else
			cat "$file"
		fi
	done
}

# work NAME DIR: one that is in the programs.
work() {
	text=$(licence "$2")
	if [ -z "$text" ]; then
		echo "copyright: $1 says nowhere in $2 on which terms it is to be had" >&2
		exit 1
	fi
	printf '\n\n%s\n\n%s\n' "$1" "$text"
}

echo "Submix"
echo
cat LICENSE
printf '\n\nThe programs contain these works.\n'
work "The Go library, $(go env GOVERSION)" "${1:-$(go env GOROOT)}"
# The template is Go's.
# shellcheck disable=SC2016
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/submixd ./cmd/submixctl |
	sort -u | while read -r module version dir; do
	work "$module $version" "$dir"
done

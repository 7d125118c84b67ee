#!/bin/sh
# Prints who made what is in the programs, and on which terms: Submix, Go's library, and each module.
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

echo "Submix"
echo
cat LICENSE
printf '\n\nThe programs contain these works.\n\n\nThe Go library, %s\n\n' "$(go env GOVERSION)"
licence "$(go env GOROOT)"
# The template is Go's.
# shellcheck disable=SC2016
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/submixd ./cmd/submixctl |
	sort -u | while read -r module version dir; do
	text=$(licence "$dir")
	if [ -z "$text" ]; then
		echo "copyright: $module says nowhere on which terms it is to be had" >&2
		exit 1
	fi
	printf '\n\n%s %s\n\n%s\n' "$module" "$version" "$text"
done

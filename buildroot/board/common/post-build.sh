#!/bin/sh
# post-build.sh TARGET BOARD: the last word on the root file system before it is packed. Called by Buildroot.
set -eu
target=$1
board=$2

# What this system is, for rauc and for people. SUBMIX_RELEASE comes from make image.
printf 'NAME=Submix\nID=submix\nPRETTY_NAME="Submix %s (%s)"\nVERSION_ID="%s"\nVARIANT_ID=%s\n' \
	"${SUBMIX_RELEASE:-devel}" "$board" "${SUBMIX_RELEASE:-devel}" "$board" >"$target/usr/lib/os-release"

# Who may sign updates for this system: SUBMIX_CA is the file of a certificate.
"$(dirname "$0")/rauc.sh" "$target" "$board" "${SUBMIX_CA:-}"

# The owner's way in: the command console, on the serial port of the pins 8 and 10.
mkdir -p "$target/usr/lib/systemd/system/getty.target.wants"
ln -sf "../submix-console@.service" "$target/usr/lib/systemd/system/getty.target.wants/submix-console@ttyAMA0.service"

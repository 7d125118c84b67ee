#!/bin/sh
# rauc.sh ROOT BOARD CERTIFICATE: has the system in the folder ROOT take updates for BOARD that are signed by whom
# CERTIFICATE, a file, vouches for. Without one, with an empty name, it takes none.
set -eu
root=$1
board=$2
certificate=$3
common=$(cd "$(dirname "$0")" && pwd)

# Raspberry's own firmware chooses the slot of the boards that have its tryboot, and says itself that it tries one; U-Boot
# that of the others. Newer releases of rauc take no backend of whom they do not ask.
case $board in
rpi4 | rpi5) bootloader=custom drop=pre-install ;;
*) bootloader=uboot drop=bootloader-custom-backend ;;
esac
mkdir -p "$root/etc/rauc"
sed "/^$drop=/d; s/@BOARD@/$board/; s/@BOOTLOADER@/$bootloader/" "$common/rauc.conf" >"$root/etc/rauc/system.conf"
if [ -n "$certificate" ]; then
	cp "$certificate" "$root/etc/rauc/ca.cert.pem"
else
	echo "rauc.sh: no certificate is given: this system will take no update" >&2
	: >"$root/etc/rauc/ca.cert.pem"
fi

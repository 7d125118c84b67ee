#!/bin/sh
# bundle.sh BOARD VERSION BOOT ROOT CERTIFICATE KEY OUT: makes an update of the FAT image BOOT and the squashfs ROOT,
# signed with KEY, whose CERTIFICATE is for signing programs (extendedKeyUsage=codeSigning): OUT, a RAUC bundle. The key
# may be a file or, for one that never leaves its token, a PKCS#11 address. What is named first is written first: submixctl
# update knows from what is noted of the root whether all was.
set -eu
out=$7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/in"
cp "$3" "$work/in/boot.img"
cp "$4" "$work/in/root.img"
cat >"$work/in/manifest.raucm" <<END
[update]
compatible=submix-$1
version=$2
[bundle]
format=verity
[image.rootfs]
filename=root.img
[image.boot]
filename=boot.img
END
rm -f "$out"
rauc --cert "$5" --key "$6" bundle "$work/in" "$out"

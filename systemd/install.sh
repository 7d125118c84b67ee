#!/bin/sh
# Puts the files beside it where a system looks for them, below the directory given: install.sh DESTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
destination=${1:?where to?}

while read -r from to; do
	install -D -m 0644 "$here/$from" "$destination/$to"
done <<-END
	submixd.service usr/lib/systemd/system/submixd.service
	submix-console@.service usr/lib/systemd/system/submix-console@.service
	submix.sysusers usr/lib/sysusers.d/submix.conf
	submix.tmpfiles usr/lib/tmpfiles.d/submix.conf
	submix.rules usr/lib/udev/rules.d/70-submix.rules
	console.conf etc/submix/console.conf
END

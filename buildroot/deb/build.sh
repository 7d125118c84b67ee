#!/bin/sh
# Writes bin/submix_VERSION_ARCH.deb: build.sh ARCH VERSION, with the programs in bin/ARCH, their pages in bin/man, their
# completion in bin/completion, and VERSION as git describe has it. The same of the same commit, whose time is SOURCE_DATE_EPOCH.
set -eu
umask 022
cd "$(dirname "$0")/../.."
arch=$1
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
version=$(buildroot/deb/version.sh "$2")

tree=bin/deb/$arch
doc=$tree/usr/share/doc/submix
rm -rf "$tree"
systemd/install.sh "$tree"
install -D -t "$tree/usr/bin" "bin/$arch/submixd" "bin/$arch/submixctl"
for page in bin/man/*; do
	install -D -m 0644 -t "$tree/usr/share/man/man${page##*.}" "$page"
done
install -D -m 0644 -t "$tree/usr/share/bash-completion/completions" bin/completion/*
install -D -m 0644 -T cmd/submixd/config/example.toml "$doc/examples/submix.toml"
install -D -m 0644 -T CHANGELOG.md "$doc/changelog"
install -D -m 0644 -t "$doc" README.md control/PROTOCOL.md
install -D -m 0644 -T buildroot/deb/lintian-overrides "$tree/usr/share/lintian/overrides/submix"
buildroot/deb/copyright.sh >"$doc/copyright"
cat >"$doc/changelog.Debian" <<-END
	submix ($version-1) unstable; urgency=medium

	  * Submix $2; changelog.gz has what is new.

	 -- The Submix authors <authors@submix.invalid>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
gzip -9n "$tree"/usr/share/man/*/* "$doc"/changelog*

DEB_ARCH=$arch DEB_VERSION=$version DEB_TREE=$tree \
	go run "$nfpm" package --config buildroot/deb/nfpm.yaml --packager deb --target "bin/submix_$version-1_$arch.deb"

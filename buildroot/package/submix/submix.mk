################################################################################
#
# submix
#
################################################################################

# The tree that this file is part of, as it stands. SUBMIX_RELEASE is its version, given by make image.
SUBMIX_VERSION = $(or $(SUBMIX_RELEASE),devel)
SUBMIX_SITE = $(realpath $(BR2_EXTERNAL_SUBMIX_PATH)/..)
SUBMIX_SITE_METHOD = local
SUBMIX_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude /bin
SUBMIX_LICENSE = MIT
SUBMIX_LICENSE_FILES = LICENSE

SUBMIX_GOMOD = submix
SUBMIX_BUILD_TARGETS = cmd/submixd cmd/submixctl
SUBMIX_LDFLAGS = -s -w -X main.version=$(SUBMIX_VERSION)
# A local tree is never vendored: the modules come as go.sum says, from where the go command looks by itself.
SUBMIX_GO_ENV = CGO_ENABLED=0 GOFLAGS=-mod=readonly GOPROXY=

define SUBMIX_INSTALL_INIT_SYSTEMD
	$(@D)/systemd/install.sh $(TARGET_DIR)
endef

$(eval $(golang-package))

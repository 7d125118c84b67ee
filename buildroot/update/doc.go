// Package update tests how a box is updated: bundles with the real rauc, the choice of the slot with the real U-Boot and
// its script, Raspberry's tryboot on files that stand in, and all of it together in the machine of buildroot/image.
// Its tests have the tag vm; vm/packages.sh installs what they need.
package update

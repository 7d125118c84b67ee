// Package buildroot is the external tree of Buildroot that images are built from (make image), and the tests that need
// no Buildroot: that the tree is in order, that the card comes out as promised, that built twice it is the same.
package buildroot

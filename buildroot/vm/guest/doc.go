// Package guest holds the tests that run inside the test machine, as root, on its kernel. They are built with
// the tag vm and started by package vm's TestMachine on the host; nothing runs them on the host itself.
package guest

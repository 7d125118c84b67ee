//go:build vm

package update

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// A bundle is sent over a terminal by sz, as a person's program would, and arrives whole.
func TestReceive(t *testing.T) {
	c := newCard(t)
	content := make([]byte, 2_000_000)
	rand.NewChaCha8([32]byte{}).Read(content)
	path := filepath.Join(t.TempDir(), "submix-1.1.raucb")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	far, near, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	defer near.Close()
	if _, err := term.MakeRaw(int(near.Fd())); err != nil { // as the line of a program that sends is
		t.Fatal(err)
	}
	c.box.Terminal = near
	fake := c.box.Rauc
	var arrived []byte
	c.box.Rauc = func(ctx context.Context, progress io.Writer, args ...string) ([]byte, error) {
		if args[0] == "install" {
			arrived, err = os.ReadFile(args[1])
		}
		return fake(ctx, progress, args...)
	}
	received := make(chan struct{})
	go func() {
		defer close(received)
		c.expect("receive", "slot B state=untried version=\"1.1\"")
	}()
	// A person begins to send when rz has said that it is there; what is sent before is lost, and sent again after 30 s.
	for said := ""; !strings.Contains(said, "B01"); {
		some := make([]byte, 100)
		n, err := far.Read(some)
		if err != nil {
			t.Fatal(err)
		}
		said += string(some[:n])
	}
	send := exec.Command("sz", "-b", "-q", path)
	send.Stdin, send.Stdout = far, far
	if err := send.Run(); err != nil {
		t.Errorf("sz: %v", err)
	}
	<-received
	if !bytes.Equal(arrived, content) {
		t.Errorf("of %d bytes %d arrived, or others", len(content), len(arrived))
	}
	if left, err := os.ReadDir(c.box.path(folder)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Logf("%d bytes arrived", len(arrived))
}

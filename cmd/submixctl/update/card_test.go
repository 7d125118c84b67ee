package update

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"submix/control"
)

// card is rauc and a boot loader that counts, on a box that runs from a slot.
type card struct {
	t       *testing.T
	box     *Box
	booted  string
	order   []string
	left    map[string]int
	count   map[string]int
	holds   map[string]string // version by slot
	status  map[string]string
	active  map[string]bool // since it was written
	refuses string          // what rauc says of the next bundle
	daemon  func() (control.Reply, error)
	one     sync.Mutex // question at a time, as rauc's service has it
}

func newCard(t *testing.T) *card {
	c := &card{t: t, booted: "A", order: []string{"A", "B"}, left: map[string]int{"A": 2, "B": 3}, count: map[string]int{},
		holds: map[string]string{"A": "1.0", "B": "1.0"}, status: map[string]string{}, active: map[string]bool{}}
	root := t.TempDir()
	for _, dir := range []string{"data/update", "run/submix-update", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.box = &Box{Root: root, Rauc: c.rauc, Progress: io.Discard, Ask: func(string) (control.Reply, error) { return c.daemon() }}
	c.boots()
	c.daemon = mixes()
	return c
}

// mixes is a daemon that mixes a block between any two questions.
func mixes() func() (control.Reply, error) { return says("running") }

// says is one that mixes, and is in a state.
func says(state string) func() (control.Reply, error) {
	n := 0
	return func() (control.Reply, error) {
		n++
		return control.Reply{Data: []string{"state: " + state, "uptime: " + fmt.Sprint(n), "blocks: " + fmt.Sprint(100*n)}}, nil
	}
}

func answers(lines ...string) func() (control.Reply, error) {
	return func() (control.Reply, error) { return control.Reply{Data: lines}, nil }
}

// boots is what the boot loader does.
func (c *card) boots() string {
	for _, slot := range c.order {
		if c.left[slot] > 0 {
			c.left[slot]--
			c.booted = slot
			break
		}
	}
	os.RemoveAll(c.box.path("run"))
	os.MkdirAll(c.box.path(requests), 0o755)
	if err := os.WriteFile(c.box.path("etc/os-release"), []byte("ID=submix\nVERSION_ID=\""+c.holds[c.booted]+"\"\n"), 0o644); err != nil {
		c.t.Fatal(err)
	}
	return c.booted
}

func (c *card) other() string { return map[string]string{"A": "B", "B": "A"}[c.booted] }

func (c *card) rauc(_ context.Context, _ io.Writer, args ...string) ([]byte, error) {
	c.one.Lock()
	defer c.one.Unlock()
	switch line := strings.Join(args, " "); {
	case line == "status mark-good booted":
		c.left[c.booted] = 3
	case line == "status mark-bad booted":
		c.left[c.booted] = 0
	case line == "status mark-active other":
		c.order, c.left[c.other()], c.active[c.other()] = []string{c.other(), c.booted}, 3, true
	case args[0] == "install":
		if c.refuses != "" {
			return nil, fmt.Errorf("rauc: %s", c.refuses)
		}
		slot := c.other()
		c.count[slot]++
		c.holds[slot], c.status[slot] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(args[1]), "submix-"), ".raucb"), "ok"
		c.order, c.left[slot], c.active[slot] = []string{slot, c.booted}, 3, true
	case args[0] == "info":
		return json.Marshal(map[string]string{"compatible": "submix-test", "version": strings.TrimSuffix(strings.TrimPrefix(filepath.Base(args[2]), "submix-"), ".raucb")})
	default:
		return c.json()
	}
	return nil, nil
}

func (c *card) json() ([]byte, error) {
	said := map[string]any{"compatible": "submix-test", "booted": c.booted}
	all := []any{}
	for i, name := range []string{"A", "B"} {
		id := fmt.Sprintf("rootfs.%d", i)
		status := map[string]any{"bundle": map[string]any{"compatible": nil}}
		if c.count[name] > 0 {
			status = map[string]any{"bundle": map[string]any{"version": c.holds[name]}, "installed": map[string]any{"count": c.count[name]}, "status": c.status[name]}
		}
		all = append(all, map[string]any{fmt.Sprintf("boot.%d", i): map[string]any{"class": "boot", "bootname": nil, "boot_status": nil, "parent": id, "slot_status": maps.Clone(status)}})
		if c.active[name] {
			status["activated"] = map[string]any{"timestamp": "1970-01-01T00:01:00Z", "count": 1}
		}
		boot := "bad"
		if c.left[name] > 0 {
			boot = "good"
		}
		all = append(all, map[string]any{id: map[string]any{"class": "rootfs", "bootname": name, "parent": nil, "boot_status": boot, "slot_status": status}})
		if said["boot_primary"] == nil && c.order[0] == name && c.left[name] > 0 || c.order[1] == name && c.left[c.order[0]] == 0 {
			said["boot_primary"] = id
		}
	}
	said["slots"] = all
	return json.Marshal(said)
}

// do carries out a command and returns what is printed.
func (c *card) do(line string) string {
	c.t.Helper()
	reply, err := c.box.Do(c.t.Context(), strings.Fields(line))
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	if reply.Err != nil {
		return "ERR " + reply.Err.Text
	}
	return strings.Join(reply.Data, "\n")
}

func (c *card) expect(line, want string) {
	c.t.Helper()
	if got := c.do(line); !strings.Contains(got, want) || want == "" && got != "" {
		c.t.Errorf("%s: %s\nwant %s", line, got, want)
	}
}

// bundle makes a file that rauc takes for one.
func (c *card) bundle(version string) string {
	path := c.box.path("submix-" + version + ".raucb")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func (c *card) restarts() bool {
	_, err := os.Stat(c.box.path(restart))
	return err == nil
}

//go:build vm

package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cardIndex returns the number of the sound card with an id.
func cardIndex(t *testing.T, id string) int {
	t.Helper()
	target, err := os.Readlink("/proc/asound/" + id)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscanf(target, "card%d", &n); err != nil {
		t.Fatalf("/proc/asound/%s is %s: %v", id, target, err)
	}
	return n
}

// unplug takes a cable's card away from its driver. Its devices vanish at once; the channel gives the outcome
// when the last program that has one open has closed it.
func unplug(t *testing.T, card int) <-chan error {
	t.Helper()
	return bindTo(t, card, "unbind")
}

// plug brings a card back that unplug has taken, after the unplug has come to its end.
func plug(t *testing.T, card int) <-chan error {
	t.Helper()
	return bindTo(t, card, "bind")
}

func bindTo(t *testing.T, card int, verb string) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		done <- os.WriteFile("/sys/bus/platform/drivers/snd_aloop/"+verb, fmt.Appendf(nil, "snd_aloop.%d", card), 0)
	}()
	return done
}

// cards returns the ids of all sound cards by number.
func cards(t *testing.T) map[int]string {
	t.Helper()
	ids := map[int]string{}
	paths, err := filepath.Glob("/proc/asound/card[0-9]*/id")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		var n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(path, "/proc/asound/"), "card%d/id", &n); err != nil {
			t.Fatal(err)
		}
		ids[n] = readFile(t, path)
	}
	return ids
}

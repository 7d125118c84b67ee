package initial

import (
	"fmt"
	"strings"
)

// maxName is the longest name a stream can have.
const maxName = 32

// names gives each capture a name of its own: what its card calls itself, or, where two cards do so alike, the card's
// id, and for a card's further devices their number.
func names(captures []pcm) []string {
	cards := map[string]map[string]bool{} // the ids of each name
	for _, p := range captures {
		n := plain(p.Card.Name)
		if cards[n] == nil {
			cards[n] = map[string]bool{}
		}
		cards[n][p.ID] = true
	}
	taken := map[string]bool{"all": true, "out": true} // what commands call every stream and the output
	list := make([]string, len(captures))
	for i, p := range captures {
		n := plain(p.Card.Name)
		if n == "" || len(cards[n]) > 1 {
			n = plain(p.ID)
		}
		if n == "" {
			n = "in"
		}
		if p.Device.Number > 0 {
			n = numbered(n, p.Device.Number)
		}
		free := n
		for k := 2; taken[free]; k++ {
			free = numbered(n, k)
		}
		taken[free] = true
		list[i] = free
	}
	return list
}

func numbered(name string, n int) string {
	end := fmt.Sprintf("-%d", n)
	return strings.TrimRight(name[:min(len(name), maxName-len(end))], "-_") + end
}

// plain is a card's name or id in the letters that a stream's name may have.
func plain(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s = b.String()
	return strings.TrimRight(s[:min(len(s), maxName)], "-")
}

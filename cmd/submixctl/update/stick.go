package update

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// stick installs the newest bundle for this board in a folder, and restarts into it. Never one that is older than what
// runs, nor one that the other slot has had: a stick that is forgotten in its socket is seen at every start, and must
// not bring back what was given up or left behind. One that was pulled too early, or whose system nobody has given up, is
// welcome again.
func (b *Box) stick(ctx context.Context, args []string) ([]string, error) {
	s, err := b.state(ctx)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(args[0], "submix-*.raucb"))
	if err != nil || len(files) == 0 {
		return []string{"no bundle on the stick"}, err
	}
	var newest, version string
	for _, file := range files {
		board, v, err := b.info(ctx, file)
		switch {
		case err != nil:
			fmt.Fprintf(b.Progress, "update: %s: %v\n", filepath.Base(file), err)
		case board != s.board:
			fmt.Fprintf(b.Progress, "update: %s is for %s, and this is %s\n", filepath.Base(file), board, s.board)
		case newest == "" || compare(v, version) > 0:
			newest, version = file, v
		}
	}
	switch {
	case newest == "":
		return nil, fmt.Errorf("no bundle on the stick is for this box")
	case compare(version, s.running) <= 0:
		return []string{fmt.Sprintf("%s on the stick is not newer than %s, which runs", version, s.running)}, nil
	case version == s.version(s.other()) && s.word(s.other()) != stateBroken && s.word(s.other()) != stateSpent:
		return []string{fmt.Sprintf("%s on the stick was tried before, or is to be tried; update install takes it all the same", version)}, nil
	case b.has(noData):
		return []string{fmt.Sprintf("%s on the stick is left: there is no data partition, so that it was tried could not be kept; update install takes it all the same", version)}, nil
	}
	if s.trial(s.booted) && !b.has(verdict) {
		fmt.Fprintf(b.Progress, "update: %s on the stick waits until %s has proved itself\n", version, s.running)
	}
	// Of two sticks the second is seen again by the system that came from the first, long before it has.
	for s.trial(s.booted) && !b.has(verdict) && !b.has(restart) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(poll):
		}
	}
	if !b.leaves() {
		fmt.Fprintf(b.Progress, "update: installing %s from the stick\n", version)
	}
	lines, err := b.install(ctx, []string{newest, "now"})
	if errors.Is(err, errRestarts) { // which is no failure: it would be the last that is heard of this stick
		return []string{fmt.Sprintf("the box is about to restart, and takes %s on the stick after that", version)}, nil
	}
	return lines, err
}

// info asks rauc what a bundle is, which it says only of one that is signed by whom this box trusts.
func (b *Box) info(ctx context.Context, file string) (board, version string, err error) {
	out, err := b.Rauc(ctx, nil, "info", "--output-format=json", file)
	if err != nil {
		return "", "", err
	}
	var said struct{ Compatible, Version string }
	err = json.Unmarshal(out, &said)
	return said.Compatible, said.Version, err
}

var (
	parts = regexp.MustCompile(`[0-9]+|[^0-9]+`)
	early = regexp.MustCompile(`~|-(alpha|beta|pre|rc)`)
)

// compare orders versions as Debian does (deb-version(7)), numbers as numbers, what stands behind a tilde before what it is
// of; and a hyphen before alpha, beta, pre and rc is such a tilde. So 1.10 is newer than 1.9, and what git describe says,
// 1.2-3-gabc, newer than 1.2, but 1.2-rc1 is older. (In semver's order all that follows a hyphen is older.)
func compare(a, b string) int {
	as, bs := split(a), split(b)
	for i := range min(len(as), len(bs)) {
		x, errX := strconv.Atoi(as[i])
		y, errY := strconv.Atoi(bs[i])
		c := cmp.Compare(as[i], bs[i])
		if errX == nil && errY == nil {
			c = cmp.Compare(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// split has the end sort behind a tilde and before all else.
func split(version string) []string {
	return parts.FindAllString(early.ReplaceAllString(version, "\x00$1")+"\x01", -1)
}

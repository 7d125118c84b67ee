package alsa

import (
	"slices"

	"golang.org/x/sys/unix"
)

// What a fakePCM can do.

func span(from, to int) (all []int) {
	for i := from; i <= to; i++ {
		all = append(all, i)
	}
	return all
}

// refine narrows p to the device's values, the ends only, as the kernel does.
func (f *fakePCM) refine(p *hwParams) unix.Errno {
	formats := mask{}
	channels := p.limits(paramChannels)
	for _, n := range f.formats {
		if p.masks[paramFormat].has(n) && slices.ContainsFunc(f.values[paramChannels], func(c int) bool {
			return c >= channels.Min && c <= channels.Max && f.fit(n, c)
		}) {
			formats[n/32] |= 1 << (n % 32)
		}
	}
	if formats == (mask{}) || !p.masks[paramAccess].has(3) {
		return unix.EINVAL
	}
	p.masks[paramFormat], p.info = formats, f.info
	for param, values := range f.values {
		r := p.limits(param)
		low, _ := slices.BinarySearch(values, r.Min)
		high, found := slices.BinarySearch(values, r.Max)
		if !found {
			high--
		}
		if low > high {
			return unix.EINVAL
		}
		p.within(param, Range{values[low], values[high]})
	}
	return 0
}

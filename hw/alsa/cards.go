package alsa

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Card is a sound card that is plugged in.
type Card struct {
	Number   int
	ID       string // as in hw:ID; changes with the order in which like cards are plugged in
	Name     string // such as "Loopback"; empty if the kernel does not say
	LongName string // such as "Loopback 1", or the USB product and bus
	USB      string // port path of a USB card, such as "1-1.2"; else empty
	Speed    string // of a USB card, in Mbit/s: "12", "480"; else empty
	// TT is what a full-speed USB card shares 12 Mbit/s in with all others of the same TT: the hub with the transaction
	// translator, as "1-1", or, if that has one for each port, the port; empty if nothing is to be shared.
	TT      string
	Devices []Device
}

// Device is one direction of one PCM device of a card.
type Device struct {
	Number  int
	Name    string
	Capture bool
	Busy    bool
	Owner   string // if busy, who holds it: "aplay (pid 123)", or "another program"
	PID     int    // of the owner; 0: not known
	Offer   *Offer // what it can do, or, if busy, what it is set to; nil if that is not known
	Err     error  // why it could not be opened, if not because it is busy
}

// Cards lists the cards that are there, by number, and asks each device that is free what it can do. A card that is
// unplugged meanwhile is left out. It takes a millisecond or so for each device, more for USB, during which another
// program's open of that device is refused as busy, and an own one waits.
func Cards() ([]Card, error) { return host().list() }

// Plugged lists the cards that are there, by number, from the files of sysfs and procfs below root, which is / but in
// tests. It opens no device: what each can do, and who uses it, is left out.
func Plugged(root string) []Card {
	return system{proc: filepath.Join(root, "proc"), sys: filepath.Join(root, "sys")}.cards()
}

func (sys system) list() ([]Card, error) {
	if _, err := os.Stat(sys.sys); err != nil {
		return nil, fmt.Errorf("sound cards are looked for in sysfs: %w", err)
	}
	cards, titles := sys.cards(), sys.titles()
	for i := range cards {
		c := &cards[i]
		c.Name = cmp.Or(titles[fmt.Sprintf("controlC%d", c.Number)], c.Name)
		for j := range c.Devices {
			d := &c.Devices[j]
			a := address{c.Number, d.Number, d.Capture}
			d.Name = cmp.Or(titles[filepath.Base(sys.path(a))], d.Name)
			sys.ask(a, d)
		}
	}
	return cards, nil
}

// ask opens a device for a moment to learn what it offers.
func (sys system) ask(a address, d *Device) {
	name := fmt.Sprintf("hw:%d,%d", a.card, a.device)
	if !opening.take(sys.path(a), claimLimit) {
		d.Err = errStuck(name)
		return
	}
	defer opening.give(sys.path(a))
	n, err := sys.openAddress(name, a, false)
	if errors.Is(err, ErrBusy) {
		d.Busy, d.PID, d.Offer = true, sys.ownerPID(a), sys.setTo(a)
		d.Owner = sys.program(d.PID)
		return
	}
	if err != nil {
		d.Err = err
		return
	}
	defer n.close()
	p, e := everything(n)
	if e != 0 {
		d.Err = failure(e)
		return
	}
	o := p.offer()
	d.Offer = &o
}

var (
	cardEntry = regexp.MustCompile(`^card(\d+)$`)
	pcmEntry  = regexp.MustCompile(`^pcmC(\d+)D(\d+)([pc])$`)
)

// cards lists the cards from sysfs (class/sound: cardN with its id, and pcmCxDyp|c), as the library knows neither ids
// nor USB ports and its list ends at a card that is being unplugged, and without opening anything, as an open control
// device would keep such a card's number. Names come from procfs, if the kernel has it.
func (sys system) cards() []Card {
	class := filepath.Join(sys.sys, "class/sound")
	entries, _ := os.ReadDir(class) // no such directory: no cards
	var cards []Card
	for _, e := range entries {
		m := cardEntry.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		id, err := os.ReadFile(filepath.Join(class, e.Name(), "id"))
		if err != nil {
			continue // unplugged just now
		}
		c := Card{ID: strings.TrimSpace(string(id)), USB: usbPort(filepath.Join(class, e.Name()))}
		if c.USB != "" {
			c.Speed, c.TT = sys.usb(c.USB, "speed"), sys.translator(c.USB)
		}
		c.Number, _ = strconv.Atoi(m[1])
		c.Name, c.LongName = sys.cardNames(c.Number)
		for _, e := range entries {
			if m := pcmEntry.FindStringSubmatch(e.Name()); m != nil && m[1] == strconv.Itoa(c.Number) {
				d := Device{Capture: m[3] == "c"}
				d.Number, _ = strconv.Atoi(m[2])
				d.Name = field(sys.info(address{c.Number, d.Number, d.Capture}, "info"), "name")
				c.Devices = append(c.Devices, d)
			}
		}
		slices.SortFunc(c.Devices, func(a, b Device) int { return cmp.Compare(a.Number, b.Number) })
		cards = append(cards, c)
	}
	slices.SortFunc(cards, func(a, b Card) int { return cmp.Compare(a.Number, b.Number) })
	return cards
}

// usbPort returns the port path in where the card's link leads to: .../1-1/1-1.2/1-1.2:1.0/sound/card1.
func usbPort(link string) string {
	target, _ := os.Readlink(link)
	port := ""
	for _, part := range strings.Split(target, "/") {
		if portPath.MatchString(part) {
			port = part
		}
	}
	return port
}

// cardNames reads a card's two lines in /proc/asound/cards: "N [id  ]: driver - name", then the long name.
func (sys system) cardNames(number int) (name, long string) {
	text, _ := os.ReadFile(filepath.Join(sys.proc, "asound/cards"))
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		before, after, ok := strings.Cut(line, "]: ")
		if n, _, found := strings.Cut(strings.TrimSpace(before), " "); !ok || !found || n != strconv.Itoa(number) {
			continue
		}
		if _, name, ok = strings.Cut(after, " - "); ok && i+1 < len(lines) {
			return name, strings.TrimSpace(lines[i+1])
		}
	}
	return "", ""
}

// info reads one of the files the kernel has for a PCM device in procfs.
func (sys system) info(a address, file string) string {
	text, _ := os.ReadFile(filepath.Join(sys.proc, "asound", fmt.Sprintf("card%d/pcm%d%s", a.card, a.device, a.letter()), file))
	return string(text)
}

// field returns the value of a line "key   : value".
func field(text, key string) string {
	for _, line := range strings.Split(text, "\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// deviceList names the card's devices, for a message.
func (c Card) deviceList() string {
	var list []string
	for _, d := range c.Devices {
		list = append(list, fmt.Sprintf("%d for %s", d.Number, address{capture: d.Capture}.direction()))
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

package initial

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"submix/cmd/submixd/config"
	"submix/control"
	"submix/hw/alsa"
	"submix/hw/gpio"
	format "submix/hw/pcm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// tree is a part of a file system: path and text, or, after "->", where a link leads.
type tree [][2]string

func (files tree) write(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, f := range files {
		path := filepath.Join(root, f[0])
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if to, link := strings.CutPrefix(f[1], "->"); err == nil && link {
			err = os.Symlink(to, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(f[1]), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// card is a card of a tree with devices, such as 0p and 0c.
func card(number int, id, at string, devices ...string) (files tree) {
	at = fmt.Sprintf("%s/sound/card%d", at, number)
	files = append(files, [2]string{"sys/" + at + "/id", id + "\n"}, [2]string{fmt.Sprintf("sys/class/sound/card%d", number), "->../../" + at})
	for _, d := range devices {
		files = append(files, [2]string{fmt.Sprintf("sys/class/sound/pcmC%dD%s/dev", number, d), "116:2\n"})
	}
	return files
}

func join(parts ...tree) (all tree) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// pi is a board with HDMI, a headset that plays and two microphones of one model, at a hub.
var pi = join(
	card(0, "vc4hdmi0", "devices/platform/soc/107c701400.hdmi", "0p"),
	card(1, "Headset", "devices/platform/axi/usb1/1-1/1-1.1/1-1.1:1.0", "0p", "0c"),
	card(2, "Mic", "devices/platform/axi/usb1/1-1/1-1.2/1-1.2:1.0", "0c"),
	card(3, "Mic_1", "devices/platform/axi/usb1/1-1/1-1.4/1-1.4:1.0", "0c", "1c"),
	tree{
		{"proc/asound/cards", " 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0\n                      vc4-hdmi-0\n" +
			" 1 [Headset        ]: USB-Audio - Plantr\u00f6nics Headset 500\n                      Plantronics at usb-1.1, full speed\n" +
			" 2 [Mic            ]: USB-Audio - Samson Q2U\n                      Samson at usb-1.2, full speed\n" +
			" 3 [Mic_1          ]: USB-Audio - Samson Q2U\n                      Samson at usb-1.4, full speed\n"},
		{"dev/serial/by-id/usb-FTDI_FT232R_A9-if00-port0", ""}, {"dev/ttyAMA0", ""},
	})

// cables are two of the kernel's own.
var cables = join(
	card(0, "SrcA", "devices/platform/snd_aloop.0", "0p", "0c", "1p", "1c"),
	card(1, "Out", "devices/platform/snd_aloop.1", "0p", "0c", "1p", "1c"),
	tree{{"proc/asound/cards", " 0 [SrcA           ]: Loopback - Loopback\n                      Loopback 1\n" +
		" 1 [Out            ]: Loopback - Loopback\n                      Loopback 2\n"}})

// ears is one microphone and nothing to play on.
var ears = card(5, "Mic", "devices/platform/axi/usb1/1-2/1-2:1.0", "0c")

func TestConfig(t *testing.T) {
	usual := alsa.Offer{Formats: []format.Format{format.S16LE}, Rate: alsa.Range{Min: 8000, Max: 48000}, Channels: alsa.Range{Min: 1, Max: 2},
		PeriodFrames: alsa.Range{Min: 32, Max: 4096}}
	mono, encoded, slow := usual, usual, usual
	mono.Channels = alsa.Range{Min: 1, Max: 1}
	encoded.Formats, encoded.OtherFormats = nil, []string{"IEC958_SUBFRAME_LE"}
	slow.Rate, slow.PeriodFrames, slow.Channels = alsa.Range{Min: 8000, Max: 16000}, alsa.Range{Min: 256, Max: 512}, mono.Channels
	pins := gpio.Chip{Label: "pinctrl-rp1", Pins: []gpio.Pin{{Name: "ID_SDA"}, {Name: "GPIO17"}, {Name: "GPIO22"}}}
	for _, c := range []struct {
		name   string
		tree   tree
		chips  []gpio.Chip
		offers map[string]*alsa.Offer // by card and device
		plays  string
		names  string
	}{
		{"pi", pi, []gpio.Chip{{Label: "gpio-brcmstb", Pins: make([]gpio.Pin, 32)}, pins},
			map[string]*alsa.Offer{"vc4hdmi0 0": &encoded, "Headset 0": &usual, "Mic 0": &mono, "Mic_1 1": &mono},
			"usb:1-1.1,0", "plantr-nics-headset-500 mic mic_1 mic_1-1"},
		{"cables", cables, []gpio.Chip{{Label: "buttons", Pins: []gpio.Pin{{}}}}, nil, "hw:SrcA,0", "loopback loopback-1"},
		{"slow", join(cables, card(2, "USB", "devices/usb1/1-1/1-1:1.0", "0p")), nil, map[string]*alsa.Offer{"USB 0": &slow},
			"usb:1-1,0", "srca srca-1 out-2 out-1"},
		{"ears", ears, nil, nil, "sim:null", "mic"},
		{"nothing", nil, nil, nil, "sim:null", "tone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := c.tree.write(t)
			m := Machine{alsa.Plugged(root), c.chips, Ports(root)}
			for i := range m.Cards {
				for j := range m.Cards[i].Devices {
					m.Cards[i].Devices[j].Offer = c.offers[fmt.Sprint(m.Cards[i].ID, " ", m.Cards[i].Devices[j].Number)]
				}
			}
			got := m.Config()
			golden := filepath.Join("testdata", c.name+".toml")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || got != string(want) {
				t.Errorf("%v; the configuration is\n%s\nwant\n%s", err, got, want)
			}
			cfg, err := config.Parse(c.name, []byte(got), control.Check)
			if err != nil {
				t.Fatalf("-check says\n%v\nof\n%s", err, got)
			}
			var names []string
			for _, s := range cfg.Captures {
				names = append(names, s.Name)
			}
			if s := strings.Join(names, " "); cfg.Playback.Device.String() != c.plays || s != c.names {
				t.Errorf("it plays %v of %q, want %s of %q", cfg.Playback.Device, s, c.plays, c.names)
			}
			// What is only shown must be right as well, when the owner takes the # away.
			shown := strings.NewReplacer("\n#[", "\n[", "\n#name", "\nname", "\n#chip", "\nchip", "\n#line", "\nline", "\n#press", "\npress",
				"\n#hold", "\nhold", "\n#shows", "\nshows", "\n#port", "\nport", "\n#baud", "\nbaud").Replace(got)
			cfg, err = config.Parse(c.name, []byte(shown), control.Check)
			if single := c.name == "cables"; single && err == nil || !single && (err != nil || len(cfg.Buttons) != 1 || len(cfg.LEDs) != 1 || cfg.Serial.Port == "") {
				t.Errorf("with button, light and serial port: %v, %+v", err, cfg)
			}
		})
	}
}

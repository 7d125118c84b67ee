package main

import (
	_ "embed"
	"flag"

	"submix/cmd/manual"
)

//go:embed config/example.toml
var exampleConfig string

// program is what the manual says of submixd and its configuration.
func program(flags *flag.FlagSet) manual.Program {
	return manual.Program{
		Flags: flags,
		Pages: []manual.Page{{
			Name: "submixd", Section: 8, About: "the Submix audio mixer", Synopsis: []string{"submixd [OPTIONS]"},
			Sections: []manual.Section{
				{Title: "DESCRIPTION", Text: aboutDaemon},
				{Title: manual.Options},
				{Title: "SIGNALS", Items: []manual.Item{
					{Term: "SIGTERM, SIGINT", Text: "fade out, save what was set, and exit; a second one exits at once"},
					{Term: "SIGHUP", Text: "read the configuration again, as the command reload"},
				}},
				{Title: "EXIT STATUS", Items: []manual.Item{
					{Term: "0", Text: "ended in order"},
					{Term: "1", Text: "failed while running"},
					{Term: "2", Text: "wrong arguments, or a configuration with mistakes"},
				}},
				{Title: "FILES", Items: []manual.Item{
					{Term: "/etc/submix/submix.toml", Text: "the configuration, see submix.toml(5)"},
					{Term: "/run/submix/control.sock", Text: "the control socket, for root and the group submix, see submixctl(1)"},
					{Term: "/var/lib/submix/submix.toml", Text: "with -fallback: the configuration as it was when it last had no mistakes"},
					{Term: "/var/lib/submix/state.json", Text: "gains, mutes, which streams are in the mix, and what was learned of the cards' clocks"},
				}},
			},
			SeeAlso: []string{"submixctl(1)", "submix.toml(5)"},
		}, {
			Name: "submix.toml", Section: 5, About: "configuration of the Submix audio mixer",
			Sections: []manual.Section{
				{Title: "DESCRIPTION", Text: aboutConfig},
				{Title: "EXAMPLE", Text: "Everything that can be set, with its default or an example.", Code: exampleConfig},
			},
			SeeAlso: []string{"submixd(8)", "submixctl(1)"},
		}},
	}
}

const aboutDaemon = `submixd mixes the captures of its configuration onto one playback device, block by block, and takes commands
from buttons, a serial line, and submixctl(1). The mix goes on while cards are pulled and put back.

What happens is logged on the standard error output. In a service of systemd each line has its priority, for the journal.`

const aboutConfig = `submix.toml is written in TOML. submixd -check lists every mistake in it, each with its line and what is allowed
there, and changes nothing. The command reload takes over what differs in captures, buttons, encoders and lights, and
leaves every other stream alone; what differs in mixer and playback waits for end and start, and what differs in serial
and control for the next start of submixd.`

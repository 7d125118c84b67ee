package main

import (
	"flag"
	"strings"

	"submix/cmd/manual"
	"submix/cmd/submixctl/update"
	"submix/control"
)

// program is what the manual says of submixctl. Its commands are those of the table.
func program(flags *flag.FlagSet, socket *string) manual.Program {
	var commands []manual.Item
	for _, c := range control.Commands() {
		text := c.About
		if c.Note != "" {
			text += "; " + c.Note
		}
		commands = append(commands, manual.Item{Term: c.Usage, Text: text, Examples: c.Examples})
	}
	var updates []manual.Item
	for _, c := range update.Commands() {
		if c.Person {
			updates = append(updates, manual.Item{Term: "update " + c.Usage, Text: c.About})
		}
	}
	return manual.Program{
		Flags: flags,
		Words: func(words []string) []string {
			all := control.Candidates(func(line string) (control.Reply, error) { return ask(*socket, line) }, words)
			if len(words) == 0 {
				all = append(all, "doctor", "top", "update")
			}
			if len(words) == 1 && words[0] == "update" {
				for _, c := range updates {
					all = append(all, strings.Fields(c.Term)[1])
				}
			}
			return all
		},
		Pages: []manual.Page{{
			Name: "submixctl", Section: 1, About: "work the Submix audio mixer", Synopsis: synopsis(),
			Sections: []manual.Section{
				{Title: "DESCRIPTION", Text: about},
				{Title: manual.Options},
				{Title: "COMMANDS", Text: "A stream is named as in the configuration; all is every stream, out the output.", Items: commands},
				{Title: "UPDATES", Text: updating, Items: updates},
				{Title: "EXIT STATUS", Items: []manual.Item{
					{Term: "0", Text: "every reply was OK"},
					{Term: "1", Text: "a command was refused, doctor has found something bad, or a reply could not be printed"},
					{Term: "2", Text: "wrong usage"},
					{Term: "3", Text: "the daemon cannot be reached, or has gone away"},
				}},
				{Title: "FILES", Items: []manual.Item{{Term: control.DefaultSocket, Text: "the control socket, for root and the group submix"}}},
			},
			SeeAlso: []string{"submixd(8)", "submix.toml(5)"},
		}},
	}
}

// ask asks the daemon once, in a session of its own.
func ask(socket, line string) (control.Reply, error) {
	client, err := control.Dial(socket)
	if err != nil {
		return control.Reply{}, err
	}
	defer client.Close()
	return client.Do(line)
}

func synopsis() []string {
	return []string{"submixctl [-socket PATH] [-json] [COMMAND...]", "submixctl [-socket PATH] top [-once] [-hz 1..20]",
		"submixctl [-socket PATH] [-json] doctor [CONFIGURATION]"}
}

const about = `submixctl sends commands to the Submix daemon and prints the replies. Without COMMAND it is a console, if it runs
on a terminal, and otherwise sends the lines of its standard input. The console has doctor and update, too, also while the
daemon cannot be reached.

top shows the levels of all streams and the output as they change, or one picture of them. meters and events on print
lines until they are interrupted.

doctor looks for what keeps the box from working well, whether the daemon runs or not, and changes nothing: rights,
real-time limits, kernel, cards, USB, GPIO lines, serial port, processor clock, saved state. Each finding is a line, ok,
warn or bad, with what to do about it.

With -json each reply is an object on a line of its own; meters and events make one for each of their lines.`

const updating = `A box that was flashed as an image has two slots, A and B, each with a whole system. An update is written to the slot
that does not run. The new system is kept when sound has run for a minute, or, without a card that plays, when the daemon
has been well for that time; if that is not so within three minutes, or if it does not come up in three tries, the box goes
back to the slot that it came from, and update status, status and the console say why. Without now, an update or a rollback waits
for the next restart; a system that is still to prove itself is taken back with now only. One that was good and did not come
up three times, as when the power goes each time, is spent: rollback begins it again. An update on a USB stick,
submix-*.raucb, is installed when the stick is plugged in, if it is newer than the system that runs and was not tried before;
one that was broken off, or is spent, is installed again.`

package control

// CommandInfo describes a command.
type CommandInfo struct {
	Usage    string // its name and its arguments
	About    string
	Note     string   // "": there is nothing more to say
	Examples []string // lines
}

// Commands returns all commands in the order of their names.
func Commands() (all []CommandInfo) {
	for _, c := range table() {
		all = append(all, CommandInfo{c.usage(), c.about, c.note, c.examples})
	}
	return all
}

// Candidates returns the words that can follow those of a line. Do runs a command,
// for the names of streams and devices; where it returns an error there are none.
func Candidates(do func(line string) (Reply, error), words []string) []string {
	if len(words) == 0 {
		return names(table())
	}
	return (&Console{Do: do}).candidates(words)
}

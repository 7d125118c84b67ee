// Package manual writes a program's manual page and its shell completion, from the
// program's own flags and from the table of commands: there is no second list of
// either. The programs answer to it themselves, as only they know their flags:
//
//	PROGRAM -man [PAGE]       the page, for man(1)
//	PROGRAM -completion bash  the script, for bash
//	PROGRAM -complete LINE    the words that can follow, one a line: for the script
//
// These are for packagers and shells, and so stand in no usage message.
package manual

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Program is what a manual says of a program beyond its flags.
type Program struct {
	Pages []Page // the program's own page first
	Flags *flag.FlagSet
	// Words returns the words that can follow those of the command line behind the
	// flags; nil: none can.
	Words func(words []string) []string
}

// Answer answers args if they ask for a page, a script or words, and reports that.
func (p Program) Answer(args []string, out, stderr io.Writer) (status int, asked bool) {
	if len(args) == 0 {
		return 0, false
	}
	given := ""
	if len(args) == 2 {
		given = args[1]
	}
	switch args[0] {
	case "-man":
		for _, page := range p.Pages {
			if given == "" || given == page.Name {
				page.write(out, p.Flags)
				return 0, true
			}
		}
		fmt.Fprintf(stderr, "%s: no page %q\n", p.Flags.Name(), given)
		return 2, true
	case "-completion":
		if given != "bash" {
			fmt.Fprintf(stderr, "usage: %s -completion bash\n", p.Flags.Name())
			return 2, true
		}
		fmt.Fprint(out, script(p.Flags.Name()))
		return 0, true
	case "-complete":
		for _, word := range p.complete(given) {
			fmt.Fprintln(out, word)
		}
		return 0, true
	}
	return 0, false
}

// files stands for the names of files, which the shell knows.
const files = ":files"

// complete returns what the last word of a command line can be, sorted; line ends at
// the cursor.
func (p Program) complete(line string) []string {
	words := strings.Fields(line)
	part := ""
	if n := len(words); n > 0 && !strings.HasSuffix(line, " ") {
		words, part = words[:n-1], words[n-1]
	}
	if len(words) > 0 {
		words = words[1:] // the program
	}
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		name, value, given := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
		words = words[1:]
		if f := p.Flags.Lookup(name); f == nil || isBool(f) {
			continue
		}
		if !given {
			if len(words) == 0 {
				return []string{files}
			}
			value, words = words[0], words[1:]
		}
		p.Flags.Set(name, value) // Words may need it; a bad one is none
	}
	var can []string
	switch {
	case strings.HasPrefix(part, "-") && len(words) == 0:
		p.Flags.VisitAll(func(f *flag.Flag) { can = append(can, "-"+f.Name) })
	case p.Words != nil:
		can = p.Words(words)
	}
	can = slices.DeleteFunc(can, func(w string) bool { return !strings.HasPrefix(w, part) })
	slices.Sort(can)
	return slices.Compact(can)
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// script has bash ask the program. Bash takes = and : for the ends of words, and
// wants no more than what is behind them.
func script(program string) string {
	return strings.ReplaceAll(`# bash completion for PROGRAM; written by PROGRAM -completion bash
_PROGRAM() {
	local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^=:]/} IFS=$'\n' word cut=
	word=${line##*[[:blank:]]}
	if [ -n "$breaks" ]; then
		cut=${word%"${word##*["$breaks"]}"}
	fi
	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" -complete "$line" 2>/dev/null)
	if [ "${COMPREPLY[0]-}" = :files ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	elif [ "${#COMPREPLY[@]}" -eq 1 ] && [ "${COMPREPLY[0]%=}" != "${COMPREPLY[0]}" ]; then
		compopt -o nospace 2>/dev/null
	fi
	COMPREPLY=("${COMPREPLY[@]#"$cut"}")
}
complete -F _PROGRAM PROGRAM
`, "PROGRAM", program)
}

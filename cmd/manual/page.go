package manual

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Page is a page of the manual.
type Page struct {
	Name     string
	Section  int
	About    string   // in a few words
	Synopsis []string // usage lines
	Sections []Section
	SeeAlso  []string // as submixd(8)
}

// A Section has a title in capitals, paragraphs of text, and what belongs to it. That
// titled OPTIONS gets the flags of the program.
type Section struct {
	Title string
	Text  string // paragraphs are separated by empty lines
	Items []Item
	Code  string // lines that stay as they are
}

// An Item is a term and what is to be said of it.
type Item struct {
	Term, Text string
	Examples   []string
}

// Options is the title of the section of flags.
const Options = "OPTIONS"

// write writes the page in the language of man(7).
func (p Page) write(out io.Writer, flags *flag.FlagSet) {
	w := roff{out}
	w.line(".TH %s %d %s Submix", strings.ToUpper(p.Name), p.Section, date())
	w.line(".SH NAME")
	w.line("%s \\- %s", escape(p.Name), escape(p.About))
	if len(p.Synopsis) > 0 {
		w.line(".SH SYNOPSIS")
		w.line(".nf")
		for _, usage := range p.Synopsis {
			w.line("%s", escape(usage))
		}
		w.line(".fi")
	}
	for _, s := range p.Sections {
		w.line(".SH %s", s.Title)
		w.text(s.Text)
		if s.Title == Options {
			w.items(options(flags))
		}
		w.items(s.Items)
		if s.Text != "" && s.Code != "" {
			w.line(".PP")
		}
		w.code(s.Code)
	}
	if len(p.SeeAlso) > 0 {
		w.line(".SH SEE ALSO")
		w.line("%s", escape(strings.Join(p.SeeAlso, ", ")))
	}
}

// options are the flags as items.
func options(flags *flag.FlagSet) (items []Item) {
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		term := strings.TrimSpace("-" + f.Name + " " + strings.ToUpper(value))
		if f.DefValue != "" && !isBool(f) {
			usage += " (otherwise " + f.DefValue + ")"
		}
		items = append(items, Item{Term: term, Text: usage})
	})
	return items
}

// date is today's, or that of SOURCE_DATE_EPOCH: of the same sources the same page.
func date() string {
	at := time.Now()
	if s, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		at = time.Unix(s, 0)
	}
	return at.UTC().Format(time.DateOnly)
}

// roff writes lines of roff.
type roff struct{ out io.Writer }

func (w roff) line(format string, args ...any) { fmt.Fprintf(w.out, format+"\n", args...) }

// text writes paragraphs.
func (w roff) text(s string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		if paragraph == "" {
			continue
		}
		if i > 0 {
			w.line(".PP")
		}
		w.line("%s", escape(paragraph))
	}
}

func (w roff) items(items []Item) {
	for _, item := range items {
		w.line(".TP")
		w.line("\\fB%s\\fR", escape(item.Term))
		w.line("%s", escape(item.Text))
		if len(item.Examples) > 0 {
			w.line(".RS")
			w.code(strings.Join(item.Examples, "\n"))
			w.line(".RE")
		}
	}
}

func (w roff) code(s string) {
	if s == "" {
		return
	}
	w.line(".nf")
	w.line("%s", escape(strings.TrimRight(s, "\n")))
	w.line(".fi")
}

// escape makes text mean itself in roff: a backslash and a dash are nothing else,
// and no line begins with a request.
func escape(s string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`, "\t", "    ").Replace(s), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

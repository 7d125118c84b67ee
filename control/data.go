package control

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxText is the longest text, in bytes, that is put into a reply line.
const maxText = 512

// What a value may be beside a string, a bool and an integer. A string is
// quoted where the grammar needs it.
type (
	bare string // goes as it is
	text string // words for people, always quoted
)

// Pair is a data line "key: value".
func Pair(key string, v any) string { return key + ": " + format(v) }

// Thing is a data line "kind name key=value ...", from keys and values in turn.
func Thing(kind, name string, fields ...any) string {
	return kind + " " + format(name) + keyValues(fields...)
}

// keyValues is " key=value", from keys and values in turn.
func keyValues(fields ...any) string {
	var b strings.Builder
	for i := 0; i+1 < len(fields); i += 2 {
		fmt.Fprintf(&b, " %s=%s", fields[i], format(fields[i+1]))
	}
	return b.String()
}

func format(v any) string {
	switch v := v.(type) {
	case bare:
		return string(v)
	case text:
		return quote(string(v))
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		if needsQuotes(v) {
			return quote(v)
		}
		return v
	default:
		return fmt.Sprint(v)
	}
}

// needsQuotes reports that s is too long or, bare, would not come back as the
// same string.
func needsQuotes(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return true
		}
	}
	_, isString := scalar(s).(string)
	return s == "" || len(s) > maxText || !isString
}

// quote puts s, cut to maxText bytes, into quotation marks. Its escapes are \",
// \\ and, for every byte that is not printable ASCII, \xHH.
func quote(s string) string {
	b := []byte{'"'}
	for i := range min(len(s), maxText) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, `\x%02x`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// oneLine makes s fit for the end of a line: printable ASCII, at most maxText
// bytes; line breaks become "; ".
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	b := []byte(s[:min(len(s), maxText)])
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// decimals formats x with n decimals, without a negative zero; "-inf" and
// "+inf" for the infinities.
func decimals(x float64, n int) bare {
	if math.IsInf(x, -1) {
		return "-inf"
	}
	s := strconv.FormatFloat(x, 'f', n, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return bare(s)
}

// gainDB formats a gain: two decimals, the last one left out if it is 0.
func gainDB(dB float64) bare { return bare(strings.TrimSuffix(string(decimals(dB, 2)), "0")) }

// signed is decimals with a sign always.
func signed(x float64, n int) bare {
	s := decimals(x, n)
	if !strings.HasPrefix(string(s), "-") {
		s = "+" + s
	}
	return s
}

// ParseData turns the data lines of a reply into objects: the lines "key: value"
// that follow one another become one, each line "kind name key=value ..." one,
// with the keys "type" and "name". Values are float64, bool for yes and no, nil
// for -inf (silence), else string.
func ParseData(lines []string) ([]map[string]any, error) {
	objects := []map[string]any{}
	var pairs map[string]any
	for _, line := range lines {
		first, rest, _ := strings.Cut(line, " ")
		if key, ok := strings.CutSuffix(first, ":"); ok {
			if pairs == nil {
				pairs = map[string]any{}
				objects = append(objects, pairs)
			}
			pairs[key] = scalar(rest)
			continue
		}
		object, err := parseThing(first, rest)
		if err != nil {
			return nil, fmt.Errorf("reply line %q: %w", line, err)
		}
		pairs, objects = nil, append(objects, object)
	}
	return objects, nil
}

func parseThing(kind, rest string) (map[string]any, error) {
	name, fields, err := parseFields(rest)
	object := map[string]any{"type": kind, "name": name}
	for _, f := range fields {
		object[f.key] = scalar(f.value)
	}
	return object, err
}

// A field is a key with its value as it stands in the line.
type field struct{ key, value string }

// parseFields reads what follows the kind of a thing.
func parseFields(rest string) (name string, fields []field, err error) {
	if name, rest, err = token(rest); err != nil {
		return "", nil, err
	}
	name = unquoted(name)
	for rest != "" {
		key, after, ok := strings.Cut(rest, "=")
		if !ok || key == "" || strings.ContainsAny(key, ` "`) {
			return "", nil, fmt.Errorf("key=value is missing at %q", rest)
		}
		f := field{key: key}
		if f.value, rest, err = token(after); err != nil {
			return "", nil, err
		}
		fields = append(fields, f)
	}
	return name, fields, nil
}

// unquoted is a value without its quotation marks, if it has any.
func unquoted(s string) string {
	if text, ok := scalar(s).(string); ok { // 7 stays "7"
		return text
	}
	return s
}

// token cuts the first token, quoted or bare, and the blank behind it from s.
func token(s string) (tok, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		tok, rest, _ = strings.Cut(s, " ")
		return tok, rest, nil
	}
	if tok, err = strconv.QuotedPrefix(s); err != nil {
		return "", "", fmt.Errorf("quotation marks at %q: %w", s, err)
	}
	return tok, strings.TrimPrefix(s[len(tok):], " "), nil
}

// scalar gives a value its type.
func scalar(s string) any {
	if strings.HasPrefix(s, `"`) {
		if unquoted, err := strconv.Unquote(s); err == nil {
			return unquoted
		}
		return s
	}
	switch s {
	case "yes":
		return true
	case "no":
		return false
	case "-inf":
		return nil
	}
	if digits := strings.TrimLeft(s, "+-"); digits == "" || len(s)-len(digits) > 1 || !isDecimal(digits) {
		return s
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return x
}

// isDecimal reports that s is digits with at most one point among them.
func isDecimal(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	if point && fraction == "" || whole == "" {
		return false
	}
	return strings.Trim(whole, "0123456789") == "" && strings.Trim(fraction, "0123456789") == ""
}

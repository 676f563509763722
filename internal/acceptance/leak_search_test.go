//go:build unix

package acceptance_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// needle is a secret and what to call it.
type needle struct{ name, secret string }

// pieceLength is how much of a secret, in any form, gives it away: enough to be no accident, little enough to find one
// that was cut off.
const pieceLength = 40

// forms are the ways in which a secret may be written, by name.
func forms(secret string) map[string]string {
	quoted, _ := json.Marshal(secret) // a string always can be encoded
	plain := map[string]string{
		"plain": secret, "JSON": strings.Trim(string(quoted), `"`), "Go": strings.Trim(strconv.Quote(secret), `"`), "HTML": html.EscapeString(secret),
		"query": url.QueryEscape(secret), "query, lower case": lowerEscapes(url.QueryEscape(secret)), "path": url.PathEscape(secret),
		"query, twice": url.QueryEscape(url.QueryEscape(secret)),
		"hex":          hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.StdEncoding, "base64url": base64.URLEncoding} {
		for offset := range 3 {
			plain[fmt.Sprintf("%s at %d", name, offset)] = base64Core(encoding, secret, offset)
			// client_secret_basic encodes the percent-encoded form (RFC 6749 §2.3.1).
			plain[fmt.Sprintf("%s of query at %d", name, offset)] = base64Core(encoding, url.QueryEscape(secret), offset)
		}
	}
	for name, form := range plain {
		plain[name] = form[:min(len(form), pieceLength)]
	}
	return plain
}

// base64Core is what text becomes inside a longer base64 text, where it begins offset octets after a multiple of three,
// without the characters at its ends that depend on its neighbours.
func base64Core(encoding *base64.Encoding, text string, offset int) string {
	raw := encoding.WithPadding(base64.NoPadding)
	skip := []int{0, 2, 3}[offset]
	core := raw.EncodeToString(append(make([]byte, offset), text...))
	if (offset+len(text))%3 != 0 {
		core = core[:len(core)-1]
	}
	return core[skip:]
}

func lowerEscapes(text string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(text, strings.ToLower)
}

// artefact is something that a run leaves behind and somebody else may read.
type artefact struct {
	kind    string // which secrets it may hold depends on it
	name    string
	content []byte
}

// leak is a secret in an artefact.
type leak struct{ secret, form, where string }

// searcher looks for secrets. Make it with newSearcher.
type searcher struct{ patterns []pattern }

type pattern struct {
	secret, form string
	text         []byte
}

func newSearcher(t testing.TB, needles []needle) searcher {
	t.Helper()
	var s searcher
	for _, n := range needles {
		if len(n.secret) < 12 {
			t.Fatalf("the secret %s is too short to look for", n.name)
		}
		seen := map[string]bool{}
		for form, text := range forms(n.secret) {
			if !seen[text] {
				seen[text] = true
				s.patterns = append(s.patterns, pattern{n.name, form, []byte(text)})
			}
		}
	}
	return s
}

// search looks for every secret in every form in every artefact, also in what is packed into it.
func (s searcher) search(t testing.TB, artefacts ...artefact) []leak {
	t.Helper()
	var leaks []leak
	seen := map[string]bool{} // many runs leave the same state behind
	for _, a := range artefacts {
		if seen[string(a.content)] {
			continue
		}
		seen[string(a.content)] = true
		for _, layer := range unpack(t, a, 3) {
			for _, p := range s.patterns {
				if bytes.Contains(layer.content, p.text) {
					leaks = append(leaks, leak{p.secret, p.form, layer.name})
				}
			}
		}
	}
	return leaks
}

// encoded finds what may be base64: long runs of its characters.
func encoded(text []byte) (runs [][]byte) {
	const shortest = 40
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && isBase64(text[i]) {
			continue
		}
		if i-start >= shortest {
			runs = append(runs, text[start:i])
		}
		start = i + 1
	}
	return runs
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

// unpack returns an artefact and whatever is packed into it: the files of an archive, and what is base64 inside of
// base64, as tokens in the private state would be.
func unpack(t testing.TB, a artefact, depth int) []artefact {
	t.Helper()
	layers := []artefact{a}
	if depth == 0 {
		return layers
	}
	if archive, err := zip.NewReader(bytes.NewReader(a.content), int64(len(a.content))); err == nil {
		for _, f := range archive.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			layers = append(layers, unpack(t, artefact{a.kind, a.name + " " + f.Name, content}, depth-1)...)
		}
		return layers
	}
	var decoded bytes.Buffer
	for _, run := range encoded(a.content) {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := make([]byte, encoding.DecodedLen(len(run)))
			n, err := encoding.Decode(text, run[:len(run)-len(run)%4])
			if err == nil && n > 0 {
				decoded.Write(append(text[:n], '\n'))
			}
		}
	}
	if decoded.Len() > 0 {
		layers = append(layers, unpack(t, artefact{a.kind, a.name + " (decoded)", decoded.Bytes()}, depth-1)...)
	}
	return layers
}

// report fails the test for every leak, once per secret and place.
func report(t testing.TB, leaks []leak) {
	t.Helper()
	var lines []string
	for _, l := range leaks {
		lines = append(lines, fmt.Sprintf("%s, %s: in %s", l.secret, l.form, l.where))
	}
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		t.Error("leaked: " + line)
	}
}

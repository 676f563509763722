package oauth

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Shorter forms are not looked for: they would be found by chance, and make nonsense of every text.
const (
	minPlain   = 4
	minEncoded = 8
)

// hider takes secrets out of texts that others wrote: servers like to quote what they were sent.
type hider struct{ replacer *strings.Replacer }

func newHider(texts []secret.String) hider {
	var forms []string
	for _, text := range texts {
		if !text.IsEmpty() {
			forms = append(forms, formsOf(text.Reveal())...)
		}
	}
	// At one place the Replacer takes the first pair that fits, so the longest has to come first.
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, secret.Redacted)
	}
	return hider{strings.NewReplacer(pairs...)}
}

// words makes text fit for a message and hides the secrets in it: after the cleaning, which could join one, and before
// the cutting, which could leave half of one.
func (h hider) words(text string, limit int) string {
	return plain(h.replacer.Replace(plain(text, math.MaxInt)), limit)
}

// formsOf lists the ways in which text may be quoted.
func formsOf(text string) []string {
	var forms []string
	for _, form := range []string{text, plain(text, math.MaxInt)} {
		if len(form) >= minPlain {
			forms = append(forms, form)
		}
	}
	percent := url.QueryEscape(text)
	path := url.PathEscape(text)
	encoded := []string{percent, path, lowerPercent(percent), lowerPercent(path), html.EscapeString(text)}
	if quoted, err := json.Marshal(text); err == nil {
		encoded = append(encoded, strings.Trim(string(quoted), `"`))
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		encoded = append(encoded, encoding.EncodeToString([]byte(text)))
		for _, part := range []string{text, percent} { // percent: as client_secret_basic joins it
			for offset := range 3 {
				encoded = append(encoded, base64Core(encoding, part, offset))
			}
		}
	}
	for _, form := range encoded {
		if len(form) >= minEncoded {
			forms = append(forms, form)
		}
	}
	return forms
}

// base64Core returns the characters that text gives when it starts offset octets (modulo 3) into a longer text: all but
// those that mix with its neighbours.
func base64Core(encoding *base64.Encoding, text string, offset int) string {
	padded := strings.Repeat("\x00", offset) + text
	core := encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(padded))
	if len(padded)%3 != 0 {
		core = core[:len(core)-1]
	}
	return core[min(len(core), []int{0, 2, 3}[offset]):]
}

// lowerPercent turns %2F into %2f.
func lowerPercent(text string) string {
	lowered := []byte(text)
	for i := 0; i+2 < len(lowered); i++ {
		if lowered[i] == '%' {
			copy(lowered[i+1:], strings.ToLower(string(lowered[i+1:i+3])))
			i += 2
		}
	}
	return string(lowered)
}

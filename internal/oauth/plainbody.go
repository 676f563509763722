package oauth

import (
	"compress/gzip"
	"io"
	"strings"
)

// plainBody returns the body without its content coding, and whether it was cut. Requests ask for no coding; a server
// that compresses all the same must not cost a token.
func plainBody(r Reply) (text string, cut bool) {
	text, cut = r.Body.Reveal(), r.Err != nil
	if !strings.EqualFold(strings.TrimSpace(r.Header.Get("Content-Encoding")), "gzip") {
		return text, cut
	}
	reader, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		return text, cut
	}
	plain, err := io.ReadAll(io.LimitReader(reader, MaxBody+1))
	if len(plain) > MaxBody {
		return string(plain[:MaxBody]), true
	}
	return string(plain), cut || err != nil
}

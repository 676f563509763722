package oauth

import (
	"net/url"
	"strings"
	"unicode"
)

// Bounds, in characters, of what is shown of a server's words.
const (
	maxCode        = 100
	maxDescription = 300
)

// plain makes a server's text fit for a message: one line, at most limit characters, nothing that moves the cursor or
// turns the direction of writing.
func plain(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	characters := []rune(strings.Join(strings.Fields(text), " "))
	if len(characters) > limit {
		return strings.TrimSpace(string(characters[:limit-1])) + "…"
	}
	return string(characters)
}

// webAddress returns text if a person can open it in a browser, else nothing.
func webAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	if strings.Contains(text, " ") || plain(text, maxDescription) != text {
		return ""
	}
	return text
}

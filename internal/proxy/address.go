package proxy

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// ParseUpstream reads the address below which the access token may be sent. Its errors quote nothing.
func ParseUpstream(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("its scheme is not https")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it names no host")
	case u.User != nil:
		return nil, errors.New("it carries user information")
	case u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("it has a query")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("it has a fragment")
	case climbs(u):
		return nil, errors.New("its path has a segment \"..\"")
	}
	return u, nil
}

// below is the address of what is asked for, below upstream.
func below(upstream, asked *url.URL) *url.URL {
	u := *upstream
	u.Path = strings.TrimSuffix(upstream.Path, "/") + asked.Path
	u.RawPath = strings.TrimSuffix(upstream.EscapedPath(), "/") + asked.EscapedPath()
	u.RawQuery, u.ForceQuery = asked.RawQuery, asked.ForceQuery
	return &u
}

// unescapes bounds how often a path is unescaped before it is judged: servers behind servers may do so more than once.
const unescapes = 4

var escapes = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// unescaped is url.PathUnescape for servers that take a broken escape as it stands.
func unescaped(path string) string {
	return escapes.ReplaceAllStringFunc(path, func(escape string) string {
		n, err := strconv.ParseUint(escape[1:], 16, 8)
		if err != nil {
			return escape
		}
		return string([]byte{byte(n)})
	})
}

// climbs tells whether a server might read a path as one that leaves the folder above it.
func climbs(u *url.URL) bool {
	text := u.EscapedPath()
	for range unescapes {
		for segment := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == '/' || c == '\\' }) {
			if bare, _, _ := strings.Cut(segment, ";"); bare == ".." { // the parameters of a segment
				return true
			}
		}
		next := unescaped(text)
		if next == text {
			return false
		}
		text = next
	}
	return false
}

// relocate has addresses below the upstream point to the proxy, so that a client that follows them stays inside. Others stay as
// they are, made absolute: the client goes there by itself, without the access token.
func (p *Proxy) relocate(r *http.Response) {
	for _, header := range []string{"Location", "Content-Location"} {
		if text := r.Header.Get(header); text != "" {
			r.Header.Set(header, p.relocated(r.Request.URL, text))
		}
	}
	if links := r.Header.Values("Link"); len(links) > 0 { // RFC 8288 §3
		moved := make([]string, len(links))
		for i, link := range links {
			moved[i] = targets.ReplaceAllStringFunc(link, func(target string) string {
				return "<" + p.relocated(r.Request.URL, strings.Trim(target, "<>")) + ">"
			})
		}
		r.Header["Link"] = moved
	}
}

var targets = regexp.MustCompile(`<[^<>]*>`)

func (p *Proxy) relocated(from *url.URL, text string) string {
	to, err := from.Parse(text)
	if err != nil {
		return text
	}
	prefix := strings.TrimSuffix(p.o.Upstream.EscapedPath(), "/")
	rest, inside := strings.CutPrefix(to.EscapedPath(), prefix)
	inside = inside && (rest == "" || strings.HasPrefix(rest, "/"))
	if !inside || to.User != nil || !sameOrigin(p.o.Upstream, to) || climbs(to) {
		return to.String()
	}
	moved := url.URL{Scheme: "http", Host: p.host, RawQuery: to.RawQuery, ForceQuery: to.ForceQuery, Fragment: to.Fragment, RawFragment: to.RawFragment}
	if moved.Path, err = url.PathUnescape(rest); err != nil {
		return to.String()
	}
	moved.RawPath = rest
	return moved.String()
}

// sameOrigin compares scheme, host and port (RFC 6454 §4).
func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && portOf(a) == portOf(b)
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

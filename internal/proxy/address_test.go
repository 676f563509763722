package proxy_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/proxy"
)

func TestParseUpstream(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://api.example.com":             "",
		"https://api.example.com/":            "",
		"https://api.example.com:8443/v2/":    "",
		"http://127.0.0.1:8080":               "",
		"https://[::1]/x":                     "",
		"":                                    "its scheme is not https",
		"api.example.com":                     "its scheme is not https",
		"ftp://api.example.com":               "its scheme is not https",
		"https://":                            "it names no host",
		"https:api.example.com":               "it names no host",
		"https://:443/":                       "it names no host",
		"https://user:secret@api.example.com": "it carries user information",
		"https://api.example.com?a=b":         "it has a query",
		"https://api.example.com?":            "it has a query",
		"https://api.example.com/#x":          "it has a fragment",
		"https://api.example.com/#":           "it has a fragment",
		"https://api.example.com/a/../b":      "its path has a segment \"..\"",
		"https://api.example.com/%2e%2e/b":    "its path has a segment \"..\"",
		"https://api.example.com/%zz":         "it is not a URL",
		"https://a b/":                        "it is not a URL",
	} {
		_, err := proxy.ParseUpstream(text)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What is asked for below the url is asked for below the upstream, as it is written.
func TestPaths(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/", "/v2", "/v2/", "/a%2Fb"} {
		w := newWorld(t, prefix, takes("t1"), nil)
		above := strings.TrimSuffix(prefix, "/")
		for _, path := range []string{
			"/", "/x", "/x/", "//x//y", "/x%2Fy", "/x%20y", "/a.b/..c/d..", "/x?a=b&a=c;d", "/x?", "/x?q=%zz", "/odata('x')/$metadata", "/ü", "/x:y@z", "/./x", "/%7Bx%7D",
		} {
			want := above + path
			want = strings.ReplaceAll(want, "ü", "%C3%BC")
			if a := w.get(path); a.status != 200 || a.body != "HTTP/2.0 GET "+want+" " {
				t.Errorf("%s below %q: %d %s", path, prefix, a.status, a.body)
			}
		}
	}
}

// Addresses in answers that point below the upstream lead through the proxy; others are left alone, and nobody follows them here.
func TestRedirects(t *testing.T) {
	t.Parallel()
	calls := 0
	var w *world
	w = newWorld(t, "/v2", func(rw http.ResponseWriter, r *http.Request) {
		calls++
		to := strings.ReplaceAll(r.URL.Query().Get("to"), "UP", w.upstream.URL)
		rw.Header().Set("Location", to)
		rw.Header().Set("Content-Location", to)
		rw.Header().Add("Link", "<"+to+`>; rel="next", <https://other.example.com/>; rel="x"`)
		rw.WriteHeader(http.StatusFound)
	}, nil)
	port := parsed(t, w.upstream.URL).Port()
	for to, want := range map[string]string{
		"UP/v2/a?b=c#d":                          "OURS/a?b=c#d",
		"UP/v2":                                  "OURS",
		"UP/v2/a%2Fb":                            "OURS/a%2Fb",
		"/v2/a":                                  "OURS/a",
		"b":                                      "OURS/dir/b",
		"?page=2":                                "OURS/dir/x?page=2",
		"../up":                                  "OURS/up",
		"/v3/a":                                  "UP/v3/a",
		"/v2x":                                   "UP/v2x",
		"UP/v2/%2e%2e/admin":                     "UP/v2/%2e%2e/admin",
		"../../../admin":                         "UP/admin",
		"//other.example.com/v2":                 "https://other.example.com/v2",
		"https://other.test/v2/a":                "https://other.test/v2/a",
		"http://127.0.0.1:" + port + "/v2/a":     "http://127.0.0.1:" + port + "/v2/a",
		"https://127.0.0.1:1/v2/a":               "https://127.0.0.1:1/v2/a",
		"https://user@127.0.0.1:" + port + "/v2": "https://user@127.0.0.1:" + port + "/v2",
		"HTTPS://127.0.0.1:" + port + "/v2/a":    "OURS/a",
		"mailto:a@b":                             "mailto:a@b",
	} {
		calls = 0
		a := w.get("/dir/x?to=" + url.QueryEscape(to))
		want = strings.NewReplacer("OURS", w.proxy.URL(), "UP", w.upstream.URL).Replace(want)
		if got := a.header.Get("Location"); a.status != http.StatusFound || got != want || calls != 1 {
			t.Errorf("%s: %d to %s, want %s; %d calls", to, a.status, got, want, calls)
		}
		if got := a.header.Get("Content-Location"); got != want {
			t.Errorf("%s: Content-Location %s, want %s", to, got, want)
		}
		if got := a.header.Get("Link"); got != "<"+want+`>; rel="next", <https://other.example.com/>; rel="x"` {
			t.Errorf("%s: Link %s", to, got)
		}
	}
}

// FuzzPaths looks for a request that leaves the upstream's path, however often a server unescapes it.
func FuzzPaths(f *testing.F) {
	for _, seed := range []string{"/", "/..", "/%2e%2e/", "/a/%2e./b", "/%252e%252e%252f", "/..;x/", "/a\\..\\b", "/..%5c", "//x/../y", "/.%2e", "/%2e%2e;/", "/%c0%ae%c0%ae/"} {
		f.Add(seed)
	}
	upstream := parsed(f, "https://api.example.com/v2/x")
	f.Fuzz(func(t *testing.T, target string) {
		asked, err := url.ParseRequestURI(target)
		if err != nil || asked.IsAbs() || asked.Host != "" || !strings.HasPrefix(asked.Path, "/") || proxy.Climbs(asked) {
			return
		}
		u := proxy.Below(upstream, asked)
		if u.Scheme != "https" || u.Host != "api.example.com" || u.User != nil || u.RawQuery != asked.RawQuery {
			t.Fatalf("%q leads to %s", target, u)
		}
		text := u.EscapedPath()
		for range 3 {
			// What a server makes of it: RFC 3986 §5.2.4, with either slash.
			if clean := cleaned(strings.ReplaceAll(text, `\`, "/")); !strings.HasPrefix(clean+"/", "/v2/x/") {
				t.Fatalf("%q leads to %s, which is %s", target, u, clean)
			}
			if text, err = url.PathUnescape(text); err != nil {
				return
			}
		}
	})
}

// cleaned takes dot segments out, parameters of segments ignored as some servers do.
func cleaned(path string) string {
	var out []string
	for segment := range strings.SplitSeq(path, "/") {
		bare, _, _ := strings.Cut(segment, ";")
		switch bare {
		case "..":
			if len(out) > 1 {
				out = out[:len(out)-1]
			}
		case ".":
		default:
			out = append(out, segment)
		}
	}
	return strings.Join(out, "/")
}

// FuzzRedirect looks for an address in an answer that would lead through the proxy to somewhere else than the upstream names.
func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{"/v2/a", "https://api.example.com/v2", "https://api.example.com:443/v2/../x", "//evil", "https://api.example.com@evil/v2/", "\\\\evil", "/v2/%2e%2e/x", "https://api.example.com\\@evil/"} {
		f.Add(seed)
	}
	upstream := parsed(f, "https://api.example.com/v2")
	from := parsed(f, "https://api.example.com/v2/dir/x")
	f.Fuzz(func(t *testing.T, text string) {
		got := proxy.Relocated(upstream, "127.0.0.1:1", from, text)
		inside, err := url.Parse(got)
		if err != nil || inside.Host != "127.0.0.1:1" || inside.Scheme != "http" {
			return
		}
		if own, err := from.Parse(text); err == nil && own.Host == "127.0.0.1:1" {
			return // it named the proxy itself
		}
		to, err := from.Parse(text)
		if err != nil {
			t.Fatalf("%q was taken for an address: %s", text, got)
		}
		asked, err := url.ParseRequestURI(inside.RequestURI())
		if err != nil {
			t.Fatal(err)
		}
		back := proxy.Below(upstream, asked)
		wantPath := to.EscapedPath()
		if wantPath == "/v2" {
			wantPath = "/v2/"
		}
		if back.EscapedPath() != wantPath || back.RawQuery != to.RawQuery || !strings.EqualFold(to.Hostname(), "api.example.com") {
			t.Fatalf("%q leads to %s, and through the proxy to %s", text, to, back)
		}
	})
}

// Where a token may go is a host with a scheme and a path that leads nowhere else, or nothing.
func FuzzUpstream(f *testing.F) {
	for _, seed := range []string{
		"", "https://api.example.com", "https://api.example.com/v1/", "http://[::1]:8080/x", "https://user@api.example.com", "https://api.example.com?x", "https://api.example.com#",
		"https://api.example.com/..", "https://api.example.com/%2e%2e/x", "https:///x", "https:api", "//api.example.com", "https://api.example.com:port", "ftp://x", "https://[fe80::1%25en0]/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := proxy.ParseUpstream(text)
		if err != nil {
			if len(text) > 20 && strings.Contains(err.Error(), text) {
				t.Errorf("%q: the error quotes it: %v", text, err)
			}
			return
		}
		if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
			strings.Contains("/"+u.Path+"/", "/../") {
			t.Errorf("%q gives %+v", text, u)
		}
		again, err := proxy.ParseUpstream(u.String())
		if err != nil || again.String() != u.String() {
			t.Errorf("%q becomes %q and then %v (%v)", text, u, again, err)
		}
	})
}

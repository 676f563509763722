package proxy_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// Nothing gets through that does not bring the bearer, or comes from elsewhere; and nothing of it reaches the API.
func TestRefusals(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	w := newWorld(t, "/v2", func(http.ResponseWriter, *http.Request) { reached.Add(1) }, nil)
	host := strings.TrimPrefix(w.proxy.URL(), "http://")
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Authorization: Bearer " + w.proxy.Bearer().Reveal()
	basic := func(text string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	ours := "Host: " + host
	for name, test := range map[string]struct {
		line   string
		header []string
		status int
		says   string
	}{
		"no bearer":           {"GET / HTTP/1.1", []string{ours}, 401, "does not bring the bearer"},
		"another bearer":      {"GET / HTTP/1.1", []string{ours, "Authorization: Bearer x"}, 401, "does not bring the bearer"},
		"an empty bearer":     {"GET / HTTP/1.1", []string{ours, "Authorization: Bearer "}, 401, "does not bring the bearer"},
		"the token of t1":     {"GET / HTTP/1.1", []string{ours, "Authorization: Bearer t1"}, 401, "does not bring the bearer"},
		"two":                 {"GET / HTTP/1.1", []string{ours, bearer, bearer}, 401, "does not bring the bearer"},
		"another scheme":      {"GET / HTTP/1.1", []string{ours, strings.Replace(bearer, "Bearer", "Token", 1)}, 401, "does not bring the bearer"},
		"basic, wrong":        {"GET / HTTP/1.1", []string{ours, basic("x:y")}, 401, "does not bring the bearer"},
		"basic, as user":      {"GET / HTTP/1.1", []string{ours, basic(w.proxy.Bearer().Reveal() + ":")}, 401, "does not bring the bearer"},
		"basic, no colon":     {"GET / HTTP/1.1", []string{ours, basic(w.proxy.Bearer().Reveal())}, 401, "does not bring the bearer"},
		"basic, no base64":    {"GET / HTTP/1.1", []string{ours, "Authorization: Basic %%"}, 401, "does not bring the bearer"},
		"another host":        {"GET / HTTP/1.1", []string{"Host: evil.example.com", bearer}, 421, "names another host"},
		"the host's port":     {"GET / HTTP/1.1", []string{"Host: evil.example.com:" + port, bearer}, 421, "names another host"},
		"another port":        {"GET / HTTP/1.1", []string{"Host: 127.0.0.1:1", bearer}, 421, "names another host"},
		"no port":             {"GET / HTTP/1.1", []string{"Host: 127.0.0.1", bearer}, 421, "names another host"},
		"HTTP/1.0, no host":   {"GET / HTTP/1.0", []string{bearer}, 421, "names another host"},
		"a page":              {"GET / HTTP/1.1", []string{ours, bearer, "Origin: https://evil.example.com"}, 403, "browser"},
		"a page, no origin":   {"GET / HTTP/1.1", []string{ours, bearer, "Origin: null"}, 403, "browser"},
		"our own page":        {"GET / HTTP/1.1", []string{ours, bearer, "Origin: " + w.proxy.URL()}, 403, "browser"},
		"an address typed":    {"GET / HTTP/1.1", []string{ours, bearer, "Sec-Fetch-Site: none"}, 403, "browser"},
		"an image":            {"GET / HTTP/1.1", []string{ours, bearer, "Sec-Fetch-Dest: image"}, 403, "browser"},
		"a preflight":         {"OPTIONS / HTTP/1.1", []string{ours, "Origin: https://evil.example.com", "Access-Control-Request-Method: GET"}, 403, "browser"},
		"a tunnel":            {"CONNECT api.example.com:443 HTTP/1.1", []string{"Host: api.example.com:443", bearer}, 405, "CONNECT"},
		"a tunnel to us":      {"CONNECT " + host + " HTTP/1.1", []string{ours, bearer}, 405, "CONNECT"},
		"a forward proxy":     {"GET https://api.example.com/ HTTP/1.1", []string{"Host: api.example.com", bearer}, 400, "names a whole URL"},
		"one to us":           {"GET http://" + host + "/ HTTP/1.1", []string{ours, bearer}, 400, "names a whole URL"},
		"an echo":             {"TRACE / HTTP/1.1", []string{ours, bearer}, 405, "TRACE"},
		"the server itself":   {"OPTIONS * HTTP/1.1", []string{ours, bearer}, 400, "names a whole URL"},
		"upwards":             {"GET /../x HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, inside":     {"GET /a/../../x HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, at the end": {"GET /a/.. HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, escaped":    {"GET /%2e%2E/x HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, slash":      {"GET /a%2f..%2f..%2fx HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, twice":      {"GET /%252e%252e/x HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, and broken": {"GET /%25zz/%252e%252e/%252e%252e/x HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, backslash":  {"GET /a%5c..%5c..%5cx HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
		"upwards, parameters": {"GET /..;a=b/x HTTP/1.1", []string{ours, bearer}, 400, `segment \"..\"`},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := fmt.Fprintf(conn, "%s\r\n%s\r\n\r\n", test.line, strings.Join(test.header, "\r\n")); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			var problem struct {
				Type, Title, Detail string
				Status              int
			}
			if err := json.NewDecoder(res.Body).Decode(&problem); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != test.status || problem.Status != test.status || !strings.Contains(problem.Detail, strings.ReplaceAll(test.says, `\"`, `"`)) {
				t.Errorf("answered %s: %+v", res.Status, problem)
			}
			if !strings.Contains(problem.Detail, "Nothing was sent to the API, and the credential still works.") {
				t.Errorf("the answer does not say what became of the request: %s", problem.Detail)
			}
			if got := res.Header.Get("Proxy-Status"); got != "terraform-provider-oauth; error=http_request_denied" {
				t.Errorf("Proxy-Status: %s", got)
			}
			if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type: %s", got)
			}
			if got := res.Header.Get("WWW-Authenticate") != ""; got != (test.status == 401) {
				t.Errorf("WWW-Authenticate: %q", res.Header.Get("WWW-Authenticate"))
			}
			if res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("pages are let in")
			}
		})
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached the API", n)
	}
	if w.source.renewed != 0 || len(w.source.left) != 0 {
		t.Error("the source was asked")
	}
}

func TestWaysToBringTheBearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", takes("t1"), nil)
	text := w.proxy.Bearer().Reveal()
	for _, value := range []string{
		"Bearer " + text, "bearer " + text, "Bearer  " + text,
		"Basic " + base64.StdEncoding.EncodeToString([]byte("x:"+text)), "Basic " + base64.StdEncoding.EncodeToString([]byte(":"+text)),
	} {
		r := w.request(http.MethodGet, "/a", nil)
		r.Header.Set("Authorization", value)
		if a := w.do(r); a.status != 200 || a.body != "HTTP/2.0 GET /a " {
			t.Errorf("%q: %d %s", strings.Fields(value)[0], a.status, a.body)
		}
	}
	r := w.request(http.MethodGet, "/a", nil)
	r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1)
	r.Header.Set("Sec-Fetch-Mode", "cors") // Node.js does that
	if a := w.do(r); a.status != 200 {
		t.Errorf("localhost: %d %s", a.status, a.body)
	}
}

// Two proxies have bearers of their own, long enough that nobody guesses one.
func TestBearers(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t, "", takes("t1"), nil), newWorld(t, "", takes("t1"), nil)
	one, other := a.proxy.Bearer().Reveal(), b.proxy.Bearer().Reveal()
	if one == other || len(one) != 43 || len(other) != 43 {
		t.Error("bearers are not random")
	}
	host := strings.TrimPrefix(a.proxy.URL(), "http://")
	if ip, _, err := net.SplitHostPort(host); err != nil || ip != "127.0.0.1" {
		t.Errorf("listens on %s", host)
	}
}

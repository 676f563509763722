package login

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Whatever comes: one answer is taken at most, and only with the state; no page holds a code, a state or markup of others.
func FuzzReceiver(f *testing.F) {
	const state = "right-state-1234567890"
	for _, query := range []string{
		"code=abc&state=" + state, "code=abc&state=wrong", "error=access_denied&error_description=<script>&state=" + state, "error=%3Cscript%3E", "code=%ff&state=" + state, "",
		"state=" + state, "code=a&code=b&state=" + state, "code=a;state=" + state, "iss=x&code=<script>x</script>&state=" + state,
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		x := newReceiver(target{host: "127.0.0.1", port: "8912", path: "/callback"}, state, "pair")
		takes := 0
		var taken oauth.Callback
		x.take = func(cb oauth.Callback) (Outcome, error) {
			takes++
			taken = cb
			return Outcome{}, nil
		}
		for range 2 {
			r := httptest.NewRequest(http.MethodGet, "/callback", nil)
			r.Host, r.URL.RawQuery = "127.0.0.1:8912", query
			w := httptest.NewRecorder()
			x.ServeHTTP(w, r)
			page, location := w.Body.String(), w.Header().Get("Location")
			if strings.Contains(strings.ToLower(page), "<script") || strings.Contains(page, state) || w.Header().Get("Content-Security-Policy") == "" {
				t.Errorf("%q shows\n%s", query, page)
			}
			if (w.Code == http.StatusSeeOther) != (location == "http://127.0.0.1:8912/callback") || location != "" && location != "http://127.0.0.1:8912/callback" {
				t.Errorf("%q leads to %q with %d", query, location, w.Code)
			}
		}
		x.serving.Wait()
		if takes > 1 || takes == 1 && (taken.State != state || taken.Code.IsEmpty() == (taken.Error == "")) {
			t.Errorf("%q was taken %d times, as %+v", query, takes, taken)
		}
	})
}

package oauth_test

import (
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

func TestPick(t *testing.T) {
	for _, tt := range []struct{ body, path, want, wrong string }{
		{`[{"id":"cloud-1"},{"id":"cloud-2"}]`, "$[0].id", "cloud-1", ""},
		{`{"d":{"results":[{"CurrentDivision":12345678901234567890}]}}`, "$.d.results[0].CurrentDivision", "12345678901234567890", ""},
		{`{"twf.clusterUrl":"https://api.example"}`, "$['twf.clusterUrl']", "https://api.example", ""},
		{`"x"`, "$", "x", ""},
		{`[]`, "$[0].id", "", "the answer has nothing at $[0].id"},
		{`{"a":null}`, "$.a", "", "the answer has nothing at $.a"},
		{`{"a":{"b":1}}`, "$.a", "", "the answer has neither text nor number at $.a"},
		{`{"a":true}`, "$.a", "", "the answer has neither text nor number at $.a"},
		{`[1]`, "$.a", "", "the answer has nothing at $.a"},
		{`{"0":1}`, "$[0]", "", "the answer has nothing at $[0]"},
		{`<html>`, "$.a", "", "the answer is not JSON"},
		{``, "$", "", "the answer is not JSON"},
		{`{}`, "a", "", "a path begins with $, and goes on with .name, [0] or ['any name']"},
		{`{}`, "$a", "", "a path begins with $, and goes on with .name, [0] or ['any name']"},
		{`{}`, "$.", "", "a path begins with $, and goes on with .name, [0] or ['any name']"},
		{`{}`, "$[99999]", "", "a path begins with $, and goes on with .name, [0] or ['any name']"},
	} {
		got, err := oauth.Pick(secret.New(tt.body), tt.path)
		if text := errorText(err); got != tt.want || text != tt.wrong {
			t.Errorf("%s of %s: %q, %q; want %q, %q", tt.path, tt.body, got, text, tt.want, tt.wrong)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzPick(f *testing.F) {
	f.Add(`[{"id":"x"}]`, "$[0].id")
	f.Add(`{"a":{"b.c":1}}`, "$.a['b.c']")
	f.Fuzz(func(t *testing.T, body, path string) {
		if got, err := oauth.Pick(secret.New(body), path); err != nil && got != "" {
			t.Errorf("%q beside %v", got, err)
		}
	})
}

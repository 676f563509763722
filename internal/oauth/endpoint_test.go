package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

func TestCheckEndpoint(t *testing.T) {
	tests := map[string]struct {
		url      string
		insecure bool
		want     string // "" is good
	}{
		"https":                      {url: "https://as.example/token"},
		"its own query":              {url: "https://as.example/token?tenant=7"},
		"upper case scheme":          {url: "HTTPS://as.example/token"},
		"port, no path":              {url: "https://as.example:8443"},
		"loopback name":              {url: "http://localhost:8080/token"},
		"loopback name, capitals":    {url: "http://LocalHost/token"},
		"loopback IPv4":              {url: "http://127.0.0.1:8080/token"},
		"loopback IPv4, other":       {url: "http://127.255.0.9/token"},
		"loopback IPv6":              {url: "http://[::1]:8080/token"},
		"http, allowed":              {url: "http://as.example/token", insecure: true},
		"http":                       {url: "http://as.example/token", want: `http to "as.example" would send secrets in the clear`},
		"http to a private address":  {url: "http://192.168.0.1/token", want: "in the clear"},
		"http to a look-alike":       {url: "http://localhost.example/token", want: "in the clear"},
		"http to another look-alike": {url: "http://127.0.0.1.example/token", want: "in the clear"},
		"empty":                      {url: "", want: "it is empty"},
		"relative":                   {url: "/token", want: "not an absolute URL"},
		"without scheme":             {url: "as.example/token", want: "not an absolute URL"},
		"without host":               {url: "https:///token", want: "not an absolute URL"},
		"port only":                  {url: "https://:443/token", want: "not an absolute URL"},
		"opaque":                     {url: "https:as.example", want: "not an absolute URL"},
		"other scheme":               {url: "ftp://as.example/token", insecure: true, want: "scheme is not https"},
		"fragment":                   {url: "https://as.example/token#x", want: "fragment"},
		"empty fragment":             {url: "https://as.example/token#", want: "fragment"},
		"user information":           {url: "https://s3cret:pw@as.example/token", want: "user information"},
		"not a URL":                  {url: "https://as.example/%zz?s3cret", want: "not a URL"},
		"line break":                 {url: "https://as.example/token\ns3cret", want: "not a URL"},
		"insecure with query":        {url: "http://as.example/token?s3cret", want: "in the clear"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := oauth.CheckEndpoint(test.url, test.insecure)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, oauth.ErrRequest) {
				t.Fatalf("error = %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error quotes what it must not: %v", err)
			}
		})
	}
}

func FuzzCheckEndpoint(f *testing.F) {
	for _, seed := range []string{"https://as.example/token?a=b", "http://127.0.0.1", "http://[::1%25lo]/", "https://u:p@h/", "%", "//h"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, url string, insecure bool) {
		if oauth.CheckEndpoint(url, insecure) == nil && oauth.CheckEndpoint(url, true) != nil {
			t.Error("strict is laxer than lax")
		}
	})
}

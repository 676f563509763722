package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// An address of the management that is not safe to use is said as what it is, not as a fault of the configuration.
func TestWordsOfAnUnsafeManagementAddress(t *testing.T) {
	t.Parallel()
	about := aPair
	about.kind, about.name = "oauth_app_registration", "app"
	err := &credential.Error{
		Kind: credential.KindConfiguration, Err: fmt.Errorf("%w: %w", credential.ErrManagementAddress, oauth.CheckEndpoint("http://as.example/r/1", false)),
		Record: credential.Record{
			Status: credential.StatusActive, Client: credential.Client{ClientID: "client-1"},
			Registered: &credential.Registered{Dynamic: &credential.Dynamic{URI: "http://as.example/r/1", Token: secret.New("t")}},
		},
	}
	got := engineDetail(about, err)
	want := []string{
		`App registration "app" cannot be read, updated or deleted: the server wants that at http://as.example/r/1. But the address of the management cannot be used: unusable request: the endpoint: http to "as.example" would send secrets in the clear; use https.`,
		"Nothing was sent there. The client client-1 is as it was: its client_id and client_secret still work.", "If the server is at fault, have that corrected.",
	}
	if got != strings.Join(want, "\n\n") {
		t.Errorf("got %s", got)
	}
	about.destroying = true
	if got := engineDetail(about, err); !strings.Contains(got, "set deregister_on_destroy = false, apply, and destroy then") || errors.Is(err, credential.ErrNotManageable) {
		t.Errorf("got %s", got)
	}
}

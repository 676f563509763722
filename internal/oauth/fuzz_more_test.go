package oauth_test

import (
	"encoding/pem"
	"net/http"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// Certificates are taken whole or refused, and no error quotes them.
func FuzzCACertificates(f *testing.F) {
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for _, seed := range []string{"", "nonsense", "-----BEGIN CERTIFICATE-----\n", block("CERTIFICATE", nil), block("CERTIFICATE", []byte{0x30, 0x80}), block("PRIVATE KEY", []byte("x"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		caller, err := oauth.NewCaller(oauth.CallerOptions{CACertificatePEM: text})
		if (caller == nil) == (err == nil) {
			t.Errorf("%q gives %v, %v", text, caller, err)
		}
	})
}

// However a server says when its limit ends, the wait is within a day.
func FuzzResetHeaders(f *testing.F) {
	for _, seed := range []string{"", "60", "-1", "1e9", "1764147600", "99999999999999999999", "9223372036854775807", "NaN", "0.5", " 5 ", "٣", "2026-11-21T10:00:00Z", "0000-01-01T00:00:00+23:59"} {
		f.Add(seed, "Sat, 21 Nov 2026 09:00:00 GMT")
	}
	f.Add("1764147600", "no date")
	f.Fuzz(func(t *testing.T, value, date string) {
		for _, unit := range []oauth.ResetUnit{oauth.ResetSeconds, oauth.ResetEpochSeconds, oauth.ResetEpochMillis, oauth.ResetTime} {
			d := oauth.Dialect{Resets: []oauth.ResetHeader{{Name: "X-Reset", Unit: unit}}}
			reply := oauth.Reply{Sent: true, Status: 429, Header: http.Header{"X-Reset": {value}, "Date": {date}}}
			if got := d.Judge(reply).RetryAfter; got < 0 || got > 24*time.Hour {
				t.Errorf("%s = %s", unit, got)
			}
		}
	})
}

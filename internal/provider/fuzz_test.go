package provider

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// A rate is read as it would be written, within its bounds, or refused.
func FuzzRate(f *testing.F) {
	for _, seed := range []string{"10/1h", "200/24h", "1/1m", "0/1h", "+5/1h", "10/", "/1h", "10/1h/1h", "10/-1h", "9999999999999999999/1h", "10/1e9h", "٣/1h", "10/23h59m59.999s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		budget, err := parseErrorBudget(text)
		if err != nil {
			if len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Errorf("%q: the error quotes it: %v", text, err)
			}
			return
		}
		if budget.Limit < 2 || budget.Limit > 1000 || budget.Window < time.Minute || budget.Window > 24*time.Hour {
			t.Errorf("%q gives %+v", text, budget)
		}
		if calls, err := parseTokenCalls(text); err != nil || calls.Limit != budget.Limit || calls.Window != budget.Window {
			t.Errorf("%q gives %+v and %+v (%v)", text, budget, calls, err)
		}
	})
}

// What is taken as metadata is an object whose members go to the server as they stand.
func FuzzExtraMetadata(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", "[]", `{"a":1}`, `{"a":1,"a":2}`, `{"client_id":"x"}`, `{"redirect_uris":[]}`, `{"a":null}`, `{"a":{"b":[1e400]}}`, "{\"a\":\"\xff\"}", `{"a":1} x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		members, err := parseExtraMetadata(text)
		if err != nil {
			return
		}
		for name, raw := range members {
			if name == "client_id" || name == "client_secret" || name == "redirect_uris" || !json.Valid(raw) || string(raw) == "null" {
				t.Errorf("%q gives %q: %s", text, name, raw)
			}
		}
	})
}

// A private state that somebody has changed is refused whole, or read; what is said of it quotes nothing.
func FuzzPrivateState(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", "[]", `{"verdict":"refresh"}`, `{"verdict":7}`, `{"consumed":["aa"]}`, `{"record":"e30="}`, "{\"verdict\":\"\xff", `{"verdict":"secret-of-somebody"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var diags diag.Diagnostics
		m := readMemory(t.Context(), drawer{memoryKey: text}, &diags)
		if diags.HasError() {
			for _, d := range diags {
				if len(text) > 40 && strings.Contains(d.Detail(), string(text)) {
					t.Errorf("%q: the error quotes it", text)
				}
			}
			return
		}
		first, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("%q cannot be written again: %v", text, err)
		}
		if second, err := json.Marshal(readMemory(t.Context(), drawer{memoryKey: first}, &diags)); err != nil || diags.HasError() || string(second) != string(first) {
			t.Errorf("%q becomes %s and then %s (%v)", text, first, second, err)
		}
	})
}

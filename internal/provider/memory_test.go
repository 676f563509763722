package provider

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// drawer is a private state.
type drawer map[string][]byte

func (d drawer) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return d[key], nil }

func (d drawer) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	d[key] = value
	return nil
}

func TestMemoryRoundTrip(t *testing.T) {
	t.Parallel()
	for _, m := range []memory{
		{},
		{Family: "f", Attachment: "a", StoreID: "s", Verdict: verdictRotate},
		{Attachment: "a", Record: json.RawMessage(`{"format":1}`)},
	} {
		d := drawer{}
		var diags diag.Diagnostics
		writeMemory(t.Context(), d, m, &diags)
		got := readMemory(t.Context(), d, &diags)
		if diags.HasError() || got.Family != m.Family || got.Attachment != m.Attachment || got.StoreID != m.StoreID || got.Verdict != m.Verdict || string(got.Record) != string(m.Record) {
			t.Errorf("%+v came back as %+v: %v", m, got, diags)
		}
	}
}

// TestMemoryKeepsWhatALaterVersionHasAdded: another version that shares the state must find it again.
func TestMemoryKeepsWhatALaterVersionHasAdded(t *testing.T) {
	t.Parallel()
	d := drawer{memoryKey: []byte(`{"family":"f","verdict":"rotate","later":{"kept":[1.50,"<&>"]}}`)}
	var diags diag.Diagnostics
	m := readMemory(t.Context(), d, &diags)
	m.Family, m.Verdict = "g", verdictNone
	writeMemory(t.Context(), d, m, &diags)
	var got map[string]json.RawMessage
	if err := json.Unmarshal(d[memoryKey], &got); err != nil || diags.HasError() {
		t.Fatal(err, diags)
	}
	if len(got) != 2 || string(got["family"]) != `"g"` || string(got["later"]) != `{"kept":[1.50,"\u003c\u0026\u003e"]}` {
		t.Errorf("written is %s", d[memoryKey])
	}
	whole := memory{"f", "a", "s", verdictRotate, []string{"c"}, []string{"x"}, 3, true, json.RawMessage(`{}`), nil}
	text, err := whole.encoded()
	if err != nil {
		t.Fatal(err)
	}
	d[memoryKey] = text
	if m := readMemory(t.Context(), d, &diags); len(m.rest) != 0 {
		t.Errorf("these are members of its own: %v", m.rest)
	}
}

// The private state of the state-only mode holds tokens: what is wrong with it is told without quoting it.
func TestBrokenMemoryIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"record":hidden-token}`, `"hidden-token"`, `{"family":["hidden-token"]}`, "hidden-token"} {
		var diags diag.Diagnostics
		readMemory(t.Context(), drawer{memoryKey: []byte(text)}, &diags)
		if len(diags) != 1 || diags[0].Summary() != "Unable to Read Private State" || strings.Contains(diags[0].Detail(), "hidden") {
			t.Errorf("%s: %v", text, diags)
		}
	}
	var diags diag.Diagnostics
	if m := readMemory(t.Context(), drawer{}, &diags); diags.HasError() || m.Family != "" || m.Verdict != verdictNone {
		t.Errorf("no private state gives %+v, %v", m, diags)
	}
}

func TestVerdictsThatConsumersWaitFor(t *testing.T) {
	t.Parallel()
	for v, want := range map[verdict]bool{verdictNone: false, verdictRotate: true, verdictSeed: true, verdictAuthorize: true, verdictClient: false,
		verdictOffer: true, verdictOfferMore: false} {
		if v.authorizes() != want {
			t.Errorf("%q: got %t, want %t", v, !want, want)
		}
	}
}

func TestAttachmentsAreRandom(t *testing.T) {
	t.Parallel()
	a, err := newAttachment(strings.NewReader("0123456789abcdefghijklmnopqrstuv"))
	if want := "30313233343536373839616263646566"; err != nil || a != want {
		t.Errorf("got %q, %v; want %q", a, err, want)
	}
	if _, err := newAttachment(strings.NewReader("too short")); err == nil || !strings.HasPrefix(err.Error(), "reading randomness: ") {
		t.Errorf("without enough randomness: %v", err)
	}
}

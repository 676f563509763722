package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const text = "s3cr3t-t0ken-value"

type outer struct {
	Exported secret.String
	hidden   secret.String
	nested   struct{ deep []secret.String }
	byKey    map[string]secret.String
}

func TestNothingPrintsTheText(t *testing.T) {
	s := secret.New(text)
	o := outer{Exported: s, hidden: s, byKey: map[string]secret.String{"k": s}}
	o.nested.deep = []secret.String{s}

	var logged bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("m", "secret", s, "struct", o, "pointer", &o)
	}
	encodedJSON, err := json.Marshal(map[string]any{"s": s, "o": o, "list": []secret.String{s}})
	if err != nil {
		t.Fatal(err)
	}
	encodedXML, err := xml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{logged.String(), string(encodedJSON), string(encodedXML), fmt.Sprint(s, o, &o), fmt.Errorf("wrapped: %w", fmt.Errorf("%v", o)).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s"} {
		printed = append(printed, fmt.Sprintf(verb, s), fmt.Sprintf(verb, o), fmt.Sprintf(verb, &o), fmt.Sprintf(verb, []any{s, o}))
	}
	for i, p := range printed {
		for _, form := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), text[:10]} {
			if strings.Contains(p, form) {
				t.Errorf("output %d shows the secret: %s", i, p)
			}
		}
	}
	// The search itself must be able to find something.
	if !strings.Contains(fmt.Sprintf("%v", struct{ s string }{text}), text) {
		t.Fatal("the search cannot find an unprotected text")
	}
}

func TestString(t *testing.T) {
	a, b, empty := secret.New(text), secret.New(text), secret.New("")
	if a.Reveal() != text {
		t.Errorf("Reveal = %q", a.Reveal())
	}
	if !a.Equal(b) || a.Equal(secret.New("other")) || a.Equal(empty) || !empty.Equal(secret.String{}) {
		t.Error("Equal is wrong")
	}
	if a.IsEmpty() || !empty.IsEmpty() {
		t.Error("IsEmpty is wrong")
	}
	if empty.String() != "" || a.String() != secret.Redacted {
		t.Error("String is wrong")
	}
	// printf 's3cr3t-t0ken-value' | sha256sum
	const want = "1798a05fab9896247cc64bfeb432ee3c51dfdb4b1d7a4282c7eb2b905380512d"
	if got := a.SHA256(); got != want {
		t.Errorf("SHA256 = %s", got)
	}
}

// A secret that a panic is about is not what a breakdown prints.
func TestPanicsShowNoText(t *testing.T) {
	t.Parallel()
	type holder struct{ inner secret.String }
	values := map[string]any{
		"value": secret.New(text), "holder": holder{secret.New(text)}, "pointer": &holder{secret.New(text)}, "list": []secret.String{secret.New(text)},
		"error": fmt.Errorf("about %v and %+v", secret.New(text), holder{secret.New(text)}), "words": fmt.Sprintf("%#v", holder{secret.New(text)}),
	}
	if name := os.Getenv("PANIC_WITH"); name != "" {
		panic(values[name])
	}
	for name := range values {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanicsShowNoText$")
		cmd.Env = append(os.Environ(), "PANIC_WITH="+name, "GOTRACEBACK=system")
		printed, err := cmd.CombinedOutput()
		if err == nil || !bytes.Contains(printed, []byte("panic: ")) || bytes.Contains(printed, []byte(text)) {
			t.Errorf("%s: %v\n%s", name, err, printed)
		}
	}
}

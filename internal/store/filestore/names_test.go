package filestore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"exact":           "exact",
		"exact-prod_2.nl": "exact-prod_2.nl",
		"Exact":           "!exact",
		"aB":              "a!b",
		"AB":              "!a!b",
		"a.":              "a!0",
		"a..":             "a.!0",
		"A.":              "!a!0",
		"a.lock":          "a!0lock",
		"a.b.lock":        "a.b!0lock",
		"a.lock.b":        "a.lock.b",
		"a.Lock":          "a.!lock",
		"a.rotating":      "a!0rotating",
		"a.tmp":           "a!0tmp",
		"tmp":             "tmp",
		"con":             "!1con",
		"Con":             "!con",
		"con.txt":         "!1con.txt",
		"con.":            "!1con!0",
		"con.lock":        "!1con!0lock",
		"console":         "console",
		"prn":             "!1prn",
		"aux":             "!1aux",
		"nul":             "!1nul",
		"com1":            "!1com1",
		"com10":           "com10",
		"lpt9.x.y":        "!1lpt9.x.y",
		"coma":            "coma",
	} {
		if got := escape(name); got != want {
			t.Errorf("escape(%q) = %q, want %q", name, got, want)
		}
		if got, ok := unescape(want); !ok || got != name {
			t.Errorf("unescape(%q) = %q, %t; want %q", want, got, ok, name)
		}
	}
}

func TestUnescapeTakesOnlyWhatEscapeWrites(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"Exact", "a!", "a!A", "a!1", "a!!", "!1exact", "con", "con.txt", "a.", "a.lock", "a.rotating", "a.tmp", "a!0b",
		"!1!con", "!1!1con", "exact.000102030405060708090a0b0c0d0e0f.tmp",
	} {
		if name, ok := unescape(file); ok {
			t.Errorf("unescape(%q) = %q, want it refused", file, name)
		}
	}
}

// TestLongestName: most filesystems end at 255 bytes.
func TestLongestName(t *testing.T) {
	t.Parallel()
	s := openIn(t, t.TempDir())
	p := s.at("pair/" + strings.Repeat("Z", 100))
	temp, err := s.tempName(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{p.value, p.lock, p.hold, temp} {
		if n := len(filepath.Base(path)); n > 255 {
			t.Errorf("the name %s has %d bytes", filepath.Base(path), n)
		}
	}
}

// FuzzNames: every name of a key is a name of a file that works everywhere and leads back to the key alone.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"exact", "Exact.Prod", "con.tmp", "a..", "!a!0", "x.000102030405060708090a0b0c0d0e0f.tmp",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if name, ok := unescape(text); ok && escape(name) != text {
			t.Errorf("unescape takes %q, which escape does not write", text)
		}
		if store.CheckKey("pair/"+text) != nil {
			return
		}
		file := escape(text)
		if name, ok := unescape(file); !ok || name != text {
			t.Errorf("%q becomes the file %q and comes back as %q, %t", text, file, name, ok)
		}
		if file != strings.ToLower(file) || strings.HasSuffix(file, ".") || strings.ContainsAny(file, `/\:*?"<>| `) {
			t.Errorf("%q becomes %q, which is not safe everywhere", text, file)
		}
		for _, suffix := range []string{".lock", ".rotating", ".tmp"} {
			if strings.HasSuffix(file, suffix) {
				t.Errorf("%q becomes %q, which is a name of our own", text, file)
			}
		}
	})
}

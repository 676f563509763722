package wiring

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestStoreScheme(t *testing.T) {
	t.Parallel()
	known := []string{"file", "postgres"}
	for _, c := range []struct{ text, scheme, wrong string }{
		{text: "file:///var/lib/oauth", scheme: "file"},
		{text: "FILE:///var/lib/oauth", scheme: "file"},
		{text: "postgres://user:pass-word@db/oauth?sslmode=verify-full", scheme: "postgres"},
		{text: "", wrong: "it is empty"},
		{text: "/var/lib/oauth", wrong: `it is neither "state" nor a URL like file:///var/lib/oauth`},
		{text: "var/lib", wrong: `it is neither "state" nor a URL like file:///var/lib/oauth`},
		{text: "State", wrong: `it is neither "state" nor a URL like file:///var/lib/oauth`},
		{text: " file:///var/lib/oauth", wrong: `it is neither "state" nor a URL like file:///var/lib/oauth`},
		{text: "://pass-word", wrong: `it is neither "state" nor a URL like file:///var/lib/oauth`},
		{text: "postgres://user:pass-word%zz@db", scheme: "postgres"},
		{text: "postgres://user:pass-word@one:5432,two:5433/oauth", scheme: "postgres"},
		{text: "file:///var/lib\n/oauth", wrong: "it is not a URL"},
		{text: "file:///var/lib\x7f", wrong: "it is not a URL"},
		{text: "file:///" + strings.Repeat("a", 4089), wrong: "it is not a URL"},
		{text: "mysql://user:pass-word@db/oauth", wrong: `stores of scheme "mysql" are not supported by this version; it knows file, postgres and state`},
		{text: "s3://bucket", wrong: `stores of scheme "s3" are not supported by this version; it knows file, postgres and state`},
	} {
		scheme, err := StoreScheme(c.text, known, StateStore)
		switch {
		case c.wrong == "" && (err != nil || scheme != c.scheme):
			t.Errorf("%q: got %q, %v; want scheme %s", c.text, scheme, err, c.scheme)
		case c.wrong != "" && (err == nil || err.Error() != c.wrong):
			t.Errorf("%q: got error %v; want %q", c.text, err, c.wrong)
		case err != nil && strings.Contains(err.Error(), "pass-word"):
			t.Errorf("%q: the error shows the password: %v", c.text, err)
		}
	}
}

func TestFilePath(t *testing.T) {
	t.Parallel()
	const (
		more = "a file URL has a path and nothing else"
		host = "a file URL has three slashes, as in file:///var/lib/oauth; what stands behind two is a host"
		root = "the root folder cannot be a store"
		rel  = "the path of a file URL must be absolute"
	)
	for _, c := range []struct{ text, path, wrong string }{
		{text: "file:///var/lib/oauth", path: "/var/lib/oauth"},
		{text: "file:///var/lib/oauth/", path: "/var/lib/oauth"},
		{text: "file://localhost/var/lib/oauth", path: "/var/lib/oauth"},
		{text: "file:/var/lib/oauth", path: "/var/lib/oauth"},
		{text: "file:///var//lib/./x/../oauth", path: "/var/lib/oauth"},
		{text: "file:///var/lib/with%20space/%23%3F", path: "/var/lib/with space/#?"},
		{text: "file://var/lib/oauth", wrong: host},
		{text: "file://./oauth", wrong: host},
		{text: "file://~/oauth", wrong: host},
		{text: "file:oauth", wrong: more},
		{text: "file:./oauth", wrong: more},
		{text: "file://user:pass-word@localhost/oauth", wrong: more},
		{text: "file:///oauth?mode=0600", wrong: more},
		{text: "file:///oauth?", wrong: more},
		{text: "file:///oauth#part", wrong: more},
		{text: "file://", wrong: rel},
		{text: "file:///var/%00/oauth", wrong: rel},
		{text: "file:///", wrong: root},
		{text: "file:///var/..", wrong: root},
		{text: "file:///../..", wrong: root},
	} {
		path, err := FilePath(c.text)
		switch {
		case c.wrong == "" && (err != nil || path != c.path):
			t.Errorf("%q: got %q, %v; want %q", c.text, path, err, c.path)
		case c.wrong != "" && (err == nil || err.Error() != c.wrong):
			t.Errorf("%q: got %q, error %v; want %q", c.text, path, err, c.wrong)
		}
	}
}

func TestDefaultFolderMakesAFileURL(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"/home/me/.local/state/x":   "/home/me/.local/state/x",
		"C:/Users/me/AppData/Local": "/C:/Users/me/AppData/Local",
	} {
		if got := slashed(dir); got != want {
			t.Errorf("%q: got %q, want %q", dir, got, want)
		}
	}
}

// FuzzStoreURL: whatever is accepted names one absolute folder below the root, and no error quotes what was given.
func FuzzStoreURL(f *testing.F) {
	for _, seed := range []string{
		"", "state", "file:///var/lib/oauth", "file://host/x", "file:x", "file:///%2e%2e/x", "file:///\\\\host\\share", "file:////host/share",
		"postgres://user:pass-word@db/oauth", "file:///a?b#c", "file://[::1]/x", "file:///C:/x", "file:///%00", "file://localhost", "FILE://LOCALHOST/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := StoreScheme(text, []string{"file"})
		var path string
		if err == nil {
			path, err = FilePath(text)
		}
		if err != nil {
			_, behind, _ := strings.Cut(text, ":")
			if len(behind) > 30 && strings.Contains(err.Error(), behind) {
				t.Errorf("%q: the error quotes it: %v", text, err)
			}
			return
		}
		if !filepath.IsAbs(path) || path != filepath.Clean(path) || filepath.Dir(path) == path || strings.ContainsRune(path, 0) {
			t.Errorf("%q gives the folder %q", text, path)
		}
	})
}

package platform

import (
	"embed"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed data/*.json
var data embed.FS

// entries read the embedded data, each when it is first wanted, and once: a plan of many token pairs asks often.
var entries = readers() //nolint:gochecknoglobals // part of the program, like the data: nothing can change it

func readers() map[string]func() (Entry, error) {
	all := map[string]func() (Entry, error){}
	files, err := data.ReadDir("data")
	if err != nil {
		return nil // TestData tells of it
	}
	for _, f := range files {
		id := strings.TrimSuffix(f.Name(), ".json")
		all[id] = sync.OnceValues(func() (Entry, error) {
			text, err := data.ReadFile("data/" + id + ".json")
			if err != nil {
				return Entry{}, err
			}
			return Parse(text)
		})
	}
	return all
}

// Find returns the entry of that id; false if there is none. That every embedded entry can be read is for the tests of the data.
// What it holds is shared: change nothing in it.
func Find(id string) (Entry, bool) {
	read, ok := entries[id]
	if !ok {
		return Entry{}, false
	}
	e, err := read()
	return e, err == nil
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)

// Parse reads one entry. It knows every member; that their values make sense is for the tests of the data.
func Parse(text []byte) (Entry, error) {
	var e Entry
	err := strictly(text, &e)
	return e, err
}

// IDs are the ids of all entries, sorted.
func IDs() []string { return slices.Sorted(maps.Keys(entries)) }

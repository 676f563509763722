package platform

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed data/*.json
var data embed.FS

// entries read the embedded data, each when it is first wanted, and once: a plan of many token pairs asks often.
var entries = sync.OnceValue(readers) //nolint:gochecknoglobals // part of the program, like the data: nothing can change it

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
	read, ok := entries()[id]
	if !ok {
		return Entry{}, false
	}
	e, err := read()
	return e, err == nil
}

// Parse reads one entry. It knows every member; that their values make sense is for the tests of the data.
func Parse(text []byte) (Entry, error) {
	var e Entry
	err := strictly(text, &e)
	if name := faulty(text); err != nil && name != "" {
		return Entry{}, fmt.Errorf("%s: %w", name, err)
	}
	return e, err
}

// faulty names the first fact of an entry that cannot be read: what decodes it does not know what it is called.
func faulty(text []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return ""
	}
	facts := Facts{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if field, ok := facts.fields()[name]; ok && json.Unmarshal(members[name], field.Addr().Interface()) != nil {
			return name
		}
	}
	return ""
}

// IDs are the ids of all entries, sorted.
func IDs() []string { return slices.Sorted(maps.Keys(entries())) }

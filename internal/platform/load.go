package platform

import (
	"embed"
	"regexp"
	"strings"
)

//go:embed data/*.json
var data embed.FS

// Find reads the entry of that id; false if there is none. That every embedded entry can be read is for the tests of the data.
func Find(id string) (Entry, bool) {
	if !idPattern.MatchString(id) {
		return Entry{}, false
	}
	text, err := data.ReadFile("data/" + id + ".json")
	if err != nil {
		return Entry{}, false
	}
	e, err := Parse(text)
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
func IDs() []string {
	files, err := data.ReadDir("data")
	if err != nil {
		return nil
	}
	var ids []string
	for _, f := range files { // sorted by name
		ids = append(ids, strings.TrimSuffix(f.Name(), ".json"))
	}
	return ids
}

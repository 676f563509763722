package platform

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// NamedFact is one fact with its name in the data.
type NamedFact struct {
	Name string
	AnyFact
}

// All lists the facts in the order of the data, unknown ones too.
func (f Facts) All() []NamedFact {
	v := reflect.ValueOf(f)
	var all []NamedFact
	for i := range v.NumField() {
		if fact, ok := v.Field(i).Interface().(AnyFact); ok {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			all = append(all, NamedFact{name, fact})
		}
	}
	return all
}

// fields are the places of the facts, by their names in the data.
func (f *Facts) fields() map[string]reflect.Value {
	v := reflect.ValueOf(f).Elem()
	all := map[string]reflect.Value{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		all[name] = v.Field(i)
	}
	return all
}

// SourceNames are the names of the entry's sources, sorted.
func (e Entry) SourceNames() []string { return slices.Sorted(maps.Keys(e.Sources)) }

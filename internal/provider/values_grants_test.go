package provider

import "fmt"

// badRequestValues are the rows of what every request for tokens may hold.
func badRequestValues(base object, grant string) []badValue {
	at := func(name string) string { return grant + "." + name }
	many := func(n int) []any {
		all := make([]any, n)
		for i := range all {
			all[i] = fmt.Sprintf("https://api.example/%d", i)
		}
		return all
	}
	rows := []badValue{
		{base: base, at: at("resource"), value: []any{"/relative"}, path: at("resource[0]"), says: "must be an absolute URI without a fragment"},
		{base: base, at: at("resource"), value: []any{"https://a.example/#x"}, path: at("resource[0]"), says: "it has a fragment."},
		{base: base, at: at("resource"), value: []any{"https://a.example/\n"}, path: at("resource[0]"), says: "it holds other characters"},
		{base: base, at: at("resource"), value: []any{"https://a.example", "https://a.example"}, path: at("resource[1]"), says: "stands in it twice."},
		{base: base, at: at("resource"), value: []any{nil}, says: "must not hold null."},
		{base: base, at: at("resource"), value: []any{}, says: "at least 1 elements and at most 20 elements"},
		{base: base, at: at("resource"), value: many(21), says: "at least 1 elements and at most 20 elements"},
		{base: base, at: at("audience"), value: []any{""}, path: at("audience[0]"), says: "must be 1 to 2048 printable ASCII characters: it is empty."},
		{base: base, at: at("audience"), value: []any{"a", "a"}, path: at("audience[1]"), says: "stands in it twice."},
		{base: base, at: at("audience"), value: []any{nil}, says: "must not hold null."},
		{base: base, at: at("audience"), value: []any{}, says: "at least 1 elements and at most 20 elements"},
		{base: base, at: at("scopes"), value: []any{"read write"}, path: at("scopes[*]"), says: "must be a scope without spaces"},
		{base: base, at: at("extra_parameters"), value: object{"x": ""}, path: at(`extra_parameters["x"]`), says: "must be 1 to 4096 printable ASCII characters: it is empty."},
		{
			base: with(base, at("resource"), []any{"https://a.example"}), at: at("extra_parameters"), value: object{"resource": "https://b.example"},
			says: `extra parameter "resource" belongs to the protocol.`,
		},
	}
	return rows
}

package oauth

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// SameMetadata tells whether two values of a member of client metadata (RFC 7591 §2) mean the same. They are JSON; an empty
// one stands for a member that is absent, and so do null and an empty list. Neither scopes nor lists of texts have an order.
func SameMetadata(name string, a, b secret.String) bool {
	return reflect.DeepEqual(metadataValue(name, a), metadataValue(name, b))
}

func metadataValue(name string, value secret.String) any {
	d := json.NewDecoder(strings.NewReader(value.Reveal()))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	switch t := v.(type) {
	case string:
		if name == "scope" {
			return sortedTexts(strings.Fields(t))
		}
	case []any:
		texts := make([]string, 0, len(t))
		for _, element := range t {
			text, ok := element.(string)
			if !ok {
				return v
			}
			texts = append(texts, text)
		}
		return sortedTexts(texts)
	}
	return v
}

// sortedTexts is nil for no texts at all.
func sortedTexts(texts []string) any {
	if len(texts) == 0 {
		return nil
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

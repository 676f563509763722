package oauth

import (
	"slices"
	"strings"
)

// splitScopes reads a scope value (RFC 6749 §3.3): its order means nothing.
func splitScopes(text string) []string { return normalScopes(strings.Fields(text)) }

// normalScopes returns scopes sorted, without repetitions and empty entries. It is never nil.
func normalScopes(scopes []string) []string {
	normal := make([]string, 0, len(scopes))
	for _, scope := range scopes {
		if scope != "" {
			normal = append(normal, scope)
		}
	}
	slices.Sort(normal)
	return slices.Compact(normal)
}

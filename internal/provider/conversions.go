package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Between Terraform's values and Go's. Null stands for the zero value, both ways.

// optionalString is null for the empty text.
func optionalString(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// secretValue hands a secret to Terraform, which marks it sensitive.
func secretValue(s secret.String) types.String {
	if s.IsEmpty() {
		return types.StringNull()
	}
	return types.StringValue(s.Reveal())
}

func optionalDuration(d time.Duration) types.String {
	if d == 0 {
		return types.StringNull()
	}
	return types.StringValue(credential.ShortDuration(d))
}

// durationOf reads a validated duration; 0 stands for null.
func durationOf(s types.String) time.Duration {
	d, err := time.ParseDuration(s.ValueString())
	if err != nil {
		return 0
	}
	return d
}

func timeValue(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

func timeFrom(s types.String) time.Time {
	t, err := time.Parse(time.RFC3339, s.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t
}

func stringValues(texts []string) []attr.Value {
	values := make([]attr.Value, 0, len(texts))
	for _, t := range texts {
		values = append(values, types.StringValue(t))
	}
	return values
}

func setOf(texts []string) types.Set {
	return types.SetValueMust(types.StringType, stringValues(texts))
}

func listFrom(texts []string) types.List {
	return types.ListValueMust(types.StringType, stringValues(texts))
}

// listOf reads a list of texts in its order; what is not known yet is left out.
func listOf(o types.Object, name string) []string {
	list, _ := o.Attributes()[name].(types.List)
	var texts []string
	for _, v := range list.Elements() {
		if s, ok := v.(types.String); ok && isGiven(s) {
			texts = append(texts, s.ValueString())
		}
	}
	return texts
}

// stringsOf reads a map; false if something in it is not known yet.
func stringsOf(m types.Map) (map[string]string, bool) {
	if m.IsUnknown() {
		return nil, false
	}
	values := map[string]string{}
	for name, v := range m.Elements() {
		s, ok := v.(types.String)
		if !ok || s.IsUnknown() {
			return nil, false
		}
		values[name] = s.ValueString()
	}
	return values, true
}

// knownStrings reads the known elements of a map member.
func knownStrings(o types.Object, name string) map[string]string {
	m, ok := o.Attributes()[name].(types.Map)
	if !ok || len(m.Elements()) == 0 {
		return nil
	}
	known := map[string]string{}
	for k, v := range m.Elements() {
		if s, ok := v.(types.String); ok && !s.IsUnknown() {
			known[k] = s.ValueString()
		}
	}
	return known
}

// mapFrom is empty, and not null, where there is nothing: consumers may rely on a map.
func mapFrom(texts map[string]string) types.Map {
	elements := map[string]attr.Value{}
	for k, v := range texts {
		elements[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, elements)
}

func extraOf(extra map[string]secret.String) types.Map {
	if len(extra) == 0 {
		return types.MapNull(types.StringType)
	}
	elements := make(map[string]attr.Value, len(extra))
	for k, v := range extra {
		elements[k] = types.StringValue(v.Reveal())
	}
	return types.MapValueMust(types.StringType, elements)
}

// member reads a string member of an object. A null or unknown object, and a missing member, give null and unknown.
func member(o types.Object, name string) types.String {
	if o.IsUnknown() {
		return types.StringUnknown() // the framework would say null, which once destroyed a credential
	}
	if s, ok := o.Attributes()[name].(types.String); ok {
		return s
	}
	return types.StringNull()
}

// memberText is member for numbers, too: that a version is given tells that a write-only member is.
func memberText(o types.Object, name string) types.String {
	if n, ok := o.Attributes()[name].(types.Int64); ok && !n.IsNull() {
		return types.StringValue(n.String())
	}
	return member(o, name)
}

func memberInt(o types.Object, name string) types.Int64 {
	if o.IsUnknown() {
		return types.Int64Unknown()
	}
	if n, ok := o.Attributes()[name].(types.Int64); ok {
		return n
	}
	return types.Int64Null()
}

func memberBool(o types.Object, name string) types.Bool {
	if o.IsUnknown() {
		return types.BoolUnknown()
	}
	if b, ok := o.Attributes()[name].(types.Bool); ok {
		return b
	}
	return types.BoolNull()
}

func isGiven(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }

func mapOrNull(m types.Map) types.Map {
	if m.IsNull() && m.ElementType(context.Background()) == nil {
		return types.MapNull(types.StringType)
	}
	return m
}

func listOrNull(l types.List) types.List {
	if l.IsNull() && l.ElementType(context.Background()) == nil {
		return types.ListNull(types.StringType)
	}
	return l
}

// nullOf is the null of a value's own type.
func nullOf(v attr.Value) attr.Value {
	if m, ok := v.(types.Map); ok {
		return types.MapNull(m.ElementType(context.Background()))
	}
	return types.StringNull()
}

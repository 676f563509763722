//go:build unix

package acceptance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/acceptance/testdata/bare/wide"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/provider"
)

// bareBinary stands in for the provider that does nothing, with its wide resource.
const bareBinary = "terraform-provider-bare"

func bareStandIn() standIn {
	return standIn{
		source: "seed-55355b43/bare", typeName: "bare", newResource: wide.New,
		configure: func(context.Context, tfsdk.Config, *diag.Diagnostics) any { return nil },
	}
}

// benchPair are the arguments of the token pairs that plans are measured with, and of the wide resources beside them. Nobody can reach
// their server: nothing may ask it.
func benchPair(index string) string {
	nowhere := server{base: "http://127.0.0.1:1"}
	return fmt.Sprintf(`
  name   = "pair-%[1]s"
  client = %[2]s
  preauthenticated = {
    access_token  = "access-%[1]s"
    refresh_token = "refresh-%[1]s"
    expires_at    = %[3]q
  }
`, index, nowhere.client(strict), time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339))
}

// TestWideIsATokenPair: the resource that benchmarks measure token pairs against has the same attributes, and the same of them have
// values, planned and applied. With -update it takes over what token pairs have.
func TestWideIsATokenPair(t *testing.T) {
	t.Parallel()
	pair := attributesOf(t, tokenPair(t))
	if *update {
		text, err := json.MarshalIndent(pair, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join("testdata", "bare", "wide", "pair.json"), string(text)+"\n")
		return // the file is part of this binary
	}
	if other := attributesOf(t, wide.New()); !reflect.DeepEqual(pair, other) {
		t.Fatalf("go test ./internal/acceptance -run %s -update\ntoken pair (%d attributes): %v\nwide (%d): %v", t.Name(), numberOf(pair), pair, numberOf(other), other)
	}

	w := newWorkspace(t)
	w.override(pluginDir(t), "oauth", "bare")
	writeFile(t, filepath.Join(w.dir, "main.tf"), fmt.Sprintf(`terraform {
  required_providers {
    oauth = { source = "seed-55355b43/oauth" }
    bare  = { source = "seed-55355b43/bare" }
  }
}
resource "oauth_token_pair" "this" { %[1]s }
resource "bare_wide" "this" { %[1]s }
`, benchPair("0")))
	w.plan("-out=saved")
	for _, half := range []struct {
		name   string
		values func(address string) []string
	}{
		{"planned", func(address string) []string {
			change := w.plannedChange("saved", address)
			return append(present("", change.After), present("", change.AfterUnknown)...)
		}},
		{"applied", func(address string) []string { return present("", w.attributes(address)) }},
	} {
		if half.name == "applied" {
			w.applySaved("saved")
		}
		ours, other := half.values("oauth_token_pair.this"), half.values("bare_wide.this")
		if !slices.Equal(slices.Compact(slices.Sorted(slices.Values(ours))), slices.Compact(slices.Sorted(slices.Values(other)))) {
			t.Errorf("%s, these have values\nof the token pair: %v\nof the wide one: %v", half.name, ours, other)
		}
	}
	w.plan().mustSay(t, "No changes.")
}

func tokenPair(t *testing.T) resource.Resource {
	t.Helper()
	for _, made := range provider.New("test", provider.Deps{})().Resources(t.Context()) {
		var named resource.MetadataResponse
		r := made()
		if r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "oauth"}, &named); named.TypeName == "oauth_token_pair" {
			return r
		}
	}
	t.Fatal("there is no oauth_token_pair")
	return nil
}

func attributesOf(t *testing.T, r resource.Resource) map[string]wide.Attribute {
	t.Helper()
	var resp resource.SchemaResponse
	if r.Schema(t.Context(), resource.SchemaRequest{}, &resp); resp.Diagnostics.HasError() {
		t.Fatal(resp.Diagnostics)
	}
	return shapes(t, resp.Schema.Attributes)
}

// shapes are what core and framework know of attributes.
func shapes(t *testing.T, attributes map[string]schema.Attribute) map[string]wide.Attribute {
	t.Helper()
	all := map[string]wide.Attribute{}
	for name, a := range attributes {
		if many, ok := a.(interface{ GetElementType() attr.Type }); ok && !types.StringType.Equal(many.GetElementType()) {
			t.Fatalf("%s has elements of %s, which the wide resource cannot have yet", name, many.GetElementType())
		}
		w := wide.Attribute{
			Required: a.IsRequired(), Optional: a.IsOptional(), Computed: a.IsComputed(), Sensitive: a.IsSensitive(), WriteOnly: a.IsWriteOnly(),
		}
		switch a := a.(type) {
		case schema.StringAttribute:
			w.Kind = "string"
		case schema.BoolAttribute:
			w.Kind = "bool"
		case schema.Int64Attribute:
			w.Kind = "int64"
		case schema.ListAttribute:
			w.Kind = "list"
		case schema.SetAttribute:
			w.Kind = "set"
		case schema.MapAttribute:
			w.Kind = "map"
		case schema.SingleNestedAttribute:
			w.Kind, w.Attributes = "object", shapes(t, a.Attributes)
		default:
			t.Fatalf("%s is a %T, which the wide resource cannot have yet", name, a)
		}
		all[name] = w
	}
	return all
}

func numberOf(attributes map[string]wide.Attribute) int {
	n := len(attributes)
	for _, a := range attributes {
		n += numberOf(a.Attributes)
	}
	return n
}

// present are the paths of the attributes that have a value, or will have one.
func present(prefix string, attributes map[string]any) (paths []string) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		switch value := attributes[name].(type) {
		case nil:
		case map[string]any:
			paths = append(append(paths, prefix+name), present(prefix+name+".", value)...)
		default:
			paths = append(paths, prefix+name)
		}
	}
	return paths
}

//go:build unix

package acceptance_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// mustFindPlanted puts a secret of each kind, in each form, into copies of what a life left behind, one at a time, and
// fails the test unless the search finds it there. Without this a search that finds nothing proves nothing.
func mustFindPlanted(t *testing.T, look searcher, left []artefact, needles []needle) {
	t.Helper()
	for _, prefix := range []string{"client_secret", "code", "access_token", "refresh_token", "PKCE verifier", "store key", "extra member"} {
		i := slices.IndexFunc(needles, func(n needle) bool { return strings.HasPrefix(n.name, prefix) })
		if i < 0 {
			t.Errorf("there is no secret of kind %s to plant", prefix)
			continue
		}
		for form, text := range forms(needles[i].secret) {
			for _, kind := range []string{"output", "shown", "file"} {
				look.mustFind(t, plantText(sampleOf(t, left, kind), text), needles[i].name, form)
			}
			look.mustFind(t, plantPlan(t, sampleOf(t, left, "plan"), text), needles[i].name, form)
		}
		look.mustFind(t, plantPrivate(t, sampleOf(t, left, "state"), needles[i].secret), needles[i].name, "in the private state")
		look.mustFind(t, plantText(sampleOf(t, left, "state"), needles[i].secret), needles[i].name, "in the state")
	}
}

func (s searcher) mustFind(t *testing.T, a artefact, name, form string) {
	t.Helper()
	if !slices.ContainsFunc(s.search(t, a), func(l leak) bool { return l.secret == name && strings.HasPrefix(l.where, a.name) }) {
		t.Errorf("the search is blind for %s, %s, in %s", name, form, a.name)
	}
}

// sampleOf returns the last artefact of a kind. Of a long text its end is enough.
func sampleOf(t *testing.T, left []artefact, kind string) artefact {
	t.Helper()
	for _, a := range slices.Backward(left) {
		if a.kind != kind || kind == "state" && !bytes.Contains(a.content, []byte(`"private"`)) {
			continue
		}
		if kind != "plan" && kind != "state" {
			a.content = a.content[max(0, len(a.content)-4096):]
		}
		return a
	}
	t.Fatalf("there is no artefact of kind %s", kind)
	return artefact{}
}

func plantText(a artefact, text string) artefact {
	half := len(a.content) / 2
	a.content = slices.Concat(a.content[:half], []byte(" "+text+" "), a.content[half:])
	return a
}

// plantPlan puts a text into each file of a saved plan.
func plantPlan(t *testing.T, a artefact, text string) artefact {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(a.content), int64(len(a.content)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(append(content, " "+text+" "...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a.content = out.Bytes()
	return a
}

// plantPrivate puts a secret where a provider keeps things beside the attributes: base64 inside of base64.
func plantPrivate(t *testing.T, a artefact, text string) artefact {
	t.Helper()
	var state map[string]any
	if err := json.Unmarshal(a.content, &state); err != nil {
		t.Fatal(err)
	}
	planted := 0
	for _, resource := range state["resources"].([]any) {
		for _, instance := range resource.(map[string]any)["instances"].([]any) {
			inner, err := json.Marshal(map[string][]byte{"credential": []byte(fmt.Sprintf(`{"record":%q}`, text))})
			if err != nil {
				t.Fatal(err)
			}
			instance.(map[string]any)["private"] = base64.StdEncoding.EncodeToString(inner)
			planted++
		}
	}
	content, err := json.Marshal(state)
	if err != nil || planted == 0 {
		t.Fatalf("nothing was planted: %v", err)
	}
	a.content = content
	return a
}

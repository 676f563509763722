//go:build unix

package acceptance_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
)

// TestNewerRecordIsRefusedWithoutHarm: another runner has a newer version of the provider, and has written the record in its format.
func TestNewerRecordIsRefusedWithoutHarm(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	w.write(s.pair("exact", s.issue().RefreshToken, "", ""))
	w.apply()
	files, err := filestore.Open(w.store)
	if err != nil {
		t.Fatal(err)
	}
	sealed := seal.NewStore(files, seal.Keyring{}, nil)
	e, err := sealed.Get(t.Context(), "pair/exact")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Replace(t.Context(), "pair/exact", e.Revision, []byte(`{"format":2,"kind":"pair","readable_by":"4.5.6","tokens":["of another shape"]}`)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.store, "pair", "exact")
	record, attributes := readFile(t, path), w.attributes(this)
	before := s.Counters()

	says := []string{
		"a newer version of the provider wrote it: it has format 2, this version reads up to format 1, and version 4.5.6 or later is needed.",
		"The credential is intact: nothing was sent, and the record is unchanged.", "terraform init -upgrade",
	}
	w.fails(says, "plan", "-input=false", "-no-color")
	w.fails(says, "apply", "-input=false", "-no-color", "-auto-approve")
	w.fails(says, "apply", "-input=false", "-no-color", "-auto-approve", "-refresh=false", "-replace="+this)
	w.fails(says, "destroy", "-input=false", "-no-color", "-auto-approve")
	w.fails(says, "destroy", "-input=false", "-no-color", "-auto-approve", "-refresh=false")
	for _, command := range [][]string{{"token", "--name", "exact"}, {"status"}} {
		code, text := w.command(command...)
		if code == 0 || !strings.Contains(text, "version 4.5.6 or later is needed") {
			t.Errorf("%q exits with %d and says\n%s", command, code, text)
		}
	}
	if got := readFile(t, path); got != record {
		t.Errorf("the record was written:\n%s", got)
	}
	if got := w.attributes(this); !reflect.DeepEqual(got, attributes) {
		t.Errorf("the state was %v and is %v", attributes, got)
	}
	if after := s.Counters(); after.TokenRequests != before.TokenRequests || after.Revocations != before.Revocations {
		t.Errorf("the server was asked: %+v", after)
	}
}

// TestNewerRecordInTheStateIsRefusedWithoutHarm: where the state is the store, the record is in it. It is not lost on the way into another
// store either, which would get what the state shows and no more.
func TestNewerRecordInTheStateIsRefusedWithoutHarm(t *testing.T) {
	t.Parallel()
	s, w := newServer(t, nil), newWorkspace(t)
	head, pair := stateOnly(w, ""), s.pair("exact", s.issue().RefreshToken, "", "")
	w.write(head + pair)
	w.apply()
	w.remakePrivate(func(memory map[string]any) {
		memory["record"] = map[string]any{"format": 2, "kind": "pair", "readable_by": "4.5.6", "tokens": []string{"of another shape"}}
	})
	private, before := w.privateState(), s.Counters()
	says := []string{"version 4.5.6 or later is needed", "The credential is intact", "terraform init -upgrade"}
	w.fails(says, "plan", "-input=false", "-no-color")
	w.fails(says, "destroy", "-input=false", "-no-color", "-auto-approve")
	store := filepath.Join(w.dir, "st")
	w.write("provider \"oauth\" {\n  token_store = \"file://" + store + "\"\n}\n" + pair)
	w.fails(says, "plan", "-input=false", "-no-color")
	w.fails(says, "apply", "-input=false", "-no-color", "-auto-approve")
	w.fails(says, "destroy", "-input=false", "-no-color", "-auto-approve", "-refresh=false")
	if _, err := os.Stat(filepath.Join(store, "pair", "exact")); err == nil {
		t.Error("the other store has a record now")
	}
	if got := w.privateState(); got != private {
		t.Errorf("the private state was\n%s\nand is\n%s", private, got)
	}
	if after := s.Counters(); after.TokenRequests != before.TokenRequests || after.Revocations != before.Revocations {
		t.Errorf("the server was asked: %+v", after)
	}
}

// remakePrivate changes what the only resource keeps in the state besides its attributes.
func (w *workspace) remakePrivate(change func(map[string]any)) {
	w.t.Helper()
	var state, outer, memory map[string]any
	decode := func(text []byte, into any) {
		w.t.Helper()
		if err := json.Unmarshal(text, into); err != nil {
			w.t.Fatal(err)
		}
	}
	unpack := func(v any) []byte {
		w.t.Helper()
		packed, _ := v.(string)
		text, err := base64.StdEncoding.DecodeString(packed)
		if err != nil {
			w.t.Fatal(err)
		}
		return text
	}
	pack := func(v any) []byte {
		w.t.Helper()
		text, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		return text
	}
	decode([]byte(w.stateText()), &state)
	instance := state["resources"].([]any)[0].(map[string]any)["instances"].([]any)[0].(map[string]any)
	decode(unpack(instance["private"]), &outer)
	decode(unpack(outer["credential"]), &memory)
	change(memory)
	outer["credential"] = base64.StdEncoding.EncodeToString(pack(memory))
	instance["private"] = base64.StdEncoding.EncodeToString(pack(outer))
	writeFile(w.t, w.statePath(), string(pack(state)))
}

//go:build unix

package acceptance_test

import (
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

//go:build unix

package acceptance_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
)

// attributes returns the attributes of a resource in the state, nil if it is not there. It reads the file, which is what
// the command would print, and saves a process or two.
func (w *workspace) attributes(address string) map[string]any {
	w.t.Helper()
	for _, r := range w.state().Resources {
		at := r.Type + "." + r.Name
		if r.Mode == "data" {
			at = "data." + at
		}
		if r.Module != "" {
			at = r.Module + "." + at
		}
		if at == address && len(r.Instances) == 1 {
			return r.Instances[0].Attributes
		}
	}
	return nil
}

// tfstate is the part of a state file that tests look at.
type tfstate struct {
	Outputs   map[string]struct{ Value any }
	Resources []struct {
		Module, Mode, Type, Name string
		Instances                []struct{ Attributes map[string]any }
	}
}

// state reads the state file; one that is not there is empty.
func (w *workspace) state() (s tfstate) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return s
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

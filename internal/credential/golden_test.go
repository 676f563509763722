package credential

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/rescue"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store/filestore"
)

// testdata/golden holds what releases have written, to be read for ever. A folder there is one set and is never changed: records as a
// person wrote them down, and the same as they lie in a store. A new member, kind or format gets a set of its own: write its records
// by hand, and "go test ./internal/credential -run TestGoldenFilesAreKept -golden.add=SET" writes the rest of the set and its hashes.
const (
	golden        = "testdata/golden"
	goldenSums    = golden + "/SHA256SUMS"
	goldenKey     = "AGE-SECRET-KEY-1S6G0Q9F27JNGUUC9XZZ7QG855LKGZFY3LMUPRVQMWZ2GTGHNW5FQ60W6QM"
	goldenStoreID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
)

var goldenAdd = flag.String("golden.add", "", "the set of golden records to complete; none that is listed is touched")

// goldenRecords are the records of a set by their keys.
func goldenRecords(t testing.TB, set string) map[string][]byte {
	t.Helper()
	records := map[string][]byte{}
	root := filepath.Join(golden, set, "records")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		var compact bytes.Buffer
		if err == nil {
			err = json.Compact(&compact, text)
		}
		records[strings.TrimSuffix(filepath.ToSlash(name), ".json")] = compact.Bytes()
		return err
	})
	if err != nil || len(records) == 0 {
		t.Fatalf("the golden records of %s: %d, %v", set, len(records), err)
	}
	return records
}

func goldenSets(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	var sets []string
	for _, e := range entries {
		if e.IsDir() {
			sets = append(sets, e.Name())
		}
	}
	return sets
}

func goldenKeys(t testing.TB, sealed bool) seal.Keyring {
	t.Helper()
	if !sealed {
		return seal.Keyring{}
	}
	keys, err := seal.ParseKeys(secret.New(goldenKey))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestGoldenFilesAreKept: a record that a release wrote is read for ever, so its file is neither changed nor removed.
func TestGoldenFilesAreKept(t *testing.T) {
	t.Parallel()
	if *goldenAdd != "" {
		completeGolden(t, *goldenAdd)
	}
	list, err := os.ReadFile(goldenSums)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile(filepath.Join(golden, filepath.FromSlash(name)))
		if got := sha256.Sum256(content); !ok || err != nil || hex.EncodeToString(got[:]) != sum {
			t.Errorf("the golden file %s is not what it was: %v", name, err)
		}
		listed[name] = true
	}
	// The sets that releases rest on, whatever the list says.
	for _, name := range []string{"v1/records/pair/full.json", "v1/files/pair/full", "v1/sealed/pair/full", "v1/sealed/store/id", "v1/postgresql.sql"} {
		if !listed[name] {
			t.Errorf("%s is not listed any more", name)
		}
	}
	err = fs.WalkDir(os.DirFS(golden), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && name != path.Base(goldenSums) && !listed[name] {
			t.Errorf("%s is not in %s: complete its set with -golden.add", name, goldenSums)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGoldenRecordsAreReadAsTheyLie reads each record out of the file store, plain and sealed.
func TestGoldenRecordsAreReadAsTheyLie(t *testing.T) {
	t.Parallel()
	for _, set := range goldenSets(t) {
		for folder, sealed := range map[string]bool{"files": false, "sealed": true} {
			dir := t.TempDir()
			copyPrivately(t, filepath.Join(golden, set, folder), dir)
			files, err := filestore.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			s := seal.NewStore(files, goldenKeys(t, sealed), nil)
			found := 0
			for key, want := range goldenRecords(t, set) {
				var got []byte
				if attempt, ok := strings.CutPrefix(key, kindRescue+"/"); ok {
					rescues := rescue.NewDir([]string{filepath.Join(dir, "rescue")}, goldenKeys(t, sealed), s.ID)
					got, err = rescues.Load(t.Context(), filepath.Join(dir, "rescue", goldenStoreID+"-"+attempt+rescue.Suffix))
				} else {
					var e store.Entry
					e, err = s.Get(t.Context(), key)
					got = e.Value
				}
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s/%s: %s is read as %s, %v", set, folder, key, got, err)
				}
				found++
			}
			if found < 20 && set == "v1" {
				t.Errorf("only %d records", found)
			}
		}
	}
}

// decodeGolden reads a golden record by its key and writes it again.
func decodeGolden(key string, text []byte) (decoded any, again []byte, err error) {
	kind, _, _ := strings.Cut(key, "/")
	switch kind {
	case kindRescue:
		a, reply, err := decodeRescue(text)
		if err != nil {
			return nil, nil, err
		}
		again, err = encodeRescue(a, reply)
		return a, again, err
	case kindBudget:
		var l ledger
		if err := decodeAs(text, &l, kindBudget); err != nil {
			return nil, nil, err
		}
		again, err = encodeWhole(l)
		return l, again, err
	case kindInput:
		var w wireInput
		if err := decodeAs(text, &w, kindInput); err != nil {
			return nil, nil, err
		}
		again, err = json.Marshal(w)
		return w, again, err
	case kindPair, kindRegistration, kindClientToken:
		r, err := decodeKind(text, kindOf(key))
		if err != nil {
			return nil, nil, err
		}
		again, err = EncodeRecord(r)
		return r, again, err
	}
	return nil, nil, errors.New("no kind of record that is known here")
}

// TestGoldenRecordsSurvive: what was read is written again whole. What today is written otherwise is named here.
func TestGoldenRecordsSurvive(t *testing.T) {
	t.Parallel()
	otherwise := map[string]string{"v1/registration/first": "registration/adopted"}
	for _, set := range goldenSets(t) {
		records := goldenRecords(t, set)
		for key, text := range records {
			_, again, err := decodeGolden(key, text)
			if err != nil {
				t.Errorf("%s/%s: %v", set, key, err)
				continue
			}
			want := text
			if as, ok := otherwise[set+"/"+key]; ok {
				want = records[as]
			}
			if a, b := normalJSON(t, want), normalJSON(t, again); !reflect.DeepEqual(a, b) {
				t.Errorf("%s/%s is\n%s\nand is written again as\n%s", set, key, want, again)
			}
		}
	}
}

// normalJSON is text without what says nothing: empty objects and nulls.
func normalJSON(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return prune(v)
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			member = prune(member)
			if object, ok := member.(map[string]any); member == nil || ok && len(object) == 0 {
				delete(v, name)
				continue
			}
			v[name] = member
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

// TestEveryKindAndMemberIsGolden: who adds a kind of record, a status, or a member of one, adds a golden record.
func TestEveryKindAndMemberIsGolden(t *testing.T) {
	t.Parallel()
	kinds, statuses, members := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, set := range goldenSets(t) {
		for key, text := range goldenRecords(t, set) {
			kind, _, _ := strings.Cut(key, "/")
			kinds[kind] = true
			note(members, kind, normalJSON(t, text))
			var w struct{ Status any }
			if err := json.Unmarshal(text, &w); err != nil {
				t.Fatal(err)
			}
			statuses[fmt.Sprint(w.Status)] = true
		}
	}
	for _, kind := range constants(t, func(name, typed string) bool { return strings.HasPrefix(name, "kind") && typed == "" }) {
		if !kinds[kind] {
			t.Errorf("no golden record is of kind %q", kind)
		}
	}
	for _, status := range constants(t, func(_, typed string) bool { return typed == "Status" }) {
		if !statuses[status] {
			t.Errorf("no golden record has the status %q", status)
		}
	}
	want := map[string]bool{}
	for kind, v := range map[string]any{kindPair: wireRecord{}, kindRegistration: wireRecord{}, kindBudget: ledger{}, kindInput: wireInput{}, kindRescue: wireRescue{}} {
		noteType(want, kind, reflect.TypeOf(v), 0)
	}
	onlyOne := func(member string) bool { // a pair has no registration, nor the other way round
		other := map[string]string{kindPair + ".": kindRegistration + ".", kindRegistration + ".": kindPair + "."}
		for own, others := range other {
			if rest, ok := strings.CutPrefix(member, own); ok && members[others+rest] {
				return true
			}
		}
		return false
	}
	for _, answered := range []string{"code", "status"} { // what is under way has no answer
		delete(want, kindBudget+".under_way."+answered)
	}
	for _, member := range slices.Sorted(maps.Keys(want)) {
		if !members[member] && !onlyOne(member) {
			t.Errorf("no golden record has %s", member)
		}
	}
}

// note collects the paths of all members of v.
func note(members map[string]bool, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			members[at+"."+name] = true
			note(members, at+"."+name, member)
		}
	case []any:
		for _, element := range v {
			note(members, at, element)
		}
	}
}

// noteType is note for what a type could have. Records set aside have what records have.
func noteType(members map[string]bool, at string, t reflect.Type, depth int) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || depth > 0 && t == reflect.TypeFor[wireRecord]() {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		former := strings.HasSuffix(at, ".client_credentials") && name != "scopes" && name != "parameters" // never written there
		if !former {
			members[at+"."+name] = true
			noteType(members, at+"."+name, f.Type, depth+1)
		}
	}
}

// constants returns the values of the package's string constants that are wanted, by name and type.
func constants(t *testing.T, wanted func(name, typed string) bool) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			typed := ""
			if id, ok := spec.Type.(*ast.Ident); ok {
				typed = id.Name
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING && wanted(spec.Names[0].Name, typed) {
				values = append(values, strings.Trim(lit.Value, `"`))
			}
			return true
		})
	}
	if len(values) < 5 {
		t.Fatalf("only the constants %q were found", values)
	}
	return values
}

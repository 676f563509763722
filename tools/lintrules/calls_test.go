package lintrules

import (
	"fmt"
	"strings"
	"testing"
)

// TestCalls plants one call a row. want is the word in brackets of the rule that must report it, or "" where the call is
// right to be made.
func TestCalls(t *testing.T) {
	rows := []struct{ file, imports, statement, want string }{
		{"internal/credential/a.go", "time", "_ = time.Now()", "clock"},
		{"internal/oauth/a.go", "time", "time.Sleep(1)", "clock"},
		{"internal/store/filestore/a.go", "time", "<-time.After(1)", "clock"},
		{"internal/seal/a.go", "time", "_ = time.Since(time.Time{})", "clock"},
		{"internal/platform/a.go", "time", "_ = time.NewTimer(1)", "clock"},
		{"internal/proxy/a.go", "time", "_ = time.Now()", "clock"},
		{"internal/credential/renamed.go", "other \"time\"", "_ = other.Now()", "clock"},
		{"internal/credential/clock.go", "time", "_ = time.Now()", ""},
		{"internal/credential/a_test.go", "time", "_ = time.Now()", ""},
		{"internal/credential/method.go", "time", "_ = time.Time{}.After(time.Time{})", ""},
		{"internal/sandbox/a.go", "time", "_ = time.Now()", ""},
		{"cmd/sandbox/a.go", "time", "_ = time.Now()", ""},

		{"internal/oauth/b.go", "net/http", "_ = http.DefaultClient", "client"},
		{"internal/oauth/c.go", "net/http", "_, _ = http.Get(\"\")", "client"},
		{"internal/oauth/d.go", "net/http", "_ = &http.Client{}", ""},
		{"internal/credential/b.go", "net/http", "_ = http.DefaultTransport", "client"},

		{"internal/store/a.go", "os", "_ = os.Getenv(\"\")", "environment"},
		{"internal/store/filestore/b.go", "os", "_, _ = os.LookupEnv(\"\")", "environment"},
		{"internal/command/a.go", "os", "_ = os.Getenv(\"\")", "environment"},
		{"internal/provider/a.go", "os", "_ = os.Getenv(\"\")", ""},

		{"internal/seal/b.go", "crypto/rand", "_, _ = rand.Int(nil, nil)", "randomness"},
		{"internal/seal/c.go", "crypto/rand", "_ = rand.Reader", ""},
		{"internal/credential/c.go", "crypto/rand", "_, _ = rand.Read(nil)", "randomness"},
		{"internal/credential/d.go", "math/rand/v2", "_ = rand.IntN(1)", "global"},
		{"internal/credential/e.go", "math/rand/v2", "_ = rand.New(rand.NewPCG(1, 2)).IntN(1)", ""},
		{"internal/provider/b.go", "math/rand/v2", "_ = rand.Float64()", "global"},
		{"internal/provider/c.go", "crypto/rand", "_ = rand.Reader", ""},

		{"internal/credential/f.go", "log/slog", "slog.Info(\"\")", "global"},
		{"internal/provider/d.go", "log/slog", "slog.SetDefault(nil)", "global"},
		{"internal/credential/g.go", "log/slog", "slog.New(nil).Info(\"\")", ""},

		{"internal/provider/g.go", "log", "log.Println()", "global"},
		{"internal/provider/h.go", "log", "_ = log.New(nil, \"\", 0)", ""},

		{"internal/provider/e.go", "fmt", "fmt.Println()", "print"},
		{"internal/oauth/e.go", "fmt", "fmt.Printf(\"\")", "print"},
		{"internal/oauth/f.go", "fmt", "_ = fmt.Sprint()", ""},
		{"internal/oauth/g.go", "", "println()", "print"},
		{"internal/sandbox/b.go", "os", "_ = os.Stdout", "print"},
		{"internal/provider/f.go", "os", "os.Exit(1)", "print"},
		{"internal/provider/a_test.go", "fmt", "fmt.Println()", ""},
		{"main.go", "os", "os.Exit(1)", ""},
		{"cmd/sandbox/b.go", "fmt", "fmt.Println()", ""},

		{"internal/secret/a.go", "", "panic(\"\")", "panic"},
		{"internal/secret/a_test.go", "", "panic(\"\")", ""},

		{"internal/seal/a_test.go", "testing", "(*testing.T)(nil).Skip()", "skip"},
		{"internal/seal/b_test.go", "testing", "(*testing.B)(nil).Skipf(\"\")", "skip"},
		{"internal/seal/c_test.go", "testing", "testing.TB(nil).SkipNow()", "skip"},
		{"plant_test.go", "testing", "(*testing.F)(nil).Skip()", "skip"},
	}
	root := newStub(t)
	for n, row := range rows {
		imports := row.imports
		if imports != "" && !strings.Contains(imports, `"`) {
			imports = `"` + imports + `"`
		}
		if imports != "" {
			imports = "import " + imports + "\n\n"
		}
		pkg := "stub"
		if row.file == "main.go" || row.file == "plant_test.go" {
			pkg = "main"
		}
		write(t, root, row.file, fmt.Sprintf("package %s\n\n%sfunc plant%d() { %s }\n", pkg, imports, n, row.statement))
	}
	reports := map[string]string{}
	for _, i := range lint(t, root, "forbidigo", "linux") {
		reports[i.Pos.Filename] += i.Text + "\n"
	}
	for _, row := range rows {
		got := reports[row.file]
		switch {
		case row.want == "" && got != "":
			t.Errorf("%s: %s\nreported although it is right: %s", row.file, row.statement, got)
		case row.want != "" && !strings.Contains(got, "["+row.want+"]"):
			t.Errorf("%s: %s\nreported: %q, want rule %s", row.file, row.statement, got, row.want)
		case row.want != "" && strings.Count(got, "\n") != 1:
			t.Errorf("%s: %s\nreported more than once: %s", row.file, row.statement, got)
		}
	}
}

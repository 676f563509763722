package releasing

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repo is a repository with a first release, v1.0.0, a fixture of it, and main one commit further on.
type repo struct {
	t   *testing.T
	dir string
}

const (
	recordFile  = "internal/credential/testdata/golden/v1/records/pair/full.json"
	fixtureFile = "internal/acceptance/testdata/releases/v1.0.0/state.json"
)

func newRepo(t *testing.T) *repo {
	t.Helper()
	r := &repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.write("scripts/may-release", read(t, "scripts/may-release"), 0o700)
	r.write(recordFile, "{}", 0o600)
	r.write("CHANGELOG.md", "## [Unreleased]\n\n## [1.0.0] - 2027-01-02\n", 0o600)
	r.commit("the first")
	r.git("tag", "v1.0.0")
	r.write(fixtureFile, "{}", 0o600)
	r.write("CHANGELOG.md", "## [Unreleased]\n\n## [1.1.0] - 2027-02-03\n\n## [1.0.0] - 2027-01-02\n", 0o600)
	r.commit("the next")
	return r
}

func (r *repo) write(name, text string, mode os.FileMode) {
	r.t.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		r.t.Fatal(err)
	}
}

// run runs a program there that knows nothing of this machine's settings.
func (r *repo) run(env []string, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = r.dir
	cmd.Env = append([]string{"PATH=" + r.dir + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *repo) git(args ...string) {
	r.t.Helper()
	args = append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)
	if out, err := r.run(nil, "git", args...); err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// commit makes a commit that origin/main is at, too.
func (r *repo) commit(subject string) {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "-m", subject)
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
}

// down is what it cannot tell.
const down = "down"

// gh stands for GitHub's command line, which knows these check runs and releases, or fails to tell.
func (r *repo) gh(checks, release string) {
	r.write("gh", `#!/bin/sh
tell() { [ "$1" != "`+down+`" ] || { echo "HTTP 502" >&2; exit 1; }; printf "$1"; }
case "$1 $2 $3" in
"api --paginate repos/o/r/releases") tell '`+release+`' ;;
"api --paginate repos/o/r/commits/"*/check-runs) tell '`+checks+`' ;;
*) echo "what is gh $*?"; exit 9 ;;
esac
`, 0o700)
}

func TestMayRelease(t *testing.T) {
	t.Parallel()
	const passed = `everything success\nrelease-check success\n`
	onGitHub := []string{"GH_TOKEN=t", "GITHUB_REPOSITORY=o/r"}
	for name, tt := range map[string]struct {
		set func(*repo)
		env []string
		tag string // v1.1.0
		no  string // empty: it may
	}{
		"all is there": {},
		"by name only": {tag: "1.1.0", no: "no version with a v"},
		"no version":   {tag: "v1.1", no: "no version with a v"},
		"a command":    {tag: "v1.1.0-$(id)", no: "no version with a v"},
		"not in the changelog": {
			set: func(r *repo) {
				r.write("CHANGELOG.md", "## [Unreleased]\n\n## [1x1x0] - 2027-02-03\n", 0o600)
				r.commit("x")
			},
			no: "CHANGELOG.md has no section",
		},
		"no such tag": {
			set: func(r *repo) { r.git("tag", "-d", "v1.1.0") }, no: "not on the commit that is checked out",
		},
		"not on main": {
			set: func(r *repo) { r.git("update-ref", "refs/remotes/origin/main", "HEAD^") }, no: "not on main",
		},
		"two tags":   {set: func(r *repo) { r.git("tag", "v1.1.1") }, no: "released already, as v1.1.1"},
		"no fixture": {set: func(r *repo) { r.git("rm", "-q", fixtureFile); r.commit("x") }, no: "no fixture of v1.0.0"},
		"a golden record is another": {
			set: func(r *repo) { r.write(recordFile, "{ }", 0o600); r.commit("x") }, no: recordFile,
		},
		"a golden record is gone": {set: func(r *repo) { r.git("rm", "-q", recordFile); r.commit("x") }, no: recordFile},
		"golden records are added": {
			set: func(r *repo) {
				r.write("internal/credential/testdata/golden/v2/records/pair/full.json", "{}", 0o600)
				r.write("internal/credential/testdata/golden/SHA256SUMS", "more", 0o600)
				r.commit("x")
			},
		},
		"its tests passed": {set: func(r *repo) { r.gh(passed, "v1.0.0") }, env: onGitHub},
		"one test failed": {
			set: func(r *repo) { r.gh(`everything success\nrelease-check failure\n`, "v1.0.0") }, env: onGitHub, no: `"release-check"`,
		},
		"no test ran":      {set: func(r *repo) { r.gh("", "v1.0.0") }, env: onGitHub, no: `"everything"`},
		"published before": {set: func(r *repo) { r.gh(passed, `v1.0.0\nv1.1.0\n`) }, env: onGitHub, no: "exists already"},
		"the first of all": {set: func(r *repo) { r.gh(passed, "") }, env: onGitHub},
		"GitHub is down":   {set: func(r *repo) { r.gh(passed, down) }, env: onGitHub, no: "does not say which releases"},
		"tests are hidden": {set: func(r *repo) { r.gh(down, "v1.0.0") }, env: onGitHub, no: "does not say which tests"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.git("tag", "v1.1.0")
			if tt.set != nil {
				tt.set(r)
				if tt.no != "not on the commit that is checked out" {
					r.git("tag", "-f", "v1.1.0")
				}
			}
			tag := tt.tag
			if tag == "" {
				tag = "v1.1.0"
			}
			out, err := r.run(tt.env, "scripts/may-release", tag)
			if (err == nil) != (tt.no == "") || !strings.Contains(out, tt.no) {
				t.Errorf("%v, and it says %q; want %q", err, out, tt.no)
			}
		})
	}
}

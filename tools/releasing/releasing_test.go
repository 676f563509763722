package releasing

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const root = "../../"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, name)), into); err != nil {
		t.Fatal(err)
	}
}

type goreleaser struct {
	Project string `yaml:"project_name"`
	Builds  []struct {
		Env, Flags, Goos, Goarch []string
		Binary                   string
		Ignore                   []struct{ Goos, Goarch string }
	}
	Archives []struct {
		Formats []string
		Name    string `yaml:"name_template"`
	}
	SBOMs    []struct{ Artifacts string } `yaml:"sboms"`
	Checksum struct {
		Name      string `yaml:"name_template"`
		Algorithm string
		IDs       []string `yaml:"ids"`
		Extra     []extra  `yaml:"extra_files"`
	}
	Signs []struct {
		Artifacts string
		Args      []string
	}
	Release struct {
		GitHub struct{ Owner, Name string } `yaml:"github"`
		Extra  []extra                      `yaml:"extra_files"`

		Draft      bool
		Replace    bool `yaml:"replace_existing_draft"`
		Prerelease string
	}
}

type extra struct {
	Glob string
	Name string `yaml:"name_template"`
}

// TestPlatforms: https://developer.hashicorp.com/terraform/registry/providers/os-arch lists these, read in November 2026.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	var g goreleaser
	parse(t, ".goreleaser.yml", &g)
	if len(g.Builds) != 1 {
		t.Fatalf("%d builds", len(g.Builds))
	}
	b := g.Builds[0]
	built := map[string]bool{}
	for _, goos := range b.Goos {
		for _, goarch := range b.Goarch {
			ignored := false
			for _, i := range b.Ignore {
				ignored = ignored || i.Goos == goos && i.Goarch == goarch
			}
			built[goos+"/"+goarch] = !ignored
		}
	}
	for _, platform := range []string{
		"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "linux/arm", "windows/amd64",
		"linux/386", "windows/386", "freebsd/386", "freebsd/amd64",
	} {
		if !built[platform] {
			t.Errorf("there is no build for %s", platform)
		}
	}
	if !slices.Contains(b.Env, "CGO_ENABLED=0") || !slices.Contains(b.Flags, "-trimpath") {
		t.Error("HCP Terraform wants a binary without CGO, and nobody wants the paths of a build machine")
	}
}

// TestNames: https://developer.hashicorp.com/terraform/registry/providers/publishing, "Manually Preparing a Release".
func TestNames(t *testing.T) {
	t.Parallel()
	var g goreleaser
	parse(t, ".goreleaser.yml", &g)
	if g.Project != "terraform-provider-oauth" || g.Release.GitHub.Name != g.Project || g.Release.GitHub.Owner != "seed-55355b43" {
		t.Errorf("project %q at %+v", g.Project, g.Release.GitHub)
	}
	const stem = "{{ .ProjectName }}_{{ .Version }}_"
	if got := g.Builds[0].Binary; got != "{{ .ProjectName }}_v{{ .Version }}" {
		t.Errorf("the binary is %s", got)
	}
	if a := g.Archives[0]; len(g.Archives) != 1 || a.Name != stem+"{{ .Os }}_{{ .Arch }}" || !slices.Equal(a.Formats, []string{"zip"}) {
		t.Errorf("the archives are %+v", g.Archives)
	}
	if c := g.Checksum; c.Name != stem+"SHA256SUMS" || c.Algorithm != "sha256" || !slices.Equal(c.IDs, []string{"archive", "sbom"}) {
		t.Errorf("the checksums are %+v", c)
	}
	manifest := []extra{{"terraform-registry-manifest.json", stem + "manifest.json"}}
	if !slices.Equal(g.Checksum.Extra, manifest) || !slices.Equal(g.Release.Extra, manifest) {
		t.Error("the manifest is not among the checksums, or not in the release")
	}
	if len(g.SBOMs) != 1 || g.SBOMs[0].Artifacts != "binary" {
		t.Error("there is no SBOM for each binary")
	}
	if s := g.Signs; len(s) != 1 || s[0].Artifacts != "checksum" || !slices.Contains(s[0].Args, "--detach-sign") || slices.Contains(s[0].Args, "--armor") {
		t.Errorf("the signature is made by %+v; registries want a detached, binary one of the checksums", s)
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	var m struct {
		Version  int
		Metadata struct {
			Protocols []string `json:"protocol_versions"`
		}
	}
	if err := json.Unmarshal([]byte(read(t, "terraform-registry-manifest.json")), &m); err != nil {
		t.Fatal(err)
	}
	if m.Version != 1 || !slices.Equal(m.Metadata.Protocols, []string{"6.0"}) {
		t.Errorf("the manifest says %+v", m)
	}
	// The framework serves protocol 6 unless ProtocolVersion says otherwise.
	if serve := read(t, "internal/provider/serve.go"); !strings.Contains(serve, "providerserver.Serve(") || strings.Contains(serve, "ProtocolVersion") {
		t.Error("the provider does not serve protocol 6, or is served elsewhere: this test must look there")
	}
}

// TestChangelog: https://keepachangelog.com/en/1.1.0/.
func TestChangelog(t *testing.T) {
	t.Parallel()
	text := read(t, "CHANGELOG.md")
	heading := regexp.MustCompile(`^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$`)
	kinds := []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Upgrading"}
	var sections, dates []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "## "):
			m := heading.FindStringSubmatch(line)
			if m == nil || (m[1] == "Unreleased") != (m[2] == "") {
				t.Errorf("%q is not a version in brackets and its date, nor [Unreleased]", line)
				continue
			}
			sections, dates = append(sections, m[1]), append(dates, m[2])
		case strings.HasPrefix(line, "### ") && !slices.Contains(kinds, line[len("### "):]):
			t.Errorf("%q is none of %q", line, kinds)
		}
	}
	if len(sections) == 0 || sections[0] != "Unreleased" || strings.Count(text, "\n## [Unreleased]\n") != 1 {
		t.Fatalf("the sections are %q: the first, and it alone, is [Unreleased]", sections)
	}
	for i, version := range sections {
		if !regexp.MustCompile(`(?m)^\[` + regexp.QuoteMeta(version) + `\]: https://github\.com/seed-55355b43/terraform-provider-oauth/(compare|releases|commits)/`).MatchString(text) {
			t.Errorf("[%s] has no link at the end", version)
		}
		if i > 1 && (!newer(t, sections[i-1], version) || dates[i-1] < dates[i]) {
			t.Errorf("%s (%s) stands before %s (%s)", sections[i-1], dates[i-1], version, dates[i])
		}
	}
}

// newer tells whether version a comes after b; of a release and its candidates the release does.
func newer(t *testing.T, a, b string) bool {
	t.Helper()
	number := regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)(-.+)?$`)
	x, y := number.FindStringSubmatch(a), number.FindStringSubmatch(b)
	if x == nil || y == nil {
		t.Errorf("%q or %q is no version", a, b)
		return true
	}
	for i := 1; i <= 3; i++ {
		if x[i] != y[i] {
			return len(x[i]) > len(y[i]) || len(x[i]) == len(y[i]) && x[i] > y[i]
		}
	}
	return x[4] == "" && y[4] != "" || y[4] != "" && x[4] > y[4]
}

func TestNewer(t *testing.T) {
	t.Parallel()
	ordered := []string{"10.0.0", "2.0.0", "1.10.0", "1.9.9", "1.0.0", "1.0.0-rc.2", "1.0.0-rc.1", "0.9.0"}
	for i := 1; i < len(ordered); i++ {
		if !newer(t, ordered[i-1], ordered[i]) || newer(t, ordered[i], ordered[i-1]) || newer(t, ordered[i], ordered[i]) {
			t.Errorf("%s and %s", ordered[i-1], ordered[i])
		}
	}
}

// TestWorkflows: what others wrote is named by its commit, and nothing may write but what says so.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(root + ".github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%q, %v", files, err)
	}
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$`)
	for _, file := range files {
		name := strings.TrimPrefix(filepath.ToSlash(file), root)
		text := read(t, name)
		for line := range strings.Lines(text) {
			_, used, ok := strings.Cut(strings.TrimSpace(line), "uses: ")
			if ok && !strings.HasPrefix(used, "./") && !pinned.MatchString(used) {
				t.Errorf("%s: %s is not pinned by a commit, with its version behind it", name, used)
			}
		}
		var w struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Permissions map[string]string
				Environment string
			}
		}
		parse(t, name, &w)
		if w.Permissions == nil || len(w.Permissions) > 1 || w.Permissions["contents"] != "" && w.Permissions["contents"] != "read" {
			t.Errorf("%s: jobs may %v unless they say otherwise", name, w.Permissions)
		}
		for job, j := range w.Jobs {
			for what, may := range j.Permissions {
				if may == "write" && j.Environment != "release" {
					t.Errorf("%s: the job %s may write %s outside of the environment that is protected", name, job, what)
				}
			}
		}
	}
}

// TestPublishedLast: whoever looks for a release finds all of it. Registries read it when it is published; before that it is attested, and
// a run that broke off can be repeated. A candidate is not what "latest" means.
func TestPublishedLast(t *testing.T) {
	t.Parallel()
	var g goreleaser
	parse(t, ".goreleaser.yml", &g)
	if r := g.Release; !r.Draft || !r.Replace || r.Prerelease != "auto" {
		t.Errorf("goreleaser publishes by itself, or a candidate as the latest: %+v", r)
	}
	var w struct {
		Jobs map[string]struct {
			Needs string
			Steps []struct{ Uses, Run string }
		}
	}
	parse(t, ".github/workflows/release.yml", &w)
	if w.Jobs["release"].Needs != "check" {
		t.Error("a release does not wait for its checks")
	}
	var order []string
	for _, step := range w.Jobs["release"].Steps {
		for _, what := range []string{"make release", "actions/attest-build-provenance@", "gh release edit"} {
			if strings.HasPrefix(step.Uses+step.Run, what) {
				order = append(order, what)
			}
		}
	}
	if len(w.Jobs["release"].Steps) == 0 || !slices.Equal(order, []string{"make release", "actions/attest-build-provenance@", "gh release edit"}) {
		t.Errorf("the steps are %q", order)
	}
}

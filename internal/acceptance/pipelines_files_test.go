//go:build unix

package acceptance_test

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	pipelineConfig = "pipelines/terraform"
	pipelineGitHub = "pipelines/github-actions.yml"
	pipelineGitLab = "pipelines/gitlab-ci.yml"
)

// ciJob is what a pipeline runs in a fresh checkout: a script, by the shell that the service starts, with these variables. A value
// that begins with $ names a secret.
type ciJob struct {
	shell  []string
	script string
	env    map[string]string
}

// githubWorkflow is a file of GitHub Actions, as far as the tests look at it. What it may hold besides, actionlint checks.
type githubWorkflow struct {
	On          map[string]any
	Permissions map[string]string
	Env         map[string]string
	Jobs        map[string]struct {
		If          string
		Needs       string
		Permissions map[string]string
		Environment string
		Timeout     int `yaml:"timeout-minutes"`
		Concurrency struct {
			Group  string
			Cancel bool `yaml:"cancel-in-progress"`
		}
		Steps []struct {
			Uses string
			With map[string]any
			Env  map[string]string
			Run  string
		}
	}
}

var githubSecret = regexp.MustCompile(`^\$\{\{ secrets\.([A-Z_]+) \}\}$`)

// githubJobs are the jobs of a workflow by name. What a step has as its environment counts for the whole job here.
func githubJobs(t *testing.T, text string) (githubWorkflow, map[string]ciJob) {
	t.Helper()
	var w githubWorkflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	jobs := map[string]ciJob{}
	for name, j := range w.Jobs {
		job := ciJob{shell: []string{"bash", "-e", "-c"}, env: map[string]string{}}
		maps.Copy(job.env, w.Env)
		for _, step := range j.Steps {
			if step.Run == "" {
				continue
			}
			job.script += step.Run + "\n"
			for variable, value := range step.Env {
				secret := githubSecret.FindStringSubmatch(value)
				if secret == nil {
					t.Fatalf("%s: %s is %q, want a secret", name, variable, value)
				}
				job.env[variable] = "$" + secret[1]
			}
		}
		jobs[name] = job
	}
	return w, jobs
}

// What GitLab's reference of .gitlab-ci.yml lists: keywords of the file, of default and of a job, and of rules there and in workflow.
var (
	gitlabGlobal  = strings.Fields("default include stages variables workflow")
	gitlabDefault = strings.Fields("after_script artifacts before_script cache hooks id_tokens image interruptible retry services tags timeout")
	gitlabJob     = append(strings.Fields(`allow_failure coverage dast_configuration dependencies environment extends identity inherit manual_confirmation
		needs pages parallel release resource_group rules run script secrets stage start_in trigger variables when`), gitlabDefault...)
	gitlabRule         = strings.Fields("if changes exists allow_failure needs variables interruptible when")
	gitlabWorkflowRule = strings.Fields("if changes exists variables auto_cancel when")
	gitlabWhen         = strings.Fields("on_success on_failure never always manual delayed")
)

type gitlabFile struct {
	Workflow struct{ Rules []map[string]any }
	Stages   []string
	Default  map[string]any
}

// gitlabJobs are the jobs of a file of GitLab CI by name. Errors are what GitLab would refuse it for.
func gitlabJobs(text string) (map[string]ciJob, []string) {
	var whole map[string]yaml.Node
	var file gitlabFile
	var variables struct{ Variables map[string]string }
	for _, into := range []any{&whole, &file, &variables} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			return nil, []string{err.Error()}
		}
	}
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	rules := func(at string, all []map[string]any, may []string) {
		for _, rule := range all {
			for key, value := range rule {
				if !slices.Contains(may, key) {
					say("%s: rules have no %s", at, key)
				}
				if text, _ := value.(string); key == "when" && !slices.Contains(gitlabWhen, text) {
					say("%s: when: %v", at, value)
				}
			}
		}
	}
	if file.Stages == nil {
		file.Stages = []string{"build", "test", "deploy"}
	}
	file.Stages = append(file.Stages, ".pre", ".post")
	rules("workflow", file.Workflow.Rules, gitlabWorkflowRule)
	for key := range file.Default {
		if !slices.Contains(gitlabDefault, key) {
			say("default has no %s", key)
		}
	}
	jobs := map[string]ciJob{}
	for name, node := range whole {
		if slices.Contains(gitlabGlobal, name) {
			continue
		}
		var keys map[string]any
		var job struct {
			Stage     string
			Script    []string
			Rules     []map[string]any
			Needs     []string
			Variables map[string]string
		}
		for _, into := range []any{&keys, &job} {
			if err := node.Decode(into); err != nil {
				say("%s: %v", name, err)
			}
		}
		for key := range keys {
			if !slices.Contains(gitlabJob, key) {
				say("%s: a job has no %s", name, key)
			}
		}
		if stage := cmp.Or(job.Stage, "test"); !slices.Contains(file.Stages, stage) {
			say("%s: there is no stage %s", name, stage)
		}
		if len(job.Script) == 0 {
			say("%s: no script", name)
		}
		for _, needed := range job.Needs {
			if _, ok := whole[needed]; !ok {
				say("%s: needs %s, which is no job", name, needed)
			}
		}
		rules(name, job.Rules, gitlabRule)
		env := map[string]string{}
		maps.Copy(env, variables.Variables)
		maps.Copy(env, job.Variables)
		jobs[name] = ciJob{shell: []string{"sh", "-e", "-c"}, script: strings.Join(job.Script, "\n"), env: env}
	}
	slices.Sort(wrong)
	return jobs, wrong
}

// What a file for GitLab is refused for.
func TestGitLabFilesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: {script: [x], stage: s}\nstages: [s]":                     "[]",
		"a: {script: [x], stage: s}":                                  "[a: there is no stage s]",
		"a: {stage: s, on: [x]}\nstages: [s]":                         "[a: a job has no on a: no script]",
		"a: {script: [x], stage: s, needs: [b]}\nstages: [s]":         "[a: needs b, which is no job]",
		"a: {script: [x], stage: s, rules: [{when: x}]}\nstages: [s]": "[a: when: x]",
		"workflow: {rules: [{needs: x}]}\ndefault: {stage: x}":        "[default has no stage workflow: rules have no needs]",
	} {
		if _, wrong := gitlabJobs(text); fmt.Sprint(wrong) != want {
			t.Errorf("%s: %q, want %s", text, wrong, want)
		}
	}
	for _, file := range []string{pipelineGitLab, laptopPipeline + "/gitlab-ci.yml"} {
		if _, wrong := gitlabJobs(readFile(t, filepath.Join(exampleDir, filepath.FromSlash(file)))); wrong != nil {
			t.Errorf("%s: %q", file, wrong)
		}
	}
}

// Workflows on pages are as careful as those of this repository: actions are pinned, to the very commits that run here, a job has
// no rights but to read, no credential is left in the checkout, and nothing is cut off in the middle.
func TestGitHubFilesAreCareful(t *testing.T) {
	t.Parallel()
	var ours strings.Builder
	found, err := filepath.Glob(filepath.Join("..", "..", ".github", "workflows", "*.yml"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%q, %v", found, err)
	}
	for _, path := range found {
		ours.WriteString(readFile(t, path))
	}
	for _, name := range []string{pipelineGitHub, laptopPipeline + "/github-actions.yml"} {
		text := readFile(t, filepath.Join(exampleDir, filepath.FromSlash(name)))
		for _, line := range regexp.MustCompile(`uses: .*`).FindAllString(text, -1) {
			if !regexp.MustCompile(`^uses: [\w/-]+@[0-9a-f]{40} # v[0-9.]+$`).MatchString(line) || !strings.Contains(ours.String(), line+"\n") {
				t.Errorf("%s has %q, which no workflow here uses", name, line)
			}
		}
		w, _ := githubJobs(t, text)
		for id, job := range w.Jobs {
			rights := job.Permissions
			if rights == nil {
				rights = w.Permissions
			}
			if fmt.Sprint(rights) != "map[contents:read]" || job.Timeout == 0 || job.Concurrency.Cancel {
				t.Errorf("%s, %s: permissions %v, %d minutes, cancelled %t", name, id, rights, job.Timeout, job.Concurrency.Cancel)
			}
			if keeps := job.Steps[0].With["persist-credentials"]; keeps != false {
				t.Errorf("%s, %s: the checkout keeps credentials: %v", name, id, keeps)
			}
		}
	}
}

// Who proposes something from a fork, and a bot that raises pins, get no secrets: there is nothing that their job could plan.
func TestPlansAreForThoseWithSecrets(t *testing.T) {
	t.Parallel()
	w, _ := githubJobs(t, readFile(t, filepath.Join(exampleDir, filepath.FromSlash(pipelineGitHub))))
	for _, want := range []string{
		"github.event_name == 'pull_request'", "github.event.pull_request.head.repo.full_name == github.repository", "github.actor != 'dependabot[bot]'",
	} {
		if !slices.Contains(strings.Split(w.Jobs["plan"].If, " && "), want) {
			t.Errorf("GitHub plans if %q, want %q among it", w.Jobs["plan"].If, want)
		}
	}
	var file struct {
		Plan struct{ Rules []struct{ If string } }
	}
	if err := yaml.Unmarshal([]byte(readFile(t, filepath.Join(exampleDir, filepath.FromSlash(pipelineGitLab)))), &file); err != nil {
		t.Fatal(err)
	}
	want := `$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID`
	if len(file.Plan.Rules) != 1 || file.Plan.Rules[0].If != want {
		t.Errorf("GitLab plans if %q, want %q", file.Plan.Rules, want)
	}
}

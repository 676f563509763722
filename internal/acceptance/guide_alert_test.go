//go:build unix

package acceptance_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	alertChecks  = "guides/alert-before-a-credential-dies/checks"
	alertMonitor = "guides/alert-before-a-credential-dies/monitor"
)

// guideScreens are the screens that a guide of this name quotes.
func guideScreens(t *testing.T, name string) []string {
	t.Helper()
	return fenced(readFile(t, filepath.Join("..", "..", "templates", "guides", name+".md.tmpl")), "text")
}

// failedChecks are the checks of a saved plan that do not pass, as the guide's jq finds them.
func (w *workspace) failedChecks(plan string) (failed []string) {
	w.t.Helper()
	var shown struct {
		Checks []struct {
			Address struct {
				ToDisplay string `json:"to_display"`
			}
			Status    string
			Instances []struct{ Problems []struct{ Message string } }
		}
	}
	if err := json.Unmarshal([]byte(w.ok("show", "-json", plan).stdout), &shown); err != nil {
		w.t.Fatal(err)
	}
	for _, check := range shown.Checks {
		if check.Status == "pass" {
			continue
		}
		for _, instance := range check.Instances {
			for _, problem := range instance.Problems {
				failed = append(failed, check.Address.ToDisplay+": "+problem.Message)
			}
		}
	}
	return failed
}

// A check warns and stops nothing; a monitor of its own fails, tells of every credential in the store, and sends nothing.
func TestAlertGuide(t *testing.T) {
	t.Parallel()
	s := newExampleServer(t)
	w := newGuide(t, s, nil, alertChecks)
	w.apply().mustSay(t, "Check block assertion failed", "crm is authorization_required: sales-it@example.com has to authorize it.")
	w.env["TF_VAR_callback_url"] = s.consent(w.string("oauth_token_pair.crm", "authorization_url"))
	w.apply()
	w.plan("-detailed-exitcode").mustNotSay(t, "Check block assertion failed")
	monitor := newGuide(t, s, nil, alertMonitor).shares(w)
	monitor.plan("-detailed-exitcode").mustSay(t, "No changes.")
	w.checked(0, "crm", "active")

	// Fifty days are left of what was a year.
	w.edit("main.tf", `absolute_lifetime = "8760h"`, `absolute_lifetime = "1200h"`)
	w.apply()
	screen := w.plan("-detailed-exitcode", "-out=plan.bin") // exit code 0
	screen.mustSay(t, "No changes.")
	failed := w.failedChecks("plan.bin")
	if want := "check.crm_credential: The authorization of crm ends within 60 days: sales-it@example.com has to authorize it again."; len(failed) != 1 || failed[0] != want {
		t.Errorf("the plan's JSON has the failed checks %q", failed)
	}
	ends := monitor.fails([]string{"Resource postcondition failed", "Dying unused: crm (at 20"}, "plan", "-no-color", "-input=false", "-var=unused_days=31")
	ends.mustSay(t, "To be authorized again: crm (by 20")
	if ends.code != 1 {
		t.Errorf("exit code %d, want 1", ends.code)
	}
	w.checked(4, "soon")
	s.expectCalls(calls{exchanges: 1})

	// That the server has revoked it, the first run finds that needs a token. The monitor has it from there.
	s.revoke()
	s.later(time.Hour, w)
	monitor.shares(w)
	monitor.plan("-var=person_days=1")
	s.expectCalls(calls{exchanges: 1})
	w.plan().mustSay(t, "Authorization Required", "crm is authorization_required")
	s.expectCalls(calls{exchanges: 1, tokenRequests: 2})
	told := monitor.fails([]string{"Not active: crm (authorization_required)."}, "plan", "-no-color", "-input=false", "-var=person_days=1")
	now := w.checked(3, "authorization_required", "now")
	s.expectCalls(calls{exchanges: 1, tokenRequests: 2})
	seen := strings.Join([]string{screen.text(), ends.text(), told.text(), strings.ReplaceAll(now, s.base[len("http://"):], "login.example.com")}, " ")
	seen = regexp.MustCompile(`\d+m +-`).ReplaceAllString(seen, "9m -") // on a slow machine
	mustPrint(t, regexp.MustCompile(`\((by|at) 20[^)]*\)`).ReplaceAllStringFunc(strings.Join(strings.Fields(seen), " "), atGuidesTime), guideScreens(t, "alert-before-a-credential-dies"))
}

// checked runs what the guide has for a monitor without Terraform.
func (w *workspace) checked(code int, says ...string) string {
	w.t.Helper()
	got, text := w.command("status", "--check", "--warn-within", "60d")
	if got != code {
		w.t.Errorf("exit code %d, want %d:\n%s", got, code, text)
	}
	for _, want := range says {
		if !strings.Contains(text, want) {
			w.t.Errorf("status does not say %q:\n%s", want, text)
		}
	}
	return text
}

// atGuidesTime is a deadline as the guide has it.
func atGuidesTime(deadline string) string {
	if strings.HasPrefix(deadline, "(by") {
		return "(by 2027-01-15T15:56:24Z)"
	}
	return "(at 2026-12-26T15:56:24Z)"
}

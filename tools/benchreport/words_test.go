package main

import (
	"os"
	"strings"
	"testing"
)

// TestWordsFitWhatWasMeasured holds what is said below the tables of the alternatives to the figures in them. Words that a new run
// contradicts are to be changed, here and in words.go.
func TestWordsFitWhatWasMeasured(t *testing.T) {
	text, err := os.ReadFile("measured.txt")
	if err != nil {
		t.Fatal(err)
	}
	r, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claims() {
		if !strings.Contains(unbroken(c.told), c.words) {
			t.Errorf("nobody says %q", c.words)
		}
		if !c.fits(r) {
			t.Errorf("%q is not what was measured", c.words)
		}
	}
}

// TestClaimsAreRefuted shows a run that contradicts every claim.
func TestClaimsAreRefuted(t *testing.T) {
	r := run{results: map[string]map[string]float64{}}
	for _, kind := range []string{"strict", "grace"} {
		for _, w := range ways {
			r.results["Alternatives/"+kind+"/"+w.bench] = map[string]float64{"people-disk_full": 1}
		}
		r.results["Alternatives/"+kind+"/oauth_token_pair"] = map[string]float64{"people": 5, "people-request_lost": 1, "people-disk_full": 1}
	}
	r.results["Alternatives/strict/refresh_in_read"]["people"] = 9
	for _, c := range claims() {
		if c.fits(r) {
			t.Errorf("%q cannot be refuted", c.words)
		}
	}
}

type claim struct {
	told, words string
	fits        func(r run) bool
}

func claims() []claim {
	return []claim{
		{peopleAfter, "a lost reply costs a login, whoever asked", all("strict", "people-reply_lost")},
		{peopleAfter, "so does a process that is killed before it has read the reply", all("strict", "people-kill_9")},
		{peopleAfter, "Where only the request was lost, this provider finds out", func(r run) bool {
			return r.people("strict", "oauth_token_pair", "people-request_lost") == 0
		}},
		{peopleAfter, "until then its runs fail", func(r run) bool { return r.people("strict", "oauth_token_pair", "failed-runs") > 0 }},
		{peopleAfter, "A careful script on one machine that stays comes closest", func(r run) bool {
			careful := r.people("strict", "script_careful", "people")
			for _, w := range ways[2:] {
				if r.people("strict", w.bench, "people") <= careful {
					return false
				}
			}
			return careful > r.people("strict", "oauth_token_pair", "people")
		}},
		{peopleAfter, "the proof that the disk can be written *before* the token is spent", lacked("people-disk_full")},
		{peopleAfter, "the tokens of a reply that was cut off behind them", lacked("people-reply_cut")},
		{peopleAfter, "The full disk is no matter to refresh in Read", func(r run) bool {
			return r.people("strict", "refresh_in_read", "people-disk_full") == 0
		}},
		{graceAfter, "a careful script on a machine that stays needs a person as seldom as this provider", func(r run) bool {
			return r.people("grace", "script_careful", "people") == r.people("grace", "oauth_token_pair", "people")
		}},
		{graceAfter, "the naive one loses only what a full disk takes", func(r run) bool {
			people := r.people("grace", "script_naive", "people")
			return people > 0 && people == r.people("grace", "script_naive", "people-disk_full")
		}},
		{graceAfter, "Refresh in Read hardly profits", func(r run) bool {
			return r.people("grace", "refresh_in_read", "people") >= 0.8*r.people("strict", "refresh_in_read", "people")
		}},
	}
}

func (r run) people(kind, way, unit string) float64 {
	return r.results["Alternatives/"+kind+"/"+way][unit]
}

// all is whether every way needed a person at a step.
func all(kind, step string) func(r run) bool {
	return func(r run) bool {
		for _, w := range ways {
			if r.people(kind, w.bench, step) == 0 {
				return false
			}
		}
		return true
	}
}

// lacked is whether the careful script needed a person at a step, and this provider did not.
func lacked(step string) func(r run) bool {
	return func(r run) bool {
		return r.people("strict", "script_careful", step) > 0 && r.people("strict", "oauth_token_pair", step) == 0
	}
}

func unbroken(text string) string { return strings.Join(strings.Fields(text), " ") }

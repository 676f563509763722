//go:build !windows

package wiring

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDefaultDir(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env         map[string]string
		want, wrong string
	}{
		{env: map[string]string{"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, want: "/state/terraform-provider-oauth"},
		{env: map[string]string{"HOME": "/home/me"}, want: "/home/me/.local/state/terraform-provider-oauth"},
		// The XDG specification: a relative path is invalid and to be ignored.
		{env: map[string]string{"XDG_STATE_HOME": "state", "HOME": "/home/me"}, want: "/home/me/.local/state/terraform-provider-oauth"},
		{env: map[string]string{"XDG_STATE_HOME": "", "HOME": "/home/me"}, want: "/home/me/.local/state/terraform-provider-oauth"},
		{env: map[string]string{"HOME": "me"}, wrong: "neither XDG_STATE_HOME nor HOME is set"},
		{env: nil, wrong: "neither XDG_STATE_HOME nor HOME is set"},
	} {
		got, err := defaultDir(func(name string) string { return c.env[name] })
		if got != c.want || (err == nil) != (c.wrong == "") || err != nil && err.Error() != c.wrong {
			t.Errorf("%v: got %q, %v; want %q, %q", c.env, got, err, c.want, c.wrong)
		}
	}
}

func TestRescueDirs(t *testing.T) {
	t.Setenv("TMPDIR", "/tmp/of/this/user")
	env := map[string]string{"HOME": "/home/me"}
	getenv := func(name string) string { return env[name] }
	got := rescueDirs(getenv, 1000)
	want := []string{"/home/me/.local/state/terraform-provider-oauth/rescue", "/tmp/of/this/user/terraform-provider-oauth-1000/rescue"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Without a home there is still the temporary folder, and another user gets another folder in it.
	delete(env, "HOME")
	got = rescueDirs(getenv, 1001)
	if want := []string{"/tmp/of/this/user/terraform-provider-oauth-1001/rescue"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSystemIsComplete(t *testing.T) {
	t.Parallel()
	d := System(nil, nil)
	if d.Clock == nil || d.Random == nil || d.Getenv == nil || d.Section == nil || d.Hostname == "" || d.Timings.ClaimTTL().Seconds() != 120 {
		t.Errorf("something is missing: %+v", d)
	}
	for _, dir := range d.RescueDirs() {
		if !filepath.IsAbs(dir) || !strings.Contains(dir, "terraform-provider-oauth") {
			t.Errorf("rescue folder %q", dir)
		}
	}
}

package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// profile is how one platform behaves, as far as it is known: a row of the table of profiles, with the source beside each
// fact. What no source tells is chosen as the standard has it, or is a variant.
type profile struct {
	name     string
	settings Settings
	manners  manners
	variants []variant
}

// variant is another reading of a profile: sources contradict each other, or the operator of an app chooses.
type variant struct {
	name   string
	change func(*profile)
}

// profiles makes the table anew, so that a variant changes its own copy only.
func profiles() []profile {
	return []profile{
		exactOnline(), twinfield(), vismaConnect(), salesforce(), teamleader(), atlassian(), microsoft(),
		slack(), zoho(), quickBooks(), shopify(), xero(), gitHubApp(), hubSpot(),
	}
}

// Profiles returns the names of the platforms that a Server can behave like.
func Profiles() []string {
	var names []string
	for _, p := range profiles() {
		names = append(names, p.name)
	}
	return names
}

// Variants returns the names of the variants of a profile, each of the form "profile:variant".
func Variants(name string) []string {
	var names []string
	for _, p := range profiles() {
		for _, v := range p.variants {
			if p.name == name {
				names = append(names, p.name+":"+v.name)
			}
		}
	}
	return names
}

// ProfileSettings returns the settings that a Server of that profile, or variant of one, begins with. The empty name
// stands for none, and for DefaultSettings.
func ProfileSettings(name string) (Settings, error) {
	p, err := findProfile(name)
	return p.settings, err
}

func findProfile(name string) (profile, error) {
	if name == "" {
		return profile{settings: DefaultSettings()}, nil
	}
	base, wanted, varied := strings.Cut(name, ":")
	all := profiles()
	i := slices.IndexFunc(all, func(p profile) bool { return p.name == base })
	if i < 0 {
		return profile{}, fmt.Errorf("unknown profile %q; there are %s", name, strings.Join(Profiles(), ", "))
	}
	p := all[i]
	if !varied {
		return p, nil
	}
	i = slices.IndexFunc(p.variants, func(v variant) bool { return v.name == wanted })
	if i < 0 {
		return profile{}, fmt.Errorf("unknown profile %q; of %s there are %s", name, base, strings.Join(Variants(base), ", "))
	}
	p.variants[i].change(&p)
	return p, nil
}

// settings returns DefaultSettings as a row of the table changes them. It takes back what stands for no platform.
func settings(change func(*Settings)) Settings {
	s := DefaultSettings()
	s.OnReuse, s.GracePeriod = ReuseReject, 0
	change(&s)
	return s
}

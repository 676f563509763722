package oauth

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// pickSteps are the steps of a path behind its $: .name, [0] and ['any name'].
var pickSteps = regexp.MustCompile(`^(?:\.([A-Za-z0-9_-]+)|\[([0-9]{1,4})\]|\['([^'\]]+)'\])`)

// CheckPick tells what is wrong with a path for Pick.
func CheckPick(path string) error {
	_, err := splitPick(path)
	return err
}

// pickStep is a member's name, or an index if name is empty.
type pickStep struct {
	name  string
	index int
}

func splitPick(path string) ([]pickStep, error) {
	rest, ok := strings.CutPrefix(path, "$")
	var steps []pickStep
	for ok && rest != "" {
		found := pickSteps.FindStringSubmatch(rest)
		if ok = found != nil; ok {
			index, _ := strconv.Atoi(found[2]) // digits, or nothing
			steps = append(steps, pickStep{found[1] + found[3], index})
			rest = rest[len(found[0]):]
		}
	}
	if !ok {
		return nil, errors.New("a path begins with $, and goes on with .name, [0] or ['any name']")
	}
	return steps, nil
}

// Pick returns a text or a number out of a JSON body. Its errors never quote the body.
func Pick(body secret.String, path string) (string, error) {
	steps, err := splitPick(path)
	if err != nil {
		return "", err
	}
	d := json.NewDecoder(strings.NewReader(body.Reveal()))
	d.UseNumber()
	var at any
	if d.Decode(&at) != nil {
		return "", errors.New("the answer is not JSON")
	}
	for _, s := range steps {
		object, isObject := at.(map[string]any)
		list, isList := at.([]any)
		switch {
		case s.name != "" && isObject && object[s.name] != nil:
			at = object[s.name]
		case s.name == "" && isList && s.index < len(list):
			at = list[s.index]
		default:
			return "", errors.New("the answer has nothing at " + path)
		}
	}
	switch v := at.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", errors.New("the answer has neither text nor number at " + path)
}

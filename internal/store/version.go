package store

import (
	"errors"
	"fmt"
	"regexp"
)

// ErrNewerVersion says that a newer version of the provider wrote what lies under the key, in a format that this one does not know. It is
// intact, and neither served nor written over.
var ErrNewerVersion = errors.New("a newer version of the provider wrote it")

var releasePattern = regexp.MustCompile(`^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}(-[0-9A-Za-z.]{1,32})?$`)

// Newer is that error for a format that was found where this version knows formats up to known. readableBy is the first release that
// reads it, which each format from 2 on says at a place that never changes; anything else is nobody's word.
func Newer(found, known, readableBy string) error {
	needed := "a newer version is needed"
	if releasePattern.MatchString(readableBy) {
		needed = "version " + readableBy + " or later is needed"
	}
	return fmt.Errorf("%w: it has format %s, this version reads up to format %s, and %s", ErrNewerVersion, found, known, needed)
}

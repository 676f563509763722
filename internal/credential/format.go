package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// recordFormat is the version this build writes. Older ones are read for ever; a newer one is refused without harm.
//
// A version of the provider may add members to a format as long as one that does not know them does no harm by keeping them as they
// are, or by dropping them with the object that they stand in (see Rest). Everything else is a new format.
const recordFormat = 1

// ErrNewerRecord says that a newer version of the provider wrote the record.
var ErrNewerRecord = store.ErrNewerVersion

// wireFormat is what every format has, of this version and of all that come: it is how a version knows that it cannot read the
// rest, and can say who can.
type wireFormat struct {
	Format     int    `json:"format"`
	Kind       string `json:"kind"`
	ReadableBy string `json:"readable_by"` // from format 2 on: the first version of the provider that reads it
}

// formatOf reads that alone.
func formatOf(text []byte) (f wireFormat, err error) {
	if err := json.Unmarshal(text, &f); err != nil {
		return f, errors.New("the record is not valid JSON of its format")
	}
	return f, nil
}

// check refuses a record that this version must not touch.
func (f wireFormat) check(kinds []string) error {
	switch {
	case f.Format > recordFormat:
		return store.Newer(strconv.Itoa(f.Format), strconv.Itoa(recordFormat), f.ReadableBy)
	case f.Format < 1:
		return errors.New("the record has no format version")
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("the record is not of kind %s", strings.Join(kinds, " or "))
	}
	return nil
}

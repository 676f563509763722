package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// ErrMalformed says that a file is not one that this package wrote. The file is neither served nor written over.
var ErrMalformed = store.ErrMalformed

// A file is one header line and the value:
//
//	terraform-provider-oauth store v1 <revision: 32 hex digits>\n<value>
//
// In all versions to come it begins likewise, and from v2 on the first release that reads it follows the version.
const (
	formatName   = "terraform-provider-oauth store v"
	headerStart  = formatName + "1 "
	idLength     = 32
	headerLength = len(headerStart) + idLength + 1
)

var newerPattern = regexp.MustCompile(`^` + formatName + `([2-9]|[1-9][0-9]{1,8})(?: ([^ \n]{1,64}))?[ \n]`)

func encode(revision store.Revision, value []byte) []byte {
	content := make([]byte, 0, headerLength+len(value))
	content = append(content, headerStart...)
	content = append(content, revision...)
	content = append(content, '\n')
	return append(content, value...)
}

// decode undoes encode and takes nothing else. The value is a part of content.
func decode(content []byte) (store.Entry, error) {
	if len(content) == 0 {
		return store.Entry{}, fmt.Errorf("%w: it is empty", ErrMalformed)
	}
	rest, ok := bytes.CutPrefix(content, []byte(headerStart))
	if !ok {
		if version := newerPattern.FindSubmatch(content); version != nil {
			return store.Entry{}, store.Newer(string(version[1]), "1", string(version[2]))
		}
	}
	if !ok || len(content) < headerLength || rest[idLength] != '\n' || !isID(string(rest[:idLength])) {
		return store.Entry{}, fmt.Errorf("%w: it does not begin with a header", ErrMalformed)
	}
	return store.Entry{
		Value:    rest[idLength+1:],
		Revision: store.Revision(rest[:idLength]),
		Age:      -1,
	}, nil
}

// readEntry reads the file of a value. If there is none, the error is fs.ErrNotExist. Every error names the file.
func readEntry(path string) (store.Entry, error) {
	f, err := openRead(path)
	if err != nil {
		return store.Entry{}, err
	}
	e, err := readOpen(f, path)
	return e, errors.Join(err, f.Close())
}

func readOpen(f *os.File, path string) (store.Entry, error) {
	info, err := f.Stat()
	if err != nil {
		return store.Entry{}, err
	}
	if err := checkFile(path, info); err != nil {
		return store.Entry{}, err
	}
	content, err := io.ReadAll(io.LimitReader(f, int64(headerLength+MaxValue+1)))
	if err != nil {
		return store.Entry{}, err
	}
	if len(content) > headerLength+MaxValue {
		return store.Entry{}, fmt.Errorf("%s: %w: it is larger than a value may be", path, ErrMalformed)
	}
	e, err := decode(content)
	if err != nil {
		return store.Entry{}, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// isID tells whether text is what id makes.
func isID(text string) bool {
	return len(text) == idLength && strings.Trim(text, "0123456789abcdef") == ""
}

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/seal"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/wiring"
)

// tokenStore is an open token store.
type tokenStore struct {
	*seal.Store
	needsKey bool
	inner    store.Store
	manager  *credential.Manager
}

// openStore opens the store of a URL under an engine. It reads and writes nothing yet. Its errors do not quote the URL, which
// may hold a password.
func (d Deps) openStore(url string, keys seal.Keyring, engine credential.Options) (*tokenStore, error) {
	inner, kind, err := d.OpenStore(url)
	if err != nil {
		return nil, err
	}
	s := &tokenStore{needsKey: kind.NeedsKey, inner: inner}
	s.Store, engine = d.Over(engine, inner, kind, keys)
	s.manager, err = credential.New(engine)
	return s, err
}

// needKey refuses a store that must be sealed where there is no key.
func (s *tokenStore) needKey(keys seal.Keyring) error {
	if s.needsKey && keys.IsZero() {
		return fmt.Errorf("what %s holds is sealed, and there is no key: set %s, or name a --key-file", s.Location(), wiring.KeyVariable)
	}
	return nil
}

// close ends its connections, where it has some.
func (s *tokenStore) close() {
	if c, ok := s.inner.(io.Closer); ok {
		_ = c.Close() // all that was written has been confirmed
	}
}

// exists tells whether the store was ever written to.
func (s *tokenStore) exists(ctx context.Context) (bool, error) {
	_, err := s.ID(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// holdsPassword tells whether a URL has a password in it, where a list of processes shows it.
func holdsPassword(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	address, query, _ := strings.Cut(rest, "?")
	if !strings.ContainsAny(address, "@/") && strings.Contains(query, "@") {
		address, query = rest, "" // a password with a question mark in it
	}
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		if _, password, _ := strings.Cut(address[:at], ":"); password != "" {
			return true
		}
	}
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if (name == "password" || name == "sslpassword") && value != "" {
			return true
		}
	}
	return false
}

// keys reads the keys of the stores: from the file if one is named, else from the environment. No key is no error here.
func (d Deps) keys(file string) (seal.Keyring, error) {
	text, where := d.Getenv(wiring.KeyVariable), wiring.KeyVariable
	if file != "" {
		where = "the key file"
		var err error
		if text, err = readKeyFile(file); err != nil {
			return seal.Keyring{}, err
		}
	} else if text == "" {
		return seal.Keyring{}, nil
	}
	keys, err := seal.ParseKeys(secret.New(text))
	if err != nil {
		return seal.Keyring{}, fmt.Errorf("%s cannot be used: %w", where, err)
	}
	return keys, nil
}

// maxKeyFile is far beyond what some dozens of keys need.
const maxKeyFile = 64 << 10

// readKeyFile returns what ParseKeys takes of a file as age-keygen writes it, with a key a line and comments behind #.
// One that others may read is refused, as ssh does.
func readKeyFile(path string) (string, error) {
	text, err := readPrivate("key file", path)
	if err != nil {
		return "", err
	}
	var keys []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			keys = append(keys, line)
		}
	}
	return strings.Join(keys, ","), nil
}

// readPrivate reads a file with secrets that nobody else may read. what is how errors call it.
func readPrivate(what, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err // without the path, which may be a secret that was given in the place of its file
		}
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	case !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeNamedPipe || info.Size() > maxKeyFile: // a pipe: <(pass show key)
		return "", fmt.Errorf("the %s %s is neither a file nor a pipe, or is longer than %d KiB", what, path, maxKeyFile>>10)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return "", fmt.Errorf("the %s %s can be read by others (mode %04o); chmod 600 it, and take the key for known if they did",
			what, path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	return string(text), nil
}

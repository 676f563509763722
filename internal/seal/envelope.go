package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"filippo.io/age"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

// MaxSize is the most bytes that a record may have as it is stored: a little more than its text.
const MaxSize = 4 << 20

// Errors of Open, wrapped. All are definite: there is a record, and it can not be used here.
var (
	// ErrNoKey says that the record is sealed for a key that the keyring does not have.
	ErrNoKey = errors.New("no key opens the record")
	// ErrWrongPlace says that the record was written under another name or for another store.
	ErrWrongPlace = errors.New("the record belongs somewhere else")
	// ErrMalformed says that the record was damaged, or is none.
	ErrMalformed = errors.New("the record is damaged")
	// ErrNewerVersion says that the record was written by a newer version of this program, and is to be left alone.
	ErrNewerVersion = store.ErrNewerVersion
)

// An envelope is a header line and a payload:
//
//	terraform-provider-oauth record v1 plain <SHA-256 of the payload>\n<text>
//	terraform-provider-oauth record v1 sealed <fingerprint>\n<age file of the text>
//
// The text again is a line and the record, so that the seal covers where the record belongs:
//
//	<key> <store id>\n<record>
//
// In all versions to come, the first line begins likewise, and from v2 on the first release that reads it follows the version.
// Each envelope has one spelling alone. The digest of a plain one is against damage, not against malice.
const (
	headerStart = "terraform-provider-oauth record v"
	version     = "1"
	modePlain   = "plain"
	modeSealed  = "sealed"
	maxHeader   = 128
)

// The expressions leave lengths to their users: one that counts is unrolled, at every start of the program.
var (
	versionPattern = regexp.MustCompile(`^[1-9][0-9]*$`)
	hexPattern     = regexp.MustCompile(`^[0-9a-f]+$`)
	visiblePattern = regexp.MustCompile(`^[!-~]+$`)
)

const (
	maxVersion   = 9  // digits
	digestLength = 64 // hex digits
	maxStoreID   = 64
)

type header struct {
	mode string
	tag  string // the digest or the fingerprint
}

func (h header) String() string { return headerStart + version + " " + h.mode + " " + h.tag + "\n" }

// parseHeader cuts the envelope in two.
func parseHeader(envelope []byte) (h header, payload []byte, err error) {
	if len(envelope) > MaxSize {
		return h, nil, fmt.Errorf("%w: it is larger than %d bytes", ErrMalformed, MaxSize)
	}
	line, _, ok := bytes.Cut(envelope[:min(len(envelope), maxHeader)], []byte("\n"))
	rest, isRecord := strings.CutPrefix(string(line), headerStart)
	if !isRecord {
		return h, nil, fmt.Errorf("%w: it does not begin with a header", ErrMalformed)
	}
	fields := strings.Split(rest, " ")
	if fields[0] != version {
		if len(fields[0]) <= maxVersion && versionPattern.MatchString(fields[0]) {
			return h, nil, store.Newer(fields[0], version, append(fields, "")[1])
		}
		return h, nil, fmt.Errorf("%w: its header has no version", ErrMalformed)
	}
	if !ok || len(fields) != 3 {
		return h, nil, fmt.Errorf("%w: its header does not have the three fields of v1", ErrMalformed)
	}
	h = header{mode: fields[1], tag: fields[2]}
	switch {
	case h.mode == modePlain && len(h.tag) == digestLength && hexPattern.MatchString(h.tag):
	case h.mode == modeSealed && len(h.tag) == fingerprintLength && hexPattern.MatchString(h.tag):
	default:
		return header{}, nil, fmt.Errorf("%w: the fields of its header are unknown", ErrMalformed)
	}
	return h, envelope[len(line)+1:], nil
}

// Seal returns the record plain as it is to be stored under name (kind/NAME) in the store with this id: sealed for the
// first key, or in plain text if there is none. Seal keeps nothing of plain. A record that comes out larger than MaxSize
// is an error.
func (k Keyring) Seal(name, storeID string, plain []byte) ([]byte, error) {
	label, err := label(name, storeID)
	if err != nil {
		return nil, err
	}
	if len(plain) > MaxSize {
		return nil, tooLarge(name)
	}
	text := append([]byte(label), plain...)
	var envelope []byte
	if k.IsZero() {
		envelope = append([]byte(header{modePlain, digest(text)}.String()), text...)
	} else if envelope, err = k.keys[0].seal(text); err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	if len(envelope) > MaxSize {
		return nil, tooLarge(name)
	}
	return envelope, nil
}

func tooLarge(name string) error {
	return fmt.Errorf("the record %s is larger than %d bytes as it would be stored", name, MaxSize)
}

func (k key) seal(text []byte) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(header{modeSealed, k.fingerprint}.String())
	w, err := age.Encrypt(&out, k.recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Open undoes Seal for the same name and store id. The error is ErrNoKey, ErrWrongPlace, ErrMalformed or ErrNewerVersion,
// and says nothing of the content.
func (k Keyring) Open(name, storeID string, sealed []byte) ([]byte, error) {
	label, err := label(name, storeID)
	if err != nil {
		return nil, err
	}
	text, err := k.text(sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	if plain, ok := bytes.CutPrefix(text, []byte(label)); ok {
		return bytes.Clone(plain), nil
	}
	return nil, fmt.Errorf("open %s: %w", name, misplaced(text, label))
}

// text returns the text of an envelope. A sealed one is tried with the key alone that its header names: with any other,
// a header that was tampered with would pass.
func (k Keyring) text(envelope []byte) ([]byte, error) {
	h, payload, err := parseHeader(envelope)
	if err != nil {
		return nil, err
	}
	if h.mode == modePlain {
		if k.sealedOnly {
			return nil, fmt.Errorf("%w: it is in plain text, and this store holds nothing but sealed records", ErrMalformed)
		}
		if digest(payload) != h.tag {
			return nil, fmt.Errorf("%w: its digest is another", ErrMalformed)
		}
		return payload, nil
	}
	key, ok := k.find(h.tag)
	if !ok {
		return nil, fmt.Errorf("%w: it is sealed for %s, at hand are %s", ErrNoKey, h.tag, k.atHand())
	}
	return key.open(payload)
}

func (k Keyring) atHand() string {
	if k.IsZero() {
		return "none"
	}
	return strings.Join(k.Fingerprints(), ", ")
}

// open leaves age's own errors out, because they quote what they could not read.
func (k key) open(payload []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(payload), k.identity)
	if err != nil {
		return nil, fmt.Errorf("%w: the key %s that it names does not open it", ErrMalformed, k.fingerprint)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: the sealed text is not whole", ErrMalformed)
	}
	return text, nil
}

// label is the line that says where a record belongs. Neither part can hold a space or a line feed.
func label(name, storeID string) (string, error) {
	if err := store.CheckKey(name); err != nil {
		return "", err
	}
	if len(storeID) > maxStoreID || !visiblePattern.MatchString(storeID) {
		return "", errors.New("the store id is not 1 to 64 printable characters without spaces")
	}
	return name + " " + storeID + "\n", nil
}

// misplaced tells where a text belongs that does not begin with want.
func misplaced(text []byte, want string) error {
	line, _, ok := bytes.Cut(text[:min(len(text), 2*maxHeader)], []byte("\n"))
	name, storeID, _ := strings.Cut(string(line), " ")
	if is, err := label(name, storeID); !ok || err != nil || is != string(line)+"\n" {
		return fmt.Errorf("%w: its text does not say where it belongs", ErrMalformed)
	}
	wantName, wantID, _ := strings.Cut(strings.TrimSuffix(want, "\n"), " ")
	return fmt.Errorf("%w: it is %s of the store %s, and was asked for as %s of the store %s",
		ErrWrongPlace, name, storeID, wantName, wantID)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

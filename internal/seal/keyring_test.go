package seal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// Keys made for these tests alone, and their fingerprints as sha256sum gives them for the public halves.
const (
	keyA  = "AGE-SECRET-KEY-1S6G0Q9F27JNGUUC9XZZ7QG855LKGZFY3LMUPRVQMWZ2GTGHNW5FQ60W6QM"
	keyB  = "AGE-SECRET-KEY-1GV5GW2SUJMYDPAESX4VNTZS8NNAF99MYTRZ6RR9CL9NSL27GZEAQVWKVFL"
	keyPQ = "AGE-SECRET-KEY-PQ-1DJ060T7DX4NRFV6WG6EEY2JSW8YA94D4CSK86YXNS9R2MP3CUQGSHC5W0D"

	publicA = "age1yst79mgrk52mvzug5qt2qmuju7pxym47qlq7ye38x3emxfkj9eas0ur9lv"

	printA  = "3dee8ce2e38afa45"
	printB  = "7042266edd7f9cd7"
	printPQ = "2ac1d8a1264e7143"
)

func keys(t *testing.T, text ...string) Keyring {
	t.Helper()
	ring, err := ParseKeys(secret.New(strings.Join(text, ",")))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		keyA:                                     {printA},
		keyPQ:                                    {printPQ},
		keyB + "," + keyA:                        {printB, printA},
		keyA + "," + keyPQ + "," + keyB:          {printA, printPQ, printB},
		keyA + "," + keyB + "," + keyA:           {printA, printB},
		" \n" + keyA + "\t,\r\n ," + keyB + ", ": {printA, printB},
	} {
		ring, err := ParseKeys(secret.New(text))
		if err != nil {
			t.Errorf("ParseKeys: %v", err)
			continue
		}
		if got := ring.Fingerprints(); !slices.Equal(got, want) || ring.IsZero() {
			t.Errorf("fingerprints %q, zero %t; want %q", got, ring.IsZero(), want)
		}
	}
}

func TestParseKeysRefuses(t *testing.T) {
	t.Parallel()
	typo := strings.Replace(keyA, "Q9F2", "Q9F3", 1)
	for text, want := range map[string]string{
		"":                       "there is no key",
		" , \n,":                 "there is no key",
		typo:                     "key 1 is not a valid age secret key: it is cut off or has a typing error",
		keyA[:40]:                "key 1 is not a valid age secret key: it is cut off or has a typing error",
		keyB + ",," + typo:       "key 2 is not a valid age secret key: it is cut off or has a typing error",
		keyPQ[:60]:               "key 1 is not a valid age secret key: it is cut off or has a typing error",
		keyA + " " + keyB:        "key 1 is not a valid age secret key: it is cut off or has a typing error",
		keyA + "," + publicA:     "key 2 is a public key; the secret one is needed, which begins with AGE-SECRET-KEY-",
		"hunter2," + keyA:        "key 1 does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
		strings.ToLower(keyA):    "key 1 does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
		"AGE-PLUGIN-YUBIKEY-1Q2": "key 1 does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
	} {
		ring, err := ParseKeys(secret.New(text))
		if err == nil || err.Error() != want {
			t.Errorf("ParseKeys gives the error %v, want %s", err, want)
		}
		if !ring.IsZero() {
			t.Errorf("ParseKeys gives keys beside the error %v", err)
		}
	}
}

func TestZeroKeyring(t *testing.T) {
	t.Parallel()
	var ring Keyring
	if !ring.IsZero() || len(ring.Fingerprints()) != 0 {
		t.Errorf("the zero keyring has the keys %q", ring.Fingerprints())
	}
}

// TestKeyringDoesNotPrint tries every way in which a Keyring may end in a log, also inside another struct, where fmt can
// not call its methods.
func TestKeyringDoesNotPrint(t *testing.T) {
	t.Parallel()
	ring := keys(t, keyA, keyPQ)
	inside := struct{ ring Keyring }{ring}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
		fmt.Fprintf(&out, verb+"\n", ring)
		fmt.Fprintf(&out, verb+"\n", &ring)
		fmt.Fprintf(&out, verb+"\n", inside)
		fmt.Fprintf(&out, verb+"\n", &inside)
		fmt.Fprintf(&out, verb+"\n", []Keyring{ring})
	}
	encoded, err := json.Marshal(map[string]any{"keys": ring})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "keys", ring, "inside", inside)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "keys", ring, "inside", inside)

	text := strings.ToUpper(out.String())
	for _, leak := range []string{"AGE-SECRET", keyA[16:30], keyPQ[19:33], fmt.Sprintf("%X", keyA[16:30])} {
		if strings.Contains(text, leak) {
			t.Errorf("a printed keyring shows %s", leak)
		}
	}
	if want := "keys[3dee8ce2e38afa45 2ac1d8a1264e7143]"; ring.String() != want {
		t.Errorf("String() = %s, want %s", ring, want)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(keyA + "," + keyPQ)
	f.Add(" , " + keyB[:20])
	f.Add(publicA)
	f.Fuzz(func(t *testing.T, text string) {
		ring, err := ParseKeys(secret.New(text))
		if (err == nil) == ring.IsZero() {
			t.Errorf("%d keys with the error %v", len(ring.Fingerprints()), err)
		}
		if err == nil {
			return
		}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); len(part) > 30 && strings.Contains(err.Error(), part) {
				t.Errorf("the error %q quotes the key", err)
			}
		}
	})
}

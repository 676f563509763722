package seal

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

const (
	testKey = "pair/exact"
	testID  = "0123456789abcdef0123456789abcdef"
	otherID = "ffffffffffffffffffffffffffffffff"

	// plainRecord holds "top secret"; the digest is that of sha256sum over the two lines after the header.
	plainRecord = "terraform-provider-oauth record v1 plain " +
		"f6854f014efa588d8a35e9a0c61b80cf6f6dad516e86a51a574934fcc199b06b\n" +
		"pair/exact 0123456789abcdef0123456789abcdef\ntop secret"
)

var rings = map[string][]string{"no key": nil, "X25519": {keyA}, "post-quantum": {keyPQ}}

// ring is keys, but none for none.
func ring(t *testing.T, text ...string) Keyring {
	t.Helper()
	if len(text) == 0 {
		return Keyring{}
	}
	return keys(t, text...)
}

func sealed(t *testing.T, k Keyring, plain string) []byte {
	t.Helper()
	envelope, err := k.Seal(testKey, testID, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	for name, text := range rings {
		k := ring(t, text...)
		for _, plain := range []string{"", "top secret", "\n\x00\xff", strings.Repeat("x", 1<<20)} {
			envelope := sealed(t, k, plain)
			got, err := k.Open(testKey, testID, envelope)
			if err != nil || string(got) != plain {
				t.Errorf("%s: %d bytes come back as %d, %v", name, len(plain), len(got), err)
			}
			if len(text) > 0 && len(plain) > 3 && bytes.Contains(envelope, []byte(plain)) {
				t.Errorf("%s: the sealed record shows its text", name)
			}
		}
	}
}

// TestGoldenRecords: what earlier versions wrote stays readable, and a plain record is what people are told it is.
func TestGoldenRecords(t *testing.T) {
	t.Parallel()
	if got := sealed(t, Keyring{}, "top secret"); string(got) != plainRecord {
		t.Errorf("the plain record is\n%s\nwant\n%s", got, plainRecord)
	}
	for name, k := range map[string]Keyring{"sealed-v1": keys(t, keyB, keyA), "sealed-pq-v1": keys(t, keyPQ)} {
		envelope, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Open(testKey, testID, envelope)
		if err != nil || string(got) != "top secret" {
			t.Errorf("%s: Open gives %q, %v", name, got, err)
		}
	}
}

func TestSealedHeader(t *testing.T) {
	t.Parallel()
	for want, text := range map[string][]string{
		"terraform-provider-oauth record v1 sealed 3dee8ce2e38afa45\nage-encryption.org/v1\n-> X25519 ":         {keyA, keyB},
		"terraform-provider-oauth record v1 sealed 2ac1d8a1264e7143\nage-encryption.org/v1\n-> mlkem768x25519 ": {keyPQ, keyA},
	} {
		if got := sealed(t, keys(t, text...), "x"); !bytes.HasPrefix(got, []byte(want)) {
			t.Errorf("the sealed record begins with\n%s\nwant\n%s", got[:len(want)], want)
		}
	}
}

// TestBitFlips flips the bits of every byte of a record in every mode: it may not open, and may not show anything else.
// The large post-quantum record has one bit of each byte flipped, the others every bit.
func TestBitFlips(t *testing.T) {
	t.Parallel()
	for name, text := range rings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := ring(t, text...)
			envelope := sealed(t, k, "top secret")
			for i := range envelope {
				for bit := range 8 {
					if name == "post-quantum" && bit != i%8 {
						continue
					}
					damaged := bytes.Clone(envelope)
					damaged[i] ^= 1 << bit
					expectRefused(t, k, damaged)
				}
			}
		})
	}
}

func TestTruncatedAndExtended(t *testing.T) {
	t.Parallel()
	for _, text := range rings {
		k := ring(t, text...)
		envelope := sealed(t, k, "top secret")
		for n := range envelope {
			expectRefused(t, k, envelope[:n])
		}
		for _, tail := range []string{"\n", "\x00", "x", string(envelope)} {
			expectRefused(t, k, append(bytes.Clone(envelope), tail...))
		}
		for _, front := range []string{"\n", " ", "\ufeff", string(envelope)} {
			expectRefused(t, k, append([]byte(front), envelope...))
		}
	}
}

// expectRefused wants one of the errors that Open promises, and one that shows nothing of the content.
func expectRefused(t *testing.T, k Keyring, envelope []byte) {
	t.Helper()
	plain, err := k.Open(testKey, testID, envelope)
	if err == nil || plain != nil {
		t.Errorf("a damaged record opens as %q, %v: %q", plain, err, envelope)
		return
	}
	known := errors.Is(err, ErrMalformed) || errors.Is(err, ErrNoKey) || errors.Is(err, ErrNewerVersion)
	if !known || strings.Contains(err.Error(), "secret") {
		t.Errorf("a damaged record gives the error %q", err)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	k := keys(t, keyA)
	body := strings.SplitAfterN(string(sealed(t, k, "top secret")), "\n", 2)[1]
	for header, want := range map[string]error{
		"terraform-provider-oauth record v1 sealed 3dee8ce2e38afa45 x\n": ErrMalformed,
		"terraform-provider-oauth record v1 sealed 3dee8ce2e38afa45 \n":  ErrMalformed,
		"terraform-provider-oauth record v1 sealed  3dee8ce2e38afa45\n":  ErrMalformed,
		"terraform-provider-oauth record v1 sealed 3dee8ce2e38afa45\r\n": ErrMalformed,
		"terraform-provider-oauth record v1 sealed 3DEE8CE2E38AFA45\n":   ErrMalformed,
		"terraform-provider-oauth record v1 sealed 3dee8ce2e38afa4\n":    ErrMalformed,
		"terraform-provider-oauth record v1 Sealed 3dee8ce2e38afa45\n":   ErrMalformed,
		"terraform-provider-oauth record v1 packed 3dee8ce2e38afa45\n":   ErrMalformed,
		"terraform-provider-oauth record v1 plain 3dee8ce2e38afa45\n":    ErrMalformed,
		"terraform-provider-oauth record v1 sealed\n":                    ErrMalformed,
		"terraform-provider-oauth record v1\n":                           ErrMalformed,
		"terraform-provider-oauth record v\n":                            ErrMalformed,
		"terraform-provider-oauth record v0 sealed 3dee8ce2e38afa45\n":   ErrMalformed,
		"terraform-provider-oauth record v01 sealed 3dee8ce2e38afa45\n":  ErrMalformed,
		"terraform-provider-oauth record vX sealed 3dee8ce2e38afa45\n":   ErrMalformed,
		"terraform-provider-oauth record v1234567890 sealed\n":           ErrMalformed,
		"terraform-provider-oauth  record v1 sealed 3dee8ce2e38afa45\n":  ErrMalformed,
		"Terraform-Provider-OAuth record v1 sealed 3dee8ce2e38afa45\n":   ErrMalformed,
		"terraform-provider-oauth store v1 3dee8ce2e38afa45\n":           ErrMalformed,
		"\n":                      ErrMalformed,
		"":                        ErrMalformed,
		strings.Repeat("x", 1000): ErrMalformed,
		"terraform-provider-oauth record v1 sealed 7042266edd7f9cd7\n":                 ErrNoKey,
		"terraform-provider-oauth record v2 sealed 3dee8ce2e38afa45\n":                 ErrNewerVersion,
		"terraform-provider-oauth record v2\n":                                         ErrNewerVersion,
		"terraform-provider-oauth record v37 a new field " + strings.Repeat("x", 1000): ErrNewerVersion,
	} {
		plain, err := k.Open(testKey, testID, []byte(header+body))
		if !errors.Is(err, want) || plain != nil {
			t.Errorf("header %.90q: Open gives %q, %v; want %v", header, plain, err, want)
		}
	}
}

func TestNoKey(t *testing.T) {
	t.Parallel()
	envelope := sealed(t, keys(t, keyA), "top secret")
	for _, tt := range []struct {
		keys   Keyring
		atHand string
	}{
		{Keyring{}, "none"},
		{keys(t, keyB), "7042266edd7f9cd7"},
		{keys(t, keyPQ, keyB), "2ac1d8a1264e7143, 7042266edd7f9cd7"},
	} {
		_, err := tt.keys.Open(testKey, testID, envelope)
		want := "open pair/exact: no key opens the record: it is sealed for 3dee8ce2e38afa45, at hand are " + tt.atHand
		if !errors.Is(err, ErrNoKey) || err.Error() != want {
			t.Errorf("Open gives the error\n%v\nwant\n%s", err, want)
		}
	}
}

// TestForgedFingerprint: a record sealed for B under the name of A opens for neither, though both keys are at hand.
func TestForgedFingerprint(t *testing.T) {
	t.Parallel()
	forged := bytes.Replace(sealed(t, keys(t, keyB), "top secret"), []byte(printB), []byte(printA), 1)
	if _, err := keys(t, keyA, keyB).Open(testKey, testID, forged); !errors.Is(err, ErrMalformed) {
		t.Errorf("Open gives %v, want ErrMalformed", err)
	}
}

func TestWrongPlace(t *testing.T) {
	t.Parallel()
	for name, text := range rings {
		k := ring(t, text...)
		envelope := sealed(t, k, "top secret")
		for _, tt := range []struct{ key, id, want string }{
			{"pair/other", testID, "and was asked for as pair/other of the store 0123456789abcdef0123456789abcdef"},
			{"registration/exact", testID, "it is pair/exact of the store 0123456789abcdef0123456789abcdef"},
			{"pair/exact-2", testID, "it is pair/exact of the store"},
			{"pair/exac", testID, "it is pair/exact of the store"},
			{testKey, otherID, "of the store ffffffffffffffffffffffffffffffff"},
			{testKey, testID[:31], "it is pair/exact of the store"},
		} {
			plain, err := k.Open(tt.key, tt.id, envelope)
			if !errors.Is(err, ErrWrongPlace) || plain != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: as %s in %s Open gives %q, %v; want ErrWrongPlace with %q",
					name, tt.key, tt.id, plain, err, tt.want)
			}
		}
	}
}

// TestTextWithoutPlace seals texts that Seal would not make: whoever has the public half of the key can.
func TestTextWithoutPlace(t *testing.T) {
	t.Parallel()
	k := keys(t, keyA)
	for _, text := range []string{
		"", "\n", "pair/exact\n", "pair/exact " + testID, "secret " + testID + "\nx", "pair/exact \nx", strings.Repeat("x", 1000),
		"pair/exact " + testID + " \nx", "pair/exact  " + testID + "\nx",
	} {
		envelope, err := k.keys[0].seal([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		expectRefused(t, k, envelope)
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range rings {
		k := ring(t, text...)
		for _, at := range []struct{ key, id string }{
			{"", testID}, {"exact", testID}, {"pair/a b", testID}, {"pair/a\n", testID},
			{testKey, ""}, {testKey, "a b"}, {testKey, "a\n"}, {testKey, strings.Repeat("a", 65)}, {testKey, "ä"},
		} {
			if _, err := k.Seal(at.key, at.id, []byte("x")); err == nil {
				t.Errorf("Seal takes the key %q with the store id %q", at.key, at.id)
			}
			if _, err := k.Open(at.key, at.id, []byte("x")); err == nil {
				t.Errorf("Open takes the key %q with the store id %q", at.key, at.id)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for name, text := range rings {
		k := ring(t, text...)
		most := make([]byte, 4<<20-8192)
		envelope, err := k.Seal(testKey, testID, most)
		if err != nil {
			t.Errorf("%s: Seal of 4 MiB less 8 KiB: %v", name, err)
		}
		if got, err := k.Open(testKey, testID, envelope); err != nil || len(got) != len(most) {
			t.Errorf("%s: Open gives %d bytes, %v", name, len(got), err)
		}
		for _, size := range []int{4<<20 - 10, 4 << 20, 4<<20 + 1} {
			if _, err := k.Seal(testKey, testID, make([]byte, size)); err == nil {
				t.Errorf("%s: Seal takes %d bytes", name, size)
			}
		}
		expectRefused(t, k, append(envelope, make([]byte, 1<<20)...))
	}
}

// TestNoAliasing: what goes in and what comes out are the caller's to change.
func TestNoAliasing(t *testing.T) {
	t.Parallel()
	for name, text := range rings {
		k := ring(t, text...)
		plain := []byte("top secret")
		envelope, err := k.Seal(testKey, testID, plain)
		if err != nil {
			t.Fatal(err)
		}
		clear(plain)
		got, err := k.Open(testKey, testID, envelope)
		if err != nil {
			t.Fatal(err)
		}
		clear(got)
		if again, err := k.Open(testKey, testID, envelope); err != nil || string(again) != "top secret" {
			t.Errorf("%s: Open gives %q, %v", name, again, err)
		}
	}
}

// FuzzOpen: nothing opens that was not sealed. A plain envelope that opens is the one that Seal writes, so it has one
// spelling; a sealed one can only be a seed.
func FuzzOpen(f *testing.F) {
	golden, err := os.ReadFile("testdata/sealed-v1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(plainRecord))
	f.Add(golden)
	f.Add(golden[:100])
	f.Add([]byte("terraform-provider-oauth record v2 x\n"))
	f.Fuzz(func(t *testing.T, envelope []byte) {
		plain, err := keys(t, keyA, keyPQ).Open(testKey, testID, envelope)
		if err != nil {
			if plain != nil {
				t.Errorf("Open gives %q beside the error %v", plain, err)
			}
			return
		}
		if !bytes.Equal(envelope, golden) && !bytes.Equal(envelope, sealed(t, Keyring{}, string(plain))) {
			t.Errorf("%q opens", envelope)
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte(plainRecord))
	f.Add([]byte("terraform-provider-oauth record v1 sealed 3dee8ce2e38afa45\npayload"))
	f.Add([]byte("terraform-provider-oauth record v2 x y z"))
	f.Fuzz(func(t *testing.T, envelope []byte) {
		h, payload, err := parseHeader(envelope)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrNewerVersion) {
				t.Errorf("the error is %v", err)
			}
			return
		}
		if !bytes.Equal(append([]byte(h.String()), payload...), envelope) {
			t.Errorf("%q is taken as %+v with %q", envelope, h, payload)
		}
	})
}

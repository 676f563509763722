package credential

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// fill sets every field of v to something that is not zero, so that a field which the codec forgets shows.
func fill(t testing.TB, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Interface().(type) {
	case secret.String:
		v.Set(reflect.ValueOf(secret.New(fmt.Sprintf("secret%d", *n))))
		return
	case time.Time:
		v.Set(reflect.ValueOf(epoch.Add(time.Duration(*n) * time.Second)))
		return
	case *Rest:
		v.Set(reflect.ValueOf(&Rest{members: map[string]secret.String{"from_later": secret.New(fmt.Sprintf(`{"n":[%d,"<&>"]}`, *n))}}))
		return
	case []Record: // records within a record have none within them
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text%d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // what is not is never stored
				fill(t, v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		element := reflect.New(v.Type().Elem()).Elem()
		fill(t, element, n)
		v.SetMapIndex(reflect.ValueOf("k"), element)
	default:
		t.Fatalf("a field of a kind that this test does not know: %s", v.Kind())
	}
}

// A shared record comes back but for the secrets of its client and request.
// TestUnknownMetadataRoundTrip: a server that has told no metadata of a client is another thing than one whose answer is not known.
func TestUnknownMetadataRoundTrip(t *testing.T) {
	t.Parallel()
	none := map[string]secret.String{}
	for _, d := range []Dynamic{{}, {Wanted: none, Answered: none, Current: none}} {
		text, err := EncodeRecord(Record{Family: "f", Status: StatusActive, Registered: &Registered{Dynamic: &d}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := decodeKind(text, kindRegistration)
		if err != nil {
			t.Fatal(err)
		}
		got := r.Registered.Dynamic
		if known := d.Current != nil; (got.Wanted != nil) != known || (got.Answered != nil) != known || (got.Current != nil) != known {
			t.Errorf("%+v became %+v", d, got)
		}
	}
}

func TestSharedRecordRoundTrip(t *testing.T) {
	t.Parallel()
	r := fullRecord(t)
	r.Shared, r.Aside = true, nil
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	r.Client.ClientSecret, r.Client.PrivateKey, r.Client.TLSClientPrivateKey, r.Grant.Secrets = secret.String{}, secret.String{}, secret.String{}, nil
	r.Grant.Assertion.PrivateKey = secret.String{}
	if d := same(reflect.ValueOf(r), reflect.ValueOf(got), "Record"); d != "" {
		t.Errorf("%s did not survive", d)
	}
}

// same compares field by field; a secret.String holds a pointer.
func same(a, b reflect.Value, path string) string {
	if s, ok := a.Interface().(secret.String); ok {
		if o, _ := b.Interface().(secret.String); !s.Equal(o) {
			return path
		}
		return ""
	}
	if r, ok := a.Interface().(*Rest); ok {
		o, _ := b.Interface().(*Rest)
		if r == nil || o == nil {
			return pathUnless(r == o, path)
		}
		return same(reflect.ValueOf(r.members), reflect.ValueOf(o.members), path)
	}
	if at, ok := a.Interface().(time.Time); ok {
		if o, _ := b.Interface().(time.Time); !at.Equal(o) {
			return path
		}
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return pathUnless(a.IsNil() == b.IsNil(), path)
		}
		return same(a.Elem(), b.Elem(), path)
	case reflect.Struct:
		for i := range a.NumField() {
			if !a.Type().Field(i).IsExported() {
				continue
			}
			if d := same(a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name); d != "" {
				return d
			}
		}
		return ""
	case reflect.Slice:
		if a.Len() != b.Len() {
			return path
		}
		for i := range a.Len() {
			if d := same(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Map:
		if a.Len() != b.Len() {
			return path
		}
		for _, k := range a.MapKeys() {
			if !b.MapIndex(k).IsValid() {
				return path
			}
			if d := same(a.MapIndex(k), b.MapIndex(k), path+"["+k.String()+"]"); d != "" {
				return d
			}
		}
		return ""
	}
	return pathUnless(reflect.DeepEqual(a.Interface(), b.Interface()), path)
}

func pathUnless(ok bool, path string) string {
	if ok {
		return ""
	}
	return path
}

// fullRecord has no zero field, but for the marks of a tombstone, which has none of the rest, and of a shared record, which keeps
// no secret of its client.
func fullRecord(t testing.TB) Record {
	t.Helper()
	var r Record
	n := 0
	fill(t, reflect.ValueOf(&r).Elem(), &n)
	r.Aside = make([]Record, 1)
	fill(t, reflect.ValueOf(&r.Aside[0]).Elem(), &n)
	for _, r := range []*Record{&r, &r.Aside[0]} {
		r.Status, r.DeletedAt, r.Shared = StatusActive, time.Time{}, false
		r.Registered = nil // that is another kind of record
	}
	return r
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	r := fullRecord(t)
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := same(reflect.ValueOf(r), reflect.ValueOf(got), "Record"); d != "" {
		t.Errorf("%s did not survive", d)
	}
	for _, part := range []Record{{Status: StatusAuthorizationRequired}, r.tombstone(now), {Status: StatusActive, Tokens: Tokens{Scopes: []string{}}}} {
		text, err := EncodeRecord(part)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeRecord(text)
		if err != nil {
			t.Fatal(err)
		}
		if d := same(reflect.ValueOf(part), reflect.ValueOf(got), "Record"); d != "" {
			t.Errorf("%s did not survive", d)
		}
	}
}

// TestConsumedInputsStayMarked: their order among the others may change.
func TestConsumedInputsStayMarked(t *testing.T) {
	t.Parallel()
	r := Record{Status: StatusActive, Consumed: []Consumed{{SHA256: "a"}, {SHA256: "b", Input: true}, {SHA256: "c"}}}
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRecord(text)
	if err != nil {
		t.Fatal(err)
	}
	want := []Consumed{{SHA256: "b", Input: true}, {SHA256: "a"}, {SHA256: "c"}}
	if !reflect.DeepEqual(got.Consumed, want) {
		t.Errorf("consumed = %v, want %v", got.Consumed, want)
	}
}

func TestTombstoneHasNoSecrets(t *testing.T) {
	t.Parallel()
	text, err := EncodeRecord(fullRecord(t).tombstone(now))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("secret")) {
		t.Errorf("a tombstone holds a secret: %s", text)
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                       ``,
		"no JSON":                       `{`,
		"a list":                        `[]`,
		"something behind":              `{"format":1,"kind":"pair","status":"active"} {}`,
		"no format":                     `{"kind":"pair","status":"active"}`,
		"another kind":                  `{"format":1,"kind":"registration","status":"active"}`,
		"no status":                     `{"format":1,"kind":"pair"}`,
		"unknown status":                `{"format":1,"kind":"pair","status":"pending"}`,
		"negative generation":           `{"format":1,"kind":"pair","status":"active","generation":-1}`,
		"generation without family":     `{"format":1,"kind":"pair","status":"active","generation":1}`,
		"claim without attempt":         `{"format":1,"kind":"pair","status":"active","claim":{"ttl":1}}`,
		"claim without TTL":             `{"format":1,"kind":"pair","status":"active","claim":{"attempt":"x"}}`,
		"unknown outcome of no attempt": `{"format":1,"kind":"pair","status":"outcome_unknown"}`,
		"secret in the wrong place":     `{"format":1,"kind":"pair","status":"active","generation":"hunter2"}`,
	} {
		_, err := DecodeRecord([]byte(text))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", name, err)
		}
		if errors.Is(err, ErrNewerRecord) {
			t.Errorf("%s: taken for a newer record", name)
		}
	}
	if _, err := DecodeRecord([]byte(`{"format":2,"kind":"other thing"}`)); !errors.Is(err, ErrNewerRecord) {
		t.Errorf("newer format: error %v", err)
	}
	if _, err := DecodeRecord([]byte(`{"format":1,"kind":"pair","status":"active","later_addition":{"x":1}}`)); err != nil {
		t.Errorf("an unknown member: error %v", err)
	}
}

func TestEncodeRecordRefusesWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	for _, r := range []Record{{}, {Status: StatusActive, Generation: 1}, {Status: StatusActive, Claim: &Claim{}}} {
		if _, err := EncodeRecord(r); err == nil {
			t.Errorf("%+v was encoded", r)
		}
	}
}

func TestNewerRecordIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	newer := []byte(`{"format":2,"kind":"pair","what":"ever"}`)
	if _, err := w.plain.Create(t.Context(), theKey, newer); err != nil {
		t.Fatal(err)
	}
	_, err := w.token(w.start())
	if w.wantKind(err, KindStore); !errors.Is(err, ErrNewerRecord) {
		t.Errorf("error = %v", err)
	}
	if e, err := w.plain.Get(t.Context(), theKey); err != nil || !bytes.Equal(e.Value, newer) {
		t.Error("the record was touched")
	}
}

func TestRegistrationRoundTrip(t *testing.T) {
	t.Parallel()
	r := fullRecord(t)
	n := 1000
	fill(t, reflect.ValueOf(&r.Registered).Elem(), &n)
	text, err := EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeKind(text, kindRegistration)
	if err != nil {
		t.Fatal(err)
	}
	if d := same(reflect.ValueOf(r), reflect.ValueOf(got), "Record"); d != "" {
		t.Errorf("%s did not survive", d)
	}
	if d := same(reflect.ValueOf(r), reflect.ValueOf(r.clone()), "Record"); d != "" {
		t.Errorf("%s is not in a clone", d)
	}
	for _, bad := range []string{`x`, `{"format":2}`, `{"format":1,"kind":"pair"}`} {
		if _, err := decodeKind([]byte(bad), kindRegistration); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, err := DecodeRecord(text); err == nil {
		t.Error("it was read as a token pair")
	}
	tombstone, err := EncodeRecord(r.tombstone(epoch))
	if err != nil {
		t.Fatal(err)
	}
	if got, err = decodeKind(tombstone, kindRegistration); err != nil || !got.IsTombstone() || got.Registered == nil || got.Registered.Dynamic != nil {
		t.Errorf("the tombstone is %+v, %v", got, err)
	}
}

// What the first versions wrote says nothing of status, claim or history.
func TestAnOldRegistrationIsRead(t *testing.T) {
	t.Parallel()
	got, err := decodeKind([]byte(`{"format":1,"kind":"registration","client":{"client_id":"c","client_secret":"s"},`+
		`"redirect_uris":["https://app.example/"],"attachment":{"id":"a","attached":true}}`), kindRegistration)
	if err != nil {
		t.Fatal(err)
	}
	reg := got.registration()
	if reg.Client.ClientID != "c" || reg.Client.ClientSecret.Reveal() != "s" || reg.Attachment != (Attachment{ID: "a", Attached: true}) ||
		len(reg.RedirectURIs) != 1 || reg.Dynamic != nil || got.Status != StatusActive {
		t.Errorf("read as %+v", reg)
	}
}

func TestRescueRoundTrip(t *testing.T) {
	t.Parallel()
	var a Attempt
	n := 0
	fill(t, reflect.ValueOf(&a).Elem(), &n)
	a.Purpose = PurposeExchange
	reply := oauth.Reply{Sent: true, Status: 200, Header: http.Header{"Content-Type": {"a", "b"}}, Body: secret.New("\x00\xff{}")}
	text, err := encodeRescue(a, reply)
	if err != nil {
		t.Fatal(err)
	}
	gotA, gotReply, err := decodeRescue(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := same(reflect.ValueOf(a), reflect.ValueOf(gotA), "Attempt"); d != "" {
		t.Errorf("%s did not survive", d)
	}
	if !gotReply.Sent || gotReply.Status != 200 || !gotReply.Body.Equal(reply.Body) || !reflect.DeepEqual(gotReply.Header, reply.Header) {
		t.Errorf("reply = %+v", gotReply)
	}
	for _, bad := range []string{
		`x`, `{"format":2}`, `{"format":1,"kind":"pair"}`, `{"format":1,"kind":"rescue"}`,
		`{"format":1,"kind":"rescue","key":"k","attempt":"a","purpose":"revoke"}`,
		`{"format":1,"kind":"rescue","key":"k","attempt":"a","purpose":"refresh","base":-1}`,
	} {
		if _, _, err := decodeRescue([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	text, err := EncodeRecord(fullRecord(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1,"kind":"pair","status":"revoked","deleted_at":"2026-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"format":1,"kind":"pair","status":"outcome_unknown","unknown":{"attempt":"x","ttl":1}}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := DecodeRecord(text)
		if err != nil {
			return
		}
		once, err := EncodeRecord(r)
		if err != nil {
			return // a time that JSON cannot hold in UTC
		}
		again, err := DecodeRecord(once)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if twice, err := EncodeRecord(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\nbecame\n%s\n%v", once, twice, err)
		}
		_ = Decide(r, Policy{Margin: time.Minute, Token: r.Client.Policy}, now)
	})
}

func FuzzDecodeRescue(f *testing.F) {
	text, err := encodeRescue(refreshAttempt(nil), oauth.Reply{Status: 200, Body: secret.New(`{"access_token":"a"}`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1,"kind":"rescue","key":"k","attempt":"a","purpose":"exchange","body":"e30="}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, reply, err := decodeRescue(text)
		if err != nil {
			return
		}
		once, err := encodeRescue(a, reply)
		if err != nil {
			return
		}
		b, _, err := decodeRescue(once)
		if err != nil || same(reflect.ValueOf(a), reflect.ValueOf(b), "Attempt") != "" {
			t.Fatalf("%s cannot be read again: %v", once, err)
		}
	})
}

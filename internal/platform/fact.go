package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Confidence says how sure a fact is.
type Confidence string

// The confidences, surest first. What is low must cost nobody a token if it is wrong; Policy sees to that.
const (
	High   Confidence = "high"   // the platform's own documentation or official source says so
	Medium Confidence = "medium" // client libraries, or several reports that agree, say so
	Low    Confidence = "low"    // one report, an inference, or sources that contradict each other
)

func confidences() []Confidence { return []Confidence{High, Medium, Low} }

// Source is where a fact comes from.
type Source struct {
	Title string `json:"title"`
	URL   string `json:"url,omitempty"` // empty: no page of its own
	Read  string `json:"read"`          // the day it was read, as 2006-01-02
}

// Fact is one thing known of a platform. The zero Fact is unknown.
type Fact[T any] struct {
	value      *T // nil in a known fact: there is none
	known      bool
	Sources    []string   // keys of the entry's sources
	Confidence Confidence // of a known fact
	Note       string     // what contradicts it, or for whom it does not hold; may be empty
}

type wireFact[T any] struct {
	Value      *T         `json:"value"`
	Sources    []string   `json:"sources"`
	Confidence Confidence `json:"confidence"`
	Note       string     `json:"note,omitempty"`
}

// Known tells whether anything is known, be it that there is none.
func (f Fact[T]) Known() bool { return f.known }

// Get returns the value; false if it is unknown, or none.
func (f Fact[T]) Get() (T, bool) {
	if f.value == nil {
		var zero T
		return zero, false
	}
	return *f.value, true
}

// Or returns the value, or otherwise where it is unknown or none.
func (f Fact[T]) Or(otherwise T) T {
	if v, ok := f.Get(); ok {
		return v
	}
	return otherwise
}

// set changes the value and leaves what it rests on.
func (f *Fact[T]) set(v T) { f.value = &v }

// UnmarshalJSON implements json.Unmarshaler. A missing value is an error; null stands for none.
func (f *Fact[T]) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if _, ok := members["value"]; !ok {
		return errors.New("a fact has no value")
	}
	var w wireFact[T]
	if err := strictly(text, &w); err != nil {
		return err
	}
	*f = Fact[T]{value: w.Value, known: true, Sources: w.Sources, Confidence: w.Confidence, Note: w.Note}
	return nil
}

// strictly decodes JSON in which every member must be known.
func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON value")
	}
	return nil
}

// AnyFact is a Fact of whatever type.
type AnyFact interface {
	Known() bool
	Evidence() Evidence
	Text() (string, bool)
}

// Evidence is what a fact rests on, or whatever else an entry says.
type Evidence struct {
	Sources    []string   `json:"sources"` // keys of the entry's sources
	Confidence Confidence `json:"confidence"`
	Note       string     `json:"note,omitempty"`
}

// Evidence returns what the fact rests on.
func (f Fact[T]) Evidence() Evidence { return Evidence{f.Sources, f.Confidence, f.Note} }

// Text is the value for people: a string as it is, anything else as JSON; false where there is none.
func (f Fact[T]) Text() (string, bool) {
	v, ok := f.Get()
	if !ok {
		return "", false
	}
	if s, isText := any(v).(fmt.Stringer); isText {
		return s.String(), true
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return "", false
	}
	var s string
	if json.Unmarshal(encoded, &s) == nil {
		return s, true
	}
	return string(encoded), true
}

// Duration is a time span in Go syntax, such as "600s" or "720h".
type Duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a duration", s)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String implements fmt.Stringer.
func (d Duration) String() string { return time.Duration(d).String() }

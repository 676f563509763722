package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

var errOver = errors.New("this attempt is over")

// recording is the body of a request that may have to be sent again. What was read of it is kept, up to a bound.
type recording struct {
	source  io.Reader
	trailer http.Header // of the request as it came in; filled at the end of source
	most    int64

	mu    sync.Mutex
	kept  []byte
	lost  bool // more was read than may be kept
	ended error
	keys  []string // of the trailer, as announced
}

// record returns the recording of a request's body; nil: it has none.
func record(r *http.Request, most int64) *recording {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	b := &recording{source: r.Body, trailer: r.Trailer, most: most}
	for key := range r.Trailer {
		b.keys = append(b.keys, key)
	}
	return b
}

// repeatable tells whether the body can be sent once more from its beginning.
func (b *recording) repeatable() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.lost
}

// attach gives r the body, from its beginning. Only one attempt at a time may read it.
func (b *recording) attach(r *http.Request) (end func()) {
	if b == nil {
		return func() {}
	}
	a := &attempt{b: b}
	if len(b.keys) > 0 {
		a.trailer = http.Header{}
		for _, key := range b.keys {
			a.trailer[key] = nil
		}
	}
	r.Body, r.Trailer, r.GetBody = a, a.trailer, nil
	return a.finish
}

// attempt is the body of one attempt. The transport reads it from a goroutine of its own, which may come late.
type attempt struct {
	b       *recording
	at      int
	trailer http.Header
	over    bool
}

// Read implements io.Reader.
func (a *attempt) Read(p []byte) (int, error) {
	b := a.b
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case a.over:
		return 0, errOver
	case !b.lost && a.at < len(b.kept):
		n := copy(p, b.kept[a.at:])
		a.at += n
		return n, nil
	case b.ended != nil:
		return 0, a.end(b.ended)
	case len(p) == 0:
		return 0, nil
	}
	n, err := b.source.Read(p)
	if !b.lost && int64(len(b.kept)+n) <= b.most {
		b.kept = append(b.kept, p[:n]...)
		a.at += n
	} else if n > 0 {
		b.lost, b.kept = true, nil
	}
	if err != nil {
		b.ended = err
		err = a.end(err)
	}
	return n, err
}

// end hands the trailer on, which is there now.
func (a *attempt) end(err error) error {
	if errors.Is(err, io.EOF) {
		for key := range a.trailer {
			a.trailer[key] = a.b.trailer[key]
		}
	}
	return err
}

// Close implements io.Closer. The source goes on: another attempt may need the rest of it, and the server closes it.
func (a *attempt) Close() error { return nil }

// finish keeps the attempt from reading what belongs to the next one.
func (a *attempt) finish() {
	a.b.mu.Lock()
	defer a.b.mu.Unlock()
	a.over = true
}

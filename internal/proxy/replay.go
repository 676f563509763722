package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

var (
	errOver = errors.New("this attempt is over")
	errLost = errors.New("the body is too long to be sent again")
)

// recording is the body of a request that may have to be sent again. What was read of it is kept, up to a bound.
type recording struct {
	source  io.Reader
	trailer http.Header // of the request as it came in; filled at the end of source
	most    int64

	turn sync.Mutex // of whoever reads source, which takes as long as the caller likes; before mu

	mu    sync.Mutex
	kept  []byte
	lost  bool // more was read than may be kept
	ended error
	keys  []string // of the trailer, as announced

	reading *attempt // that may read source
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

// release takes the body from whoever has it, if it can be sent once more from its beginning: what is read of it from then on is kept.
func (b *recording) release() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost {
		return false
	}
	b.reading = nil
	return true
}

// attach gives r the body, from its beginning, and takes it from whoever had it before. net/http may ask for it once more by itself,
// for a request that the upstream certainly has not processed.
func (b *recording) attach(r *http.Request) {
	if b == nil {
		return
	}
	if len(b.keys) > 0 {
		r.Trailer = http.Header{}
		for _, key := range b.keys {
			r.Trailer[key] = nil
		}
	}
	r.Body = b.next(r.Trailer)
	r.GetBody = func() (io.ReadCloser, error) {
		if !b.release() {
			return nil, errLost
		}
		return b.next(r.Trailer), nil
	}
}

func (b *recording) next(trailer http.Header) *attempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = &attempt{b: b, trailer: trailer}
	return b.reading
}

// attempt is the body of one attempt. The transport reads it from a goroutine of its own, which may come late.
type attempt struct {
	b       *recording
	at      int
	trailer http.Header // of the attempt; filled at the end
}

// Read implements io.Reader.
func (a *attempt) Read(p []byte) (int, error) {
	b := a.b
	if n, done, err := a.fromKept(p); done {
		return n, err
	}
	b.turn.Lock()
	defer b.turn.Unlock()
	if n, done, err := a.fromKept(p); done { // an attempt that is over may have read meanwhile
		return n, err
	}
	n, err := b.source.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	over := b.reading != a
	switch {
	case !b.lost && (over || int64(len(b.kept)+n) <= b.most): // over: the next attempt was promised the whole
		b.kept = append(b.kept, p[:n]...)
		a.at += n
	case n > 0:
		b.lost, b.kept = true, nil
	}
	if err != nil {
		b.ended = err
	}
	switch {
	case over:
		return 0, errOver
	case err != nil:
		err = a.end(err)
	}
	return n, err
}

// fromKept reads what needs no look into source. done is false where it does.
func (a *attempt) fromKept(p []byte) (n int, done bool, err error) {
	b := a.b
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.reading != a:
		return 0, true, errOver
	case !b.lost && a.at < len(b.kept):
		n := copy(p, b.kept[a.at:])
		a.at += n
		return n, true, nil
	case b.ended != nil:
		return 0, true, a.end(b.ended)
	}
	return 0, len(p) == 0, nil
}

// end hands the trailer on, which is there now.
func (a *attempt) end(err error) error {
	if errors.Is(err, io.EOF) {
		for _, key := range a.b.keys {
			a.trailer[key] = a.b.trailer[key]
		}
	}
	return err
}

// Close implements io.Closer. The source goes on: another attempt may need the rest of it, and the server closes it.
func (a *attempt) Close() error { return nil }

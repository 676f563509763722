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
//
// The source is read by a goroutine of its own: a read takes as long as the caller likes, and an attempt that is over must not wait for it.
type recording struct {
	source  io.Reader
	trailer http.Header // of the request as it came in; filled at the end of source
	keys    []string    // of the trailer, as announced
	most    int64
	buffers *buffers

	mu      sync.Mutex
	kept    []byte
	lost    bool   // more was read than may be kept
	beyond  []byte // what was read last, then, and is not handed on yet
	lent    []byte // the buffer of beyond
	ended   error
	read    chan struct{} // closed when the read of source under way is done; nil: none is
	reading *attempt      // whose body it is
}

// record returns the recording of a request's body; nil: it has none.
func record(r *http.Request, most int64, lender *buffers) *recording {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	b := &recording{source: r.Body, trailer: r.Trailer, most: most, buffers: lender}
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
	b.handTo(nil)
	return true
}

// handTo makes it the body of a, and nobody else's. b.mu is held.
func (b *recording) handTo(a *attempt) {
	if b.reading != nil {
		b.reading.stop()
	}
	b.reading = a
}

// attach gives r the body, from its beginning. net/http may ask for it once more by itself, for a request that the upstream certainly
// has not processed.
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
	a := &attempt{b: b, trailer: trailer, over: make(chan struct{})}
	b.handTo(a)
	return a
}

// fill reads source once, for a.
func (b *recording) fill(a *attempt) {
	buffer := b.buffers.Get()
	n, err := b.source.Read(buffer)
	b.mu.Lock()
	defer b.mu.Unlock()
	promised := b.reading != a // the whole, to whoever has the body by now or will
	switch {
	case n == 0:
		b.buffers.Put(buffer)
	case !b.lost && (promised || int64(len(b.kept)+n) <= b.most):
		b.kept = append(b.kept, buffer[:n]...)
		b.buffers.Put(buffer)
	default:
		b.lost, b.kept, b.beyond, b.lent = true, nil, buffer[:n], buffer
	}
	b.ended = err
	close(b.read)
	b.read = nil
}

// attempt is the body of one attempt.
type attempt struct {
	b       *recording
	at      int
	trailer http.Header // of the attempt; filled at the end

	once sync.Once
	over chan struct{} // closed when nobody reads it any more
}

// Read implements io.Reader.
func (a *attempt) Read(p []byte) (int, error) {
	for {
		n, wait, err := a.take(p)
		if wait == nil {
			return n, err
		}
		select {
		case <-wait:
		case <-a.over:
			return 0, errOver
		}
	}
}

// take reads what is there. If wait is not nil, there is more when it is closed.
func (a *attempt) take(p []byte) (n int, wait <-chan struct{}, err error) {
	b := a.b
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.reading != a:
		return 0, nil, errOver
	case a.at < len(b.kept):
		n = copy(p, b.kept[a.at:])
		a.at += n
		return n, nil, nil
	case len(b.beyond) > 0:
		n = copy(p, b.beyond)
		if b.beyond = b.beyond[n:]; len(b.beyond) == 0 {
			b.buffers.Put(b.lent)
			b.lent = nil
		}
		return n, nil, nil
	case b.ended != nil:
		return 0, nil, a.end(b.ended)
	case len(p) == 0:
		return 0, nil, nil
	case b.read == nil:
		b.read = make(chan struct{})
		go b.fill(a)
	}
	return 0, b.read, nil
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

func (a *attempt) stop() { a.once.Do(func() { close(a.over) }) }

// Close implements io.Closer. It ends a Read under way, as the transport expects (HTTP/2 waits for that). The source goes on: another
// attempt may need the rest of it, and the server closes it.
func (a *attempt) Close() error {
	a.stop()
	return nil
}

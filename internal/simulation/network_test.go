package simulation

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var (
	errRefused = errors.New("connection refused")
	errReset   = errors.New("connection reset by peer")
)

// requestTimeout is that of the Caller, which measures by the machine's own timers: they stand still here.
const requestTimeout = 30 * time.Second

// network is the way from a process to the authorization server: an http.RoundTripper.
type network struct{ process *process }

// answer is what comes back. cut says how much of the body arrives; negative: all.
type answer struct {
	status int
	body   string
	cut    int
	header http.Header
	err    error
}

// RoundTrip connects, asks for the body, sends it, and waits for the answer.
func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, w := r.Context(), n.process.world
	var failed error
	err := w.waitFor(ctx, &call{stoppable: true, begin: func(c *call) {
		w.hazard(n.process)
		var d time.Duration
		d, failed = w.connect(n.process)
		w.after(d, func() { w.finish(c) })
	}})
	if err = errors.Join(err, failed); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	_, ahead := n.process.times()
	x := &exchange{process: n.process, sent: w.now, ahead: ahead}
	taskOf(ctx).sent = x
	var got answer
	// From the first byte on nothing of the caller's can stop it.
	if err := w.wait(context.WithoutCancel(ctx), func(c *call) {
		w.hazard(n.process)
		w.travel(c, x, form, &got)
	}); err != nil {
		return nil, err
	}
	if got.err != nil && x.fate == "" {
		x.fate = replyLost // by the time it comes, nobody waits for it
	}
	return got.response(x)
}

// response is what the process gets to see.
func (a answer) response(x *exchange) (*http.Response, error) {
	if a.err != nil {
		return nil, a.err
	}
	body := a.body
	var rest io.Reader = strings.NewReader("")
	if a.cut >= 0 {
		body, rest = body[:a.cut], broken{}
	}
	x.arrived = x.next != nil && strings.Contains(body, `"`+x.next.value+`"`)
	header := a.header
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return &http.Response{
		StatusCode: a.status, Header: header, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(io.MultiReader(strings.NewReader(body), rest)),
	}, nil
}

// broken is a connection that ends in the middle of a body.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// connect says how long it takes p to reach the server, or to fail.
func (w *world) connect(p *process) (time.Duration, error) {
	quick := w.between(time.Millisecond, 50*time.Millisecond)
	if w.calm {
		return quick, nil
	}
	switch x := w.weather; {
	case p.machine.noNetwork.until > w.now && p.machine.noNetwork.silence:
		return requestTimeout, context.DeadlineExceeded
	case p.machine.noNetwork.until > w.now, w.chance(x.netRefuse):
		return quick, errRefused
	case w.chance(x.netSlow):
		return w.between(time.Second, 15*time.Second), nil
	}
	return quick, nil
}

// travel brings a request to the server and its answer back.
func (w *world) travel(c *call, x *exchange, form url.Values, got *answer) {
	there, back := w.between(time.Millisecond, 100*time.Millisecond), w.between(time.Millisecond, 100*time.Millisecond)
	arrive := func(a answer) {
		if !c.left {
			*got = a
			w.finish(c)
		}
	}
	timeout := func() {
		w.after(requestTimeout, func() { arrive(answer{err: context.DeadlineExceeded}) })
	}
	deliver := func(fate string) {
		w.after(there, func() {
			a := w.server.answer(x, form, fate)
			switch fate {
			case "lost":
				x.fate = replyLost
				w.after(back, func() { arrive(answer{err: errReset}) })
			case "deaf":
				x.fate = replyLost
			default:
				w.after(back, func() { arrive(a) })
			}
		})
	}
	y := w.weather
	switch {
	case w.calm:
		deliver("")
	case w.chance(y.netLost): // the request gets lost
		x.fate = requestLost
		if w.chance(0.5) {
			timeout()
		} else {
			w.after(there, func() { arrive(answer{err: errReset}) })
		}
	case w.chance(y.netDeaf):
		if w.chance(0.5) {
			deliver("lost")
		} else {
			timeout()
			deliver("deaf")
		}
	case w.chance(y.netSlow):
		timeout()
		there, back = w.between(time.Second, 25*time.Second), w.between(time.Second, 25*time.Second)
		if there+back >= requestTimeout {
			x.fate = replyLost // it comes too late
		}
		deliver("")
	case w.chance(y.busyBefore):
		x.fate = requestLost
		deliver("busy")
	case w.chance(y.busyAfter):
		deliver("broken")
	case w.chance(y.netCut):
		deliver("cut")
	case w.chance(y.tooMany):
		deliver("too many")
	case w.chance(y.badClient):
		deliver("bad client")
	default:
		deliver("")
	}
}

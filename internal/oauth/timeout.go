package oauth

import (
	"context"
	"time"
)

// timeoutSlices is into how many parts a timeout is cut.
const timeoutSlices = 16

// maxPardons is how many slices need not count. More would let a slow machine outrun the TTL of its caller's claim.
const maxPardons = 2

// withRunningTime is context.WithTimeout, but counts only time in which the process ran. When a process that was stopped
// goes on, the reply may have lain in the kernel for long; a timer that is over by then would throw it away as often as
// not, and with it a refresh token that is not given twice. The context's cause is context.DeadlineExceeded.
//
//nolint:forbidigo // Like context.WithTimeout itself it asks for this process's own time, which no injected clock knows.
func withRunningTime(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		slice := max(d/timeoutSlices, 1)
		timer := time.NewTimer(0)
		defer timer.Stop()
		<-timer.C
		pardons := maxPardons
		for left := d; left > 0; {
			began, next := time.Now(), min(slice, left)
			timer.Reset(next)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			if time.Since(began) >= 2*next && pardons > 0 { // the process stood still: this slice does not count
				pardons--
				continue
			}
			left -= next
		}
		cancel(context.DeadlineExceeded)
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
	}
}

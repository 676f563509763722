package login

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/cli/browser"
)

// HasBrowser tells whether somebody may sit before a browser on this machine: not in a pipeline, and not without a display.
func HasBrowser(getenv func(string) string) bool {
	if ci := strings.ToLower(getenv("CI")); ci != "" && ci != "false" && ci != "0" {
		return false
	}
	switch runtime.GOOS {
	case "windows", "darwin":
		return true
	}
	return getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != ""
}

// openWithin is how long a browser that does not start has to say so. One that starts may run for as long as it likes.
const openWithin = 2 * time.Second

// Browser returns what opens an address in the browser of this machine. It is to be called once in a process. Whoever can see the
// processes of the machine can see the address, as with every program that does so; PKCE is what protects the answer.
func Browser() func(ctx context.Context, url string) error {
	// What a browser prints stays off the standard output, which belongs to the plugin protocol or to --json.
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return func(ctx context.Context, url string) error {
		ended := make(chan error, 1)
		go func() { ended <- browser.OpenURL(url) }()
		ctx, cancel := context.WithTimeout(ctx, openWithin)
		defer cancel()
		select {
		case err := <-ended:
			if err != nil {
				return errors.New("no program that opens one is there, or it has failed") // its own words may quote the address
			}
		case <-ctx.Done():
		}
		return nil
	}
}

//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// The command as a process: one line, then silence, then an end on the signal, with a request held or not.
func TestSignals(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), program)
			command.Env = append(os.Environ(), "SANDBOX_TEST_AS_COMMAND=1")
			stdout, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(stdout)
			first, err := reader.ReadBytes('\n')
			if err != nil {
				t.Fatal(err)
			}
			var got line
			if err := json.Unmarshal(first, &got); err != nil {
				t.Fatal(err)
			}
			if got.PID != command.Process.Pid {
				t.Errorf("pid %d, not %d", got.PID, command.Process.Pid)
			}
			post(t, http.DefaultClient, got.Control+"faults", "application/json", `{"action":"hold","path":"/api/me"}`)
			held := make(chan error)
			go func() {
				request, err := http.NewRequestWithContext(t.Context(), "GET", got.Issuer+"/api/me", nil)
				if err != nil {
					held <- err
					return
				}
				response, err := http.DefaultClient.Do(request)
				if err == nil {
					_ = response.Body.Close()
				}
				held <- err
			}()
			for !isHeld(t, got) {
				time.Sleep(time.Millisecond)
			}
			if err := command.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := <-held; err == nil {
				t.Error("the held request was answered")
			}
			if rest, err := io.ReadAll(reader); err != nil || len(rest) > 0 {
				t.Errorf("more on stdout: %q, %v", rest, err)
			}
			if err := command.Wait(); err != nil {
				t.Errorf("the process ended with %v", err)
			}
		})
	}
}

func isHeld(t *testing.T, l line) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", l.Control+"held", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var held struct{ Count int }
	if err := json.NewDecoder(response.Body).Decode(&held); err != nil {
		t.Fatal(err)
	}
	return held.Count == 1
}

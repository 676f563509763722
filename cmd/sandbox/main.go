// Command sandbox runs the sandbox authorization server: a fake for trying the provider and for tests. See -help. The server is package
// sandbox; here are its options, its addresses and its end. It keeps nothing, and must never face a network.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its surroundings passed in. It returns when ctx ends, and then 0; 1 is a failure, 2 wrong usage.
func run(
	ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer,
) int {
	c, err := parseFlags(args, getenv, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "sandbox:", err)
		return 2
	}
	if err := serve(ctx, c, stdin, stdout); err != nil {
		fmt.Fprintln(stderr, "sandbox:", err)
		return 1
	}
	return 0
}

// ready is the line that tells where the sandbox is. Its secret is a sandbox's.
type ready struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret"`
	RedirectURI           string `json:"redirect_uri"`
	Control               string `json:"control"`
	CAFile                string `json:"ca_file"`
	PID                   int    `json:"pid"`
}

func serve(ctx context.Context, c config, stdin io.Reader, stdout io.Writer) (err error) {
	if c.clientSecret == "" {
		c.clientSecret = rand.Text()
	}
	server, err := sandbox.New(sandbox.Options{
		Clients:  []sandbox.Client{{ID: c.clientID, Secret: c.clientSecret, RedirectURIs: []string{c.redirectURI}}},
		Profile:  c.profile,
		Settings: c.settings,
	})
	if err != nil {
		return err
	}
	running, err := server.Start(c.listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	if err := announce(c, running, stdout); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.exitWithStdin {
		go func() {
			_, _ = io.Copy(io.Discard, stdin)
			cancel()
		}()
	}
	<-ctx.Done()
	return nil
}

// announce writes the CA file, then the ready line to the ready file and to stdout.
func announce(c config, running *sandbox.Running, stdout io.Writer) error {
	if c.caOut != "" {
		if err := writeFile(c.caOut, running.CAPEM, 0o644); err != nil {
			return err
		}
	}
	redirectURI := c.redirectURI
	if strings.HasPrefix(redirectURI, "/") {
		redirectURI = running.BaseURL + redirectURI
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(ready{
		Issuer:                running.BaseURL,
		AuthorizationEndpoint: running.BaseURL + "/authorize",
		TokenEndpoint:         running.BaseURL + "/token",
		RevocationEndpoint:    running.BaseURL + "/revoke",
		ClientID:              c.clientID,
		ClientSecret:          c.clientSecret,
		RedirectURI:           redirectURI,
		Control:               running.ControlURL,
		CAFile:                c.caOut,
		PID:                   os.Getpid(),
	})
	if err != nil {
		return err
	}
	if c.readyFile != "" { // who reads the line may look for the file
		if err := writeFile(c.readyFile, line.Bytes(), 0o600); err != nil {
			return err
		}
	}
	_, err = stdout.Write(line.Bytes())
	return err
}

// writeFile puts the whole content there at once: whoever waits for the file must not read half of it.
func writeFile(path string, content []byte, mode os.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(mode), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

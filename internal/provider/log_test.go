package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

// What the engine logs comes out at its level, with its fields, and with every secret redacted however deep it lies.
func TestLogHandler(t *testing.T) {
	t.Parallel()
	const text = "very-secret-text"
	s := secret.New(text)
	type holder struct {
		Token secret.String
		inner secret.String
	}
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(tflogtest.RootLogger(t.Context(), &out))
	log := slog.New(newLogHandler(ctx))
	cancel() // the call that configured the provider ends long before the last line is logged

	log = log.With("with", s).WithGroup("group")
	log.Debug("at debug", "plain", s)
	log.Info("at info", "any", holder{s, s}, "pointer", &holder{s, s}, "number", 7)
	log.Warn("at warn", slog.Group("more", "token", s, slog.Group("deeper", "token", s)))
	log.Error("at error", "error", fmt.Errorf("wrapped %v: %w", s, errors.New("a cause")), "list", []secret.String{s}, "map", map[string]secret.String{"k": s})

	lines, err := tflogtest.MultilineJSONDecode(strings.NewReader(out.String()))
	must(t, err)
	if len(lines) != 4 {
		t.Fatalf("got %d lines, want 4:\n%s", len(lines), out.String())
	}
	for n, want := range []string{"debug", "info", "warn", "error"} {
		if lines[n]["@level"] != want || lines[n]["@message"] != "at "+want || lines[n]["with"] != "(redacted)" {
			t.Errorf("line %d: %v", n, lines[n])
		}
	}
	if lines[0]["plain"] != "(redacted)" || lines[1]["number"] != "7" || lines[3]["error"] != "wrapped (redacted): a cause" {
		t.Errorf("fields are wrong:\n%s", out.String())
	}
	if strings.Contains(out.String(), text) || !strings.Contains(out.String(), "(redacted)") {
		t.Errorf("the log shows a secret:\n%s", out.String())
	}
}

package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// logHandler hands the engine's records to Terraform's log. A record that comes without a request's context is logged
// under that of Configure.
type logHandler struct {
	fallback context.Context //nolint:containedctx // tflog keeps its logger in a context and has no other way in
	attrs    []slog.Attr
}

func newLogHandler(ctx context.Context) slog.Handler {
	return logHandler{fallback: context.WithoutCancel(ctx)}
}

func (logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h logHandler) Handle(_ context.Context, r slog.Record) error {
	fields := make(map[string]any, r.NumAttrs()+len(h.attrs))
	add := func(a slog.Attr) bool {
		fields[a.Key] = a.Value.Resolve().String() // Resolve lets a secret redact itself
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	switch {
	case r.Level >= slog.LevelError:
		tflog.Error(h.fallback, r.Message, fields)
	case r.Level >= slog.LevelWarn:
		tflog.Warn(h.fallback, r.Message, fields)
	case r.Level >= slog.LevelInfo:
		tflog.Info(h.fallback, r.Message, fields)
	default:
		tflog.Debug(h.fallback, r.Message, fields)
	}
	return nil
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(append([]slog.Attr(nil), h.attrs...), attrs...)
	return h
}

func (h logHandler) WithGroup(string) slog.Handler { return h }

package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/secret"
)

const maxErrorText = 500

// safeError turns a transport's error into one that may be shown. Once the request is out, net/http may quote the reply
// ("malformed HTTP response …"), which may hold a token: only errors known to quote nothing pass. Before that, nothing
// can be quoted but the request, whose secrets are taken out.
func safeError(err error, sent bool, request *http.Request, form url.Values) error {
	if known := knownError(request.Context(), err); known != nil {
		return known
	}
	if sent {
		return errors.New("the server's answer is not readable as HTTP, or the transport failed")
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return errors.New(requestSecrets(request, form).words(err.Error(), maxErrorText))
}

// knownError returns an error that quotes neither request nor reply, or nil. What stood around it is dropped.
func knownError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrReplyTooLong):
		return ErrReplyTooLong
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("no complete answer within the time allowed: %w", context.DeadlineExceeded)
	case ctx.Err() != nil:
		return fmt.Errorf("the call was cancelled: %w", context.Canceled)
	}
	if e := (*net.OpError)(nil); errors.As(err, &e) {
		if isRefusedCertificate(e) {
			return errHandshake{e}
		}
		return e
	}
	if e := (*net.DNSError)(nil); errors.As(err, &e) {
		return e
	}
	if e := (*tls.CertificateVerificationError)(nil); errors.As(err, &e) {
		return e
	}
	for _, end := range []error{io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, end) {
			return fmt.Errorf("the server closed the connection before its answer was complete: %w", end)
		}
	}
	return nil
}

// requestSecrets hides what the request says that is nobody else's business.
func requestSecrets(request *http.Request, form url.Values) hider {
	texts := []secret.String{secret.New(request.Header.Get("Authorization")), secret.New(request.URL.RawQuery)}
	for name, values := range form {
		if name == "grant_type" || name == "client_id" {
			continue
		}
		for _, value := range values {
			texts = append(texts, secret.New(value))
		}
	}
	return newHider(texts)
}

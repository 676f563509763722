package sandbox

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the parsed templates. They are never changed.
var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// The consent form's answer.
const (
	decisionField = "decision"
	decisionAllow = "allow"
	decisionDeny  = "deny"
)

type field struct{ Name, Value string }

// consentPage asks the person. The form repeats the whole request, which is checked again when it comes back.
func consentPage(request authorization, params url.Values) reply {
	var fields []field
	for name, values := range params {
		if name != decisionField && len(values) > 0 {
			fields = append(fields, field{name, values[0]})
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return page(http.StatusOK, "consent.html", struct {
		ClientID    string
		Scopes      []string
		RedirectURI string
		Fields      []field
	}{request.client.ID, request.scopes, request.redirectURI, fields})
}

// postPage hands the answer to the redirect URI over in a form.
func postPage(redirectURI string, answer url.Values) reply {
	var fields []field
	for _, name := range sortedNames(answer) {
		if value := answer.Get(name); value != "" {
			fields = append(fields, field{name, value})
		}
	}
	r := page(http.StatusOK, "post.html", struct {
		Action string
		Fields []field
	}{redirectURI, fields})
	r.posted = answer
	return r
}

func errorPage(code, description string) reply {
	r := page(http.StatusBadRequest, "error.html", struct{ Code, Description string }{code, description})
	r.text = description
	return r
}

// serveCallback shows the callback URL to a person who is to copy it. Server.mu is held.
func (s *Server) serveCallback(c *call) reply {
	return page(http.StatusOK, "callback.html", struct{ Error, URL string }{
		c.params.Get("error"), c.issuer + c.r.URL.RequestURI(),
	})
}

func page(status int, name string, data any) reply {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		return plainReply(http.StatusInternalServerError, "the page cannot be shown\n")
	}
	return reply{status: status, body: body.Bytes(), header: http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Cache-Control":           {"no-store"},
		"Referrer-Policy":         {"no-referrer"}, // the callback URL holds a code
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
		"X-Content-Type-Options":  {"nosniff"},
	}}
}

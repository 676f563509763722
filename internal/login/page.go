package login

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/credential"
	"github.com/seed-55355b43/terraform-provider-oauth/internal/oauth"
)

// page is what a browser shows. It holds no code, no state and no token.
type page struct {
	Good    bool
	Title   string
	Text    []string
	Words   string // the server's own; empty: none
	Scopes  string
	Style   template.CSS
	Waiting bool
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// policy lets the page load and run nothing but its own style.
func policy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

func head(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy())
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

func show(w http.ResponseWriter, status int, p page) {
	p.Style = template.CSS(pageStyle) //nolint:gosec // it is a constant
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, p); err != nil {
		status, text = http.StatusInternalServerError, *bytes.NewBufferString("The page could not be made.\n")
	}
	head(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // a browser that has gone needs no page
}

const terminalSays = "What to do now stands where you have started this: in the terminal, or in the log of the run."

func waitingPage(name string) page {
	return page{Waiting: true, Title: "Waiting for your consent", Text: []string{
		fmt.Sprintf("Token pair “%s” is not authorized yet. Open the address that the run shows, and consent there.", name),
	}}
}

func unusablePage(name string) page {
	return page{Title: "This answer cannot be used", Text: []string{
		fmt.Sprintf("What the authorization server has sent along for token pair “%s” is not an answer as RFC 6749 describes it. Nothing was sent, and nothing has changed.", name),
		"Open the address that the run shows once more.",
	}}
}

func foreignPage(name string) page {
	return page{Title: "This answer belongs to another request", Text: []string{
		fmt.Sprintf("The run that listens here waits for the answer to another request for token pair “%s”. This one may come from an older address, from another run, or from somebody else. It was ignored, and nothing has changed.", name),
		"Open the address that the run shows now.",
	}}
}

func statelessPage(name string, cb oauth.Callback) page {
	return page{Title: "Refused, it seems", Words: words(oauth.Verdict{Code: cb.Error, Description: cb.ErrorDescription}), Text: []string{
		fmt.Sprintf("The authorization server has answered with an error, and does not say that this belongs to the request for token pair “%s”. So the run waits on, and nothing has changed.", name),
		"To authorize after all, open the address that the run shows once more. To give up, stop the run.",
	}}
}

// outcomePage says what has become of the authorization.
func outcomePage(name string, o Outcome, err error) page {
	if err == nil {
		p := page{Good: true, Title: "Authorized", Text: []string{
			fmt.Sprintf("Token pair “%s” is authorized, and its tokens are in the token store. You can close this page.", name),
		}, Scopes: o.Granted()}
		for _, n := range o.Notices {
			if n.Code == credential.NoticeNotStored {
				p.Text = []string{
					fmt.Sprintf("Token pair “%s” is authorized, and the token store did not take its tokens yet. %s", name, terminalSays),
				}
			}
		}
		return p
	}
	e := credential.AsError(err)
	p := page{Title: "Not authorized", Words: words(e.Verdict)}
	switch e.Kind {
	case credential.KindDenied:
		p.Title = "Refused"
		p.Text = []string{fmt.Sprintf("You or the authorization server have refused the access for token pair “%s”. Nothing has changed.", name), "To try again, run it again and open the address that it shows."}
	case credential.KindNotSent:
		p.Text = []string{fmt.Sprintf("You have consented for token pair “%s”, and the authorization server could not be reached to get the tokens. Nothing was sent, and nothing is lost.", name), terminalSays}
	case credential.KindUnknown:
		p.Text = []string{fmt.Sprintf("You have consented for token pair “%s”. The tokens were asked for, and no usable reply came. The code is not sent again.", name), terminalSays}
	case credential.KindStore:
		p.Text = []string{fmt.Sprintf("You have consented for token pair “%s”, and the token store could not be used.", name), terminalSays}
	case credential.KindState:
		p.Text = []string{fmt.Sprintf("The answer does not say, or does not prove, that it comes from the authorization server of token pair “%s”. It was ignored, and nothing was sent.", name), terminalSays}
	default:
		p.Text = []string{fmt.Sprintf("You have consented for token pair “%s”, and the authorization server gave no tokens.", name), terminalSays}
	}
	return p
}

// words are what the server said, as text: at an endpoint, or in the address that it sent the browser to.
func words(v oauth.Verdict) string {
	if v.Status != 0 {
		return v.Words()
	}
	return v.Said()
}

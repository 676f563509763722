package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// member is one member of a JSON object, its value as raw JSON. Faults may put text there that is no JSON.
type member struct {
	name  string
	value string
}

// object is a JSON object whose members keep their order, so that replies are the same bytes every time.
type object []member

func (o object) with(name, value string) object {
	for i := range o {
		if o[i].name == name {
			changed := append(object{}, o...)
			changed[i].value = value
			return changed
		}
	}
	return append(append(object{}, o...), member{name, value})
}

func (o object) without(names []string) object {
	var kept object
	for _, m := range o {
		drop := false
		for _, name := range names {
			drop = drop || m.name == name
		}
		if !drop {
			kept = append(kept, m)
		}
	}
	return kept
}

func (o object) json() []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(m.name) + ":" + m.value)
	}
	b.WriteByte('}')
	return []byte(b.String())
}

// form returns the members as application/x-www-form-urlencoded, as GitHub once answered: texts without their quotes.
func (o object) form() []byte {
	var pairs []string
	for _, m := range o {
		value := m.value
		var text string
		if json.Unmarshal([]byte(value), &text) == nil {
			value = text
		}
		pairs = append(pairs, url.QueryEscape(m.name)+"="+url.QueryEscape(value))
	}
	return []byte(strings.Join(pairs, "&"))
}

// reply is an answer before it is sent, so that a fault can still spoil it.
type reply struct {
	status  int
	header  http.Header
	body    []byte
	members object // the body's members, if it is a JSON object
	error   string // the OAuth error code it carries, wherever it does
	reason  reason
	text    string     // what an error page says
	posted  url.Values // what a page posts to the redirect URI
}

func jsonReply(status int, members object) reply {
	header := http.Header{"Content-Type": {"application/json"}}
	return reply{status: status, header: header, body: members.json(), members: members}
}

// tokenReply is a jsonReply that must not be cached (RFC 6749 §5.1).
func tokenReply(status int, members object) reply {
	r := jsonReply(status, members)
	r.header.Set("Cache-Control", "no-store")
	r.header.Set("Pragma", "no-cache")
	return r
}

func (r reply) succeeded() bool { return r.status/100 == 2 && r.error == "" }

// send writes the whole reply.
func (r reply) send(w http.ResponseWriter) {
	r.sendHeader(w, true)
	_, _ = w.Write(r.body)
}

// sendHeader writes status and header, with the length of the whole body if full is set.
func (r reply) sendHeader(w http.ResponseWriter, full bool) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if full {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
}

// quote returns text as a JSON string.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil { // cannot happen: every string has a JSON form
		return `""`
	}
	return string(quoted)
}

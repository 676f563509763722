package oauth

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/url"
	"regexp"
	"strings"
)

// Remarks about a body as such.
const (
	noteDamaged  = "the reply is damaged or incomplete; the members that could be read whole were kept"
	noteTrailing = "the reply has text after its JSON object, which was ignored"
	noteRepeated = "the reply repeats a member; its last value counts"
)

// object is the top level of a body: members by name, as far as they could be read whole.
type object struct {
	members map[string]member
	whole   bool // all members were read
	notes   []string
}

// member is one value: a string as it means, anything else as compact JSON.
type member struct {
	text     string
	isString bool
}

// isEmpty tells whether m is null or the empty string.
func (m member) isEmpty() bool { return m.text == "" || !m.isString && m.text == "null" }

// text returns the member name if it is a string.
func (o object) text(name string) string {
	if m := o.members[name]; m.isString {
		return m.text
	}
	return ""
}

// add keeps the last of repeated members, as most readers do, unless it says nothing.
func (o *object) add(name string, m member) {
	if _, repeated := o.members[name]; repeated {
		o.note(noteRepeated)
		if m.isEmpty() {
			return
		}
	}
	o.members[name] = m
}

func (o *object) note(text string) {
	for _, n := range o.notes {
		if n == text {
			return
		}
	}
	o.notes = append(o.notes, text)
}

// readObject reads the body of a reply. The content type is no guide: servers send JSON as text/html. What is neither a
// JSON object nor a form gives no members.
func readObject(r Reply) object { return readObjectWith(r, tokenMember) }

// readObjectWith salvages what precious finds in a damaged body.
func readObjectWith(r Reply, precious *regexp.Regexp) object {
	text, cut := plainBody(r)
	text = strings.ToValidUTF8(text, "\uFFFD") // nothing else can be kept further on
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "\uFEFF"))
	o := object{members: map[string]member{}}
	switch {
	case strings.HasPrefix(text, "{"):
		o.readJSON(text)
	case isForm(r.Header.Get("Content-Type"), text):
		o.readForm(text, cut)
	case r.Status/100 != 2 || !strings.Contains(text, "{"):
		return o // a page that quotes the request is no reply
	}
	if !o.whole {
		o.salvage(text, precious)
		o.note(noteDamaged)
	}
	return o
}

// tokenMember finds a whole member that is a token, wherever it stands in a damaged text.
var tokenMember = regexp.MustCompile(`"(access_token|refresh_token)"[ \t\r\n]*:[ \t\r\n]*("(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])+")`)

// salvage takes the tokens behind the fault at which strict reading ended. A refresh token lost to a stray byte before it
// is lost for good.
func (o *object) salvage(text string, precious *regexp.Regexp) {
	for _, found := range precious.FindAllStringSubmatch(text, -1) {
		var token string
		if _, known := o.members[found[1]]; !known && json.Unmarshal([]byte(found[2]), &token) == nil {
			o.members[found[1]] = member{token, true}
		}
	}
}

// readJSON reads member by member, so that those before a cut or a fault are not lost.
func (o *object) readJSON(text string) {
	decoder := json.NewDecoder(strings.NewReader(text))
	if _, err := decoder.Token(); err != nil { // the brace
		return
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil || raw[0] != '"' && !endsValue(text[decoder.InputOffset():]) {
			return
		}
		key, ok := name.(string)
		if !ok {
			return
		}
		o.add(key, newMember(raw))
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return
	}
	o.whole = true
	if strings.TrimSpace(text[decoder.InputOffset():]) != "" {
		o.note(noteTrailing)
	}
}

// endsValue tells whether rest can follow a whole value. The decoder takes the end of the text for the end of a number,
// so that 36 of 3600 would pass.
func endsValue(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return strings.HasPrefix(rest, ",") || strings.HasPrefix(rest, "}")
}

func newMember(raw json.RawMessage) member {
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		return member{text, true}
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, raw) // raw was read as JSON
	return member{compact.String(), false}
}

// isForm tells whether text is form-encoded: by its content type, or by having only characters of a form and an OAuth
// member. A page is never a form.
func isForm(contentType, text string) bool {
	if text == "" || text[0] == '<' {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err == nil && mediaType == "application/x-www-form-urlencoded" {
		return true
	}
	if strings.ContainsAny(text, "<>{}\"' \t\r\n") {
		return false
	}
	for pair := range strings.SplitSeq(text, "&") {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "access_token", "refresh_token", "error":
			return true
		}
	}
	return false
}

// readForm reads pair by pair. Nothing shows whether the last pair of a cut text is whole.
func (o *object) readForm(text string, cut bool) {
	o.whole = !cut
	pairs := strings.Split(text, "&")
	if cut {
		pairs = pairs[:len(pairs)-1]
	}
	for _, pair := range pairs {
		encodedName, encodedValue, ok := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(encodedName)
		value, err2 := url.QueryUnescape(encodedValue)
		if err1 != nil || err2 != nil {
			o.whole = false
			continue
		}
		if ok && name != "" {
			o.add(strings.ToValidUTF8(name, "\uFFFD"), member{strings.ToValidUTF8(value, "\uFFFD"), true})
		}
	}
}

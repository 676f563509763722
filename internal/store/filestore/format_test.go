package filestore

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/seed-55355b43/terraform-provider-oauth/internal/store"
)

const goodHeader = "terraform-provider-oauth store v1 0123456789abcdef0123456789abcdef\n"

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"empty": "", "lines": "\na\n", "a header": goodHeader} {
		e, err := decode([]byte(goodHeader + value))
		if err != nil || string(e.Value) != value || e.Revision != "0123456789abcdef0123456789abcdef" || e.Age >= 0 {
			t.Errorf("%s: decode gives %+v, %v", name, e, err)
		}
	}
	for name, tt := range map[string]struct{ content, want string }{
		"empty":             {"", "it is empty"},
		"header without LF": {strings.TrimSuffix(goodHeader, "\n"), "does not begin with a header"},
		"CR LF":             {strings.Replace(goodHeader, "\n", "\r\n", 1), "does not begin with a header"},
		"long revision":     {strings.Replace(goodHeader, "\n", "0\n", 1), "does not begin with a header"},
		"short revision":    {strings.Replace(goodHeader, "f\n", "\n", 1), "does not begin with a header"},
		"upper case":        {strings.ToUpper(goodHeader[:30]) + goodHeader[30:], "does not begin with a header"},
		"revision in upper": {strings.Replace(goodHeader, "abcdef\n", "ABCDEF\n", 1), "does not begin with a header"},
		"two spaces":        {strings.Replace(goodHeader, "v1 ", "v1  ", 1), "does not begin with a header"},
		"version 0":         {strings.Replace(goodHeader, "v1", "v0", 1), "does not begin with a header"},
		"version 01":        {strings.Replace(goodHeader, "v1", "v01", 1), "does not begin with a header"},
		"byte order mark":   {"\ufeff" + goodHeader, "does not begin with a header"},
		"leading space":     {" " + goodHeader, "does not begin with a header"},
		"zeros":             {strings.Repeat("\x00", 200), "does not begin with a header"},
	} {
		_, err := decode([]byte(tt.content))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: decode gives the error %v, want ErrMalformed with %q", name, err, tt.want)
		}
	}
}

func TestDecodeNewer(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		strings.Replace(goodHeader, "v1", "v2", 1):                "format 2, this version reads up to format 1, and a newer version is needed",
		"terraform-provider-oauth store v2 1.4.0 whatever\nx":     "format 2, this version reads up to format 1, and version 1.4.0 or later is needed",
		"terraform-provider-oauth store v11 2.0.0-rc.1\n":         "format 11, this version reads up to format 1, and version 2.0.0-rc.1 or later is needed",
		"terraform-provider-oauth store v3 \x1b[31mevil\x1b[0m\n": "format 3, this version reads up to format 1, and a newer version is needed",
	} {
		_, err := decode([]byte(content))
		if !errors.Is(err, store.ErrNewerVersion) || errors.Is(err, ErrMalformed) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: the error is %v", content, err)
		}
	}
}

// FuzzDecode: whatever is taken is exactly what encode writes, so that no two files mean the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodHeader + "value"))
	f.Add([]byte(goodHeader))
	f.Add([]byte("terraform-provider-oauth store v2 x\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, content []byte) {
		e, err := decode(content)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, store.ErrNewerVersion) {
				t.Errorf("error %v is neither ErrMalformed nor ErrNewerVersion", err)
			}
			return
		}
		if !bytes.Equal(encode(e.Revision, e.Value), content) {
			t.Errorf("decode takes %q, which encode does not write", content)
		}
	})
}

package filestore

import (
	"path/filepath"
	"strings"
)

// Files beside the value of a key are named as it with one of these suffixes. No escaped name ends in one.
const (
	lockSuffix = ".lock"     // held during one write
	holdSuffix = ".rotating" // held by Hold
	tempSuffix = ".tmp"      // after a random part: a value being written
)

// place names the files of one key.
type place struct {
	kind string
	dir  string
	// value, lock and hold are files in dir.
	value, lock, hold string
}

// at returns the place of a key that store.CheckKey has passed.
func (s *Store) at(key string) place {
	kind, name, _ := strings.Cut(key, "/")
	dir := filepath.Join(s.root, escape(kind))
	value := filepath.Join(dir, escape(name))
	return place{kind: kind, dir: dir, value: value, lock: value + lockSuffix, hold: value + holdSuffix}
}

// escape turns the name of a key into the name of a file, so that different names are different files everywhere:
//
//	A…Z  is !a…!z, for filesystems that do not tell Ab from ab
//	.    is !0 at the end, which Windows drops, and before a suffix that marks our own files
//	con  and the other names of devices in Windows get !1 in front, with and without extension
func escape(name string) string {
	var b strings.Builder
	if isDevice(name) {
		b.WriteString("!1")
	}
	special := specialDot(name)
	for i := range len(name) {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z':
			b.WriteByte('!')
			b.WriteByte(c - 'A' + 'a')
		case i == special:
			b.WriteString("!0")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescape undoes escape. Any other name of a file gives false, also one that escape would have written differently.
func unescape(file string) (string, bool) {
	var b strings.Builder
	rest := strings.TrimPrefix(file, "!1")
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		if c == '!' {
			i++
			if i == len(rest) {
				return "", false
			}
			switch c = rest[i]; {
			case 'a' <= c && c <= 'z':
				c -= 'a' - 'A'
			case c == '0':
				c = '.'
			default:
				return "", false
			}
		}
		b.WriteByte(c)
	}
	name := b.String()
	return name, escape(name) == file
}

// specialDot returns the index of the dot that must be escaped, or -1.
func specialDot(name string) int {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return -1
	}
	switch name[dot:] {
	case ".", lockSuffix, holdSuffix, tempSuffix:
		return dot
	}
	return -1
}

// isDevice tells whether Windows takes a file of this name for a device. Upper case is escaped anyhow.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	switch stem {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") && '0' <= stem[3] && stem[3] <= '9'
}
